import type { Checksum, Compression, ConvertOptions, Downsampling, OmeZarrVersion, ReadingOptions } from './options.ts';
import type { Dtype, Shape } from './volume.ts';
import type { Parent } from './parent.ts';

/** An end of the value range: a value of the source, or how many percent of its finite ones are not greater. */
export type RangeEnd = number | { percent: number };

/** Options after all checks, with everything that defaults or the source decide filled in. */
export interface Settings extends ReadingOptions {
  /** Absolute path. */
  output: string;
  /** Chunk lengths along (Z, Y, X), in voxels. */
  chunk: Shape;
  /** Shard lengths along (Z, Y, X), in voxels, multiples of the chunk's; null: a file a chunk. */
  shard: Shape | null;
  levels: number | 'auto';
  downsample: Downsampling;
  compression: Compression;
  checksum: Checksum;
  /** Bytes. */
  maxMemory: number;
  /** Voxel type that is stored. */
  dtype: Dtype;
  /** Channels of the source; null: all that there are where pixels have one sample. */
  channel: ConvertOptions['channel'];
  /**
   * Whether values are mapped to the whole range of `dtype`: the source values that become its ends, or which to look
   * for.
   */
  scaling: { range: [number, number] } | { range: null; ends: [RangeEnd, RangeEnd] } | null;
  /** The region to convert: first voxel and lengths along (Z, Y, X), in voxels of the source. */
  start: Shape;
  shape: Shape;
  /** Whether voxels are labels, and the image that they belong to. */
  labels: boolean;
  parent: Parent | null;
  /** Where the centre of the first voxel is, along (Z, Y, X) in `unit` (in voxels where `voxelSize` is unknown). */
  offset: Shape;
  voxelSize: Shape | null;
  unit: string | null;
  voxelSizeFrom: string | null;
  voxelSizeFile: string | null;
  omeZarr: OmeZarrVersion;
  /** Most worker threads. */
  jobs: number;
  overwrite: boolean;
  resume: boolean;
  warnings: string[];
}
