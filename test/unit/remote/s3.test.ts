import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { bucketAddress, noBucket } from '../../../src/model/address.ts';
import { S3File } from '../../../src/remote/s3-file.ts';
import { S3Bucket } from '../../../src/remote/s3.ts';

const BODY = Buffer.from('0123456789');
const ETAG = `"${createHash('md5').update(BODY).digest('hex')}"`;
/** The server's faults at the next requests, one after the other; then it answers as it should. */
let faults: ((request: IncomingMessage, response: ServerResponse) => void)[] = [];
let asked = 0;

const refuse = (status: number, code: string) => (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(status, { 'Content-Type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);

const server = createServer((request, response) => {
  asked++;
  request.resume();
  request.on('end', () => {
    const fault = faults.shift();
    if (fault) return fault(request, response);
    const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined) return response.writeHead(200, { ETag: ETAG, 'Content-Length': BODY.length }).end(BODY);
    const piece = BODY.subarray(Number(from), to ? Number(to) + 1 : undefined);
    const range = `bytes ${from}-${Number(from) + piece.length - 1}/${BODY.length}`;
    response.writeHead(206, { ETag: ETAG, 'Content-Range': range, 'Content-Length': piece.length }).end(piece);
  });
});
await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
Object.assign(process.env, {
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'eu-central-1'
});
const bucket = await S3Bucket.open('s3://scans/a.ome.zarr', 'source');
after(() => {
  bucket.close();
  server.close();
  server.closeAllConnections();
});

test('an address names a bucket and a key, or nothing', () => {
  assert.deepEqual(bucketAddress('s3://b-1/x/y.ome.zarr/'), { bucket: 'b-1', key: 'x/y.ome.zarr' });
  assert.deepEqual(bucketAddress('s3://b'), { bucket: 'b', key: '' });
  const odd = ['s3://b/../x', 's3://b/x//y', 's3://b//x', 's3://b/x//', 's3://b//', 's3://b/x/./y'];
  for (const bad of ['s3://', 's3:///x', ...odd, 'b/x', 'https://b/x']) assert.equal(bucketAddress(bad), null, bad);
  for (const bad of odd) assert.match(noBucket(bad), /^its key has (nothing|only \. or \.\.) between two slashes/, bad);
  // What is an escape, or an end of the key, in addresses of the web is a part of the key.
  for (const key of ['a%2Fb', 'a+b', 'a b', 'a#b', 'a?b', 'e\u0301', '\u00e9', '...', '%2e%2e/x', 'a$$b'])
    assert.deepEqual(bucketAddress(`s3://b/${key}`), { bucket: 'b', key });
});

test('what passes by itself is asked again: errors of the server, a reset, half an answer', async () => {
  const half = (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { ETag: ETAG, 'Content-Length': BODY.length });
    response.write(BODY.subarray(0, 5), () => response.destroy());
  };
  for (const fault of [
    refuse(500, 'InternalError'),
    refuse(503, 'SlowDown'),
    half,
    (r: IncomingMessage) => r.socket.destroy()
  ]) {
    faults = [fault];
    asked = 0;
    assert.deepEqual((await bucket.get('key'))!.bytes, BODY);
    assert.equal(asked, 2);
  }
});

test('an answer that is another one than was asked for is an error', async () => {
  assert.equal((await bucket.get('key', { start: 2, length: 3 }))!.bytes.toString(), '234');
  faults = [(_, response) => response.writeHead(200, { ETag: ETAG, 'Content-Length': BODY.length }).end(BODY)];
  await assert.rejects(bucket.get('key', { start: 2, length: 3 }), /sent another part/);
  await assert.rejects(bucket.get('key', { etag: 'other' }), /written anew since/);
  faults = [(_, response) => response.writeHead(200, { ETag: '"0123456789abcdef0123456789abcdef"' }).end()];
  await assert.rejects(bucket.put('key', BODY), /stored other bytes than were sent/);
});

test('errors say what to do, and nothing is asked again that will not change', async () => {
  const said = async (status: number, code: string): Promise<string> => {
    faults = [refuse(status, code), refuse(status, code)];
    asked = 0;
    return bucket.get('key').then(String, (error: Error) => error.message);
  };
  assert.match(await said(403, 'AccessDenied'), /^s3:\/\/scans\/key: access is denied .*AWS_PROFILE/);
  assert.equal(asked, 1);
  assert.match(await said(404, 'NoSuchBucket'), /^s3:\/\/scans: there is no such bucket/);
  assert.match(await said(400, 'ExpiredToken'), /expired.*aws sso login/);
  assert.equal(asked, 2);
  assert.match(await said(403, 'RequestTimeTooSkewed'), /clock/);
  assert.equal(await said(404, 'NoSuchKey'), 'null');
});

test('that an object is not there is said also where the store lists none', async () => {
  const file = new S3File('s3://scans/scan.tif');
  for (const [status, code, said] of [
    [501, 'NotImplemented', /^s3:\/\/scans\/scan\.tif: there is no such object: check the address$/],
    [403, 'AccessDenied', /there is no such object/],
    [404, 'NoSuchBucket', /^s3:\/\/scans: there is no such bucket/]
  ] as const) {
    faults = [refuse(404, 'NoSuchKey'), refuse(status, code)];
    await assert.rejects(file.look(1), { code: 'not-found', message: said });
  }
  file.close();
});

test("the server's clock is told by its own answers, not by those that a proxy has kept", async () => {
  const isAhead = async (headers: Record<string, string>): Promise<boolean> => {
    const sent = { ETag: ETAG, Date: new Date(Date.now() + 3_600_000).toUTCString(), ...headers };
    faults = [(_, response) => response.writeHead(200, { ...sent, 'Content-Length': BODY.length }).end(BODY)];
    await bucket.get('key');
    return bucket.now - Date.now() > 3_500_000;
  };
  assert.equal(await isAhead({ Age: '7' }), false);
  assert.equal(await isAhead({}), true);
  await bucket.get('key');
});
