import type { ErrorCode } from './errors.ts';
import type { VolumeInfo } from './volume.ts';
import type { namesIn } from './words.ts';

/** Most parts of a volume: each has a folder, and a file that tells of it. */
export const MOST_PARTS = 100_000;
/** Bytes of level 0 for which one more part is worth its start and the warming up of its process. */
export const WORTH_A_PART = 16 * 2 ** 30;

/** One resolution of the pyramid. */
export interface PlannedLevel {
  /** Lengths along the plan's `axes`. */
  shape: number[];
  /** Number of chunks along them. */
  chunks: number[];
  /** Size before compression; without compression, of chunks that reach beyond the end too. */
  bytes: number;
}

/** Remains of an interrupted conversion to the same output. */
export interface Unfinished {
  /** When it was last written to, in milliseconds since 1970. */
  written: number;
  /** Bytes of level 0 as read that are done, and of how many. */
  doneBytes: number;
  totalBytes: number;
  /** Why these options cannot go on with it (another source, other options); null where `resume` can. */
  refusal: string | null;
}

/** Plan of a conversion: what it will do and need; the JSON of `estimate --json`. */
export interface Plan extends VolumeInfo {
  /** Absolute path of the OME-Zarr to be written. */
  output: string;
  levels: PlannedLevel[];
  /** All levels together, before compression. */
  uncompressedBytes: number;
  /** Most that the output, and what lies beside it for a while, take of the disk. */
  diskBytes: number;
  freeDiskBytes: number;
  /** A promise: the resident memory of the process stays under it. */
  peakMemoryBytes: number;
  workers: number;
  /** Null where there is nothing to resume. */
  unfinished: Unfinished | null;
  /**
   * Why `convert` would not write this output, which has something in its place, or too little room; null where it
   * would. Also one of the warnings. `isMade`: it has no folder, which is made for who asked for that.
   * `options`: those that the message speaks of, `overwrite` where that would help.
   */
  outputRefusal: { code: ErrorCode; message: string; options?: ReturnType<typeof namesIn>; isMade?: true } | null;
  warnings: string[];
}
