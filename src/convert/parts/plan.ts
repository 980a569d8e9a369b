import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import type { ConvertOptions } from '../../model/options.ts';
import { MOST_PARTS, type Plan, WORTH_A_PART } from '../../model/plan.ts';
import { product } from '../../model/levels.ts';
import { BYTES_PER_VOXEL, volumeCount } from '../../model/volume.ts';
import { rootsOf } from '../../pyramid/blocks.ts';
import { FINISHED } from '../../zarr/finished-place.ts';
import { PLAN, SCRATCH } from '../../zarr/owner.ts';
import { BlockRun } from '../block-run.ts';
import { type Control, Ending, PATIENCE } from '../control.ts';
import { Meter } from '../meter.ts';
import { outputPath } from '../output-path.ts';
import { type Prepared, prepare } from '../prepare.ts';
import { needsHistogram, rangeOf } from '../value-range.ts';
import { type Division, costOf, divide, finishCost } from './division.ts';
import { DONE, type PartsPlan, type RecordKind, SCANNED, readPlan, writeRecord } from './files.ts';
import { writeHeaders, withHeaders } from './headers.ts';
import { type RemoteHeaders, handingOnHeaders } from '../../reader/index.ts';
import { checkFiles, readFinished } from './finished.ts';
import { partNumbers, partsWith } from './merge.ts';
import { option } from '../../model/words.ts';
import { openStore } from './open-store.ts';
import type { PartsStore } from './store.ts';

/** Amounts that one part reads and writes. */
export interface PartCost {
  /** From 1. */
  part: number;
  /** Of level 0 as read. */
  bytes: number;
  blocks: number;
  /** Chunks, or shards, of all levels that it makes. */
  files: number;
}

/** How a conversion is done in parts; the JSON of `plan --json`. */
export interface PartsDescription extends Plan {
  /** The folder, or the place in a bucket, that the parts write in. */
  partial: string;
  /** How many parts were asked for; there are as many as `parts` has. */
  partsAsked: number;
  parts: PartCost[];
  /** The coarsest level that parts make; `finish` makes those above. */
  partLevel: number;
  /** Bytes that `finish` reads back, and files that it makes. */
  finish: { bytes: number; files: number };
  /** Whether each part is to be scanned before any is converted. */
  scan: boolean;
  /** The source values that become the ends of the integer type; null while they are not known, or not scaled. */
  valueRange: [number, number] | null;
  /** Parts that are scanned, and converted. */
  scanned: number[];
  converted: number[];
  /** Whether the output is whole, as a plan like this one had it. */
  finished: boolean;
}

export interface PlanOptions {
  /** How many; or at least and at most: as many then as are worth their start. */
  parts: number | [least: number, most: number];
  /** Whether the value range is looked for by the parts, where it must be looked for. */
  distributedScan: boolean;
  /** Whether it is only told how it would be done; nothing is written then. */
  dryRun?: boolean;
}

/**
 * Decides how a conversion is done in parts, and takes the output's name for it. With the option `resume`, what was
 * planned before is told again.
 *
 * @throws ConvertError
 */
export async function planParts(
  source: string | string[],
  options: Partial<ConvertOptions>,
  asked: PlanOptions,
  control: Control = {}
): Promise<PartsDescription> {
  const { resume = false, ...given } = options;
  const range = partsRange(asked.parts);
  const before = resume ? await goOn(source, given, asked) : null;
  return before ?? (await planAnew(source, given, range, asked, control));
}

