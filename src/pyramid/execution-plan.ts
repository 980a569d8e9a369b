import { COUNTS_PER_BIN } from '../simd/index.ts';
import type { Encoder } from '../zarr/codec/index.ts';
import type { SourceLayout } from '../model/source-layout.ts';
import type { Settings } from '../model/settings.ts';
import { BYTES_PER_VOXEL, type OuterShape, type Shape, volumeCount } from '../model/volume.ts';
import { type Grid, blockExtent, blockGrids, blockUnit, leafCount } from './blocks.ts';
import { type Level, map3, product } from '../model/levels.ts';
import { aligned } from '../zarr/chunk-writer.ts';
import { shardBuffer } from '../zarr/shard.ts';
import { type DigestPlan, planDigests } from './digest-plan.ts';
import { plainSlabBytes, slabBytes } from './slabs.ts';
import { binCount } from '../model/histogram.ts';
import { GAP_BYTES, decodedTogether, isSequential, leavesMemory, tableBytes } from '../reader/index.ts';

/** How a conversion is cut to fit the memory: how many threads, which blocks, and what lies in the shared memory. */
export interface ExecutionPlan {
  workers: number;
  grids: Grid[];
  /** Blocks of each level that are in memory at once. */
  slots: number[];
  /** Bytes of a slot of each level. */
  slotBytes: number[];
  /**
   * Bytes of each of a worker's own areas in the shared memory: a gathered chunk; each of those that are filled with
   * encoded chunks in turn; what the codec needs; what is read; counts of values.
   */
  areas: { chunk: number; encoded: number; scratch: number; staging: number; histogram: number };
  /** How many areas for encoded chunks a worker has: one is filled while the others are written. */
  encodedBuffers: number;
  /** Bytes of what all workers count together. */
  totals: number;
  /**
   * How level 0 is compared by digests, because its segments would be decoded again and again otherwise; null: it is
   * not.
   */
  digests: DigestPlan | null;
  /** Bytes that are read in one go. */
  slab: number;
  /**
   * Whether the source is first brought into a file beside the output, because its segments would be decoded again and
   * again, or because it comes once and in another order.
   */
  decodeFirst: boolean;
  /** Bytes of that file. */
  scratchFileBytes: number;
  /** Bytes of the shared memory. */
  memoryBytes: number;
  /** The promise: resident bytes of the whole process. */
  peakBytes: number;
}

const MiB = 2 ** 20;
/** Node, this program and its main thread; measured, with room for what the garbage collector leaves lying about. */
const BASE_BYTES = 100 * MiB;
/** A worker thread: its isolate, its code, its stack; measured. */
const WORKER_BYTES = 18 * MiB;
/** Garbage that a worker's decoder, or its connections, leave between collections; measured. */
const DECODER_BYTES = 28 * MiB;
/** Addresses are of 32 bits; the last page stays free, so that an end is an address too. */
const MAX_MEMORY = 2 ** 32 - 65536;
/** Small enough to stay in a processor's cache for what is done to it next. */
const SLAB = MiB / 2;
/** Larger for a remote source, so that the delays of many requests overlap. */
const REMOTE_SLAB = 8 * MiB;
const isRemote = (layout: SourceLayout | null): boolean => layout?.kind === 'segments' && layout.remote !== null;
const slabOf = (layout: SourceLayout | null): number => (isRemote(layout) ? REMOTE_SLAB : SLAB);
/**
 * Areas that a worker's chunks are written from: at least, more where nothing is encoded, because the disk is then the
 * bottleneck; and at most, where the budget has room, so that the disk always has something to do. Beyond, nothing was
 * gained.
 */
const ENCODED_BUFFERS = { encoded: 2, plain: 3, most: 4 };
/** Decoding up to so many times is cheaper than a scratch file, or digests. */
const MAX_REDUNDANCY = 1.25;
/** The share of blocks that are taken to be otherwise than digested, so that their segments are decoded again. */
const DIFFERING = 0.05;

