import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEMORY_START, createMemory, instantiate } from '../simd/index.ts';
import { codecBytes, createEncoder } from '../zarr/codec/index.ts';
import { readingOf, resolveSettings } from './resolve.ts';
import { isArchiveName } from '../model/output-name.ts';
import { freeDisk, levelBytes, mostDiskBytes } from '../zarr/disk.ts';
import { Checks, ConvertError } from '../model/errors.ts';
import { formatBytes } from '../model/bytes.ts';
import { type ConversionSource, type SourceLayout, sourcePaths } from '../model/source-layout.ts';
import type { ConvertOptions } from '../model/options.ts';
import { outputPath } from './output-path.ts';
import { parentReader } from './parent.ts';
import type { Plan } from '../model/plan.ts';
import { processors } from '../pyramid/allotment.ts';
import { freeMemory } from '../pyramid/garbage.ts';
import { type ExecutionPlan, type Workload, planExecution } from '../pyramid/execution-plan.ts';
import { type Level, chunkCounts, product, pyramid } from '../model/levels.ts';
import type { Settings } from '../model/settings.ts';
import { isSequential, openSource, readerBytes } from '../reader/index.ts';
import {
  type ConversionRecord,
  type JournalHead,
  conversionRecord,
  checkPlanned,
  checkResumable,
  describeUnfinished,
  adviceToPlanAnew
} from './unfinished.ts';
import { named, namesIn, option } from '../model/words.ts';
import { tooLittle } from './validation/resources.ts';
import { BYTES_PER_VOXEL, type VolumeInfo, alongAxes } from '../model/volume.ts';
import { isBucketAddress } from '../model/address.ts';
import { checkBucket } from '../zarr/bucket/claim.ts';
import { COURIER_BYTES, WAITING_BYTES } from '../zarr/bucket/courier.ts';
import { NoFolderError, checkDestination } from '../zarr/check-destination.ts';
import { Journal, type JournalRecord } from '../zarr/journal.ts';
import { IN_THE_WAY, goesWith } from '../zarr/occupied.ts';
import { writeError } from '../zarr/system-errors.ts';

/** All that is decided before the first voxel is read. */
export interface Prepared {
  info: VolumeInfo;
  layout: SourceLayout;
  settings: Settings;
  levels: Level[];
  executionPlan: ExecutionPlan;
  plan: Plan;
  /** Those of the plan's warnings that are about this run, and nothing that an output should tell of. */
  passing: Set<string>;
  record: ConversionRecord;
  /** As they were given. */
  options: Partial<ConvertOptions>;
  /** Journal left by an interrupted conversion that this one resumes; null: it begins anew. */
  resumed: JournalRecord<JournalHead> | null;
  /** Input of an execution plan. */
  workload: Workload;
}

/** How a conversion is prepared that is not just begun. */
export interface Preparation {
  /**
   * Whether what has the output's name already, or a disk without enough room, is a warning of the plan, and no error.
   */
  lenient?: boolean;
  /** Whether a folder for the output is made where there is none: that, too, is told in the plan then. */
  makesFolder?: boolean;
  /** Head of the plan that is now converted in parts: it does not matter what is at the output. */
  planned?: JournalHead;
  /** Whether that is there, whole. */
  finished?: boolean;
}

/** Bytes of memory that a remote source's headers and connections have taken; measured. */
const REMOTE_BYTES = 64 << 20;

/** @throws ConvertError where no plan fits the memory */
export function arrange(
  source: string,
  settings: Settings,
  workload: Workload,
  { planned }: Preparation = {}
): ExecutionPlan {
  const { leaf } = workload;
  const found = planExecution(workload);
  if (!('needs' in found)) return found;
  const { chunk, shard, dtype } = settings;
  const pieces = `${shard ? 'shards' : 'chunks'} of ${(shard ?? chunk).join(' × ')} ${dtype} voxels`;
  const field = shard ? 'shard' : 'chunkSize';
  if (!Number.isFinite(found.needs))
    throw new ConvertError(
      'bad-option',
      `${source}: ${pieces} need more than 4 GiB of working memory: choose a smaller ${named(field)}`,
      field
    );
  // A part takes no more than its job has, whatever it is told.
  const { budget, enough } = tooLittle(settings.maxMemory, found.needs, planned !== undefined);
  const otherwise = planned
    ? `${adviceToPlanAnew(settings.output)} for so little memory`
    : leaf
      ? `start over (without ${option('resume')})`
      : `choose a smaller ${named(field)}`;
  throw new ConvertError(
    'memory-too-small',
    `${source}: ${budget} is too small for ${leaf && !planned ? 'going on with ' : ''}${pieces}: ${enough}, or ${otherwise}`,
    'maxMemory'
  );
}

