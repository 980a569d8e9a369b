import type { Shape, VolumeInfo } from './volume.ts';

/** One resolution of the pyramid. */
export interface PlannedLevel {
  shape: Shape;
  /** Number of chunks along (Z, Y, X). */
  chunks: Shape;
  /** Size before compression. */
  bytes: number;
}

/** What a conversion will do and need; the JSON of `estimate --json`. */
export interface Plan extends VolumeInfo {
  /** Absolute path of the OME-Zarr to be written. */
  output: string;
  levels: PlannedLevel[];
  /** All levels together, before compression. */
  uncompressedBytes: number;
  freeDiskBytes: number;
  /** A promise: the resident memory of the process stays under it. */
  peakMemoryBytes: number;
  workers: number;
  warnings: string[];
}
