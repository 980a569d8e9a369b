import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { ENGINE_OPTIONS, DEFAULT_JOBS } from '../../../src/model/option-table.ts';
import { DEFAULT_OPTIONS } from '../../../src/model/options.ts';
import { outputPath } from '../../../src/convert/output-path.ts';
import { DEFAULT_TRAITS } from '../../../src/widget/options.ts';
import { jobs } from '../../../src/convert/validation/resources.ts';
import { spaceUnit } from '../../../src/model/units.ts';
import * as choices from '../../../src/form/choices.ts';
import { describeProgress, describeSeconds, describeSource, describeVoxel } from '../../../src/form/describe.ts';
import { defaultOutputName, resolveOutput, typedOutput } from '../../../src/form/output.ts';
import type { Planner } from '../../../src/form/planner.ts';
import type { FormValues, Triple } from '../../../src/form/values.ts';
import { EMPTY_VALUES, readValues, toValues, unitOf } from '../../../src/form/values.ts';
import { planResuming, refusalOf } from '../../../src/form/resume.ts';
import type { PlanState } from '../../../src/form/watcher.ts';
import { PlanWatcher } from '../../../src/form/watcher.ts';
import { formatBytes, parseBytes, shortBytes } from '../../../src/model/bytes.ts';
import type { ConvertOptions, Plan, Shape, Unfinished, VolumeInfo } from '../../../src/protocol/index.ts';
import { VOLUME_INFO } from '../volume-info.ts';

const fill = (values: Partial<FormValues>): FormValues => ({ ...EMPTY_VALUES, output: 'shell.ome.zarr', ...values });
const read = (values: Partial<FormValues>): ReturnType<typeof readValues> =>
  readValues(fill(values), 'scans/shell.tif', VOLUME_INFO.shape as Shape);

test('what is said of worker threads is so, and the same everywhere', () => {
  const text = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  assert.equal(jobs(DEFAULT_OPTIONS.jobs), availableParallelism());
  assert.ok(text('README.md').includes(`\`--jobs N\` | ${DEFAULT_JOBS} |`));
  assert.equal(choices.SHOWN_DEFAULTS.jobs, DEFAULT_JOBS);
});

test('an option is in the table, the form and the widget by its kind alone', () => {
  const keys = Object.keys(DEFAULT_OPTIONS).filter(key => key !== 'output');
  assert.deepEqual(ENGINE_OPTIONS.map(({ key }) => key as string).sort(), keys.sort());
  for (const spec of ENGINE_OPTIONS) {
    const [fields, traits] = [EMPTY_VALUES, DEFAULT_TRAITS] as unknown as Record<string, unknown>[];
    assert.ok((spec.key === 'roi' ? 'roiFrom' : spec.key) in fields, spec.key);
    assert.ok(spec.name.replaceAll('-', '_') in traits, spec.name);
    if ('choices' in spec)
      assert.ok(DEFAULT_OPTIONS[spec.key] === null || spec.choices.includes(DEFAULT_OPTIONS[spec.key] as never));
  }
});

test('an empty form asks for nothing but its output', () => {
  assert.deepEqual(read({}), { options: { output: 'scans/shell.ome.zarr' }, errors: {}, marks: {} });
});

test('options of several sources name no output', () => {
  assert.deepEqual(readValues(fill({}), 'a.tif', null, true), { options: {}, errors: {}, marks: {} });
});

/** A choice of nearly everything. */
const CHOSEN: Partial<ConvertOptions> = {
  overwrite: true,
  chunkSize: [64, 96, 32],
  levels: 3,
  shard: [128, 96, 320],
  compression: 'gzip',
  checksum: 'crc32c',
  dtype: 'uint8',
  roi: [0, 100, 8, 128, 0, 64],
  voxelSize: [1, 0.5, 0.5],
  unit: 'nanometer',
  maxMemory: 1.5 * 2 ** 30,
  omeZarr: '0.4',
  jobs: 2
};

