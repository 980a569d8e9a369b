import { Checks, ConvertError } from '../model/errors.ts';
import { formatBytes } from '../model/bytes.ts';
import {
  CHECKSUMS,
  COMPRESSIONS,
  type Checksum,
  type ConvertOptions,
  DEFAULT_OPTIONS,
  DOWNSAMPLINGS,
  OME_ZARR_VERSIONS,
  type OmeZarrVersion,
  OUTPUT_DTYPES,
  type OutputDtype,
  ORIENTATIONS,
  PALETTES,
  DESCRIBED_BY,
  Z_AXES,
  withDefaults,
  zarrFormatOf
} from '../model/options.ts';
import { isArchiveName } from '../model/output-name.ts';
import { type Placement, labelsDtype, placeInParent, placeInPart } from './labels.ts';
import { chunkCounts, map3, product } from '../model/levels.ts';
import type { RangeEnd, Settings } from '../model/settings.ts';
import type { InterpretationOptions } from '../reader/index.ts';
import { processors } from '../pyramid/allotment.ts';
import { lengthsIn, SPACE_UNITS, type SpaceUnit, spaceUnit } from '../model/units.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape, type VolumeInfo, spatial } from '../model/volume.ts';
import { named, option } from '../model/words.ts';
import type { Parent } from '../model/parent.ts';

/** Blosc's limit, less room for its header; the other codecs have room above it. */
const MAX_CHUNK_BYTES = 2 ** 31 - 65536;
const MAX_JOBS = 256;
const MAX_SHARD_CHUNKS = 65536;

type Field = keyof ConvertOptions;
/** `at`: which element of the option's list. */
const bad = (field: Field | null, message: string, at: number | null = null) =>
  new ConvertError('bad-option', message, field, { at });

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const tuple = <T>(value: unknown, length: number, is: (v: unknown) => v is T): value is T[] =>
  Array.isArray(value) && value.length === length && value.every(is);
const show = (value: unknown): string =>
  typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? String(value));

function text(field: Field, value: unknown): string | null {
  if (value !== null && typeof value !== 'string')
    throw bad(field, `${named(field)} must be text, found ${show(value)}`);
  return value;
}

function oneOf<T extends string>(field: Field, value: T, accepted: readonly T[]): T {
  if (!accepted.includes(value))
    throw bad(field, `${named(field)} ${show(value)} is not known: use one of ${accepted.join(', ')}`);
  return value;
}

/** So few chunks cost no time, and leave work for every thread. */
const FEW_CHUNKS = 64;

/**
 * The usual lengths, cut to the volume's. Many flat or narrow chunks are made longer along the other axes, up to as
 * many voxels as usual, if each is a file: what a file costs would be most of the time.
 */
function usualChunk(volume: Shape, isSharded: boolean): Shape {
  const usual = DEFAULT_OPTIONS.chunkSize;
  let chunk = map3(usual, (n, axis) => Math.min(n, volume[axis]));
  while (!isSharded && product(chunkCounts(volume, chunk)) > FEW_CHUNKS) {
    const longer = map3(chunk, (n, axis) => Math.min(2 * n, volume[axis]));
    if (product(longer) > product(usual)) break;
    chunk = longer;
  }
  return chunk;
}

/** As given, also where a chunk is longer than the volume. */
function chunkSize(value: Shape | undefined, volume: Shape, isSharded: boolean): Shape {
  if (value === undefined) return usualChunk(volume, isSharded);
  if (!tuple(value, 3, isWhole) || value.some(n => n < 1))
    throw bad(
      'chunkSize',
      `${named('chunkSize')} must be three whole numbers of voxels from 1 up (Z Y X), found ${show(value)}`
    );
  return value;
}

/**
 * A shard has whole chunks, so few that readers fetch its index quickly. Along an axis where the chunk was cut to the
 * volume's length it is one chunk long, and may be given as a multiple of the uncut one.
 */
