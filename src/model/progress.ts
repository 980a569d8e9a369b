import type { Statistics } from './statistics.ts';

/** How far a conversion is, in bytes of level 0 as read. */
export interface Progress {
  doneBytes: number;
  totalBytes: number;
  bytesPerSecond: number;
  /** Null until there is something to reckon it from. */
  secondsLeft: number | null;
}

/** Report of a finished conversion. */
export interface ConvertResult {
  /** Absolute path of the OME-Zarr. */
  output: string;
  seconds: number;
  /** Bytes of chunks and metadata as written. */
  bytesWritten: number;
  levels: number;
  /** Source voxels that were NaN and could not be kept as such (written as 0 in an integer dtype). */
  nanVoxels: number;
  /** The source values that became the least and the greatest integer; null when values were not scaled. */
  valueRange: [number, number] | null;
  /** Of the stored values at full resolution, one for each channel; null where no voxel is a finite number. */
  statistics: (Statistics | null)[];
  warnings: string[];
}