test('every field becomes its option', () => {
  const { options, errors } = read({
    output: '../out/shell.ome.zarr',
    overwrite: true,
    resume: false,
    chunkSize: ['64', ' 96 ', '32'],
    levels: '3',
    shard: ['128', '96', '320'],
    compression: 'gzip',
    checksum: 'crc32c',
    dtype: 'uint8',
    valueRange: ['-0,5', '1e3'],
    roiFrom: ['', '8', ''],
    roiTo: ['100', '', '64'],
    voxelSize: ['1', '0.5', '0.5'],
    unit: ' nanometer ',
    maxMemory: '1.5G',
    omeZarr: '0.4',
    jobs: '2'
  });
  assert.deepEqual(errors, {});
  const expected = { ...CHOSEN, output: 'out/shell.ome.zarr', resume: false, valueRange: [-0.5, 1000] };
  assert.deepEqual(options, expected);
});

test('options go back into the fields they came from', () => {
  const all: Partial<ConvertOptions> = {
    ...CHOSEN,
    slices: '100-899',
    downsample: 'max',
    channel: [0, 2],
    valueRange: ['0.1%', 1000]
  };
  const sources = ['scans/shell.tif', 'shell.tif', ['scans/a/1.tif', 'scans/a/2.tif'], '/mnt/shell.tif'];
  const outputs = ['scans/shell.ome.zarr', 'out.zarr', 'scans/a/b/out.zarr', 'other/out.zarr', '/mnt/x/out.zarr'];
  for (const source of sources) {
    for (const output of outputs.filter(path => source[0] !== '/' || path[0] === '/')) {
      for (const options of [{ output }, { output, ...all }, { output, channel: 'all' }] as const) {
        const { options: got, errors } = readValues(toValues(options, source), source, null);
        assert.deepEqual([got, errors], [options, {}], `${String(source)} → ${output}`);
      }
    }
  }
  const labels = { labels: true, parent: 'scans/head.ome.zarr', output: 'scans/head.ome.zarr/labels/cells' };
  const { options } = readValues(toValues(labels, 'scans/cells.tif'), 'scans/cells.tif', null);
  assert.deepEqual(options, { ...labels, output: 'cells' });
  // A choice to resume, or not to, may now be another matter.
  assert.equal(toValues({ resume: false }, 'a.tif').resume, null);
});

test('what cannot be read is told at its field, and not sent', () => {
  const { options, errors, marks } = read({
    output: ' ',
    chunkSize: ['64', '6.5', '64'],
    levels: 'many',
    shard: ['512', '', ''],
    dtype: 'uint16',
    valueRange: ['0', ''],
    roiFrom: ['-1', '', ''],
    voxelSize: ['1', '', ''],
    maxMemory: 'plenty',
    jobs: '0'
  });
  assert.deepEqual(Object.keys(errors).sort(), [
    'chunkSize',
    'jobs',
    'levels',
    'maxMemory',
    'output',
    'roi',
    'shard',
    'valueRange',
    'voxelSize'
  ]);
  assert.deepEqual(options, { dtype: 'uint16' });
  assert.deepEqual(marks, { chunkSize: [1], shard: [1, 2], valueRange: [1], roi: [0], voxelSize: [1, 2] });
});

test('an end of a value range may be a percentage', () => {
  const range = (...valueRange: [string, string]) => read({ dtype: 'uint8', valueRange }).options.valueRange;
  assert.deepEqual(range(' 0.1% ', '99,5'), ['0.1%', 99.5]);
  assert.equal(range('1%', ''), undefined);
});

test('a value range is left out where no integers are asked for, and levels may be "auto"', () => {
  const { options, errors } = read({ dtype: 'float32', valueRange: ['nonsense', ''], levels: 'Auto' });
  assert.deepEqual(errors, {});
  assert.deepEqual(options, { output: 'scans/shell.ome.zarr', dtype: 'float32' });
});

