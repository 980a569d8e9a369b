export const COMPRESSIONS = ['blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Checksums that follow each chunk and tell whether it is whole. */
export const CHECKSUMS = ['none', 'crc32c'] as const;
export type Checksum = (typeof CHECKSUMS)[number];

export const OUTPUT_DTYPES = ['source', 'float32', 'uint16', 'uint8', 'float64'] as const;
export type OutputDtype = (typeof OUTPUT_DTYPES)[number];

export const OME_ZARR_VERSIONS = ['0.6', '0.5', '0.4'] as const;
export type OmeZarrVersion = (typeof OME_ZARR_VERSIONS)[number];

/** The format of Zarr that a version of OME-Zarr is written in. */
export const zarrFormatOf = (version: OmeZarrVersion): 2 | 3 => (version === '0.4' ? 2 : 3);

/** Slices of a source: what it calls so, or its channels, its time points, or the samples of its pixels. */
export const Z_AXES = ['auto', 'c', 't', 'samples'] as const;
export type ZAxis = (typeof Z_AXES)[number];

/** Whether indices into a palette become its colours, or stay the numbers that are stored. */
export const PALETTES = ['apply', 'ignore'] as const;
export type Palette = (typeof PALETTES)[number];

/**
 * Which of the descriptions that programs leave in a file is believed: OME-XML before ImageJ's before others, one of
 * them, or none.
 */
export const DESCRIBED_BY = ['auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'] as const;
export type DescribedBy = (typeof DESCRIBED_BY)[number];

/** Whether rows and columns stay as they are stored, or are turned as the Orientation tag says. */
export const ORIENTATIONS = ['ignore', 'apply'] as const;
export type Orientation = (typeof ORIENTATIONS)[number];

/** How a window of voxels becomes one of the next level. */
export const DOWNSAMPLINGS = ['mean', 'mode', 'max', 'nearest'] as const;
export type Downsampling = (typeof DOWNSAMPLINGS)[number];

/** Options of a conversion. */
export interface ConvertOptions {
  /**
   * Path of the OME-Zarr to write; null: `<stem>.ome.zarr` beside the source. Of labels with a parent: a name in its
   * `labels` folder, or null: `<stem>`.
   */
  output: string | null;
  /**
   * Of a folder: a pattern of file names (`rec_*.tif`), or a range of the numbers in them, both ends included
   * (`100-899`); null: all slices.
   */
  slices: string | null;
  /** Which of several images of a file, by its number from 0 or its name; null: the only one. */
  image: string | number | null;
  /** Which of a file's descriptions is believed, where they differ or one is wrong. */
  describedBy: DescribedBy;
  zAxis: ZAxis;
  palette: Palette;
  orientation: Orientation;
  /** Chunk lengths along (Z, Y, X), in voxels. */
  chunkSize: [number, number, number];
  /**
   * Number of levels, the full resolution included; `auto` halves until the coarsest fits one chunk. Axes whose voxels
   * are twice as long as the shortest wait.
   */
  levels: number | 'auto';
  /**
   * Shard lengths along (Z, Y, X), in voxels, multiples of the chunk's: the chunks of a shard share a file (from
   * OME-Zarr 0.5 on). Null: a file a chunk.
   */
  shard: [number, number, number] | null;
  /**
   * How the voxels of a window become one of the next level. `mode`: the value that occurs most often, of several the
   * first in the order z, y, x; `max`: the greatest; `nearest`: the first voxel. Null: the mean, or the mode of labels.
   */
  downsample: Downsampling | null;
  /** Whether voxels are labels: whole numbers that name what is there, and are kept as they are. */
  labels: boolean;
  /**
   * The OME-Zarr image that the labels belong to: they are written into its `labels` folder, in its version and with as
   * many levels.
   */
  parent: string | null;
  /**
   * The voxel (Z, Y, X) of the image's full resolution at whose near corner those labels begin that fill a part of it;
   * null: they fill the image.
   */
  at: [number, number, number] | null;
  compression: Compression;
  /**
   * A CRC-32C behind each chunk, by which every reader finds what was damaged on its way or on the disk (from
   * OME-Zarr 0.5 on).
   */
  checksum: Checksum;
  /** Peak resident memory of the whole process, in bytes. */
  maxMemory: number;
  dtype: OutputDtype;
  /**
   * Channels to convert, from 0, of those that the metadata tells of and the samples of each pixel. Null: all, of
   * pixels with one sample.
   */
  channel: number[] | 'all' | null;
  /**
   * Source values mapped to the least and the greatest uint16 or uint8; values beyond become those. Each is a number or
   * a percentage (`'0.1%'`): the value that so many percent of the source's finite ones are not greater than, found by
   * a scan. Null: the extremes, `['0%', '100%']`.
   */
  valueRange: [min: number | string, max: number | string] | null;
  /** Half-open voxel ranges [z0, z1, y0, y1, x0, x1] of the source; null: all of it. */
  roi: [number, number, number, number, number, number] | null;
  /** Voxel edge lengths along (Z, Y, X) in `unit`, in place of what the source says. */
  voxelSize: [number, number, number] | null;
  /**
   * UDUNITS name of the unit of `voxelSize`, or `none`. Without `voxelSize`, what the source's lengths are brought to,
   * or their unit where they have none. Null: the source's.
   */
  unit: string | null;
  omeZarr: OmeZarrVersion;
  /** Worker threads at most; null: as many as there are processors. */
  jobs: number | null;
  /** Replace an OME-Zarr that has the output's name, once the new one is whole. */
  overwrite: boolean;
  /**
   * Go on with what an interrupted conversion left at `<output>.partial`, if there is something; otherwise it is
   * removed.
   */
  resume: boolean;
}

/** Options of how a source is read, which must be known before its headers are read. */
export const READING_OPTIONS = ['slices', 'image', 'describedBy', 'zAxis', 'palette', 'orientation'] as const;
export type ReadingOptions = Pick<ConvertOptions, (typeof READING_OPTIONS)[number]>;

/** Options of a source that is looked at as it is. */
export const LOOK_OPTIONS = [...READING_OPTIONS, 'channel', 'voxelSize', 'unit'] as const;
export type LookOptions = Partial<Pick<ConvertOptions, (typeof LOOK_OPTIONS)[number]>>;

/** Of the options of a conversion how it reads its source. */
export const readingIn = (options: Partial<ConvertOptions>): LookOptions =>
  Object.fromEntries(LOOK_OPTIONS.filter(name => options[name] != null).map(name => [name, options[name]]));

export const DEFAULT_OPTIONS: ConvertOptions = {
  output: null,
  slices: null,
  image: null,
  describedBy: 'auto',
  zAxis: 'auto',
  palette: 'apply',
  orientation: 'ignore',
  chunkSize: [128, 128, 128],
  levels: 'auto',
  shard: null,
  downsample: null,
  labels: false,
  parent: null,
  at: null,
  compression: 'blosc-zstd',
  checksum: 'none',
  maxMemory: 4 * 2 ** 30,
  dtype: 'source',
  channel: null,
  valueRange: null,
  roi: null,
  voxelSize: null,
  unit: null,
  omeZarr: '0.5',
  jobs: null,
  overwrite: false,
  resume: false
};

/** Options with those filled in that are not given. */
export const withDefaults = (given: Partial<ConvertOptions>): ConvertOptions => ({
  ...DEFAULT_OPTIONS,
  ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
});