function shardSize(given: ConvertOptions['shard'], chunk: Shape, uncut: Shape, version: OmeZarrVersion): Shape | null {
  if (given === null) return null;
  const fits = (n: number, axis: number) => n % chunk[axis] === 0 || n % uncut[axis] === 0;
  if (!tuple(given, 3, isWhole) || !given.every((n, axis) => n >= 1 && fits(n, axis)))
    throw bad(
      'shard',
      `${named('shard')} must be three whole numbers of voxels (Z Y X), each a multiple of the chunk's ${chunk.join(' ')}, found ${show(given)}`
    );
  const value = map3(given as Shape, (n, axis) => (chunk[axis] < uncut[axis] ? chunk[axis] : n));
  if (zarrFormatOf(version) === 2)
    throw bad(
      'shard',
      `shards are there from OME-Zarr 0.5 on, not in ${version}: set ${named('omeZarr')} to 0.5 or leave ${named('shard')} out`
    );
  const chunks = product(value) / product(chunk);
  if (chunks > MAX_SHARD_CHUNKS)
    throw bad(
      'shard',
      `a shard of ${value.join(' × ')} voxels would hold ${chunks} chunks, and ${MAX_SHARD_CHUNKS} are the most: choose a smaller shard`
    );
  return value;
}

function levels(value: number | 'auto'): number | 'auto' {
  if (value !== 'auto' && !(isWhole(value) && value >= 1 && value <= 64))
    throw bad('levels', `${named('levels')} must be "auto" or a whole number from 1 to 64, found ${show(value)}`);
  return value;
}

/** Throws where the region is empty along an axis, or leaves the volume. */
function checkEnds(roi: number[], axis: number, length: number): void {
  const [from, to] = [roi[2 * axis], roi[2 * axis + 1]];
  const name = 'ZYX'[axis];
  if (from < 0 || to > length)
    throw bad(
      'roi',
      `${named('roi')} ${name} ${from} to ${to} leaves the volume, which has ${name} 0 to ${length}`,
      2 * axis + (to > length ? 1 : 0)
    );
  if (to <= from)
    throw bad(
      'roi',
      `${named('roi')} ${name} ${from} to ${to} is empty: the end must be greater than the start`,
      2 * axis + 1
    );
}

/** The region as first voxel and lengths; throws where it is empty or leaves the volume. */
function region(value: ConvertOptions['roi'], info: VolumeInfo): { start: Shape; shape: Shape } {
  const whole = spatial(info.shape);
  if (value === null) return { start: [0, 0, 0], shape: whole };
  if (!tuple(value, 6, isWhole))
    throw bad('roi', `${named('roi')} must be six whole numbers (Z0 Z1 Y0 Y1 X0 X1), found ${show(value)}`);
  const checks = new Checks();
  for (let axis = 0; axis < 3; axis++) checks.of(() => checkEnds(value, axis, whole[axis]));
  checks.done();
  const [z0, z1, y0, y1, x0, x1] = value;
  return { start: [z0, y0, x0], shape: [z1 - z0, y1 - y0, x1 - x0] };
}

/** An end of the value range; null for what is none. */
function rangeEnd(value: unknown): RangeEnd | null {
  if (isNumber(value)) return value;
  const found = typeof value === 'string' ? /^\s*(\d+\.?\d*|\.\d+)\s*%\s*$/.exec(value) : null;
  return found && Number(found[1]) <= 100 ? { percent: Number(found[1]) } : null;
}