test('outputs are named after their sources', () => {
  assert.equal(defaultOutputName('a/scan.tif'), 'scan.ome.zarr');
  assert.equal(defaultOutputName('a/Scan.OME.TIFF'), 'Scan.ome.zarr');
  assert.equal(defaultOutputName('a/scan.v2.btf'), 'scan.v2.ome.zarr');
  assert.equal(defaultOutputName('a/slices/'), 'slices.ome.zarr');
  // A byte that is no UTF-8, as Jupyter has it.
  assert.equal(defaultOutputName('a/gr\udcf6n.tif'), 'gr\ufffdn.ome.zarr');
  assert.equal(defaultOutputName(['a/raw_0001.tif', 'a/raw_0002.tif']), 'raw.ome.zarr');
  // The engine's own default is the same.
  for (const source of [
    ['a/raw_000.tif', 'a/raw_001.tif'],
    ['a/1.png', 'a/2.png'],
    'a/b.c.ome.btf',
    'a/x.tf2',
    'a/one.bmp'
  ])
    assert.equal(basename(outputPath(null, source, null)), defaultOutputName(source));
  assert.equal(defaultOutputName(['day 1/001.tif', 'day 1/002.tif']), 'day 1.ome.zarr');
  assert.equal(defaultOutputName(['a.tif', 'b.tif']), 'volume.ome.zarr');
});

test('a typed output is beside its source, unless it is absolute', () => {
  assert.equal(resolveOutput('scan.tif', 'x.zarr'), 'x.zarr');
  assert.equal(resolveOutput('a/b/scan.tif', './c//x.zarr/'), 'a/b/c/x.zarr');
  assert.equal(resolveOutput('a/b/scan.tif', '../x.zarr'), 'a/x.zarr');
  assert.equal(resolveOutput('a/scan.tif', '/data/x.zarr'), '/data/x.zarr');
  assert.equal(resolveOutput('/data/scan.tif', 'x.zarr'), '/data/x.zarr');
  assert.equal(resolveOutput(['a/s1.tif', 'a/s2.tif'], 'x.zarr'), 'a/x.zarr');
  assert.equal(resolveOutput('a/scan.tif', 's3://bucket/x.zarr/'), 's3://bucket/x.zarr');
  assert.equal(typedOutput('/data/scan.tif', 's3://bucket/x.zarr'), 's3://bucket/x.zarr');
  // On the way to an address.
  assert.equal(resolveOutput('a/scan.tif', 's3://'), 's3://');
});

test('sizes are read as people write them', () => {
  for (const [text, bytes] of [
    ['8G', 8 * 2 ** 30],
    ['512 MB', 2 ** 29],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['.5k', 512],
    [' 4096 ', 4096],
    ['10 B', 10]
  ] as const) {
    assert.equal(parseBytes(text), bytes, text);
  }
  for (const text of ['', 'G', '-1G', '1GG', '1e3', '8 gigs', '1,5G', '999999999P']) {
    assert.equal(parseBytes(text), null, text);
  }
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(4 * 2 ** 30), '4.00 GiB');
  assert.equal(formatBytes(1023 * 1024), '1.00 MiB');
  assert.equal(formatBytes(56.1 * 2 ** 30), '56.1 GiB');
  for (const bytes of [0, 1, 1000, 1536, 2 ** 20, 3 * 2 ** 29, 2 ** 40]) {
    assert.equal(parseBytes(shortBytes(bytes)), bytes);
  }
});

test('facts are told as a person would tell them', () => {
  assert.equal(describeVoxel(VOLUME_INFO), '2 × 1.5 × 1.5 µm');
  assert.equal(describeVoxel({ ...VOLUME_INFO, voxelSize: [12.5, 12.5, 12.5] }), '12.5 µm, isotropic');
  assert.equal(describeVoxel({ ...VOLUME_INFO, voxelSize: [1, 1, 1], unit: null }), '1, isotropic');
  assert.equal(describeVoxel({ ...VOLUME_INFO, voxelSize: null }), null);
  assert.equal(describeSource(['a/1.tif', 'a/2.tif']), '1.tif … 2.tif (2 files)');
  assert.equal(describeSeconds(0.4), 'under 1 s');
  assert.equal(describeSeconds(59.4), '59 s');
  assert.equal(describeSeconds(59.6), '1 min 0 s');
  assert.equal(describeSeconds(3900), '1 h 05 min');
  const progress = { doneBytes: 999, totalBytes: 1000, bytesPerSecond: 312e6, secondsLeft: 80 };
  assert.equal(describeProgress(progress), '99 %, 298 MiB/s, 1 min 20 s left');
  assert.equal(describeProgress({ ...progress, bytesPerSecond: 0, secondsLeft: null }), '99 %');
});

