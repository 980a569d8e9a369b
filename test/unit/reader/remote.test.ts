// Boxes of a file that a server sends by parts are those of the file.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { BlockReader, SegmentCache, openVolume } from '../../../src/reader/index.ts';
import { bytesLike, random } from '../random.ts';
import { ENCODERS } from './tiff-encoders.ts';
import { writeTiff } from './tiff-writer.ts';

const servers: Server[] = [];
after(() => servers.forEach(server => server.close().closeAllConnections()));

/** The address of a server that sends parts of `bytes`. */
async function serve(bytes: Buffer): Promise<string> {
  const server = createServer((request, response) => {
    const [first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range!)!.slice(1).map(Number);
    const part = bytes.subarray(first, last + 1);
    const range = `bytes ${first}-${first + part.length - 1}/${bytes.length}`;
    response.writeHead(206, { 'Content-Range': range, 'Content-Length': part.length, ETag: '"1"' }).end(part);
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/scan.tif`;
}

const [DEPTH, HEIGHT, WIDTH, ROWS] = [6, 23, 31, 5];

for (const [name, compression, isTurned] of [
  ['compressed strips, of which hardly any is kept', 8, false],
  ['uncompressed strips', 1, false],
  ['strips that are turned round', 8, true]
] as const)
  test(name, async () => {
    const voxels = Array.from({ length: DEPTH }, (_, z) => bytesLike('noise', HEIGHT * WIDTH, z));
    const encode = ENCODERS[compression] ?? ((data: Uint8Array) => data);
    const file = writeTiff(
      voxels.map(plane => ({
        width: WIDTH,
        height: HEIGHT,
        rowsPerStrip: ROWS,
        segments: Array.from({ length: Math.ceil(HEIGHT / ROWS) }, (_, n) =>
          encode(plane.subarray(n * ROWS * WIDTH, Math.min(HEIGHT, (n + 1) * ROWS) * WIDTH))
        ),
        tags: { 259: compression, 274: isTurned ? 3 : 1 }
      }))
    );
    const { layout } = await openVolume(await serve(file), { orientation: 'apply' });
    // Three strips.
    const reader = new BlockReader(layout, new SegmentCache(3 * ROWS * WIDTH));
    const next = random(1);
    for (let n = 0; n < 60; n++) {
      const [z, y, x] = [DEPTH, HEIGHT, WIDTH].map(length => Math.floor(next() * length));
      const [nz, ny, nx] = [DEPTH - z, HEIGHT - y, WIDTH - x].map(length => 1 + Math.floor(next() * length));
      const found = new Uint8Array(nz * ny * nx);
      await reader.read([z, y, x], [nz, ny, nx], found, nx, ny * nx);
      const expected = found.map((_, i) => {
        const [row, column] = [y + (Math.floor(i / nx) % ny), x + (i % nx)];
        const at = row * WIDTH + column;
        return voxels[z + Math.floor(i / (ny * nx))][isTurned ? HEIGHT * WIDTH - 1 - at : at];
      });
      assert.deepEqual(found, expected);
    }
    reader.close();
  });
