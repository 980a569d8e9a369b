import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConvertError } from '../../../src/model/errors.ts';
import type { ConvertOptions } from '../../../src/model/options.ts';
import type { Plan } from '../../../src/model/plan.ts';
import type { ConvertResult, Progress } from '../../../src/model/progress.ts';
import type { VerifyResult } from '../../../src/convert/verify/index.ts';
import type { VolumeInfo } from '../../../src/model/volume.ts';
import type { Engine } from '../../../src/helper/jobs.ts';
import { Jobs } from '../../../src/helper/jobs.ts';
import { Records } from '../../../src/helper/records.ts';
import type { HelperEvent } from '../../../src/protocol/index.ts';
import { scratch } from '../scratch.ts';

const GiB = 2 ** 30;
const { fresh } = scratch('jobs');

interface Run {
  source: string;
  options: Partial<ConvertOptions>;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  finish: (result: Partial<ConvertResult>) => void;
  fail: (error: unknown) => void;
}

/** An engine whose conversions do what the test tells them: large ones, unless their names say otherwise. */
function handEngine(): { engine: Engine; runs: Run[] } {
  const runs: Run[] = [];
  const sizeOf = (path: unknown): number => (/small/.test(String(path)) ? 2 ** 29 : 2 ** 40);
  const engine: Engine = {
    inspect: async path => ({ shape: [sizeOf(path)], dtype: 'uint8' }) as VolumeInfo,
    estimate: async (source, options) => {
      if (source === 'bad.tif') {
        throw new ConvertError('not-tiff', 'bad.tif: not a TIFF', 'source');
      }
      return {
        output: options.output ?? `/out/${String(source)}.ome.zarr`,
        levels: [{ bytes: sizeOf(source) }],
        peakMemoryBytes: options.maxMemory ?? 4 * GiB
      } as Plan;
    },
    convert: (source, options, { signal, onProgress }) =>
      new Promise((resolve, reject) => {
        signal!.addEventListener('abort', () => reject(new ConvertError('cancelled', 'cancelled')));
        const finish = (result: Partial<ConvertResult>): void => resolve(result as ConvertResult);
        runs.push({ source: String(source), options, signal: signal!, onProgress: onProgress!, finish, fail: reject });
      }),
    verify: async (output, options) => {
      if (output === '/out/none.zarr') {
        throw new ConvertError('output-not-ome-zarr', `${output}: this is no OME-Zarr`);
      }
      return { ok: true, output, voxelsCompared: options.maxMemory } as VerifyResult;
    }
  };
  return { engine, runs };
}

const progress = (doneBytes: number): Progress => ({
  doneBytes,
  totalBytes: 100,
  bytesPerSecond: 0,
  secondsLeft: null
});
const states = (jobs: Jobs): string[] => jobs.list().map(({ state }) => state);

