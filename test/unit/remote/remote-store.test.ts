// An OME-Zarr on a server of the web, or in a bucket: what is there, what is not, and what is neither.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RemoteStore } from '../../../src/remote/remote-store.ts';
import { ConvertError } from '../../../src/model/errors.ts';
import { scratch } from '../scratch.ts';

const FILES: Record<string, Buffer> = {
  'zarr.json': Buffer.from('{"zarr_format":3}'),
  '0/c/0/1/2': Buffer.from(Array.from({ length: 100 }, (_, n) => n))
};
const servers: Server[] = [];
after(() => servers.forEach(server => (server.close(), server.closeAllConnections())));

type Answer = (request: IncomingMessage, response: ServerResponse, key: string) => boolean | void;

/** A server whose files are those above; `odd` answers in its place where it says so. */
async function serve(odd: Answer = () => false): Promise<string> {
  const server = createServer((request, response) => {
    const key = decodeURIComponent(
      new URL(request.url!, 'http://x').pathname.replace(/^(\/scans)?\/scan.ome.zarr\//, '')
    );
    if (odd(request, response, key)) return;
    const file = FILES[key];
    if (!file) return void response.writeHead(404).end();
    const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = first === '' ? file.length - Number(last) : Number(first ?? 0);
    const end = first === '' || !last ? file.length : Math.min(file.length, Number(last) + 1);
    const part = file.subarray(start, end);
    response.setHeader('ETag', '"one"').setHeader('Content-Length', part.length);
    if (first !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${file.length}`);
    response.writeHead(first === undefined ? 200 : 206).end(request.method === 'HEAD' ? undefined : part);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/scan.ome.zarr`;
}

const open = async (odd?: Answer): Promise<RemoteStore> => RemoteStore.open(await serve(odd), 1000);
const CHUNK = '0/c/0/1/2';
const refused = (words: RegExp) => (error: unknown) => error instanceof ConvertError && words.test(error.message);

/** Servers that know ranges, and one that sends all whatever is asked for. */
const KINDS: Record<string, Answer> = {
  'ranges are known': () => false,
  'ranges are not known': request => void delete request.headers.range
};
for (const [kind, odd] of Object.entries(KINDS)) {
  test(`all, parts, ends and lengths of files; ${kind}`, async () => {
    const store = await open(odd);
    const all = FILES[CHUNK];
    for (const [wanted, offset, bytes] of [
      [{}, 0, all],
      [{ offset: 10, length: 5 }, 10, all.subarray(10, 15)],
      [{ offset: 90 }, 90, all.subarray(90)],
      [{ offset: 90, length: 50 }, 90, all.subarray(90)],
      [{ offset: -4 }, 96, all.subarray(96)],
      [{ length: 0 }, 0, Buffer.alloc(0)]
    ] as const) {
      const found = await store.read(CHUNK, wanted);
      assert.deepEqual({ ...found, bytes: Buffer.from(found!.bytes) }, { size: 100, offset, bytes, version: '"one"' });
    }
    assert.equal(await store.read('0/c/9/9/9'), null);
  });
}

test('a bucket that may not be listed has not what it answers 403 of, as long as its metadata is there', async () => {
  let isOpen = true;
  const denied = (response: ServerResponse, code: string): true => {
    response.writeHead(403, { 'Content-Type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
    return true;
  };
  const store = await open((_, response, key) => {
    if (key === CHUNK) return denied(response, 'ExpiredToken');
    return (!FILES[key] || !isOpen) && denied(response, 'AccessDenied');
  });
  let heard = 0;
  const onDenied = () => void heard++;
  assert.equal(await store.read('0/c/9/9/9', { onDenied }), null);
  assert.equal(heard, 1);
  await assert.rejects(store.read(CHUNK), refused(/refuses to send it \(403\): .*credentials have expired/));
  isOpen = false;
  await assert.rejects(store.read('0/c/9/9/9'), refused(/refuses to send it \(403\)/));
});

test('what is not certainly the file is an error, and never missing', async () => {
  let tries = 0;
  for (const [answer, words] of [
    [(_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<form>'), /web page in its place/],
    [(_, response) => response.writeHead(302, { Location: '/login' }).end(), /sends to another page/],
    [(_, response) => response.writeHead(401).end(), /refuses to send it \(401\)/],
    [
      (_, response) => response.writeHead(403, { 'Content-Type': 'text/plain' }).end('no'),
      /refuses to send it \(403\)/
    ],
    [(_, response) => response.writeHead(206, { 'Content-Range': 'bytes 0-4/100' }).end('01234'), /another part/],
    [
      (_, response) =>
        response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': 15 }).end(FILES['zarr.json']),
      /compressed \(gzip\)/
    ],
    [(_, response) => response.writeHead(400).end(), /answered 400/]
  ] as [(request: IncomingMessage, response: ServerResponse) => unknown, RegExp][]) {
    const store = await open((request, response, key) => {
      if (request.url === '/login') {
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end('<form>');
        return true;
      }
      return key === CHUNK && (answer(request, response), true);
    });
    await assert.rejects(store.read(CHUNK, { offset: 10, length: 5 }), refused(words), String(words));
  }
  // A request is tried again after faults that pass by themselves: busy, and an answer that ends early.
  const store = await open((_, response, key) => {
    if (key !== CHUNK || ++tries > 2) return false;
    if (tries === 1) response.writeHead(503).end();
    else response.writeHead(200, { 'Content-Length': 100 }).write('half', () => response.destroy());
    return true;
  });
  assert.equal((await store.read(CHUNK))!.bytes.length, 100);
  // What is mistyped most often is the name.
  const mistyped = RemoteStore.open('http://scans.invalid/scan.ome.zarr', 1000);
  await assert.rejects(mistyped, refused(/: check the address and the connection, and try again later$/));
  const small = await RemoteStore.open(await serve(), 50);
  await assert.rejects(small.read(CHUNK), refused(/100 bytes are too many for one answer/));
});

test('a chunk that is written anew under the viewer is said once; what is no OME-Zarr is refused', async () => {
  let etag = '"one"';
  let document = '"one"';
  const store = await open((_, response, key) => {
    if (key !== CHUNK && key !== 'zarr.json') return false;
    response.writeHead(200, { ETag: key === CHUNK ? etag : document, 'Content-Length': 1 }).end('x');
    return true;
  });
  await store.read('zarr.json');
  await store.read(CHUNK);
  etag = '"two"';
  await assert.rejects(store.read(CHUNK), refused(/written anew since it was last read/));
  await store.read(CHUNK);
  // Who has read the document of a new one has heard of it.
  etag = document = '"three"';
  await store.read('zarr.json');
  await store.read(CHUNK);
  // A document that is not there tells nothing, however often it is asked for.
  for (let n = 0; n < 2; n++) assert.equal(await store.read('labels/zarr.json'), null);
  etag = '"four"';
  await assert.rejects(store.read(CHUNK), refused(/written anew since it was last read/));
  const nothing = await serve((_, response) => (response.writeHead(404).end(), true));
  await assert.rejects(RemoteStore.open(nothing, 1000), refused(/no OME-Zarr is there: neither zarr.json nor .zattrs/));
  const address = nothing.replace('http://', 'http://me:secret@');
  await assert.rejects(RemoteStore.open(`${address}?token=secret`, 1000), error => !/secret/.test(String(error)));
});

test('in a bucket a key that is denied is missing where listing says so, or is denied, too; who signs in again is let in', async () => {
  let [mayList, denied, expired] = [false, /^0\/c\/9/, /Credential=never/];
  const refuse = (response: ServerResponse, status: number, code: string): true => {
    response.writeHead(status, { 'Content-Type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
    return true;
  };
  const address = await serve((request, response, key) => {
    if (expired.test(request.headers.authorization ?? '')) return refuse(response, 400, 'ExpiredToken');
    if (request.url!.includes('list-type=2')) {
      if (!mayList) return refuse(response, 403, 'AccessDenied');
      const found = request.url!.includes(encodeURIComponent(CHUNK))
        ? `<Contents><Key>scan.ome.zarr/${CHUNK}</Key></Contents>`
        : '';
      response.writeHead(200).end(`<ListBucketResult>${found}</ListBucketResult>`);
      return true;
    }
    return denied.test(key) && refuse(response, 403, 'AccessDenied');
  });
  const credentials = join(scratch('remote-store').folder, 'credentials');
  const signIn = (id: string): void =>
    writeFileSync(credentials, `[default]\naws_access_key_id=${id}\naws_secret_access_key=x\n`);
  signIn('old');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: new URL(address).origin,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_REGION: 'eu-central-1'
  });
  const store = await RemoteStore.open('s3://scans/scan.ome.zarr', 1000);
  for (const [wanted, bytes] of [
    [{}, FILES[CHUNK]],
    [{ offset: 10, length: 5 }, FILES[CHUNK].subarray(10, 15)],
    [{ offset: -4 }, FILES[CHUNK].subarray(96)]
  ] as const)
    assert.deepEqual(Buffer.from((await store.read(CHUNK, wanted))!.bytes), bytes);
  assert.equal((await store.read(CHUNK, { length: 0 }))!.size, 100);
  let heard = 0;
  const onDenied = () => void heard++;
  assert.equal(await store.read('0/c/9/9/9', { onDenied }), null);
  mayList = true;
  assert.equal(await store.read('0/c/9/9/9', { onDenied }), null);
  // A list says that it is not there.
  assert.equal(heard, 1);
  denied = /^0\/c/;
  await assert.rejects(store.read(CHUNK), refused(/access is denied \(403 AccessDenied\)/));
  denied = /never/;
  expired = /Credential=old/;
  await assert.rejects(store.read(CHUNK), refused(/credentials have expired \(ExpiredToken\): sign in again/));
  signIn('new');
  assert.equal((await store.read(CHUNK))!.size, 100);
});
