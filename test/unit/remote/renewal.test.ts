// Credentials that expire while requests are under way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { S3Bucket } from '../../../src/remote/s3.ts';
import { scratch } from '../scratch.ts';

test('credentials that have expired are looked for once, however many requests hear of it', async () => {
  let asked = 0;
  let late: ServerResponse | null = null;
  const [isHeld, isRenewed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const expired = (response: ServerResponse): void =>
    void response.writeHead(400, { 'Content-Type': 'application/xml' }).end('<Error><Code>ExpiredToken</Code></Error>');
  const server = createServer(({ url, headers }, response) => {
    if (url === '/credentials') {
      const keys = {
        AccessKeyId: `KEY${++asked}`,
        SecretAccessKey: 'x',
        Token: 'x',
        Expiration: '2100-01-01T00:00:00Z'
      };
      return void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(keys));
    }
    if (!headers.authorization!.includes('Credential=KEY1/')) return void response.setHeader('ETag', '"e"').end('x');
    if (!url!.includes('late')) return void isHeld.promise.then(() => expired(response));
    late = response;
    isHeld.resolve();
    void isRenewed.promise.then(() => expired(late!));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const none = join(scratch('renewal').folder, 'none');
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) delete process.env[name];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: origin,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/credentials`,
    AWS_SHARED_CREDENTIALS_FILE: none,
    AWS_CONFIG_FILE: none,
    AWS_REGION: 'eu-central-1'
  });
  const bucket = await S3Bucket.open('s3://scans/a', 'source');
  try {
    const all = [bucket.get('late'), ...['a', 'b', 'c'].map(key => bucket.get(key))];
    await Promise.all(all.slice(1));
    isRenewed.resolve();
    assert.deepEqual(
      (await Promise.all(all)).map(found => String(found?.bytes)),
      ['x', 'x', 'x', 'x']
    );
    assert.equal(asked, 2);
  } finally {
    bucket.close();
    server.close();
    server.closeAllConnections();
  }
});