describe('Jobs', () => {
  it('verifies what is in the queue before it when that is done', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const { id: before, output } = await jobs.start('a', {});
    const { id, kind, state } = jobs.verify(output!, { maxMemory: 5 });
    assert.deepEqual([kind, state, runs.length], ['verify', 'queued', 1]);
    runs[0].finish({ output: output! });
    assert.equal((await jobs.wait(before)).verdict, null);
    const { state: ended, verdict, result } = await jobs.wait(id);
    assert.deepEqual([ended, verdict, result], ['done', { ok: true, output, voxelsCompared: 5 }, null]);
    const failed = await jobs.wait(jobs.verify('/out/none.zarr', {}).id);
    assert.deepEqual([failed.state, failed.error?.code], ['failed', 'output-not-ome-zarr']);
    // One that is verified may be converted anew as soon as that is done.
    jobs.verify('/out/b.ome.zarr', {});
    assert.equal((await jobs.start('b', {})).state, 'queued');
  });

  it('runs one conversion at a time, in the order they came', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const [a, b, c] = [await jobs.start('a', {}), await jobs.start('b', {}), await jobs.start('c', {})];
    assert.deepEqual(states(jobs), ['running', 'queued', 'queued']);
    assert.equal(a.output, '/out/a.ome.zarr');
    runs[0].finish({ output: a.output! });
    assert.equal((await jobs.wait(a.id)).state, 'done');
    await Promise.resolve();
    assert.deepEqual(states(jobs), ['done', 'running', 'queued']);
    runs[1].fail(new ConvertError('disk-full', 'b: the disk is full'));
    assert.deepEqual((await jobs.wait(b.id)).error, { code: 'disk-full', message: 'b: the disk is full', field: null });
    await Promise.resolve();
    runs[2].finish({ output: c.output! });
    const ended = await jobs.wait(c.id);
    assert.equal(ended.result!.output, c.output);
    assert.ok(ended.ended! >= ended.created);
    assert.equal(jobs.active, false);
    assert.deepEqual(
      runs.map(({ source }) => source),
      ['a', 'b', 'c']
    );
  });

  it('runs one small job beside a large one, with one thread and what memory is left of the budget', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    await jobs.start('large', { maxMemory: 4 * GiB });
    const small = await jobs.start('small', { jobs: 8 });
    const next = await jobs.start('small too', {});
    const large = await jobs.start('large too', {});
    assert.deepEqual(states(jobs), ['running', 'running', 'queued', 'queued']);
    const { output: _, ...given } = runs[1].options;
    assert.deepEqual(given, { maxMemory: GiB / 2, jobs: 1 });
    assert.equal(runs[0].options.maxMemory! + given.maxMemory!, 4 * GiB);
    const waiting = (id: string) => jobs.list().find(job => job.id === id)!.waiting;
    assert.deepEqual(waiting(next.id), { place: 1, behind: small.id, reason: 'turn' });
    assert.deepEqual(waiting(large.id), { place: 2, behind: next.id, reason: 'turn' });
    runs[1].finish({});
    await jobs.wait(small.id);
    await Promise.resolve();
    assert.deepEqual(states(jobs), ['running', 'done', 'running', 'queued']);
    assert.deepEqual(waiting(large.id), { place: 1, behind: jobs.list()[0].id, reason: 'turn' });
    runs[0].finish({});
    await jobs.wait(jobs.list()[0].id);
    await Promise.resolve();
    assert.deepEqual(states(jobs), ['done', 'done', 'running', 'running']);
    assert.equal(waiting(large.id), null);
  });

  it('never lets all together take more than a person has allowed one', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const { id: large } = await jobs.start('large', { maxMemory: GiB });
    const small = await jobs.start('small', { maxMemory: GiB / 4 });
    assert.deepEqual(jobs.list()[1].waiting, { place: 1, behind: large, reason: 'memory' });
    runs[0].finish({});
    await jobs.wait(large);
    await Promise.resolve();
    assert.deepEqual(runs[1].options, { output: small.output, maxMemory: GiB / 4 });
    // One that finds it too little waits until it can have all that it may.
    await jobs.start('large', { output: '/out/other' });
    const picky = await jobs.start('small', { output: '/out/picky' });
    runs[1].finish({});
    await jobs.wait(small.id);
    await Promise.resolve();
    assert.deepEqual(states(jobs).slice(1), ['done', 'running', 'running']);
    runs[2].fail(new ConvertError('memory-too-small', 'too small'));
    await new Promise(setImmediate);
    assert.deepEqual(states(jobs).slice(1), ['done', 'running', 'queued']);
    runs[3].finish({});
    await new Promise(setImmediate);
    assert.equal(jobs.list().at(-1)!.state, 'running');
    assert.deepEqual(runs[4].options, { output: picky.output, maxMemory: 4 * GiB });
    runs[4].fail(new ConvertError('memory-too-small', 'still too small'));
    assert.equal((await jobs.wait(picky.id)).error!.code, 'memory-too-small');
  });

  it('lets a person change the order of those that wait', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const [a, b, c, d] = [
      await jobs.start('a', {}),
      await jobs.start('b', {}),
      await jobs.start('c', {}),
      await jobs.start('d', {})
    ];
    const order = () =>
      jobs
        .list()
        .filter(({ waiting }) => waiting)
        .sort((one, other) => one.waiting!.place - other.waiting!.place)
        .map(({ source }) => source);
    jobs.move(d.id, 'first');
    assert.deepEqual(order(), ['d', 'b', 'c']);
    jobs.move(d.id, 'down');
    assert.deepEqual(order(), ['b', 'd', 'c']);
    jobs.move(c.id, 'up');
    assert.deepEqual(order(), ['b', 'c', 'd']);
    jobs.move(b.id, 'up');
    jobs.move(d.id, 'down');
    assert.deepEqual(order(), ['b', 'c', 'd']);
    jobs.cancel(b.id);
    assert.deepEqual(order(), ['c', 'd']);
    assert.throws(() => jobs.move(a.id, 'first'), { code: 'bad-option' });
    jobs.move(d.id, 'first');
    runs[0].finish({});
    await jobs.wait(a.id);
    await Promise.resolve();
    assert.equal(runs.at(-1)!.source, 'd');
  });

  it('notes that a person knows how a job ended', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const { id } = await jobs.start('a', {});
    assert.equal(jobs.seen(id).seen, false);
    runs[0].finish({});
    assert.equal((await jobs.wait(id)).seen, false);
    assert.equal(jobs.seen(id).seen, true);
    assert.equal(jobs.list()[0].seen, true);
  });

  it('verifies a small volume beside a large conversion', async () => {
    const { engine } = handEngine();
    const jobs = new Jobs(engine);
    await jobs.start('large', {});
    const { verdict } = await jobs.wait(jobs.verify('/out/small.zarr', {}).id);
    assert.equal(verdict!.voxelsCompared, GiB / 2);
  });

  it('refuses at once what cannot work, and two jobs for one output', async () => {
    const { engine } = handEngine();
    const jobs = new Jobs(engine);
    await assert.rejects(jobs.start('bad.tif', {}), { code: 'not-tiff', field: 'source' });
    assert.deepEqual(jobs.list(), []);
    await jobs.start('a', { output: '/out/same' });
    await assert.rejects(jobs.start('b', { output: '/out/same', overwrite: true }), { code: 'output-exists' });
    assert.equal(jobs.list().length, 1);
  });

  it('cancels a waiting job at once and a running one through its signal', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const [a, b] = [await jobs.start('a', {}), await jobs.start('b', {})];
    assert.equal(jobs.cancel(b.id).state, 'cancelled');
    assert.equal(jobs.cancel(a.id).state, 'running');
    assert.ok(runs[0].signal.aborted);
    const ended = await jobs.wait(a.id);
    assert.equal(ended.state, 'cancelled');
    assert.equal(ended.error, null);
    assert.equal(runs.length, 1);
    assert.equal(jobs.cancel(a.id).state, 'cancelled');
    assert.throws(() => jobs.cancel('nobody'), { code: 'not-found' });
  });

  it('tells of a cancelled job what of it could not be removed', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const { id } = await jobs.start('a', {});
    runs[0].fail(new ConvertError('cancelled', 'cancelled; what it has written stays', 'output'));
    const { state, error } = await jobs.wait(id);
    assert.deepEqual([state, error?.message], ['cancelled', 'cancelled; what it has written stays']);
  });

  it('tells every change, but progress five times a second at most', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const events: HelperEvent[] = [];
    const stop = jobs.listen(event => events.push(event));
    const { id } = await jobs.start('a', {});
    for (let i = 0; i < 50; i++) {
      runs[0].onProgress(progress(i));
    }
    assert.equal(jobs.list()[0].progress!.doneBytes, 49);
    runs[0].finish({});
    await jobs.wait(id);
    const seen = events.map(event => (event.event === 'job' ? [event.job.state, event.job.progress?.doneBytes] : []));
    assert.deepEqual(seen, [
      ['queued', undefined],
      ['running', undefined],
      ['running', 0],
      ['done', 49]
    ]);
    jobs.dismiss(id);
    assert.deepEqual(events.at(-1), { event: 'dismissed', job: id });
    assert.deepEqual(jobs.list(), []);
    stop();
    await jobs.start('b', {});
    assert.equal(events.length, 5);
  });

  it('keeps no job that runs from being seen: only ended ones can be dismissed', async () => {
    const { engine } = handEngine();
    const jobs = new Jobs(engine);
    const { id } = await jobs.start('a', {});
    assert.throws(() => jobs.dismiss(id), { code: 'bad-option' });
  });

  it('remembers the last hundred ended jobs', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    for (let i = 0; i < 103; i++) {
      const { id } = await jobs.start(`s${i}`, {});
      runs[i].finish({});
      await jobs.wait(id);
      await Promise.resolve();
    }
    assert.equal(jobs.list().length, 100);
    assert.equal(jobs.list()[0].source, 's3');
  });

  it('ends all jobs when it is closed, and takes no more', async () => {
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    await jobs.start('a', {});
    await jobs.start('b', {});
    await jobs.close('ended by SIGTERM', 1000);
    // Nobody wanted the first one gone: its signal says so, and its conversion keeps what is done.
    assert.equal((runs[0].signal.reason as ConvertError).code, 'interrupted');
    // Nor the second, which is told by its name.
    assert.deepEqual(states(jobs), ['cancelled', 'failed']);
    assert.equal(
      jobs.list()[1].error!.message,
      '/out/b.ome.zarr: not begun, because the helper was ended by SIGTERM. Start it again.'
    );
    assert.equal(runs.length, 1);
    await assert.rejects(jobs.start('c', {}), { code: 'cancelled' });
  });

  it('tells of a job that does not end in time what has become of it', async () => {
    const { engine } = handEngine();
    const jobs = new Jobs({ ...engine, convert: () => new Promise(() => undefined) });
    const { id } = await jobs.start('a', {});
    await jobs.close('ended by SIGTERM', 10);
    const { state, error } = await jobs.wait(id);
    assert.deepEqual([state, error!.code], ['failed', 'interrupted']);
    assert.match(error!.message, /^\/out\/a.ome.zarr: The helper was ended by SIGTERM\. .* is there to be resumed\.$/);
  });

  it('leaves on the disk how they ended, and the next one tells what nobody has been told', async () => {
    const folder = fresh();
    const { engine, runs } = handEngine();
    const jobs = new Jobs(engine);
    const [done, seen, begun, queued] = ['done', 'seen', 'begun', 'queued'].map(source => jobs.start(source, {}));
    const ids = (await Promise.all([done, seen, begun, queued])).map(({ id }) => id);
    new Records(folder, '/root').follow(jobs);
    for (const [n, id] of ids.slice(0, 2).entries()) {
      runs[n].finish({ bytesWritten: 7 });
      await jobs.wait(id);
      await Promise.resolve();
    }
    jobs.seen(ids[1]);
    const [name] = readdirSync(folder);
    assert.deepEqual(new Records(folder, '/root').take(), [], 'the one that wrote it is still there');
    // As of a process that had that number before.
    const record = JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
    writeFileSync(join(folder, name), JSON.stringify({ ...record, started: '-1' }));
    assert.deepEqual(new Records(folder, '/elsewhere').take(), []);
    const next = new Jobs(engine);
    next.recall(new Records(folder, '/root').take());
    assert.deepEqual(
      next.list().map(({ id, state, error }) => [id, state, error?.message]),
      [
        [ids[0], 'done', undefined],
        [
          ids[2],
          'failed',
          '/out/begun.ome.zarr: The helper that was at this has ended. What it had written is there to be resumed.'
        ],
        [ids[3], 'failed', '/out/queued.ome.zarr: The helper that was at this has ended. Start it again.']
      ]
    );
    assert.equal(next.list()[0].result!.bytesWritten, 7);
    assert.equal((await next.wait(ids[2])).error!.code, 'interrupted');
    assert.deepEqual(new Records(folder, '/root').take(), [], 'it is told once');
    // One that cannot be understood stays, and is in nobody's way.
    const odd = { ...record, started: '-1', jobs: [next.list()[1], null] };
    const [oddName, another] = ['0.json', '1.json'].map(end => name.replace(/\.json$/, end));
    writeFileSync(join(folder, oddName), JSON.stringify(odd));
    writeFileSync(join(folder, another), JSON.stringify({ ...record, started: '-1' }));
    assert.equal(new Records(folder, '/root').take().length, 3);
    assert.deepEqual(readdirSync(folder), [oddName]);
    rmSync(join(folder, oddName));
    new Records(folder, '/root').follow(next);
    assert.equal(readdirSync(folder).length, 1);
    ids.filter(id => id !== ids[1]).forEach(id => next.seen(id));
    assert.deepEqual(readdirSync(folder), []);
  });
});
