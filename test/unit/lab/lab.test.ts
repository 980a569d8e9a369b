import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentsManager, Drive } from '@jupyterlab/services';
import { jobDetails, jobName, jobStatus, shorten } from '../../../src/lab/conversions/describe.ts';
import { Jobs } from '../../../src/lab/connection/jobs.ts';
import { isActive } from '../../../src/protocol/job.ts';
import { queueAll } from '../../../src/lab/convert/queue.ts';
import { areSlices, isOmeZarr, isTiff, sortNaturally, toHelperPath } from '../../../src/lab/paths.ts';
import { readSettings } from '../../../src/lab/settings.ts';
import type { Job, VerifyResult } from '../../../src/protocol/index.ts';

const job = (change: Partial<Job> = {}): Job => ({
  id: 'one',
  kind: 'convert',
  source: 'scans/shell.tif',
  output: 'scans/shell.ome.zarr',
  options: {},
  state: 'running',
  progress: null,
  error: null,
  result: null,
  verdict: null,
  waiting: null,
  seen: false,
  created: 1,
  ended: null,
  ...change
});

test('jobs are listed in the order they were made, and every change is told with what was before', () => {
  const jobs = new Jobs();
  const changes: [string | undefined, string | undefined][] = [];
  jobs.changed.connect((_, { now, before }) => changes.push([before?.state, now?.state]));
  jobs.set(job({ id: 'later', created: 2, state: 'queued' }));
  jobs.set(job());
  jobs.set(job({ state: 'done' }));
  jobs.delete('later');
  jobs.delete('never there');
  assert.deepEqual(
    jobs.items.map(({ id, state }) => [id, state]),
    [['one', 'done']]
  );
  assert.deepEqual(changes, [
    [undefined, 'queued'],
    [undefined, 'running'],
    ['running', 'done'],
    ['queued', undefined]
  ]);
  jobs.set(job({ id: 'later', created: 2 }));
  jobs.set(job({ id: 'earlier', created: 0 }));
  assert.deepEqual(
    jobs.items.map(({ id }) => id),
    ['earlier', 'one', 'later']
  );
});

test('what was under way when the helper went away has failed, with the reason; what had ended stays as it was', () => {
  const jobs = new Jobs();
  jobs.set(job());
  jobs.set(job({ id: 'two', state: 'queued' }));
  jobs.set(job({ id: 'three', state: 'done' }));
  jobs.fail('The helper was shut down.');
  assert.deepEqual(
    jobs.items.map(({ state, error }) => [state, error?.message]),
    [
      ['failed', 'scans/shell.ome.zarr: The helper was shut down. What it had written is there to be resumed.'],
      ['failed', 'scans/shell.ome.zarr: The helper was shut down. Start it again.'],
      ['done', undefined]
    ]
  );
});

test('who listens hears of what was under way when the page was left, and not of what is known already', () => {
  const jobs = new Jobs();
  const heard: [string | undefined, string | undefined][] = [];
  jobs.set(job({ state: 'done' }));
  jobs.changed.connect((_, { now, before }) => heard.push([now?.id, before?.id]));
  jobs.recall([job(), job({ id: 'two' })]);
  assert.deepEqual(heard, [['two', undefined]]);
  assert.equal(jobs.get('one')?.state, 'done');
});

test('after a new connection the helper is right: what it runs still runs, what it does not know is lost', () => {
  const jobs = new Jobs();
  jobs.set(job());
  jobs.set(job({ id: 'two' }));
  jobs.sync([job({ progress: { doneBytes: 1, totalBytes: 2, bytesPerSecond: 1, secondsLeft: 1 } })]);
  assert.deepEqual(
    jobs.items.map(({ id, state }) => [id, state]),
    [
      ['one', 'running'],
      ['two', 'failed']
    ]
  );
  assert.equal(jobs.get('one')?.progress?.doneBytes, 1);
  jobs.sync([job({ id: 'two' })]);
  assert.equal(jobs.get('two')?.state, 'running');
});

