// An OME-Zarr at an address: nothing of it is fetched, or left on the disk, when one file fails.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inspect, verify } from '../../../src/convert/index.ts';
import { ConvertError } from '../../../src/model/errors.ts';
import { RemoteStore } from '../../../src/remote/remote-store.ts';
import { Fetcher } from '../../../src/zarr/bucket/fetcher.ts';
import { makeWay } from '../../../src/zarr/bucket/way.ts';
import { writeArchive } from '../../../src/zarr/archive/write.ts';
import { scratch } from '../scratch.ts';

const COUNT = 200;
const { fresh } = scratch('remote-folders');

const left = (): string[] =>
  readdirSync(tmpdir()).filter(name => name.startsWith(`microct-io-vis-way-${hostname()}-${process.pid}-`));

test('of an archive what is under way ends with the first file that cannot be read, and its folder goes', async () => {
  const folder = fresh();
  for (let n = 0; n < COUNT; n++) {
    mkdirSync(join(folder, `g${n}`));
    writeFileSync(join(folder, `g${n}`, 'zarr.json'), '{"zarr_format":3,"node_type":"group"}');
  }
  writeFileSync(
    join(folder, 'zarr.json'),
    '{"zarr_format":3,"node_type":"group","attributes":{"ome":{"version":"0.5"}}}'
  );
  const path = join(fresh(), 'many.ozx');
  await writeArchive(
    folder,
    path,
    '0.5',
    () => false,
    () => {}
  );
  const all = readFileSync(path);
  let requests = 0;
  const server = createServer(async ({ headers }, response) => {
    const [first, last] = /=(\d+)-(\d+)/.exec(headers.range!)!.slice(1).map(Number);
    if (++requests === 10) return void response.writeHead(403).end();
    await setTimeout(20);
    const bytes = all.subarray(first, last + 1);
    const range = `bytes ${first}-${first + bytes.length - 1}/${all.length}`;
    response.writeHead(206, { 'Content-Range': range, 'Content-Length': bytes.length, ETag: '"one"' }).end(bytes);
  }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/many.ozx`;
    await assert.rejects(verify(address), /refuses to send it/);
    await setTimeout(200);
    assert.ok(requests < COUNT / 2, `${requests} requests`);
    assert.deepEqual(left(), []);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('so does metadata', async () => {
  const axes = [...'zyx'].map(name => ({ name, type: 'space' }));
  const datasets = Array.from({ length: 20 }, (_, n) => ({
    path: String(n),
    coordinateTransformations: [{ type: 'scale', scale: [2 ** n, 2 ** n, 2 ** n] }]
  }));
  const ome = { version: '0.5', multiscales: [{ axes, datasets }] };
  const image = JSON.stringify({ zarr_format: 3, node_type: 'group', attributes: { ome } });
  const server = createServer(async ({ url }, response) => {
    if (url === '/a.ome.zarr/zarr.json') return void response.end(image);
    if (url === '/a.ome.zarr/3/zarr.json') return void response.writeHead(403).end();
    if (!url!.endsWith('zarr.json')) return void response.writeHead(404).end();
    await setTimeout(50);
    response.end('{"zarr_format":3,"node_type":"array"}');
  }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.ome.zarr`;
    await assert.rejects(inspect(address), /refuses to send it/);
    await setTimeout(200);
    assert.deepEqual(left(), []);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

/** A server of one OME-Zarr whose chunks all are `bytes`; `most`: how many requests it had at once. */
async function serveChunks(bytes: Buffer) {
  const load = { now: 0, most: 0 };
  const server = createServer(async ({ url }, response) => {
    load.most = Math.max(load.most, ++load.now);
    await setTimeout(20);
    load.now--;
    response.end(url!.endsWith('zarr.json') ? '{"zarr_format":3,"node_type":"group"}' : bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.ome.zarr`, load, close };
}

test('however files are asked for, so many requests are on their way', async () => {
  const { address, load, close } = await serveChunks(Buffer.from('chunk'));
  const store = await RemoteStore.open(address, 1 << 20);
  const folder = fresh();
  const fetcher = new Fetcher(store, folder, null, 'source');
  try {
    await Promise.all(Array.from({ length: 150 }, (_, n) => fetcher.fetch([`0/c/0/0/${n}`])));
    assert.equal(readdirSync(join(folder, '0/c/0/0')).length, 150);
    assert.ok(load.most <= 24, `${load.most} requests at once`);
    const stopped = Promise.allSettled(Array.from({ length: 50 }, (_, n) => fetcher.fetch([`0/c/0/1/${n}`])));
    await fetcher.stop();
    assert.equal((await stopped).filter(({ status }) => status === 'fulfilled').length, 0);
  } finally {
    store.close();
    close();
  }
});

test(
  'a file of which the disk takes only the beginning is an error',
  { skip: process.platform === 'win32' },
  async () => {
    const { address, close } = await serveChunks(Buffer.alloc(3 << 20));
    const source = (path: string): string => new URL(`../../../src/${path}`, import.meta.url).href;
    const script = `
    const { RemoteStore } = await import('${source('remote/remote-store.ts')}');
    const { Fetcher } = await import('${source('zarr/bucket/fetcher.ts')}');
    const store = await RemoteStore.open('${address}', 8 << 20);
    const error = await new Fetcher(store, '${fresh()}', null, 'source').fetch(['0/c/0']).then(() => null, error => error);
    store.close();
    console.log(error?.message);`;
    try {
      const limited = ['-c', 'ulimit -f 1024; exec "$0" --input-type=module -e "$1"', process.execPath, script];
      const { stdout } = await promisify(execFile)('bash', limited);
      assert.match(stdout, /temporary files cannot be written there \(EFBIG\)/);
    } finally {
      close();
    }
  }
);

test('folders that ended processes of this machine have left go, and no others', () => {
  const before = process.env.TMPDIR;
  const folder = fresh();
  process.env.TMPDIR = folder;
  try {
    // More than Linux gives.
    const pid = 2 ** 22 + 1;
    const others = [`microct-io-vis-way-elsewhere-${pid}-abcdef`, `microct-io-vis-way-${hostname()}-2-${pid}-abcdef`];
    for (const name of [...others, `microct-io-vis-way-${hostname()}-${pid}-abcdef`]) mkdirSync(join(folder, name));
    const made = makeWay();
    assert.deepEqual(readdirSync(folder).sort(), [...others, basename(made)].sort());
    process.env.TMPDIR = join(folder, 'none');
    assert.throws(makeWay, (error: unknown) => error instanceof ConvertError && /ENOENT.*TMPDIR/.test(error.message));
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});