async function planAnew(
  source: string | string[],
  given: Partial<ConvertOptions>,
  [least, most]: [least: number, most: number],
  { distributedScan, dryRun = false }: PlanOptions,
  { signal, onProgress }: Control
): Promise<PartsDescription> {
  const { result: prepared, headers } = await handingOnHeaders(null, () =>
    Ending.before(signal, prepare(source, given, { lenient: dryRun }))
  ).catch(async (error: unknown) => {
    if (!dryRun) await forgetFinished(error);
    throw await withPlanned(error, source, given);
  });
  const parts = Math.max(least, Math.min(most, Math.floor(readBytes(prepared) / WORTH_A_PART)));
  const division = divide(prepared, parts);
  if (division.parts.length < parts)
    prepared.plan.warnings.push(
      `${parts} parts were asked for, and there are ${division.parts.length}: no more pieces of it can be written apart from each other. Smaller chunks make more.`
    );
  const { settings, record } = prepared;
  const { scaling } = settings;
  const { maxMemory, jobs } = given;
  const plan: PartsPlan = {
    id: randomUUID(),
    head: { ...record, leaf: division.executionPlan.grids[0].size },
    limits: { ...(maxMemory !== undefined && { maxMemory }), ...(typeof jobs === 'number' && { jobs }) },
    level: division.level,
    parts: division.parts,
    scan: scaling !== null && !scaling.range && distributedScan,
    range: scaling?.range ?? null,
    warnings: [],
    hasHeaders: headers !== null
  };
  const store = await openStore(settings.output);
  try {
    if (!dryRun) await begin(prepared, store, plan, headers, distributedScan, { signal, onProgress });
    return await describe(prepared, division, plan, store, parts);
  } finally {
    store.close();
  }
}

/** Parts of a plan that is refused, because its output is there, are not done because those of another one were. */
async function forgetFinished(error: unknown): Promise<void> {
  if (!(error instanceof ConvertError) || error.code !== 'output-exists' || error.about === null) return;
  const store = await openStore(error.about).catch(() => null);
  await store?.remove(FINISHED).catch(() => {});
  store?.close();
}

/** An error that the name is taken, where that is by an earlier plan, which can be gone on with. */
async function withPlanned(
  error: unknown,
  source: string | string[],
  { output = null, parent = null }: Partial<ConvertOptions>
): Promise<unknown> {
  if (!(error instanceof ConvertError) || error.code !== 'output-exists' || error.about !== null) return error;
  const store = await openStore(outputPath(output, source, parent)).catch(() => null);
  const isPlanned = await store?.isPlanned().catch(() => false);
  store?.close();
  return isPlanned ? error.with({ problem: `${error.problem}, or go on with it (${option('resume')})` }) : error;
}

/** How many parts there may be. @throws ConvertError `bad-option` */
function partsRange(parts: PlanOptions['parts']): [least: number, most: number] {
  const [least, most] = typeof parts === 'number' ? [parts, parts] : parts;
  for (const count of [least, most])
    if (!Number.isSafeInteger(count) || count < 1 || count > MOST_PARTS)
      throw new ConvertError(
        'bad-option',
        `the number of parts must be a whole number from 1 to ${MOST_PARTS}, found ${count}`
      );
  if (least > most)
    throw new ConvertError('bad-option', `there cannot be at least ${least} parts, and at most ${most}`);
  return [least, most];
}

/** Bytes of level 0 as read. */
const readBytes = ({ levels, layout }: Prepared): number =>
  volumeCount(layout.outerShape) * product(levels[0].shape) * BYTES_PER_VOXEL[layout.dtype];

/** Takes the output's name, and notes there what is planned, after a look for the range if parts do not do that. */
async function begin(
  prepared: Prepared,
  store: PartsStore,
  plan: PartsPlan,
  headers: RemoteHeaders | null,
  distributedScan: boolean,
  control: Control
): Promise<void> {
  const { settings } = prepared;
  const { scaling, overwrite, parent } = settings;
  const destination = await store.claim(plan.parts.length, overwrite, parent !== null);
  try {
    // Without it the plan counts, too.
    await store.remove(FINISHED).catch(() => {});
    if (scaling && !scaling.range && !distributedScan)
      Object.assign(plan, await scanAlone(prepared, destination.folder, control));
    if (headers) await writeHeaders(store, plan.id, headers);
    await writeRecord(store, PLAN, plan.id, plan);
  } catch (error) {
    await destination.discard().catch(() => {});
    throw error;
  }
  if (await destination.keep()) return;
  const there = await readPlan(store).catch(() => null);
  if (there?.id === plan.id) await store.remove(PLAN);
  throw new ConvertError(
    'output-exists',
    `${store.partial}: another conversion has just taken it over, or removed it: choose another output`,
    'output'
  );
}

