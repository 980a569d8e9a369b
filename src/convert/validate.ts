import { Checks } from '../model/errors.ts';
import {
  CHECKSUMS,
  COMPRESSIONS,
  type Checksum,
  type ConvertOptions,
  DEFAULT_OPTIONS,
  DESCRIBED_BY,
  DOWNSAMPLINGS,
  OME_ZARR_VERSIONS,
  ORIENTATIONS,
  type OmeZarrVersion,
  PALETTES,
  Z_AXES,
  withDefaults,
  zarrFormatOf
} from '../model/options.ts';
import { map3 } from '../model/levels.ts';
import { isArchiveName } from '../model/output-name.ts';
import type { Parent } from '../model/parent.ts';
import type { Settings } from '../model/settings.ts';
import { type Shape, type VolumeInfo, spatial } from '../model/volume.ts';
import { named } from '../model/words.ts';
import type { InterpretationOptions } from '../reader/index.ts';
import { type Placement, labelsDtype, placeInParent, placeInPart } from './labels.ts';
import { calibration } from './validation/calibration.ts';
import { checkChunkBytes, chunkSize, shardSize } from './validation/chunks.ts';
import { bad, isWhole, oneOf, show, text } from './validation/given.ts';
import { labels, place } from './validation/labels.ts';
import { levels } from './validation/levels.ts';
import { region } from './validation/region.ts';
import { jobs, memory } from './validation/resources.ts';
import { lostOrUnseen, voxels } from './validation/voxels.ts';

function channels(value: ConvertOptions['channel']): ConvertOptions['channel'] {
  if (value === null || value === 'all') return value;
  const listed = Array.isArray(value) && value.length > 0 && value.every(n => isWhole(n) && n >= 0);
  if (!listed || new Set(value).size < value.length)
    throw bad(
      'channel',
      `${named('channel')} must be "all" or a list of whole numbers from 0 up, each once, found ${show(value)}`
    );
  return value;
}

function imageName(value: ConvertOptions['image']): ConvertOptions['image'] {
  if (value === null || (typeof value === 'string' && value.trim() !== '') || (isWhole(value) && value >= 0))
    return value;
  throw bad('image', `${named('image')} must be a number from 0 or a name, found ${show(value)}`);
}

/**
 * How the source is to be read, which must be known before its headers are.
 *
 * @throws ConvertError `bad-option`
 */
export function validateReading(given: Partial<ConvertOptions>): InterpretationOptions {
  const options = withDefaults(given);
  return {
    slices: text('slices', options.slices),
    channel: channels(options.channel),
    image: imageName(options.image),
    describedBy: oneOf('describedBy', options.describedBy, DESCRIBED_BY),
    zAxis: oneOf('zAxis', options.zAxis, Z_AXES),
    palette: oneOf('palette', options.palette, PALETTES),
    orientation: oneOf('orientation', options.orientation, ORIENTATIONS),
    keepIndices: options.labels === true
  };
}

/** Where the voxels are: where the source has them, or where the image is that they are labels of. */
function placement(
  { start, shape }: Pick<Settings, 'start' | 'shape'>,
  own: ReturnType<typeof calibration>,
  info: VolumeInfo,
  parent: Parent | null,
  at: Shape | null,
  level: number,
  warnings: string[]
): Placement {
  const along = (axis: string) => info.shape[info.axes.indexOf(axis)] ?? 1;
  const outerShape = { t: along('t'), c: along('c') };
  if (parent && at) return placeInPart(shape, outerShape, own, parent, at, level);
  if (parent) return placeInParent(shape, outerShape, own, parent, warnings, info.position, start);
  return { ...own, offset: map3(start, (n, axis) => n * (own.voxelSize?.[axis] ?? 1)) };
}

function checksum(value: ConvertOptions['checksum'], version: OmeZarrVersion): Checksum {
  const found = oneOf('checksum', value, CHECKSUMS);
  if (found !== 'none' && zarrFormatOf(version) === 2)
    throw bad(
      'checksum',
      `checksums of chunks are there from OME-Zarr 0.5 on, not in ${version}: set ${named('omeZarr')} to 0.5, or ${named('checksum')} to none`
    );
  return found;
}

