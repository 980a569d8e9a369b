import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Store } from '../../../src/helper/store.ts';
import { createViewServer } from '../../../src/helper/view/server.ts';
import { ConvertError } from '../../../src/model/errors.ts';
import { RemoteStore } from '../../../src/remote/remote-store.ts';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

describe('the view server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'microct view '));
  let server: Server;
  let path: string;
  let port: number;

  before(async () => {
    for (const [name, text] of Object.entries({
      'new.ome.zarr/zarr.json': '{"zarr_format": 3}',
      'new.ome.zarr/0/c/0/0/0': 'chunk',
      'new.ome.zarr/0/empty': '',
      'old ü.ome.zarr/.zattrs': '{}',
      'old ü.ome.zarr/0/.zarray': '{"zarr_format": 2}',
      'page/index.html': '<html></html>',
      'page/main.js': 'main',
      'page/191.js': 'a part',
      secret: 'secret'
    })) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    symlinkSync(join(folder, 'secret'), join(folder, 'new.ome.zarr/link'));
    symlinkSync(folder, join(folder, 'new.ome.zarr/folder'));
    symlinkSync(join(folder, 'secret'), join(folder, 'page/link.js'));
    const stores = await Promise.all(['new.ome.zarr', 'old ü.ome.zarr'].map(name => Store.open(join(folder, name))));
    const sources = stores.map((store, i) => ({ name: `volume ${i}`, store }));
    ({ server, path } = createViewServer(sources, join(folder, 'page')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** Asks by the raw path: `fetch` would tidy up `..` before it leaves. */
  function ask(target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: target, method, headers }, response => {
        let body = '';
        response.setEncoding('utf8').on('data', part => (body += part));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      });
      asked.on('error', reject).end();
    });
  }

  it('serves the page, the list of sources and their files', async () => {
    const index = await ask(path);
    assert.equal(index.status, 200);
    assert.match(index.headers['content-type']!, /^text\/html/);
    // Scripts are loaded once, by the page and its workers; all else each time.
    for (const name of ['main.js', '191.js'])
      assert.match((await ask(path + name)).headers['cache-control']!, /^private, .*immutable/);
    for (const name of ['', 'sources.json', 'data/0/0/c/0/0/0'])
      assert.equal((await ask(path + name)).headers['cache-control'], 'no-store');
    assert.match((await ask(`${path}main.js?v=1`)).headers['content-type']!, /^text\/javascript/);
    assert.deepEqual(JSON.parse((await ask(`${path}sources.json`)).body), {
      sources: [
        { name: 'volume 0', url: 'data/0/' },
        { name: 'volume 1', url: 'data/1/' }
      ]
    });
    assert.equal((await ask(`${path}data/0/0/c/0/0/0`)).body, 'chunk');
    assert.equal((await ask(`${path}data/1/.zattrs`)).body, '{}');
    assert.equal((await ask(`${path}data/1/0/%2Ezarray`)).body, '{"zarr_format": 2}');
    const empty = await ask(`${path}data/0/0/empty`);
    assert.deepEqual([empty.status, empty.body, empty.headers['content-length']], [200, '', '0']);
  });

  it('says 404 only where there is no file', async () => {
    for (const name of ['data/0/0/c/9/9/9', 'data/0/0', 'data/7/zarr.json', 'nothing.js']) {
      assert.equal((await ask(path + name)).status, 404, name);
    }
    const absent = await ask(`${path}data/0/labels/zarr.json`, { 'X-Absent': '204' });
    assert.deepEqual([absent.status, absent.headers['x-absent']], [204, '204']);
    assert.equal((await ask(`${path}data/7/zarr.json`, { 'X-Absent': '204' })).status, 204);
    assert.equal((await ask(`${path}data/0/zarr.json`, { 'X-Absent': '204' })).status, 200);
  });

  it('answers ranges and HEAD', async () => {
    const chunk = `${path}data/0/0/c/0/0/0`;
    const part = await ask(chunk, { range: 'bytes=1-2' });
    assert.deepEqual([part.status, part.body, part.headers['content-range']], [206, 'hu', 'bytes 1-2/5']);
    assert.equal((await ask(chunk, { range: 'bytes=-2' })).body, 'nk');
    assert.equal((await ask(chunk, { range: 'bytes=3-99' })).headers['content-range'], 'bytes 3-4/5');
    const beyond = await ask(chunk, { range: 'bytes=5-' });
    assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */5']);
    const head = await ask(chunk, {}, 'HEAD');
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '5']);
    assert.equal((await ask(chunk, {}, 'POST')).status, 405);
  });

  it('tells a file from one that has taken its name', async () => {
    const name = 'new.ome.zarr/0/replaced';
    const tags = [];
    for (const text of ['chunk', 'other']) {
      // Both are there for a while: two files have two numbers.
      writeFileSync(join(folder, `${name}.next`), text);
      renameSync(join(folder, `${name}.next`), join(folder, name));
      tags.push((await ask(`${path}data/0/0/replaced`)).headers.etag);
      tags.push((await ask(`${path}data/0/0/replaced`, {}, 'HEAD')).headers.etag);
    }
    assert.match(tags[0]!, /^"[^"]+"$/);
    assert.deepEqual([tags[0], tags[2]], [tags[1], tags[3]]);
    assert.notEqual(tags[0], tags[2]);
  });

  it('refuses who does not know the path, and names that are not this machine', async () => {
    assert.equal((await ask('/')).status, 403);
    assert.equal((await ask('/guess/data/0/zarr.json')).status, 403);
    assert.equal((await ask(path, { host: `attacker.example:${port}` })).status, 403);
    assert.equal((await ask(path, { host: '127.0.0.1' })).status, 403);
    assert.equal((await ask(path, { host: `localhost:${port}` })).status, 200);
    assert.ok(path.length > 30);
    const other = createViewServer([], folder);
    assert.notEqual(other.path, path);
  });

  it('lets no other site read', async () => {
    const { headers } = await ask(`${path}sources.json`, { origin: 'http://attacker.example' });
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
  });

  it('cuts off who sends a byte now and then, and who takes nothing; not who asks anew', async () => {
    const big = join(folder, 'new.ome.zarr/0/big');
    writeFileSync(big, Buffer.alloc(2 ** 26));
    const store = await Store.open(join(folder, 'new.ome.zarr'));
    const patience = { request: 100, stalled: 100 };
    const { server, path } = createViewServer([{ name: 'volume', store }], join(folder, 'page'), patience);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = (socket: Socket, key: string): unknown =>
      socket.write(`GET ${path}data/0/${key} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const [slow, stalled, patient] = [1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => {}));
    // The one is read from, or an end would not be seen; the other is not.
    slow.resume();
    const drip = setInterval(() => slow.write('G'), 20);
    ask(stalled, '0/big');
    try {
      const cut = once(slow, 'close');
      for (let n = 0; n < 8; n++) {
        ask(patient, '0/c/0/0/0');
        await once(patient, 'data');
        await new Promise(done => setTimeout(done, 50));
      }
      await cut;
      let left = 0;
      stalled.on('data', (part: Buffer) => (left += part.length)).resume();
      await once(stalled, 'close');
      assert.ok(left < 2 ** 26);
    } finally {
      clearInterval(drip);
      patient.destroy();
      server.close();
    }
  });

  it('serves nothing outside the outputs', async () => {
    for (const name of [
      'data/0/../../secret',
      'data/0/%2e%2e/secret',
      'data/0/..%2fsecret',
      'data/0/..%5csecret',
      'data/0//etc/passwd',
      'data/0/link',
      'data/0/folder/secret',
      '../secret',
      '..%2fsecret',
      'link.js'
    ]) {
      const { status, body } = await ask(path + name);
      assert.ok(status === 403 || status === 404, `${name}: ${status}`);
      assert.notEqual(body, 'secret', name);
    }
    assert.equal((await ask(`${path}%zz`)).status, 400);
  });
});

it('tells what another server refuses from a volume that cannot be read', async () => {
  let isExpired = false;
  const web = createServer((_, response) => {
    response.statusCode = isExpired ? 403 : 200;
    response.end(isExpired ? 'no' : '{"zarr_format": 3}');
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}/volume.ome.zarr`;
  const remote = await RemoteStore.open(address, 2 ** 20);
  const torn = () => Promise.reject(new ConvertError('truncated', 'scan.tif: it ends early'));
  const { server, path } = createViewServer(
    [
      { name: 'volume', remote },
      { name: 'scan.tif', look: torn }
    ],
    tmpdir()
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    isExpired = true;
    const below = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}data`;
    const refused = await fetch(`${below}/0/zarr.json`);
    assert.equal(refused.status, 424);
    assert.match(refused.statusText, /zarr.json: the server refuses to send it \(403\)/);
    assert.equal((await fetch(`${below}/1/zarr.json`)).status, 422);
  } finally {
    remote.close();
    [server, web].forEach(each => {
      each.closeAllConnections();
      each.close();
    });
  }
});

describe('Store.open', () => {
  it('takes OME-Zarrs only', async () => {
    await assert.rejects(Store.open(tmpdir()), { code: 'output-not-ome-zarr' });
    await assert.rejects(Store.open(join(tmpdir(), 'there is none')), { code: 'not-found' });
  });
});
