import type {
  Checksum,
  Compression,
  DescribedBy,
  Downsampling,
  OmeZarrVersion,
  Orientation,
  OutputDtype,
  Palette,
  ZAxis
} from '../protocol/index.ts';
import { DEFAULT_JOBS } from '../protocol/fields.ts';

// A test holds these against the engine's lists, which the browser does not load.
export const COMPRESSIONS: readonly Compression[] = ['blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'];
export const CHECKSUMS: readonly Checksum[] = ['none', 'crc32c'];
export const DOWNSAMPLINGS: readonly Downsampling[] = ['mean', 'mode', 'max', 'nearest'];
export const DESCRIBED_BY: readonly DescribedBy[] = ['auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'];
export const Z_AXES: readonly ZAxis[] = ['auto', 'c', 't', 'samples'];
export const PALETTES: readonly Palette[] = ['apply', 'ignore'];
export const ORIENTATIONS: readonly Orientation[] = ['ignore', 'apply'];
export const OUTPUT_DTYPES: readonly OutputDtype[] = ['source', 'float32', 'uint16', 'uint8', 'float64'];
export const OME_ZARR_VERSIONS: readonly OmeZarrVersion[] = ['0.5', '0.4'];

/** Units of a voxel size, those of scans first; `none` is no unit, on purpose. */
export const UNITS: readonly string[] = [
  ...['nanometer', 'micrometer', 'millimeter', 'centimeter', 'meter'],
  ...['angstrom', 'picometer', 'inch', 'none']
];
export const UNIT_NAMES: Record<string, string> = {
  nanometer: 'nanometer (nm)',
  micrometer: 'micrometer (µm)',
  millimeter: 'millimeter (mm)',
  centimeter: 'centimeter (cm)',
  meter: 'meter (m)',
  angstrom: 'angstrom (Å)',
  picometer: 'picometer (pm)',
  inch: 'inch (in)',
  none: 'no unit'
};

/** What the helper does with an empty field: shown as a hint, never sent. */
export const SHOWN_DEFAULTS = {
  chunkSize: [128, 128, 128],
  levels: 'auto',
  compression: 'blosc-zstd',
  checksum: 'none',
  maxMemory: '4G',
  dtype: 'source',
  omeZarr: '0.5',
  jobs: DEFAULT_JOBS
} as const;