test('a job says what it is and how it stands', () => {
  assert.equal(jobName(job()), 'shell.tif → shell.ome.zarr');
  assert.equal(jobName(job({ output: null })), 'shell.tif');
  const labels = job({ output: 'a/scan.ome.zarr/labels/bone', options: { parent: 'a/scan.ome.zarr' } });
  assert.equal(jobName(labels), 'shell.tif → scan.ome.zarr/labels/bone');
  assert.equal(jobStatus(job({ state: 'queued' })), 'waiting');
  const find = (id: string) => job({ id, state: id === 'before' ? 'queued' : 'running' });
  const waits = (behind: string, reason: 'turn' | 'memory') =>
    jobStatus(job({ state: 'queued', waiting: { place: 2, behind, reason } }), find);
  assert.equal(waits('running', 'turn'), 'waiting until shell.tif → shell.ome.zarr has ended');
  assert.match(waits('running', 'memory'), /has ended: there is not enough memory for both$/);
  assert.equal(waits('before', 'turn'), 'waiting behind shell.tif → shell.ome.zarr');
  const result = {
    output: '/data/scans/shell.ome.zarr',
    seconds: 80,
    bytesWritten: 5 * 2 ** 20,
    levels: 2,
    nanVoxels: 3,
    valueRange: null,
    statistics: [],
    warnings: ['3 voxels were NaN']
  };
  assert.equal(jobStatus(job({ state: 'done', result })), 'done in 1 min 20 s, 5.00 MiB');
  assert.match(jobDetails(job({ state: 'done', result })), /3 voxels were NaN/);
  const error = { code: 'disk-full' as const, message: 'scans: the disk is full', field: null };
  assert.equal(jobStatus(job({ state: 'failed', error })), 'failed: scans: the disk is full');
  assert.deepEqual(
    (['queued', 'running', 'done', 'failed', 'cancelled'] as const).map(state => isActive(job({ state }))),
    [true, true, false, false, false]
  );
});

test('a verification says what it has found', () => {
  const found: VerifyResult = {
    ok: true,
    compared: true,
    output: 'scans/shell.ome.zarr',
    against: 'scans/shell.tif',
    levels: 2,
    chunksRead: 9,
    bytesRead: 100,
    voxelsCompared: 1234567,
    chunksDiffering: 0,
    voxelsDiffering: 0,
    differences: [],
    notes: ['level 1 was not compared'],
    seconds: 3
  };
  const of = (change: Partial<VerifyResult>) =>
    job({ kind: 'verify', source: found.output, state: 'done', verdict: { ...found, ...change } });
  assert.equal(jobName(of({})), 'Verify shell.ome.zarr');
  assert.equal(jobStatus(of({})), 'OK: 2 levels, 1,234,567 voxels compared with shell.tif in 3 s');
  assert.match(jobStatus(of({ against: null, levels: 1 })), /^OK: 1 level, 1,234,567 voxels compared without a source/);
  const readable = of({ against: null, compared: false, voxelsCompared: 0 });
  assert.equal(jobStatus(readable), 'READABLE: 2 levels, 9 chunks read in 3 s, nothing to compare with');
  assert.match(jobDetails(of({})), /compared with scans\/shell\.tif\n.*\nlevel 1 was not compared$/);
  const difference = { level: 0, voxel: null, expected: null, found: null, voxels: null, path: '0/c/0/0/0' };
  const differences = Array.from({ length: 30 }, (_, n) => ({ ...difference, message: `chunk ${n} is missing` }));
  const bad = of({ ok: false, chunksDiffering: 30, voxelsDiffering: 1, differences });
  assert.equal(jobStatus(bad), 'DIFFERENT: 1 voxel in 30 chunks differ');
  assert.match(jobDetails(bad), /chunk 19 is missing\n… and more/);
  assert.equal(jobStatus(of({ ok: false, chunksDiffering: 1 })), 'DIFFERENT: 1 chunk missing or damaged');
  const metadata = of({ ok: false, differences: differences.slice(0, 1) });
  assert.equal(jobStatus(metadata), 'DIFFERENT: 1 difference in the metadata');
});

