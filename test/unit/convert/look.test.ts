import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { lookGrid } from '../../../src/convert/look/grid.ts';
import { Looks } from '../../../src/convert/look/look.ts';
import { sampleChunk } from '../../../src/convert/look/sample.ts';
import { type Encoding, type Layout, plainEncoding } from '../../../src/model/layout.ts';
import type { Shape } from '../../../src/model/volume.ts';
import { BlockReader, openVolume } from '../../../src/reader/index.ts';
import { writeTiff } from '../reader/tiff-writer.ts';
import { scratch } from '../scratch.ts';

const { folder } = scratch('look');

const layoutOf = (shape: Shape, encoding: Partial<Encoding> = {}) =>
  ({ shape, dtype: 'uint16', encodings: [{ ...plainEncoding(shape), ...encoding }] }) as Layout;
const factors = (layout: Layout, voxelSize: Shape | null = null) =>
  lookGrid(layout, voxelSize).levels.map(({ factor }) => factor.join(' '));

test('levels that would need the whole file for one view are left out, where a cheaper one is near', () => {
  const shape: Shape = [1000, 3000, 3000];
  const page = layoutOf(shape, { coding: 'deflate' });
  // Slices that are twice as far apart wait: a level that is halved along (Y, X) alone needs every page.
  assert.deepEqual(lookGrid(page, [2, 1, 1]).leftOut, [2]);
  assert.deepEqual(factors(page, [2, 1, 1]).slice(0, 2), ['1 1 1', '2 4 4']);
  assert.deepEqual(lookGrid(page, null).leftOut, []);
  assert.deepEqual(lookGrid(layoutOf(shape), [2, 1, 1]).leftOut, []);
  assert.deepEqual(lookGrid(layoutOf([1, 60000, 60000], { coding: 'deflate' }), null).leftOut, []);
  assert.deepEqual(lookGrid(layoutOf([10, 300, 300], { coding: 'deflate' }), [2, 1, 1]).leftOut, []);
});

test('chunks are flat, as long as tiles where there are some, and deep where planes cost little', () => {
  const shape: Shape = [1000, 3000, 3000];
  const chunks = (layout: Layout) => lookGrid(layout, null).levels.map(({ chunk }) => chunk);
  assert.deepEqual(chunks(layoutOf(shape))[0], [1, 128, 256]);
  const tiles = layoutOf(shape, { coding: 'deflate', segmentHeight: 64, segmentWidth: 64 });
  assert.deepEqual(chunks(tiles)[0], [1, 256, 256]);
  assert.deepEqual(chunks(layoutOf([500, 32, 32]))[0], [32, 32, 32]);
  // A whole page is decoded for each plane of the coarsest level, whatever is wanted of it.
  assert.equal(chunks(layoutOf(shape, { coding: 'deflate' })).at(-1)![0], 1);
  assert.ok(chunks(layoutOf(shape)).at(-1)![0] > 1);
});

test('a source that was written anew is opened again while another one is waited for', async () => {
  const server = createServer(() => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const looks = new Looks();
  const path = join(folder, 'anew.tif');
  const write = (width: number): void =>
    writeFileSync(path, writeTiff([{ width, height: 2, bits: 8, segments: [new Uint8Array(2 * width)] }]));
  try {
    write(3);
    await looks.describe(path);
    const silent = looks.describe(`http://127.0.0.1:${(server.address() as AddressInfo).port}/silent.tif`);
    silent.catch(() => {});
    write(5);
    assert.deepEqual((await looks.describe(path)).shape, [1, 2, 5]);
  } finally {
    server.closeAllConnections();
    server.close();
    await looks.close();
  }
});

test('of a slow disk the same voxels are read, together', async () => {
  const [depth, height, width] = [3, 40, 50];
  const path = join(folder, 'slow.tif');
  const voxel = (z: number, y: number, x: number): number => (z * 7919 + y * 131 + x * 17) % 65536;
  const page = (z: number): Uint8Array =>
    new Uint8Array(
      Uint16Array.from({ length: height * width }, (_, i) => voxel(z, Math.floor(i / width), i % width)).buffer
    );
  writeFileSync(
    path,
    writeTiff(
      Array.from({ length: depth }, (_, z) => ({
        width,
        height,
        bits: 16,
        rowsPerStrip: 16,
        segments: cut(page(z), 16 * 2 * width)
      }))
    )
  );
  const { layout } = await openVolume(path);
  const reader = new BlockReader(layout);
  for (const factor of [
    [1, 1, 1],
    [1, 2, 4]
  ] as Shape[])
    for (const row of [0, 1e6]) {
      const start: Shape = [1, 3, 2];
      const shape: Shape = [2, 9, 10];
      const given = { plane: 0, start, shape, chunk: [2, 16, 16] as Shape, factor, dtype: 'uint16' as const };
      const pace = { row };
      const rooms: number[] = [];
      const makeRoom = (bytes: number): void => void rooms.push(bytes);
      const found = new Uint16Array((await sampleChunk(reader, layout, given, pace, () => true, makeRoom))!.buffer);
      assert.deepEqual(rooms, row > 0 ? [(8 * factor[1] + 1) * width * 2] : []);
      for (let z = 0; z < 2; z++)
        for (let y = 0; y < 16; y++)
          for (let x = 0; x < 16; x++)
            assert.equal(
              found[(z * 16 + y) * 16 + x],
              y < 9 && x < 10 ? voxel(1 + z, (3 + y) * factor[1], (2 + x) * factor[2]) : 0
            );
      // By the time that was taken now.
      assert.ok(pace.row < 1e6);
    }
  reader.close();
});

const cut = (bytes: Uint8Array, length: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / length) }, (_, n) => bytes.subarray(n * length, (n + 1) * length));