/**
 * Checks every option against what the source is and against each other: all that can be said without a disk.
 *
 * @param readParent reads the image that labels belong to
 * @param level that of it in whose voxels `at` is
 * @throws ConvertError `bad-option` with the option at fault in `field`
 */
export function validate(
  given: Partial<ConvertOptions>,
  info: VolumeInfo,
  readParent: (path: string) => Parent,
  level = 0
): Omit<Settings, 'output'> {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(DEFAULT_OPTIONS, name))
      throw bad(null, `${show(name)} is not an option: use ${Object.keys(DEFAULT_OPTIONS).join(', ')}`);
  const options = withDefaults(given);
  // Notes on the source's voxel size matter to nobody who gives another.
  const warnings = [...info.warnings, ...(options.voxelSize === null ? info.voxelSizeNotes : [])];
  const checks = new Checks();
  checks.of(() => {
    if (options.output !== null && (typeof options.output !== 'string' || options.output.trim() === ''))
      throw bad('output', `${named('output')} must be the path of a folder to write, found ${show(options.output)}`);
  });
  for (const flag of ['labels', 'overwrite', 'resume'] as const)
    checks.of(() => {
      if (typeof options[flag] !== 'boolean')
        throw bad(flag, `${named(flag)} must be true or false, found ${show(options[flag])}`);
    });
  const parent = checks.of(() => labels(options, given, info, warnings, readParent)) ?? null;
  const omeZarr = parent?.version ?? checks.of(() => oneOf('omeZarr', options.omeZarr, OME_ZARR_VERSIONS));
  checks.of(() => {
    if (typeof options.output === 'string' && isArchiveName(options.output) && omeZarr && zarrFormatOf(omeZarr) === 2)
      throw bad(
        'omeZarr',
        `OME-Zarr in one file (.ozx) is there from 0.5 on, not in ${omeZarr}: set ${named('omeZarr')} to 0.5, or give an output that ends in .ome.zarr`
      );
  });
  const cut = checks.of(() => region(options.roi, info));
  const chunk = checks.of(() => chunkSize(given.chunkSize, cut?.shape ?? spatial(info.shape), options.shard !== null));
  const shard = checks.of(() => chunk && omeZarr && shardSize(options.shard, chunk, options.chunkSize, omeZarr));
  const count = parent ? parent.levels.length : checks.of(() => levels(options.levels));
  const downsample = checks.of(() =>
    oneOf('downsample', options.downsample ?? (options.labels ? 'mode' : 'mean'), DOWNSAMPLINGS)
  );
  const compression = checks.of(() => oneOf('compression', options.compression, COMPRESSIONS));
  const summed = checks.of(() => omeZarr && checksum(options.checksum, omeZarr));
  const maxMemory = checks.of(() => memory(options.maxMemory));
  const stored = checks.of(() =>
    options.labels === true
      ? { dtype: labelsDtype(info.dtype), scaling: null }
      : voxels(options.dtype, options.valueRange, info.dtype)
  );
  const channel = checks.of(() => channels(options.channel));
  const calibrated = checks.of(() => calibration(options.voxelSize, options.unit, info));
  const beginning = checks.of(() => place(options.at, options.parent));
  const placed = checks.of(
    () => cut && calibrated && placement(cut, calibrated, info, parent, beginning ?? null, level, warnings)
  );
  const workers = checks.of(() => jobs(options.jobs));
  checks.done();
  const settings: Omit<Settings, 'output'> = {
    slices: options.slices,
    chunk: chunk!,
    shard: shard!,
    levels: count!,
    downsample: downsample!,
    compression: compression!,
    checksum: summed!,
    maxMemory: maxMemory!,
    ...stored!,
    channel: channel!,
    image: options.image,
    describedBy: options.describedBy,
    zAxis: options.zAxis,
    palette: options.palette,
    orientation: options.orientation,
    ...cut!,
    labels: options.labels,
    parent,
    ...placed!,
    omeZarr: omeZarr!,
    jobs: workers!,
    overwrite: options.overwrite,
    resume: options.resume,
    warnings
  };
  checkChunkBytes(settings);
  warnings.push(...lostOrUnseen(settings.dtype, info.dtype, options.dtype));
  return settings;
}
