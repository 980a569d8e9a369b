import { Checks } from '../model/errors.ts';
import {
  COMPRESSIONS,
  type ConvertOptions,
  DEFAULT_OPTIONS,
  DESCRIBED_BY,
  DOWNSAMPLINGS,
  OME_ZARR_VERSIONS,
  ORIENTATIONS,
  PALETTES,
  Z_AXES,
  withDefaults,
  zarrFormatOf
} from '../model/options.ts';
import { isArchiveName } from '../model/output-name.ts';
import type { Parent } from '../model/parent.ts';
import type { Settings } from '../model/settings.ts';
import { type VolumeInfo, spatial } from '../model/volume.ts';
import { named } from '../model/words.ts';
import type { InterpretationOptions } from '../reader/index.ts';
import { checkChunkBytes, checksum, chunkSize, levels, shardSize } from './validation/arrays.ts';
import { calibration } from './validation/calibration.ts';
import { channels, imageName } from './validation/channels.ts';
import { bad, oneOf, show, text } from './validation/given.ts';
import { labels, labelsDtype, place } from './validation/labels.ts';
import { placement } from './validation/placement.ts';
import { region } from './validation/region.ts';
import { jobs, memory } from './validation/resources.ts';
import { lostOrUnseen, voxels } from './validation/voxels.ts';

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
