/** Voxel types that can be read and written. */
export const DTYPES = [
  ...(['uint8', 'uint16', 'uint32', 'uint64'] as const),
  ...(['int8', 'int16', 'int32', 'int64'] as const),
  ...(['float32', 'float64'] as const)
];
export type Dtype = (typeof DTYPES)[number];

/** Lengths along (Z, Y, X), in voxels. */
export type Shape = [z: number, y: number, x: number];

/** How many volumes of one shape there are: `t` time points of `c` channels each. */
export interface OuterShape {
  t: number;
  c: number;
}

export const volumeCount = ({ t, c }: OuterShape): number => t * c;

/** Axes of an image, in their order: time and channel only where there are several. */
export type Axes = 'zyx' | 'czyx' | 'tzyx' | 'tczyx';

export const axesOf = ({ t, c }: OuterShape): Axes => `${t > 1 ? 't' : ''}${c > 1 ? 'c' : ''}zyx`;

/** Something along `axesOf(outerShape)`: what it is along (Z, Y, X), after what it is for time and channel. */
export const alongAxes = <T>({ t, c }: OuterShape, ofTime: T, ofChannel: T, ofSpace: readonly T[]): T[] => [
  ...(t > 1 ? [ofTime] : []),
  ...(c > 1 ? [ofChannel] : []),
  ...ofSpace
];

/** The last three of an image's lengths: those along (Z, Y, X). */
export const spatial = (shape: readonly number[]): Shape => shape.slice(-3) as Shape;

/** A channel as its source describes it. */
export interface Channel {
  name: string;
  /** Red, green and blue in hexadecimal (`FF8000`); null when the source says none. */
  color: string | null;
}

export type VoxelBytes = 1 | 2 | 4 | 8;

export const BYTES_PER_VOXEL: Record<Dtype, VoxelBytes> = {
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float32: 4,
  float64: 8
};

/**
 * ImageJ's calibration of a source's values v: a formula of v and c0, c1, ..., the coefficients. `none`: only their
 * unit is known. Voxels are stored as they are, whatever it says.
 */
export interface CalibrationFunction {
  name: string;
  /** ImageJ's. */
  number: number;
  formula: string;
  coefficients: number[];
  /** As the source has it: of no particular system. */
  unit: string;
  /** Whether negative results become 0. */
  zeroClip: boolean;
}

/** Where a source says that the centre of its first voxel is, along (Z, Y, X). */
export interface Position {
  /** `ome-xml`: the positions of planes; `imagej`: the origin. */
  from: 'ome-xml' | 'imagej';
  place: Shape;
  /** UDUNITS name; null: in voxels. */
  unit: string | null;
}

/** Description of a source, found by `inspect` without reading a voxel; the JSON of `info --json`. */
export interface VolumeInfo {
  /** The path as it was given. */
  source: string;
  /** `array`: what another program has sent. */
  format: 'tiff' | 'bigtiff' | 'imagej' | 'slices' | 'array';
  axes: Axes;
  /** Lengths along `axes`. */
  shape: number[];
  dtype: Dtype;
  /** `mixed`: of some pages one, of some another. */
  byteOrder: 'little' | 'big' | 'mixed';
  layout: 'strips' | 'tiles' | 'mixed';
  /** `none`, `lzw`, `packbits`, `deflate`, `zstd`, `jpeg`, `lerc`, ... */
  compression: string;
  pages: number;
  /** Size of the source's files together. */
  bytes: number;
  /** Edge lengths of a voxel along (Z, Y, X) in `unit`; null when unknown, never invented. */
  voxelSize: [number, number, number] | null;
  /** UDUNITS name (`micrometer`), or null when unknown. */
  unit: string | null;
  /**
   * Where the voxel size was found: `user`, `ome-xml`, `imagej`, `scifio`, a text file of the scanner's software beside
   * the volume (`bruker-log`, `nikon-xtekct`, `ge-pcr`, `tescan-recon`, `ge-pca`), `resolution-tags`, or `parent` for
   * labels; null when unknown.
   */
  voxelSizeFrom: string | null;
  /** Null where the source says nothing of channels and has only one. */
  channels: Channel[] | null;
  /** Time between two time points in `timeUnit`; null when unknown. */
  timeStep: number | null;
  /** UDUNITS name (`second`), or null when unknown. */
  timeUnit: string | null;
  /** Name of the file beside the volume that tells the voxel size; null when none does. */
  voxelSizeFile: string | null;
  /** Other findings about the voxel size, and why they were not taken: a sentence each. */
  voxelSizeNotes: string[];
  /** Only where the source says it. */
  position?: Position;
  /** Null where the values mean what they are, as far as is known. */
  calibrationFunction: CalibrationFunction | null;
  /** Warnings about the source: a sentence each. */
  warnings: string[];
}

/**
 * Dtype that labels get which are whole numbers in a float type: Neuroglancer shows it as a segmentation, and it has
 * negative numbers, too.
 */
export const LABELS_OF_FLOATS = 'int32' satisfies Dtype;
