import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { handedOver, readAhead } from '../../../src/viewer/transport/handedOver.ts';
import { Patience } from '../../../src/viewer/transport/patience.ts';
import { parseReaderUrl, readerUrl } from '../../../src/viewer/transport/readerScheme.ts';
import type { ByteRangeResponse } from '../../../src/viewer/transport/source.ts';
import { MissingError, httpReader, setXsrfToken, strictFetch } from '../../../src/viewer/transport/strictFetch.ts';
import type { Finding } from '../../../src/viewer/transport/watch.ts';
import { Watch, remembering } from '../../../src/viewer/transport/watch.ts';
import { readImage } from '../../../src/viewer/volume/image.ts';

/** The server's answers to the first, second, … request. */
let answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = [];
let asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  const answer = answers[Math.min(asked.length, answers.length) - 1];
  answer(request, response);
});
let url: string;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  setXsrfToken(null);
});

const status = (code: number) => (_: IncomingMessage, response: ServerResponse) => response.writeHead(code).end();
const bytes = (_: IncomingMessage, response: ServerResponse) => response.end('voxels');
const cut = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'Content-Length': '100' });
  response.write('half');
  setTimeout(() => response.destroy(), 20);
};

test('metadata too long or too deep to be any is refused, before it fills the memory', async () => {
  const sent = { bytes: 0 };
  const endless = (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 20))) sent.bytes += 1 << 20;
      response.once('drain', more);
    };
    more();
  };
  for (const answer of [
    endless,
    (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(200, { 'Content-Length': 2 ** 31 }).write('{')
  ]) {
    answers = [answer];
    await assert.rejects(
      httpReader(url)('zarr.json', {}),
      /zarr\.json is 3[2-9]\.\d MiB|2\.00 GiB long, where metadata of at most/
    );
  }
  assert.ok(sent.bytes < 2 ** 27, `${sent.bytes} bytes were sent`);
  const deep = new TextEncoder().encode('['.repeat(1000) + ']'.repeat(1000));
  await assert.rejects(
    readImage('scan', async () => deep),
    /zarr\.json has more than 64 objects and lists within/
  );
});

test('404 alone is a missing file', async () => {
  answers = [status(404)];
  await assert.rejects(strictFetch(url), MissingError);
  assert.equal(await httpReader(url)('0/c/0/0/0', {}), null);
  // Our own server says it without an error, where it is asked to; 204 alone says nothing.
  answers = [(request, response) => void response.writeHead(204, { 'X-Absent': request.headers['x-absent'] }).end()];
  assert.equal(await httpReader(url)('labels/zarr.json', {}), null);
  answers = [status(204)];
  await assert.rejects(strictFetch(url), error => !(error instanceof MissingError));
});

for (const code of [301, 302, 400, 401, 403, 410]) {
  test(`${code} is refused at once, and nothing is missing`, async () => {
    answers = [status(code)];
    await assert.rejects(strictFetch(url), error => !(error instanceof MissingError));
    assert.equal(asked.length, 1);
  });
}

for (const [name, failure] of Object.entries({
  '500': status(500),
  '503': status(503),
  'a body that ends early': cut
})) {
  test(`after ${name} it is tried again`, async () => {
    answers = [failure, failure, bytes];
    assert.equal(await (await strictFetch(url)).text(), 'voxels');
    assert.equal(asked.length, 3);
  });
}

test('it is not tried for ever', async () => {
  answers = [cut];
  await assert.rejects(strictFetch(url), error => !(error instanceof MissingError));
  assert.equal(asked.length, 4);
});