/** The stored voxel type and, for mapped values, the range. */
function voxels(
  dtype: OutputDtype,
  range: ConvertOptions['valueRange'],
  source: Dtype
): Pick<Settings, 'dtype' | 'scaling'> {
  oneOf('dtype', dtype, OUTPUT_DTYPES);
  const [min, max] = Array.isArray(range) && range.length === 2 ? range.map(rangeEnd) : [null, null];
  const numbers = isNumber(min) && isNumber(max) ? ([min, max] as [number, number]) : null;
  if (range !== null) {
    if (min === null || max === null)
      throw bad(
        'valueRange',
        `${named('valueRange')} must be two finite numbers, or percentages from 0% to 100%, found ${show(range)}`
      );
    const comparable = numbers ?? (isNumber(min) || isNumber(max) ? null : [min.percent, max.percent]);
    if (comparable && !(comparable[0] < comparable[1]))
      throw bad(
        'valueRange',
        `${named('valueRange')} ${range.join(' to ')} is empty or upside down: the first must be less than the second`
      );
    if (numbers && !Number.isFinite(numbers[1] - numbers[0]))
      throw bad('valueRange', `${named('valueRange')} ${range.join(' to ')} is wider than numbers can express`);
  }
  const stored = dtype !== 'source' ? dtype : source === 'float64' ? 'float32' : source;
  const mappable = stored === 'uint16' || stored === 'uint8';
  if (range !== null && !mappable)
    throw bad(
      'valueRange',
      `${named('valueRange')} maps values to uint16 or uint8, but ${stored} would be written: set ${named('dtype')} to one of them or leave ${named('valueRange')} out`
    );
  if (!mappable || (range === null && stored === source)) return { dtype: stored, scaling: null };
  if (numbers) return { dtype: stored, scaling: { range: numbers } };
  return { dtype: stored, scaling: { range: null, ends: [min ?? { percent: 0 }, max ?? { percent: 100 }] } };
}

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

/** Warnings: source values that the stored type cannot hold, and a type unknown to Neuroglancer (its `DataType`). */
function lostOrUnseen(stored: Dtype, source: Dtype, asked: OutputDtype): string[] {
  const told: string[] = [];
  const integer = source.includes('int');
  if (stored === 'float32' && integer && BYTES_PER_VOXEL[source] >= 4)
    told.push(`float32 holds whole numbers exactly up to 16,777,216 only: greater ${source} values are rounded.`);
  if (stored === 'float64' && integer && BYTES_PER_VOXEL[source] === 8)
    told.push(
      `float64 holds whole numbers exactly up to 9,007,199,254,740,992 only: greater ${source} values are rounded.`
    );
  if (stored === 'float32' && source === 'float64' && asked === 'source')
    told.push(
      `Its float64 values are written as float32, to seven digits, because Neuroglancer cannot show float64: ${option('dtype', 'float64')} keeps them.`
    );
  if (stored === 'float64' || stored === 'int64')
    told.push(
      `Neuroglancer cannot show ${stored}: the viewer here shows it as another type, other Neuroglancers not at all; ${option('dtype', stored === 'int64' ? 'uint16' : 'float32')} can be shown.`
    );
  return told;
}

/** Value of the option `unit` for lengths that have none. */
const NO_UNIT = 'none';

/**
 * Voxel edge lengths and their unit: those that a person gives go before the source's. Where a unit is given alone, the
 * source's lengths are converted to it, or have it where the source names none.
 */
export function calibration(
  size: ConvertOptions['voxelSize'],
  unit: string | null,
  info: VolumeInfo
): Pick<Settings, 'voxelSize' | 'unit' | 'voxelSizeFrom' | 'voxelSizeFile'> {
  let name: SpaceUnit | null = null;
  if (unit !== null && unit !== NO_UNIT) {
    name = typeof unit === 'string' ? spaceUnit(unit) : null;
    if (name === null)
      throw bad(
        'unit',
        `${named('unit')} ${show(unit)} is not known: use one of ${SPACE_UNITS.join(', ')}, or ${NO_UNIT}`
      );
  }
  const own = unit === null ? info.unit : name;
  if (size !== null) {
    if (!tuple(size, 3, isNumber) || size.some(n => n <= 0))
      throw bad('voxelSize', `${named('voxelSize')} must be three numbers greater than 0 (Z Y X), found ${show(size)}`);
    return { voxelSize: size, unit: own, voxelSizeFrom: 'user', voxelSizeFile: null };
  }
  const { voxelSize, voxelSizeFrom, voxelSizeFile } = info;
  if (voxelSize === null && name !== null)
    throw bad(
      'unit',
      `${named('unit')} ${name} needs a ${named('voxelSize')}, because the source does not say how large its voxels are`
    );
  return { voxelSize: voxelSize && lengthsIn(voxelSize, info.unit, name), unit: own, voxelSizeFrom, voxelSizeFile };
}