/** A planner whose answers are given by hand, in any order. */
class HandPlanner implements Planner {
  readonly asked: { options: Partial<ConvertOptions>; answer: (plan: Plan) => void; refuse: (error: Error) => void }[] =
    [];

  inspect(): Promise<VolumeInfo> {
    return Promise.resolve(VOLUME_INFO);
  }

  estimate(_: unknown, options: Partial<ConvertOptions>): Promise<Plan> {
    return new Promise((answer, refuse) => this.asked.push({ options, answer, refuse }));
  }
}

const plan = (workers: number, unfinished: Unfinished | null = null): Plan => ({
  ...VOLUME_INFO,
  output: '/data/shell.ome.zarr',
  levels: [],
  uncompressedBytes: 0,
  diskBytes: 0,
  outputRefusal: null,
  freeDiskBytes: 0,
  peakMemoryBytes: 0,
  workers,
  unfinished,
  warnings: []
});

/** Lets timers of no length and settled promises run. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(resolve => setTimeout(resolve, 1));
  }
};

test('an answer to what is no longer asked is dropped', async () => {
  const planner = new HandPlanner();
  const watcher = new PlanWatcher(planner, 'shell.tif', () => undefined, 0);
  watcher.ask({ levels: 1 });
  await settle();
  watcher.ask({ levels: 2 });
  await settle();
  assert.deepEqual(
    planner.asked.map(({ options }) => options.levels),
    [1, 2]
  );
  planner.asked[1].answer(plan(2));
  await settle();
  assert.equal(watcher.state.planned?.plan.workers, 2);
  assert.equal(watcher.state.plannedFor, '{"levels":2}');
  assert.equal(watcher.state.pending, false);
  planner.asked[0].answer(plan(1));
  await settle();
  assert.equal(watcher.state.planned?.plan.workers, 2);
  assert.equal(watcher.state.info, VOLUME_INFO);
  watcher.dispose();
});

test('options that change faster than they rest are asked once', async () => {
  const planner = new HandPlanner();
  const watcher = new PlanWatcher(planner, 'shell.tif', () => undefined, 0);
  watcher.ask({ levels: 1 });
  watcher.ask({ levels: 2 });
  watcher.ask({ levels: 3 });
  await settle();
  assert.deepEqual(
    planner.asked.map(({ options }) => options.levels),
    [3]
  );
  watcher.dispose();
});

test('a refusal keeps the last plan in sight, and an answer to what is no longer asked is dropped', async () => {
  const planner = new HandPlanner();
  const states: PlanState[] = [];
  const watcher = new PlanWatcher(planner, 'shell.tif', state => states.push(state), 0);
  watcher.ask({});
  await settle();
  planner.asked[0].answer(plan(1));
  await settle();
  watcher.ask({ maxMemory: 1 });
  await settle();
  planner.asked[1].refuse(Object.assign(new Error('too small'), { code: 'memory-too-small', field: 'maxMemory' }));
  await settle();
  assert.deepEqual(watcher.state.failure, { code: 'memory-too-small', field: 'maxMemory', message: 'too small' });
  assert.equal(watcher.state.planned?.plan.workers, 1);
  watcher.ask({ maxMemory: 2 });
  await settle();
  watcher.ask({ maxMemory: 3 });
  planner.asked[2].answer(plan(9));
  await settle();
  assert.equal(watcher.state.planned?.plan.workers, 1);
  assert.equal(watcher.state.pending, true);
  watcher.dispose();
  assert.equal(states.at(-1), watcher.state);
});

test('asked again where something was in the way, the last look counts, whichever answer comes first', async () => {
  const planner = new HandPlanner();
  const watcher = new PlanWatcher(planner, 'shell.tif', () => undefined, 0);
  const full = Object.assign(new Error('no room'), { code: 'disk-full', field: 'output' });
  watcher.ask({});
  await settle();
  planner.asked[0].refuse(full);
  await settle();
  watcher.again();
  watcher.again();
  await settle();
  planner.asked[2].answer(plan(3));
  await settle();
  planner.asked[1].refuse(full);
  await settle();
  assert.equal(watcher.state.failure, null);
  assert.equal(watcher.state.planned?.plan.workers, 3);
  watcher.dispose();
});

const LEFT: Unfinished = { written: 0, doneBytes: 42, totalBytes: 100, refusal: null };

/** A planner that finds something unfinished, and what it was asked about resuming. */
function finding(unfinished: Unfinished | null): { planner: Planner; asked: (boolean | undefined)[] } {
  const asked: (boolean | undefined)[] = [];
  const estimate = (_: unknown, { resume }: Partial<ConvertOptions>): Promise<Plan> => {
    asked.push(resume);
    return Promise.resolve(plan(1, unfinished));
  };
  return { planner: { inspect: () => Promise.resolve(VOLUME_INFO), estimate }, asked };
}