/** A conversion, as far as `planExecution` must know it. */
export interface Workload {
  /** Source of level 0; null: nothing is read. */
  layout: SourceLayout | null;
  outerShape: OuterShape;
  settings: Pick<Settings, 'chunk' | 'shard' | 'dtype' | 'scaling' | 'start' | 'shape' | 'maxMemory' | 'jobs'>;
  levels: Level[];
  /**
   * Encoder of chunks, or a stand-in with the memory that their decoder takes; null where they are stored as they are.
   */
  encoder: Pick<Encoder, 'scratchBytes' | 'encodedBound'> | null;
  /** Bytes of the process's own memory that one worker's codec takes, and its reader. */
  codecBytes: number;
  readerBytes: number;
  /** First address of the shared memory that may be used. */
  memoryStart: number;
  /** Bytes of the memory that are not for blocks: for sending the output and reading headers. */
  reservedBytes?: number;
  /** How many threads can run at once. */
  processors: number;
  /**
   * Lengths of a level-0 block that an interrupted conversion had, and that this one must have to go on with it; null:
   * free to choose.
   */
  leaf: Shape | null;
  /** Which cuts into blocks will do; all, where it is not given. */
  accepts?: (grids: Grid[]) => boolean;
  /**
   * Whether nothing may be written: segments that several blocks share are then decoded for each of them, or digested,
   * because there can be no scratch file.
   */
  readOnly?: boolean;
  /** Whether level 0 may be compared by digests. */
  digestible?: boolean;
}

/** Lengths from the unit up by powers of two, and the whole axis. */
function lengths(unit: number, axis: number): number[] {
  const found: number[] = [];
  for (let n = unit; n < axis; n *= 2) found.push(n);
  return [...found, axis];
}

/** How often, on average, a segment is decoded along one axis when blocks of `block` voxels are read from `start`. */
function redundancy(start: number, length: number, block: number, segment: number): number {
  let touched = 0;
  for (let at = start; at < start + length; at += block) {
    const end = Math.min(at + block, start + length);
    touched += Math.floor((end - 1) / segment) - Math.floor(at / segment) + 1;
  }
  return touched / (Math.floor((start + length - 1) / segment) - Math.floor(start / segment) + 1);
}

interface BlockChoice {
  grids: Grid[];
  slotBytes: number[];
  /** Leaves under one block of each level, at most. */
  leaves: number[];
  decodeFirst: boolean;
  digests: DigestPlan | null;
  /** Seconds that the whole work takes one processor, very roughly. */
  cost: number;
  staging: number;
}

/** Fitted to measurements on one processor of 2020s make: only their proportions matter. */
const SECONDS = {
  readGB: 0.25,
  readCall: 0.7e-6,
  remoteGB: 8,
  remoteCall: 1e-3,
  decodeGB: 2,
  scratchGB: 1.2,
  digestGB: 1.4,
  encodeGB: 1.2,
  touchGB: 0.4,
  task: 1e-4
};

/** Worth, in processors, of each thread beyond their number: now and then all others wait for the disk. */
const WAITING = 0.02;
/** Factor by which work takes longer when a block of a further level must be done with before the next is begun. */
const STALLS = 1.15;

/** Lengths of a level's largest block. */
const largest = (level: Level, grid: Grid): Shape => blockExtent(level, grid, [0, 0, 0]);

/** Ways to work with blocks of a shape. */
function weigh(work: Workload, shape: Shape): BlockChoice[] {
  const { layout, settings, levels } = work;
  const bytes = BYTES_PER_VOXEL[settings.dtype];
  const grids = blockGrids(levels, settings.shard ?? settings.chunk, shape);
  const slotBytes = grids.map((grid, k) => aligned(product(largest(levels[k], grid)) * bytes));
  const leaves: number[] = [1];
  for (let k = 1; k < grids.length; k++)
    leaves.push(leaves[k - 1] * product(map3(grids[k].children, (n, axis) => Math.min(n, grids[k - 1].count[axis]))));
  const volumes = volumeCount(work.outerShape);
  const handling =
    ((volumes * product(settings.shape) * (layout ? BYTES_PER_VOXEL[layout.dtype] : bytes)) / 1e9) * SECONDS.encodeGB +
    volumes * leafCount(grids) * 2 * SECONDS.task;
  const choice = { grids, slotBytes, leaves, decodeFirst: false, digests: null, cost: handling, staging: 0 };
  if (!layout) return [choice];
  return weighReading(work, layout, grids, handling).map(reading => ({ ...choice, ...reading }));
}

