/** The engine's face: TIFF volumes in, OME-Zarr pyramids out. Knows nothing of Jupyter, HTTP or the command line. */
export { ConvertError, ERROR_CODES, type ErrorCode } from './errors.ts';
export {
  CHECKSUMS,
  COMPRESSIONS,
  type Checksum,
  type Compression,
  type ConvertOptions,
  DEFAULT_OPTIONS,
  DOWNSAMPLINGS,
  type Downsampling,
  OME_ZARR_VERSIONS,
  type OmeZarrVersion,
  OUTPUT_DTYPES,
  type OutputDtype
} from './options.ts';
export type { Plan, PlannedLevel, Unfinished } from './plan.ts';
export type { OmeZarrInfo, OmeZarrLevel } from './ome-zarr-info.ts';
export type { ConvertResult, Progress } from './progress.ts';
export type { Statistics } from './statistics.ts';
export { BYTES_PER_VOXEL, DTYPES, type Dtype, type Shape, type VolumeInfo } from './volume.ts';
export { formatBytes } from './format.ts';
export { isOmeZarr } from './zarr/ome-zarr.ts';
export { SPACE_UNITS, spaceUnit } from './units.ts';
export { TOOL, VERSION } from './version.ts';
export { convert } from './convert.ts';
export type { Difference } from './difference.ts';
export { estimate, inspect } from './estimate.ts';
export { freeMemory } from './garbage.ts';
export { type Asked, askedFor } from './unfinished.ts';
export { verify, type VerifyOptions, type VerifyResult } from './verify/index.ts';