/** Findings at an output's path. */
interface Found {
  partial: string | null;
  refusal: Plan['outputRefusal'];
  /** Of an output in a bucket: its journal's record, and warnings. */
  left?: JournalRecord<JournalHead> | null;
  warnings?: string[];
}

/** Findings at the output's path. What is in the way, and may be, is told and not thrown. */
async function findDestination(
  source: ConversionSource,
  { output, overwrite, parent }: Settings,
  { lenient = false, makesFolder = false }: Preparation
): Promise<Found> {
  try {
    if (isBucketAddress(output)) return { ...(await checkBucket(output, overwrite)), refusal: null };
    return { partial: await checkDestination(output, sourcePaths(source), overwrite, parent !== null), refusal: null };
  } catch (error) {
    const isMade = makesFolder && error instanceof NoFolderError;
    // In spite of it a plan can be made.
    const isTold = lenient && error instanceof ConvertError && IN_THE_WAY.includes(error.code);
    if (!isMade && !isTold) throw writeError(error, output);
    const options = namesIn(error.said);
    return {
      partial: null,
      refusal: {
        code: error.code,
        message: error.said,
        ...(options.length > 0 && { options }),
        ...(isMade && { isMade })
      }
    };
  }
}

/**
 * Reads the source's headers, checks every option and the output, and plans the conversion. Writes nothing.
 *
 * @throws ConvertError for whatever would keep the conversion from working
 */