/** Cost of reading the source by these grids, added to the seconds of all `others`. */
function weighReading(
  work: Workload,
  layout: SourceLayout,
  grids: Grid[],
  others: number
): Pick<BlockChoice, 'decodeFirst' | 'digests' | 'cost' | 'staging'>[] {
  const { settings } = work;
  const sourceBytes = BYTES_PER_VOXEL[layout.dtype];
  const size = grids[0].size;
  const together = decodedTogether(layout);
  const encoded = together !== null;
  const again = encoded
    ? redundancy(settings.start[1], settings.shape[1], size[1], together.rows) *
      redundancy(settings.start[2], settings.shape[2], size[2], together.columns)
    : 1;
  // A source that comes once and in order fills blocks of whole planes, or a file from which others are filled.
  const outOfOrder =
    grids[0].count[1] * grids[0].count[2] > 1 || (settings.scaling !== null && !settings.scaling.range);
  const decodeFirst = isSequential(layout) ? outOfOrder : again > MAX_REDUNDANCY && !work.readOnly;
  const volumes = volumeCount(work.outerShape);
  const allGB = (volumes * product(settings.shape) * sourceBytes) / 1e9;
  // Narrow blocks are read row by row, or out of whole rows that are then read for each of them.
  const across = grids[0].count[2];
  const apart = (layout.shape[2] - size[2]) * sourceBytes > GAP_BYTES;
  const calls = volumes * settings.shape[0] * (apart ? settings.shape[1] * across : grids[0].count[1]);
  const [perGB, perCall] = isRemote(layout)
    ? [SECONDS.remoteGB, SECONDS.remoteCall]
    : [SECONDS.readGB, SECONDS.readCall];
  const reading = allGB * (apart ? 1 : across) * perGB + calls * perCall;
  const decoding = encoded ? allGB * SECONDS.decodeGB : 0;
  const slab = slabOf(layout);
  const ofPlane = slabBytes(layout, [1, settings.shape[1], settings.shape[2]], slab);
  const ofBlock = slabBytes(layout, size, slab);
  if (decodeFirst) {
    const cost = others + decoding + reading + allGB * SECONDS.scratchGB;
    return [{ decodeFirst, digests: null, cost, staging: Math.max(plainSlabBytes(layout.dtype, size, slab), ofPlane) }];
  }
  const cost = others + decoding * again + (encoded ? 0 : reading);
  const plain = { decodeFirst, digests: null, cost, staging: ofBlock };
  if (!work.digestible || again <= MAX_REDUNDANCY) return [plain];
  return [
    plain,
    {
      decodeFirst,
      digests: planDigests(settings.shape, settings.chunk, volumes, settings.jobs),
      cost: others + decoding * (1 + DIFFERING * again) + allGB * SECONDS.digestGB,
      staging: Math.max(ofBlock, ofPlane)
    }
  ];
}

/** How many areas for encoded chunks a worker has at least. */
function leastBuffers({ readOnly, encoder }: Workload): number {
  if (readOnly) return 1;
  return encoder ? ENCODED_BUFFERS.encoded : ENCODED_BUFFERS.plain;
}

function candidatePlan(
  work: Workload,
  leaf: BlockChoice,
  workers: number,
  spare: number,
  encodedBuffers = leastBuffers(work)
): ExecutionPlan {
  const { layout, settings, encoder, readerBytes, codecBytes, memoryStart } = work;
  const volumes = volumeCount(work.outerShape);
  const chunk = product(settings.chunk) * BYTES_PER_VOXEL[settings.dtype];
  // A scan counts the source's values.
  const bins = work.readOnly
    ? 0
    : Math.max(binCount(settings.dtype), settings.scaling && layout ? binCount(layout.dtype) : 0);
  const areas = {
    chunk: aligned(chunk),
    encoded: encodedBytes(work, chunk),
    scratch: encoder ? aligned(encoder.scratchBytes(chunk)) : 0,
    staging: aligned(leaf.staging),
    histogram: aligned(4 * COUNTS_PER_BIN * bins)
  };
  const totals = aligned(8 * bins * work.outerShape.c);
  const slots = leaf.grids.map(({ count }, k) =>
    Math.min(volumes * product(count), k === 0 ? workers : Math.ceil(workers / leaf.leaves[k]) + spare)
  );
  const own = areas.chunk + encodedBuffers * areas.encoded + areas.scratch + areas.staging + areas.histogram;
  const memoryBytes =
    aligned(memoryStart) +
    totals +
    aligned(leaf.digests?.bytes ?? 0) +
    workers * own +
    slots.reduce((sum, n, k) => sum + n * leaf.slotBytes[k], 0);
  const tables = layout ? tableBytes(layout) : 0;
  const decoder = layout && leavesMemory(layout) ? DECODER_BYTES : 0;
  const outside = WORKER_BYTES + readerBytes + decoder + codecBytes;
  return {
    workers,
    grids: leaf.grids,
    slots,
    slotBytes: leaf.slotBytes,
    areas,
    encodedBuffers,
    totals,
    digests: leaf.digests,
    slab: slabOf(layout),
    decodeFirst: leaf.decodeFirst,
    scratchFileBytes:
      layout && leaf.decodeFirst ? volumes * product(settings.shape) * BYTES_PER_VOXEL[layout.dtype] : 0,
    memoryBytes,
    // Whole mebibytes, so that the smallest budget can be said exactly.
    peakBytes:
      Math.ceil((BASE_BYTES + (work.reservedBytes ?? 0) + 2 * tables + workers * outside + memoryBytes) / MiB) * MiB
  };
}