test('the end of a long name stays', () => {
  assert.equal(shorten('short', 5), 'short');
  const cut = shorten('a very long name of a scan_0012.tif', 20);
  assert.equal(cut.length, 20);
  assert.match(cut, /^a very.*0012\.tif$/);
});

test('files are known by their names', () => {
  for (const name of ['a.tif', 'a.TIFF', 'a/b.ome.tif', 'a.btf', 'a.tf8']) {
    assert.ok(isTiff(name), name);
  }
  for (const name of ['a.tif.txt', 'tif', 'a.tifx']) {
    assert.ok(!isTiff(name), name);
  }
  assert.ok(areSlices(['a/s1.bmp', 'a/s2.BMP']) && areSlices(['1.png', '2.png', '3.png']));
  assert.ok(!areSlices(['1.png']) && !areSlices(['1.png', '2.bmp']) && !areSlices(['1.png', '2.txt']));
  assert.ok(isOmeZarr('a/b.ome.zarr/') && isOmeZarr('b.zarr') && !isOmeZarr('zarr') && !isOmeZarr('a.zarr.partial'));
  assert.deepEqual(sortNaturally(['s10.tif', 's2.tif', 's1.tif']), ['s1.tif', 's2.tif', 's10.tif']);
});

test('lengths in the settings are one for each axis, or one for all', () => {
  const settings = (composite: Record<string, string>): ReturnType<typeof readSettings> => {
    const get = (name: string): object => ({ composite: composite[name] });
    return readSettings({ get } as unknown as Parameters<typeof readSettings>[0]);
  };
  const initial = (chunkSize: string, shard: string) => settings({ chunkSize, shard }).initial;
  const found = initial('64', '256 x 128, 128');
  assert.deepEqual(
    [found.chunkSize, found.shard],
    [
      ['64', '64', '64'],
      ['256', '128', '128']
    ]
  );
  assert.ok(!('chunkSize' in initial('', '1 2')) && !('shard' in initial('', '1 2')));
  assert.deepEqual(settings({}).limits, {});
  assert.deepEqual(settings({ maxMemory: '2G', jobs: '3' }).limits, { maxMemory: 2 ** 31, jobs: 3 });
});

test('a path outside the server’s root, and an address, stay as they are for the helper', () => {
  const contents = new ContentsManager();
  contents.addDrive(new Drive({ name: 'RTC' }));
  for (const path of ['/data/a.tif', 'C:\\data\\a.tif', 'https://host/a.ome.zarr', 's3://bucket/a.ome.zarr'])
    assert.equal(toHelperPath(contents, path), path);
  assert.equal(toHelperPath(contents, 'RTC:scans/a.tif'), 'scans/a.tif');
  assert.equal(toHelperPath(contents, 'scans/a.ome.zarr/'), 'scans/a.ome.zarr');
  contents.dispose();
});

test('of a batch nothing more is queued once the dialog is left, and one that is refused stops no other', async () => {
  const starts = ['a.tif', 'b.tif', 'c.tif', 'd.tif'].map(source => ({ source, options: {} }));
  const asked: unknown[] = [];
  const start = ({ source }: { source: unknown }): Promise<Job> => {
    asked.push(source);
    return source === 'a.tif' ? Promise.reject(new Error('a.tif: is no TIFF')) : Promise.resolve(job());
  };
  const all = await queueAll(starts, start, () => true);
  assert.deepEqual([all.jobs.length, all.refused], [3, ['a.tif: is no TIFF']]);
  asked.length = 0;
  const left = await queueAll(starts, start, () => asked.length < 2);
  assert.deepEqual(asked, ['a.tif', 'b.tif']);
  assert.equal(left.jobs.length, 1);
});
