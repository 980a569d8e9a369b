/** The engine's face: TIFF volumes in, OME-Zarr pyramids out. Knows nothing of Jupyter, HTTP or the command line. */
export { ConvertError, ERROR_CODES, type ErrorCode } from '../model/errors.ts';
export {
  CHECKSUMS,
  COMPRESSIONS,
  type Checksum,
  type Compression,
  type ConvertOptions,
  DEFAULT_OPTIONS,
  DESCRIBED_BY,
  DOWNSAMPLINGS,
  type Downsampling,
  LOOK_OPTIONS,
  type LookOptions,
  OME_ZARR_VERSIONS,
  type OmeZarrVersion,
  ORIENTATIONS,
  OUTPUT_DTYPES,
  type OutputDtype,
  PALETTES,
  READING_OPTIONS,
  type ReadingOptions,
  Z_AXES
} from '../model/options.ts';
export type { Plan, PlannedLevel, Unfinished } from '../model/plan.ts';
export type { InspectOptions, OmeZarrInfo, OmeZarrLevel } from './ome-zarr-info.ts';
export type { ConvertResult, Progress } from '../model/progress.ts';
export { PERCENTS, type Statistics } from '../model/statistics.ts';
export {
  type Axes,
  BYTES_PER_VOXEL,
  type CalibrationFunction,
  type Channel,
  DTYPES,
  type Dtype,
  type Shape,
  type Position,
  type VolumeInfo,
  type VoxelBytes
} from '../model/volume.ts';
export { formatBytes } from '../model/bytes.ts';
export { Archive, type ArchiveName } from '../zarr/archive/archive.ts';
export type { ArchiveEntry } from '../zip/directory.ts';
export { absolute, actualPath, nameOf, onDisk } from '../reader/common/file-name.ts';
export { isOmeZarr } from '../zarr/ome-zarr.ts';
export { SPACE_UNITS, spaceUnit } from '../model/units.ts';
export type { ConversionSource, SentArray } from '../model/source-layout.ts';
export { TOOL, VERSION } from '../model/version.ts';
export { type Control, Ending } from './control.ts';
export {
  type BatchControl,
  type PlannedEntry,
  batchSources,
  convertMany,
  estimateMany,
  makeFolder,
  planMany
} from './batch.ts';
export { type BatchEntry, writeReport } from './report.ts';
export { convert } from './convert.ts';
export type { Difference, Value } from '../model/difference.ts';
export { isFileAddress } from './address-kind.ts';
export { pathsIn } from './list-file.ts';
export { estimate, inspect } from './estimate.ts';
export { type LookFile, Looks } from './look/look.ts';
export { freeMemory } from '../pyramid/garbage.ts';
export { type Owner, isProcess, isStillRunning, startTime } from '../zarr/owner.ts';
export { giveSign, isSilent } from '../zarr/sign-of-life.ts';
export { type FinishResult, finishParts, discardParts } from './parts/finish.ts';
export { type PartOptions, type PartResult, convertPart } from './parts/part.ts';
export { type PartCost, type PartsDescription, type PlanOptions, planParts } from './parts/plan.ts';
export type { StoredChannel } from '../model/ome-zarr/image.ts';
export type { StoredCompression } from '../zarr/codec/index.ts';
export { type Piece, limitsOf, verify, type VerifyOptions, type VerifyResult } from './verify/index.ts';
export { isName } from './output-path.ts';
export { usualMemory } from './validation/resources.ts';
export { type ConversionRequest, unfinishedRequest } from './unfinished.ts';
export type { OptionName, Vocabulary } from '../model/words.ts';
