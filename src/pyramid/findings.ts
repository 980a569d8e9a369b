import type { Difference } from '../model/difference.ts';
import type { Shape } from '../model/volume.ts';

/** A box of voxels of a level. */
export interface Region {
  start: Shape;
  shape: Shape;
}

/** Findings of a block. */
export interface Comparison {
  chunks: number;
  /** Bytes of chunks as they are stored. */
  bytes: number;
  /** Voxels that were compared with what they should be. */
  voxels: number;
  differingChunks: number;
  differingVoxels: number;
  /** Voxels that are stored in a float type other than the source's, rounded to it. */
  roundedVoxels: number;
  /** The first differences, at most one a chunk. */
  differences: Difference[];
  /** Regions of which neither the stored voxels nor the expected ones are known. */
  unknown: Region[];
}
