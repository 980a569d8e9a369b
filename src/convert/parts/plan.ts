import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConvertError, stopped } from '../../model/errors.ts';
import type { ConvertOptions } from '../../model/options.ts';
import type { Plan } from '../../model/plan.ts';
import { volumeCount } from '../../model/volume.ts';
import { rootsOf } from '../../pyramid/blocks.ts';
import { Destination } from '../../zarr/destination.ts';
import { PLAN, SCRATCH } from '../../zarr/owner.ts';
import { syncFolder } from '../../zarr/sync.ts';
import { writeError } from '../../zarr/system-errors.ts';
import { BlockRun } from '../block-run.ts';
import { type Control, Ending, PATIENCE } from '../control.ts';
import { Meter } from '../meter.ts';
import { outputPath } from '../output-path.ts';
import { type Prepared, prepare } from '../prepare.ts';
import { needsHistogram, rangeOf } from '../value-range.ts';
import { type Division, costOf, divide, finishCost } from './division.ts';
import {
  DONE,
  type PartsPlan,
  SCANNED,
  checkOnDisk,
  isPlanned,
  partFolder,
  partialOf,
  readPlan,
  writeRecord
} from './files.ts';
import { partsWith } from './merge.ts';

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
  /** The folder that the parts write in. */
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
}

export interface PlanOptions {
  /** How many. */
  parts: number;
  /** Whether the value range is looked for by the parts, where it must be looked for. */
  distributedScan: boolean;
  /** Whether it is only told how it would be done; nothing is written then. */
  dryRun?: boolean;
}

/** Most parts: each has a folder, and a file that tells of it. */
const MOST = 100_000;

/**
 * Decides how a conversion is done in parts, and takes the output's name for it. With the option `resume`, what was
 * planned before is told again.
 *
 * @throws ConvertError
 */
export async function planParts(
  source: string | string[],
  options: Partial<ConvertOptions>,
  { parts, distributedScan, dryRun = false }: PlanOptions,
  { signal, onProgress }: Control = {}
): Promise<PartsDescription> {
  if (!Number.isSafeInteger(parts) || parts < 1 || parts > MOST)
    throw new ConvertError(
      'bad-option',
      `the number of parts must be a whole number from 1 to ${MOST}, found ${parts}`
    );
  const { resume = false, ...given } = options;
  if (resume) {
    const output = outputPath(options.output ?? null, source, options.parent ?? null);
    if (isPlanned(partialOf(output))) return goOn(source, given, output, parts);
  }
  if (typeof options.output === 'string') checkOnDisk(options.output);
  const prepared = await Ending.before(signal, prepare(source, given, { lenient: dryRun }));
  if (signal?.aborted) throw stopped(signal);
  const division = divide(prepared, parts);
  if (division.parts.length < parts)
    prepared.plan.warnings.push(
      `${parts} parts were asked for, and there are ${division.parts.length}: no more pieces of it can be written apart from each other. Smaller chunks make more.`
    );
  const { settings, record } = prepared;
  const { scaling } = settings;
  const { maxMemory, jobs } = options;
  const plan: PartsPlan = {
    id: randomUUID(),
    head: { ...record, leaf: division.executionPlan.grids[0].size },
    limits: { ...(maxMemory !== undefined && { maxMemory }), ...(typeof jobs === 'number' && { jobs }) },
    level: division.level,
    parts: division.parts,
    scan: scaling !== null && !scaling.range && distributedScan,
    range: scaling?.range ?? null,
    warnings: []
  };
  if (dryRun) return describe(prepared, division, plan, parts);
  const destination = await Destination.claim(settings.output, settings.overwrite, settings.parent !== null);
  try {
    if (scaling && !scaling.range && !distributedScan)
      Object.assign(plan, await scanAlone(prepared, destination.partial, { signal, onProgress }));
    try {
      for (let part = 1; part <= plan.parts.length; part++)
        mkdirSync(partFolder(destination.partial, part), { recursive: true });
      await syncFolder(destination.partial);
    } catch (error) {
      throw writeError(error, destination.partial);
    }
    await writeRecord(join(destination.partial, PLAN), plan.id, plan);
  } catch (error) {
    await destination.discard().catch(() => {});
    throw error;
  }
  destination.keep();
  return describe(prepared, division, plan, parts);
}

/** Looks at every voxel in this process. */
async function scanAlone(
  prepared: Prepared,
  partial: string,
  { signal, onProgress }: Control
): Promise<Pick<PartsPlan, 'range' | 'warnings'>> {
  const { executionPlan, layout, settings } = prepared;
  const { ends } = settings.scaling as Extract<NonNullable<typeof settings.scaling>, { range: null }>;
  const ending = new Ending(signal);
  const roots = [...rootsOf(executionPlan.grids, volumeCount(layout.outerShape))];
  const scratch = join(partial, SCRATCH);
  const run = new BlockRun(
    { prepared, folder: partial, roots, courier: null, aside: null, scratch, journal: null, range: null },
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

/** The earlier plan, where these are the same source and options. */
async function goOn(
  source: string | string[],
  options: Partial<ConvertOptions>,
  output: string,
  asked: number
): Promise<PartsDescription> {
  const plan = readPlan(output);
  const prepared = await prepare(source, options, { planned: plan.head });
  const { executionPlan } = prepared;
  return describe(prepared, { executionPlan, level: plan.level, parts: plan.parts }, plan, asked);
}

function describe(prepared: Prepared, division: Division, plan: PartsPlan, partsAsked: number): PartsDescription {
  const { settings, plan: told } = prepared;
  const partial = partialOf(settings.output);
  return {
    ...told,
    warnings: [...told.warnings, ...plan.warnings],
    peakMemoryBytes: division.executionPlan.peakBytes,
    workers: division.executionPlan.workers,
    partial,
    partsAsked,
    parts: plan.parts.map((_, n) => ({ part: n + 1, ...costOf(prepared, division, n) })),
    partLevel: plan.level,
    finish: finishCost(prepared, division),
    scan: plan.scan,
    valueRange: plan.range,
    scanned: partsWith(plan, partial, SCANNED),
    converted: partsWith(plan, partial, DONE)
  };
}
