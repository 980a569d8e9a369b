/** Voxel types that can be read and written. */
export const DTYPES = ['uint8', 'uint16', 'uint32', 'int8', 'int16', 'int32', 'float32'] as const;
export type Dtype = (typeof DTYPES)[number];

/** Lengths along (Z, Y, X), in voxels. */
export type Shape = [z: number, y: number, x: number];

export const BYTES_PER_VOXEL: Record<Dtype, number> = {
  uint8: 1,
  uint16: 2,
  uint32: 4,
  int8: 1,
  int16: 2,
  int32: 4,
  float32: 4
};

/** What `inspect` finds in a source without reading a voxel; the JSON of `info --json`. */
export interface VolumeInfo {
  /** The path as it was given. */
  source: string;
  format: 'tiff' | 'bigtiff' | 'imagej' | 'slices';
  axes: 'zyx';
  shape: Shape;
  dtype: Dtype;
  byteOrder: 'little' | 'big';
  layout: 'strips' | 'tiles';
  /** `none`, `lzw`, `packbits`, `deflate`, `zstd`, `jpeg`, `lerc`, ... */
  compression: string;
  pages: number;
  /** Size of the source's files together. */
  bytes: number;
  /** Edge lengths of a voxel along (Z, Y, X) in `unit`; null when unknown, never invented. */
  voxelSize: [number, number, number] | null;
  /** UDUNITS name (`micrometer`), or null when unknown. */
  unit: string | null;
  /** Where the voxel size was found: `user`, `imagej`, `ome-xml`; null when unknown. */
  voxelSizeFrom: string | null;
}