/** Looks at every voxel in this process. */
async function scanAlone(
  prepared: Prepared,
  folder: string,
  { signal, onProgress }: Control
): Promise<Pick<PartsPlan, 'range' | 'warnings'>> {
  const { executionPlan, layout, settings } = prepared;
  const { ends } = settings.scaling as Extract<NonNullable<typeof settings.scaling>, { range: null }>;
  const ending = new Ending(signal);
  const roots = [...rootsOf(executionPlan.grids, volumeCount(layout.outerShape))];
  const scratch = join(folder, SCRATCH);
  const run = new BlockRun(
    { prepared, folder, roots, courier: null, aside: null, scratch, journal: null, range: null },
    ending.end
  );
  const passes = 1 + Number(executionPlan.decodeFirst);
  const work = {
    totalBytes: passes * run.sourceBytes,
    restoredBytes: 0,
    get doneBytes() {
      return run.doneBytes;
    }
  };
  const meter = onProgress ? new Meter(work, onProgress) : null;
  const scan = async () => {
    if (executionPlan.decodeFirst) await run.decodeFirst();
    run.begin();
    return rangeOf(prepared, ends, await run.scan(needsHistogram(ends)), run.sample);
  };
  try {
    const found = await ending.race(scan());
    meter?.report();
    return found;
  } finally {
    meter?.stop();
    ending.release();
    await run.close(PATIENCE);
  }
}

/** The earlier plan, or the one that is finished, where these are the same source and options; null: there is none. */
async function goOn(
  source: string | string[],
  options: Partial<ConvertOptions>,
  { parts: asked }: PlanOptions
): Promise<PartsDescription | null> {
  const store = await openStore(outputPath(options.output ?? null, source, options.parent ?? null));
  try {
    const isPlanned = await store.isPlanned();
    const finished = isPlanned ? null : await readFinished(store);
    const plan = isPlanned ? await readPlan(store) : finished?.plan;
    if (!plan) return null;
    const again = () => prepare(source, options, { planned: plan.head, finished: finished !== null });
    const prepared = await (finished ? again() : withHeaders(plan, store, again)).catch((error: unknown) => {
      // What is finished otherwise is an output like any other.
      if (options.overwrite && error instanceof ConvertError && error.code === 'output-exists') return null;
      throw error;
    });
    if (!prepared) return null;
    if (finished)
      try {
        await checkFiles(store);
      } catch (error) {
        if (options.overwrite && error instanceof ConvertError && error.code === 'corrupt') return null;
        throw error;
      }
    const { executionPlan } = prepared;
    const count = typeof asked === 'number' ? asked : plan.parts.length;
    if (!finished && count !== plan.parts.length)
      prepared.plan.warnings.push(
        `It was planned in ${plan.parts.length} parts before, which are kept, and not in the ${count} that are asked for now.`
      );
    const division = { executionPlan, level: plan.level, parts: plan.parts };
    return await describe(prepared, division, plan, store, count, finished !== null);
  } finally {
    store.close();
  }
}

async function describe(
  prepared: Prepared,
  division: Division,
  plan: PartsPlan,
  store: PartsStore,
  partsAsked: number,
  finished = false
): Promise<PartsDescription> {
  const { plan: told } = prepared;
  const partsOf = (kind: RecordKind) => (finished ? partNumbers(plan) : partsWith(plan, store, kind));
  return {
    ...told,
    warnings: [...told.warnings, ...plan.warnings],
    peakMemoryBytes: division.executionPlan.peakBytes,
    workers: division.executionPlan.workers,
    partial: store.partial,
    partsAsked,
    parts: plan.parts.map((_, n) => ({ part: n + 1, ...costOf(prepared, division, n) })),
    partLevel: plan.level,
    finish: finishCost(prepared, division),
    scan: plan.scan,
    valueRange: plan.range,
    scanned: !finished || plan.scan ? await partsOf(SCANNED) : [],
    converted: await partsOf(DONE),
    finished
  };
}