/** Bytes that a worker needs for encoded chunks of `chunk` bytes before encoding. */
function encodedBytes({ settings: { chunk: lengths, shard }, encoder }: Workload, chunk: number): number {
  const bound = encoder?.encodedBound(chunk) ?? chunk;
  if (shard) return aligned(shardBuffer(bound, product(map3(shard, (n, axis) => n / lengths[axis]))));
  return aligned(bound);
}

/** Seconds that a plan takes, very roughly, for so many level-0 blocks. */
function seconds(leaf: BlockChoice, count: number, processors: number, spare: number, found: ExecutionPlan): number {
  const { workers, memoryBytes } = found;
  const unevenness = (Math.ceil(count / workers) * workers) / count;
  const atOnce = Math.min(workers, processors) + WAITING * Math.max(0, Math.min(workers - processors, processors));
  const stalls = workers > 1 && spare === 0 ? STALLS : 1;
  return (leaf.cost * unevenness * stalls) / atOnce + (memoryBytes / 1e9) * SECONDS.touchGB;
}

/**
 * The fastest plan that fits the budget, by a rough reckoning.
 *
 * @returns the plan, or the bytes that the smallest needs where none fits
 */
export function planExecution(work: Workload): ExecutionPlan | { needs: number } {
  const { settings, levels } = work;
  const unit = blockUnit(settings.shard ?? settings.chunk);
  const shape = levels[0].shape;
  const volumes = volumeCount(work.outerShape);
  const [depths, heights, widths] = work.leaf
    ? map3(work.leaf, n => [n])
    : map3(unit, (n, axis) => lengths(n, shape[axis]));
  let best: { candidate: ExecutionPlan; leaf: BlockChoice; spare: number; seconds: number } | null = null;
  let least = Infinity;
  const fits = ({ memoryBytes, peakBytes }: ExecutionPlan) =>
    memoryBytes <= MAX_MEMORY && peakBytes <= settings.maxMemory;
  const voxelBytes = BYTES_PER_VOXEL[settings.dtype];
  for (const depth of depths)
    for (const height of heights)
      for (const width of widths) {
        const bytes = depth * height * width * voxelBytes;
        const smallest = depth === depths[0] && height === heights[0] && width === widths[0];
        if (!smallest && bytes > Math.min(settings.maxMemory, MAX_MEMORY)) continue;
        for (const leaf of weigh(work, [depth, height, width])) {
          if (work.accepts?.(leaf.grids) === false) continue;
          const leaves = volumes * leafCount(leaf.grids);
          for (const [workers, spare] of workerCounts(settings.jobs, leaves)) {
            const candidate = candidatePlan(work, leaf, workers, spare);
            if (candidate.memoryBytes <= MAX_MEMORY) least = Math.min(least, candidate.peakBytes);
            if (!fits(candidate)) continue;
            const time = seconds(leaf, leaves, work.processors, spare, candidate);
            if (!best || time < best.seconds) best = { candidate, leaf, spare, seconds: time };
          }
        }
      }
  return best ? withRoomToWrite(work, best, fits) : { needs: least };
}

/** The plan with more areas for encoded chunks, as far as they fit; nothing else of it changes. */
function withRoomToWrite(
  work: Workload,
  { candidate, leaf, spare }: { candidate: ExecutionPlan; leaf: BlockChoice; spare: number },
  fits: (plan: ExecutionPlan) => boolean
): ExecutionPlan {
  const { readOnly, levels, settings } = work;
  // Nothing is written, or a shard's chunks, which follow each other.
  if (readOnly || settings.shard) return candidate;
  const chunks = product(map3(largest(levels[0], leaf.grids[0]), (n, axis) => Math.ceil(n / settings.chunk[axis])));
  // Fewer than a block has chunks: where none can be written, that is heard of before the block counts as done.
  for (let n = Math.min(ENCODED_BUFFERS.most, chunks - 1); n > candidate.encodedBuffers; n--) {
    const roomier = candidatePlan(work, leaf, candidate.workers, spare, n);
    if (fits(roomier)) return roomier;
  }
  return candidate;
}

/**
 * Numbers of workers to consider, each with the spare blocks a level: one more than work needs at once, none where
 * memory is scarce.
 */
function workerCounts(jobs: number, leaves: number): [workers: number, spare: number][] {
  const most = Math.min(jobs, leaves);
  const counts = new Set<number>();
  for (let n = most; n > 16; n = Math.floor(n * 0.8)) counts.add(n);
  for (let n = Math.min(most, 16); n >= 1; n--) counts.add(n);
  return [1, 0].flatMap(spare => [...counts].map((n): [number, number] => [n, spare]));
}