test('what can be resumed is resumed where nobody has chosen, and each choice is asked once', async () => {
  const { planner, asked } = finding(LEFT);
  assert.deepEqual((await planResuming(planner, 'shell.tif', { levels: 2 })).options, { levels: 2, resume: true });
  assert.deepEqual(asked.splice(0), [undefined, true]);
  for (const resume of [true, false]) {
    const planned = await planResuming(planner, 'shell.tif', { resume });
    assert.deepEqual(planned.options, { resume });
    assert.equal(refusalOf(planned), null);
    assert.deepEqual(asked.splice(0), [resume]);
  }
});

test('what cannot be resumed stays until a person says that it may go', async () => {
  const { planner, asked } = finding({ ...LEFT, refusal: 'another source' });
  const planned = await planResuming(planner, 'shell.tif', {});
  assert.deepEqual(planned.options, {});
  assert.equal(refusalOf(planned), 'another source');
  assert.equal(refusalOf(await planResuming(planner, 'shell.tif', { resume: false })), null);
  assert.deepEqual(asked, [undefined, false]);
  assert.equal(refusalOf(await planResuming(finding(null).planner, 'shell.tif', {})), null);

  // A budget that is too small for resuming alone is a reason against it, and not against the conversion.
  const estimate = (_: unknown, { resume }: Partial<ConvertOptions>): Promise<Plan> =>
    resume
      ? Promise.reject(Object.assign(new Error('too small'), { code: 'memory-too-small', field: 'maxMemory' }))
      : Promise.resolve(plan(1, LEFT));
  assert.equal(refusalOf(await planResuming({ ...planner, estimate }, 'shell.tif', {})), 'too small');
});

test('labels of an image: its path is beside the source, and the default name leaves theirs to the helper', () => {
  const read = (values: Partial<FormValues>) =>
    readValues({ ...EMPTY_VALUES, labels: true, ...values }, 'data/cells.tif', null).options;
  const parent = 'data/scan.ome.zarr';
  assert.deepEqual(read({ output: 'cells.ome.zarr', parent: 'scan.ome.zarr' }), { labels: true, parent });
  assert.deepEqual(read({ output: 'nuclei', parent: '../data/scan.ome.zarr' }), {
    output: 'nuclei',
    labels: true,
    parent
  });
  assert.deepEqual(read({ output: 'cells.ome.zarr' }), { output: 'data/cells.ome.zarr', labels: true });
});

test('a voxel size that is typed has a unit from the beginning, which stays as a person chooses it', () => {
  const [none, size]: [Triple, Triple] = [
    ['', '', ''],
    ['5', '', '']
  ];
  assert.equal(unitOf(size, '', null), 'micrometer');
  assert.equal(unitOf(size, '', 'millimeter'), 'millimeter');
  assert.equal(unitOf(size, 'none', null), 'none');
  assert.equal(unitOf(none, 'micrometer', null), '');
  assert.equal(unitOf(none, 'nanometer', null), 'nanometer');
  for (const unit of choices.UNITS) if (unit !== 'none') assert.equal(spaceUnit(unit), unit);
});
