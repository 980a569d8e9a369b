// An output in the making in a bucket: whose it is, and what is noted beside it.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { S3Bucket } from '../../../src/remote/s3.ts';
import { BucketOutput } from '../../../src/zarr/bucket/bucket-output.ts';
import { JournalPieces, readPieces } from '../../../src/zarr/bucket/journal-pieces.ts';
import { JOURNAL } from '../../../src/zarr/journal.ts';
import { MARKER } from '../../../src/zarr/owner.ts';
import { BucketServer } from '../remote/bucket-server.ts';
import { scratch } from '../scratch.ts';

const store = new BucketServer();
const { fresh } = scratch('bucket-output');
before(() => store.start());
after(() => store.close());

const DOCUMENT = '{"zarr_format":3,"node_type":"group","attributes":{"ome":{"version":"0.5","multiscales":[]}}}';
const named = (name: string): string[] => [...store.objects.keys()].filter(key => key.startsWith(name)).sort();

for (const how of ['finished', 'discarded'])
  test(`of what is ${how} the marker goes last, and not that of who has taken it over`, async () => {
    const output = await BucketOutput.claim(`s3://scans/${how}.ome.zarr`, false);
    const marker = `${how}.ome.zarr.partial/${MARKER}`;
    store.objects.set(`${how}.ome.zarr/0/c/0`, Buffer.from('chunk'));
    appendFileSync(join(output.folder, JOURNAL), 'noted');
    await output.writeDocuments([['zarr.json', DOCUMENT]]);
    assert.deepEqual(named(`${how}.ome.zarr.partial`), [marker]);
    // Another machine takes it over while things are being removed.
    const theirs = Buffer.from('{"tool":"microct-io-vis","host":"elsewhere","pid":1}');
    store.onRequest = (method, url) => {
      if (method === 'DELETE' || url.searchParams.has('delete')) store.objects.set(marker, theirs);
    };
    if (how === 'finished') assert.deepEqual(await output.finish(), []);
    else await assert.rejects(output.discard(), /another conversion has just taken it over/);
    store.onRequest = () => {};
    assert.equal(store.objects.get(marker), theirs);
    assert.equal(store.objects.has(`${how}.ome.zarr/zarr.json`), how === 'finished');
  });

test('what nobody has taken over leaves nothing', async () => {
  const finished = await BucketOutput.claim('s3://scans/a.ome.zarr', false);
  await finished.writeDocuments([['zarr.json', DOCUMENT]]);
  await finished.finish();
  const discarded = await BucketOutput.claim('s3://scans/ab.ome.zarr', false);
  await discarded.discard();
  assert.deepEqual(named('a'), ['a.ome.zarr/zarr.json']);
});

test('a journal is noted as it grows', async () => {
  const bucket = await S3Bucket.open('s3://scans/journal', 'output');
  const path = join(fresh(), 'journal');
  const pieces = new JournalPieces(bucket, 'journal/', path);
  try {
    await pieces.note();
    assert.equal(pieces.noted, 0);
    for (const more of ['one\n', '', 'two\nthree\n']) {
      appendFileSync(path, more);
      await pieces.note();
    }
    assert.deepEqual(named('journal/'), ['journal/000000000000000', 'journal/000000000000004']);
    assert.equal(String((await readPieces(bucket, 'journal/')).journal), 'one\ntwo\nthree\n');
    const later = new JournalPieces(bucket, 'journal/', path, pieces.noted);
    appendFileSync(path, 'four\n');
    await later.note();
    assert.equal(String((await readPieces(bucket, 'journal/')).journal), 'one\ntwo\nthree\nfour\n');
  } finally {
    bucket.close();
  }
});
