import type { SourceLayout } from '../model/source-layout.ts';
import type { Checksum, Compression, Downsampling, OmeZarrVersion } from '../model/options.ts';
import type { ConvertError } from '../model/errors.ts';
import type { Dtype, OuterShape, Shape } from '../model/volume.ts';
import type { ExecutionPlan } from './execution-plan.ts';
import type { Level } from '../model/levels.ts';
import type { SampleGrid } from './sample-grid.ts';
import type { ZarrArray } from '../zarr/array.ts';
import type { Comparison, Region } from './findings.ts';

/** The job as every worker thread knows it: plain data, and memory shared by all. */
export interface BlockJob {
  /** Of the region. */
  levels: Level[];
  chunk: Shape;
  /** As blocks have their voxels in memory. */
  dtype: Dtype;
  downsample: Downsampling;
  plan: ExecutionPlan;
  /** Null: blocks of level 0 are read from nowhere. */
  source: SourceJob | null;
  /** Null: nothing is counted, and no points are noted. */
  counting: CountingJob | null;
  sink: WriteJob | CompareJob;
  shared: Shared;
}

/** Where the voxels of level 0 come from. */
export interface SourceJob {
  layout: SourceLayout;
  /** First voxel of the region in each of the layout's volumes. */
  start: Shape;
  /** Name of the source in messages, and where the region begins in it. */
  origin: { source: string; start: Shape };
  /**
   * Source values mapped to 0 and to the greatest value of the stored type; null: values are kept. Equal ends: all
   * become 0.
   */
  range: [number, number] | null;
}

/** Where voxels are counted by value. */
export interface CountingJob {
  sampleGrid: SampleGrid;
  channels: number;
  /** Address of the sums of all threads: uint64 a bin, one channel after another. */
  total: number;
  /** Of how many rows of level 0 one is counted. */
  step: number;
}

/** Chunks are encoded and written. */
export interface WriteJob {
  kind: 'write';
  /** The folder that is written. */
  folder: string;
  omeZarr: OmeZarrVersion;
  outerShape: OuterShape;
  /** Null: a file a chunk. */
  shard: Shape | null;
  compression: Compression;
  checksum: Checksum;
  /**
   * Ending of the names of files until they are whole, where another process may write the same; null: they have their
   * names at once.
   */
  aside: string | null;
}

/** Nothing is written: stored voxels are compared with the expected ones. */
export interface CompareJob {
  kind: 'compare';
  /** The folder of the image. */
  folder: string;
  /** Number, in the image, of the job's first level. */
  first: number;
  /** By level. */
  arrays: ZarrArray[];
  /** Whether chunks that are not there and a filling that is not 0 are differences: this program writes neither. */
  strict: boolean;
  /** Null: the voxels themselves are compared. */
  digests: DigestJob | null;
}

/** Level 0 is compared by digests of what it should hold. */
export interface DigestJob {
  /** Where they are in the shared memory. */
  address: number;
  /** Most planes of a layer. */
  depth: number;
}

/** State that all threads see. */
export interface Shared {
  memory: WebAssembly.Memory;
  /** Stored values at the points of the grid, one volume after another; in a scan that counts, the source's. */
  sample: Float64Array;
  /** Bytes of level 0 done, in the source's type. */
  done: BigInt64Array;
  /** Not 0: stop. */
  stop: Int32Array;
}

/** Addresses of a worker's own areas in the shared memory. */
export interface Areas {
  chunk: number;
  encoded: number[];
  scratch: number;
  staging: number;
  histogram: number;
}

/**
 * `block`: read a block if it is of level 0, begin to write its chunks, reduce it into its parent. `restore`: read its
 * voxels back from its chunks and reduce it into its parent; only where its files are as `expected`, which the report
 * tells.
 */
export interface BlockTask {
  kind: 'block' | 'restore';
  /** Number of its volume, t · C + c. */
  volume: number;
  level: number;
  index: Shape;
  address: number;
  parent: number | null;
  /** Of its files when they were written. */
  expected?: FilesNote;
  /** Regions of a compared block that are not known, because the voxels that they were reduced from cannot be read. */
  unknown?: Region[];
}

/**
 * `check`: read back the files of a block. `count`: count the voxels in those of level 0. `flush`: put the files on the
 * disk, with the folders that they are in.
 */
export interface CheckTask {
  kind: 'check' | 'count' | 'flush';
  volume: number;
  level: number;
  index: Shape;
}

/** A piece of work for one worker. */
export type Task =
  /** Decode a plane's part of the region into the scratch file; planes are counted through all volumes. */
  | { kind: 'decode'; plane: number; file: string }
  /** Note the digests of a layer of a volume. */
  | { kind: 'digest'; volume: number; layer: number }
  /**
   * Look for the extremes of a level-0 block; `histogram`: count its voxels by value too, all of them and of all
   * channels together.
   */
  | { kind: 'scan'; volume: number; index: Shape; histogram: boolean }
  | BlockTask
  | CheckTask
  /** Wait until what the thread has begun to write is in its files. */
  | { kind: 'settle' }
  /**
   * Put a folder on the disk; `files`: with all folders in it, and the files, whose bytes are reported; or these are
   * there, and only looked at.
   */
  | { kind: 'sync'; folder: string; files: 'put' | 'looked at' | null };

/**
 * A message to a worker: a task, which it answers; a job to work on from then on, which it does not answer; or, once
 * its work is done, the request to let go of that and of its memory, which it answers.
 */
export type Message = Task | { kind: 'begin'; job: BlockJob; areas: Areas } | { kind: 'end' };

/** A worker's report on a task done; only what the task gives. */
export interface Report {
  bytesWritten: number;
  /** Of source voxels in a scan, of stored ones otherwise. */
  min: number;
  max: number;
  /** Source voxels that became 0 because they were NaN. */
  nan: number;
  /** Finite source voxels that became infinite, because the stored type does not reach as far. */
  overflow: number;
  /** Of the pieces of a block's files one after the other, in C order, as written or read back; not summed. */
  checksum: number;
  /** Of a block that was compared. */
  comparison?: Comparison;
}

export const emptyReport = (): Report => ({
  bytesWritten: 0,
  min: Infinity,
  max: -Infinity,
  nan: 0,
  overflow: 0,
  checksum: 0
});

/** What a block's files are known by. */
export type FilesNote = Pick<Report, 'bytesWritten' | 'checksum'>;

/** Whether a block's files are as they were noted. */
export const areSameFiles = (a: FilesNote, b: FilesNote): boolean =>
  a.bytesWritten === b.bytesWritten && a.checksum === b.checksum;

/** Adds what one task reports to what others did. */
export function addReport(sum: Report, report: Report): void {
  sum.bytesWritten += report.bytesWritten;
  sum.min = Math.min(sum.min, report.min);
  sum.max = Math.max(sum.max, report.max);
  sum.nan += report.nan;
  sum.overflow += report.overflow;
}

/**
 * A worker's answer to a task; `reduced` comes before it, when a block is reduced into its parent but not written yet.
 */
export type WorkerMessage =
  { reduced: true } | { report: Report } | { failure: Pick<ConvertError, 'code' | 'problem' | 'field' | 'about'> };