const ranges = (status: number, range: string | null, body: string) => (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(status, range === null ? {} : { 'Content-Range': range }).end(body);
const asRange = { headers: { Range: 'bytes=2-4' } };

test('a range is what was asked for, whether the server knows ranges or not', async () => {
  for (const answer of [ranges(206, 'bytes 2-4/6', 'xel'), ranges(200, null, 'voxels')]) {
    answers = [answer];
    const response = await strictFetch(url, asRange);
    assert.deepEqual([response.status, await response.text()], [206, 'xel']);
    assert.match(response.headers.get('Content-Range')!, /^bytes 2-4\//);
  }
  // Of a long file that comes as a whole the end is not waited for.
  answers = [(_, response) => void response.writeHead(200, { 'Content-Length': '1000000' }).write('voxels and more')];
  assert.equal(await (await strictFetch(url, asRange)).text(), 'xel');
});

for (const [name, answer, init] of [
  ['another range', ranges(206, 'bytes 0-2/6', 'vox'), asRange],
  ['a shorter range', ranges(206, 'bytes 2-3/4', 'xe'), asRange],
  ['a range that it does not name', ranges(206, null, 'xel'), asRange],
  ['fewer bytes than it says', ranges(206, 'bytes 2-4/6', 'xe'), asRange],
  ['a file that ends before the range', ranges(200, null, 'voxe'), asRange],
  ['a range that was not asked for', ranges(206, 'bytes 0-2/6', 'vox'), {}],
  ['an answer without a body', (_: IncomingMessage, response: ServerResponse) => response.writeHead(204).end(), {}]
] as const) {
  test(`${name} is no data`, async () => {
    answers = [answer];
    await assert.rejects(strictFetch(url, init), error => !(error instanceof MissingError));
  });
}

test('that there is no answer is said, until there is one; after a while it is asked again', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const said: (number | null)[] = [];
  const patience = new Patience(seconds => said.push(seconds));
  const pass = (seconds: number): void => {
    for (let n = 0; n < seconds; n++) {
      now += 1000;
      t.mock.timers.tick(1000);
    }
  };
  let answer!: () => void;
  const whole = patience.wait(heard => new Promise<void>(done => (answer = () => (heard(), done()))));
  pass(9);
  assert.deepEqual(said, []);
  pass(16);
  assert.deepEqual(said, [10, 20]);
  answer();
  await whole;
  assert.deepEqual(said, [10, 20, null]);
  // One that only waits for its turn has time while others are answered, but not for ever.
  const hangs = patience.wait(() => new Promise<void>(() => undefined));
  const rejected = assert.rejects(hangs, /not answered for 180 s/);
  for (let n = 0; n < 180; n++) {
    await patience.wait(async heard => void heard());
    pass(1);
    if (n === 28) assert.deepEqual(said.slice(3), []);
  }
  await rejected;
  assert.equal(said[3], 30);
});

test('a web page is no data', async () => {
  answers = [(_, response) => response.setHeader('Content-Type', 'text/html').end('<form>Log in</form>')];
  await assert.rejects(strictFetch(url), /web page/);
});

test('the token of JupyterHub’s cookie goes along', async () => {
  answers = [bytes];
  setXsrfToken('2|secret');
  await strictFetch(url);
  assert.equal(asked[0].headers['x-xsrftoken'], '2|secret');
});

test('names of files are encoded once, in addresses of every kind', async () => {
  answers = [bytes];
  await httpReader(url)('a b/50%/#1.json', {});
  assert.equal(asked[0].url, '/a%20b/50%25/%231.json');
  const { id, path } = parseReaderUrl(readerUrl('r7', 'a b/50%/#1?.json').slice('reader:'.length));
  assert.deepEqual([id, path], ['r7', 'a b/50%/#1?.json']);
});

test('a look finds what became of a volume, and many chunks share one', async () => {
  const text = (value: string, version: string): ByteRangeResponse => ({
    size: value.length,
    offset: 0,
    bytes: new TextEncoder().encode(value),
    version
  });
  let found: Record<string, ByteRangeResponse> = { 'zarr.json': text('{}', '1'), '0/zarr.json': text('[]', '1') };
  let looks = 0;
  let fails = false;
  const reader = async (key: string): Promise<ByteRangeResponse | null> => {
    if (key === 'zarr.json') looks++;
    if (fails) throw new Error('no login');
    return found[key] ?? null;
  };
  const documents = new Map<string, string>();
  const open = remembering(reader, documents);
  for (const key of ['zarr.json', '0/zarr.json', 'labels/zarr.json']) await open(key);
  assert.equal(documents.size, 2);
  looks = 0;
  const findings: Finding[] = [];
  const watch = new Watch(reader, documents, performance.now() - 2000, finding => findings.push(finding));
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, () => watch.fetched()))), new Set(['same']));
  assert.equal(looks, 1);
  // Where something is missing, it takes a look that begins later.
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, () => watch.look()))), new Set(['same']));
  assert.equal(looks, 2);
  const as = async (change: Record<string, ByteRangeResponse>): Promise<Finding> => {
    found = change;
    return watch.look();
  };
  const [root, array] = [found['zarr.json'], found['0/zarr.json']];
  assert.equal(await as({ 'zarr.json': text('{}', '2'), '0/zarr.json': array }), 'changed');
  assert.equal(await as({ 'zarr.json': root, '0/zarr.json': text('[1]', '1') }), 'changed');
  assert.equal(await as({ 'zarr.json': root }), 'changed');
  assert.equal(await as({ '0/zarr.json': array }), 'gone');
  fails = true;
  assert.match(String(await watch.look()), /no login/);
  fails = false;
  assert.equal(await as({ 'zarr.json': root, '0/zarr.json': array }), 'same');
  // A chunk that came not long after a look is followed by another one.
  looks = 0;
  assert.equal(await watch.fetched(), 'same');
  assert.equal(looks, 0);
  await new Promise(done => setTimeout(done, 1200));
  assert.equal(looks, 1);
  assert.equal(findings.length, 9);
  // The documents that it was opened with were just read.
  const fresh = new Watch(reader, documents, performance.now(), finding => findings.push(finding));
  assert.equal(await fresh.fetched(), 'same');
  assert.equal(looks, 1);
  fresh.dispose();
});

test('a file that is read ahead is handed over once, and read anew where that failed', async () => {
  const bytes = new TextEncoder().encode('{}');
  readAhead('http://server/a%20b/0/zarr.json', Promise.resolve(bytes));
  const found = await handedOver('http://server/a b/0/zarr.json');
  assert.equal(await found?.response.text(), '{}');
  assert.equal(await handedOver('http://server/a b/0/zarr.json'), undefined);
  readAhead('http://server/c', Promise.reject(new Error('dropped')));
  assert.equal(await handedOver('http://server/c'), undefined);
  readAhead('http://server/d', Promise.resolve(bytes))();
  assert.equal(await handedOver('http://server/d'), undefined);
});