export async function prepare(
  source: ConversionSource,
  options: Partial<ConvertOptions>,
  preparation: Preparation = {}
): Promise<Prepared> {
  const { lenient = false, planned, finished = false } = preparation;
  const { info, layout } = await openSource(source, readingOf(options, source));
  const isRemote = layout.kind === 'segments' && layout.remote !== null;
  // Thousands of answers have left memory behind.
  if (isRemote) await freeMemory();
  const checks = new Checks();
  const readParent = await parentReader(options.parent);
  const settings = checks.of(() => resolveSettings(options, info, source, readParent));
  if (!settings) {
    // Obstacles to the output are told together with the errors of the options.
    const { output = null, parent = null, overwrite } = options;
    if (!planned && parent === null && (output === null || (typeof output === 'string' && output.trim() !== ''))) {
      const path = outputPath(output, source, null);
      if (isBucketAddress(path)) await checks.later(checkBucket(path, overwrite === true));
      else await checks.later(checkDestination(path, sourcePaths(source), overwrite === true));
    }
    throw checks.error!;
  }
  const { output, shape, chunk, warnings } = settings;
  const { outerShape } = layout;
  const passing = new Set<string>();
  const found: Partial<Found> = planned
    ? {}
    : ((await checks.later(findDestination(source, settings, preparation))) ?? {});
  const { partial = null, refusal: inTheWay = null } = found;
  found.warnings?.forEach(text => passing.add(text));
  if (inTheWay) passing.add(inTheWay.message);
  else if (settings.overwrite) goesWith(output).forEach(text => passing.add(text));
  const inBucket = isBucketAddress(output);
  const levels = pyramid(shape, chunk, settings.voxelSize, settings.levels);
  // Labels have as many levels as their image, as far as a part of it has them.
  if (typeof settings.levels === 'number' && !settings.parent && levels.length < settings.levels)
    warnings.push(
      `${levels.length} of the ${settings.levels} levels asked for are written: the last is a single voxel already.`
    );
  const record = conversionRecord(layout, settings, levels, { source, options });
  const left = found.left ?? (partial === null ? null : Journal.read<JournalHead>(partial));
  const unfinished = left && describeUnfinished(left, record);
  if (settings.resume && partial && !left)
    warnings.push(`${partial}: nothing in it can be gone on with, because its journal is damaged: it is replaced.`);
  checks.of(() => settings.resume && partial && unfinished && checkResumable(partial, unfinished));
  const resumed = settings.resume ? left : null;
  if (planned) checks.of(() => checkPlanned(output, planned, record, finished));
  const begun = planned ?? resumed?.head;
  const leaf = begun && !checks.error ? begun.leaf : null;
  const memory = createMemory(MEMORY_START);
  const { compression, checksum, dtype: stored } = settings;
  const encoder = createEncoder(compression, BYTES_PER_VOXEL[stored], instantiate(memory), memory, checksum);
  const workload: Workload = {
    settings,
    layout,
    outerShape,
    levels,
    encoder,
    codecBytes: codecBytes(compression, product(chunk) * BYTES_PER_VOXEL[stored]),
    readerBytes: readerBytes(layout),
    memoryStart: MEMORY_START,
    processors: processors(),
    reservedBytes: (inBucket ? COURIER_BYTES : 0) + (isRemote ? REMOTE_BYTES : 0),
    leaf
  };
  const executionPlan = checks.of(() => arrange(info.source, settings, workload, { planned }));
  if (!executionPlan || checks.error) throw checks.error!;
  const lengths = levels.map(level => ({
    shape: alongAxes(outerShape, outerShape.t, outerShape.c, level.shape),
    chunks: alongAxes(outerShape, outerShape.t, outerShape.c, chunkCounts(level.shape, chunk)),
    bytes: levelBytes(settings, level, outerShape, compression === 'none')
  }));
  const uncompressedBytes = lengths.reduce((sum, { bytes }) => sum + bytes, 0);
  const freeDiskBytes = freeDisk(inBucket ? join(tmpdir(), 'any') : output);
  const scratch = executionPlan.scratchFileBytes;
  if (scratch)
    passing.add(
      `${formatBytes(scratch)} of disk are used for a while beside the output: ${
        isSequential(layout)
          ? `the voxels come once, plane by plane, and are needed in another order to fit the memory, or twice: they go through a file.`
          : `the source is compressed in pieces that are too large to hold in ${formatBytes(settings.maxMemory)} of memory, and is decoded into a file first.`
      }`
    );
  // Files that an interrupted conversion has left are kept or removed: they are no additional need.
  const there = left && !inBucket ? left.blocks.reduce((sum, { bytes }) => sum + bytes, 0) : 0;
  // One file is made of the files when all are there.
  const copies = isArchiveName(output) ? 2 : 1;
  const most = copies * mostDiskBytes(settings, levels, outerShape, encoder);
  const diskBytes = (inBucket ? Math.min(most, WAITING_BYTES) : most) + scratch;
  const isTight = !planned && freeDiskBytes + there < diskBytes;
  const full =
    `${inBucket ? `${tmpdir()}, where files wait until they are sent` : output}: up to ${formatBytes(diskBytes - there)} ${there ? 'more ' : ''}are needed, and ${formatBytes(freeDiskBytes)} are free: ` +
    'free some space, or choose another output';
  if (isTight && !lenient) throw new ConvertError('disk-full', full, 'output');
  if (isTight) passing.add(full);
  const isRefusedByOutput = inTheWay !== null && !inTheWay.isMade;
  const refusal = isTight && !isRefusedByOutput ? { code: 'disk-full' as const, message: full } : inTheWay;
  const { voxelSize, unit, voxelSizeFrom, voxelSizeFile } = settings;
  const plan: Plan = {
    ...info,
    voxelSize,
    unit,
    voxelSizeFrom,
    voxelSizeFile,
    output,
    levels: lengths,
    uncompressedBytes,
    diskBytes,
    freeDiskBytes,
    peakMemoryBytes: executionPlan.peakBytes,
    workers: executionPlan.workers,
    unfinished,
    outputRefusal: refusal,
    warnings: [...passing, ...warnings]
  };
  return { info, layout, settings, levels, executionPlan, plan, passing, record, options, resumed, workload };
}