/** The voxel of the image at which labels begin that cover only a part of it. */
function place(at: ConvertOptions['at'], parent: ConvertOptions['parent']): Shape | null {
  if (at === null) return null;
  if (!tuple(at, 3, isNumber) || at.some(n => !Number.isSafeInteger(n) || n < 0))
    throw bad('at', `${named('at')} must be three whole numbers from 0 (Z Y X), found ${show(at)}`);
  if (parent === null)
    throw bad(
      'at',
      `${named('at')} is a voxel of the image that labels belong to: name it (${option('parent', 'IMAGE')}), or leave ${named('at')} out`
    );
  return at;
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

/** Checks what labels allow, and has the image read that they belong to, if one is named. */
function labels(
  options: ConvertOptions,
  given: Partial<ConvertOptions>,
  info: VolumeInfo,
  warnings: string[],
  readParent: (path: string) => Parent
): Parent | null {
  if (options.parent !== null && (typeof options.parent !== 'string' || options.parent.trim() === ''))
    throw bad('parent', `${named('parent')} must be the path of an OME-Zarr, found ${show(options.parent)}`);
  if (!options.labels) {
    if (options.parent === null) return null;
    throw bad(
      'parent',
      `${named('parent')} is the image that labels belong to: say that these are labels (${option('labels')}), or leave it out`
    );
  }
  const stored = labelsDtype(info.dtype);
  if (options.dtype !== 'source' && options.dtype !== stored)
    throw bad(
      'dtype',
      `labels keep their values, and ${stored === info.dtype ? `so their type ${stored}` : `those of ${info.dtype} are stored as ${stored}`}: leave ${named('dtype')} out`
    );
  if (options.valueRange !== null)
    throw bad('valueRange', `labels keep their values: leave ${named('valueRange')} out`);
  if (options.downsample === 'mean')
    throw bad(
      'downsample',
      `the mean of labels is no label: use mode, max or nearest, or leave ${named('downsample')} out`
    );
  if (options.parent === null) return null;
  const parent = readParent(options.parent);
  if (given.omeZarr !== undefined && given.omeZarr !== parent.version)
    throw bad(
      'omeZarr',
      `${named('omeZarr')} is ${given.omeZarr}, and the image ${parent.path} is OME-Zarr ${parent.version}, as its labels must be: leave ${named('omeZarr')} out`
    );
  if (levels(options.levels) !== 'auto' && options.levels !== parent.levels.length)
    throw bad(
      'levels',
      `${named('levels')} is ${options.levels}, and the image ${parent.path} has ${parent.levels.length}, as its labels must have: leave ${named('levels')} out`
    );
  if (parent.consolidated)
    warnings.push(`${parent.path} has consolidated metadata, in which the new labels are not: consolidate it again.`);
  return parent;
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

export function memory(value: number): number {
  if (!isNumber(value) || value <= 0)
    throw bad('maxMemory', `${named('maxMemory')} must be a number of bytes greater than 0, found ${show(value)}`);
  return Math.floor(value);
}

export function jobs(value: number | null): number {
  if (value === null) return Math.min(MAX_JOBS, processors());
  if (!isWhole(value) || value < 1 || value > MAX_JOBS)
    throw bad('jobs', `${named('jobs')} must be a whole number from 1 to ${MAX_JOBS}, found ${show(value)}`);
  return value;
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
  const chunkBytes = product(settings.chunk) * BYTES_PER_VOXEL[settings.dtype];
  if (chunkBytes > MAX_CHUNK_BYTES)
    throw bad(
      'chunkSize',
      `a chunk of ${settings.chunk.join(' × ')} ${settings.dtype} voxels would take ${formatBytes(chunkBytes)}, and a chunk must stay under 2 GiB: choose a smaller ${named('chunkSize')}`
    );
  warnings.push(...lostOrUnseen(settings.dtype, info.dtype, options.dtype));
  return settings;
}
