import { parseBytes, shortBytes } from '../protocol/bytes.ts';
import type {
  Checksum,
  Compression,
  ConvertOptions,
  Downsampling,
  OmeZarrVersion,
  OutputDtype,
  Shape,
  Source,
  DescribedBy,
  Orientation,
  Palette,
  ZAxis
} from '../protocol/index.ts';
import { SHOWN_DEFAULTS } from './choices.ts';
import { defaultOutputName, resolveOutput, typedOutput } from './output.ts';

export type Triple = [z: string, y: string, x: string];

/** What stands in the form's fields, as typed. An empty field leaves its option to the helper's default. */
export interface FormValues {
  /** A name beside the source, or a path. */
  output: string;
  /** Of a folder: a pattern of names or a range of numbers. */
  slices: string;
  /** Number or name of one of several images. */
  image: string;
  describedBy: DescribedBy | '';
  zAxis: ZAxis | '';
  palette: Palette | '';
  orientation: Orientation | '';
  overwrite: boolean;
  /** Whether to go on with what an interrupted conversion has left; null until a person has chosen. */
  resume: boolean | null;
  chunkSize: Triple;
  levels: string;
  /** Empty: no shards. */
  shard: Triple;
  downsample: Downsampling | '';
  labels: boolean;
  /** Path of the image that the labels belong to, beside the source if it is a name; `output` is then a name in its folder of labels, or the default. */
  parent: string;
  compression: Compression | '';
  checksum: Checksum | '';
  dtype: OutputDtype | '';
  /** Numbers with commas between them, or `all`. */
  channel: string;
  /** Least and greatest source value; used with the integer data types only. */
  valueRange: [min: string, max: string];
  roiFrom: Triple;
  roiTo: Triple;
  voxelSize: Triple;
  unit: string;
  maxMemory: string;
  omeZarr: OmeZarrVersion | '';
  jobs: string;
}

export const EMPTY_VALUES: FormValues = {
  output: '',
  slices: '',
  image: '',
  describedBy: '',
  zAxis: '',
  palette: '',
  orientation: '',
  overwrite: false,
  resume: null,
  chunkSize: ['', '', ''],
  levels: '',
  shard: ['', '', ''],
  downsample: '',
  labels: false,
  parent: '',
  compression: '',
  checksum: '',
  dtype: '',
  channel: '',
  valueRange: ['', ''],
  roiFrom: ['', '', ''],
  roiTo: ['', '', ''],
  voxelSize: ['', '', ''],
  unit: '',
  maxMemory: '',
  omeZarr: '',
  jobs: ''
};

export type Field = keyof ConvertOptions | 'source';
export type FieldErrors = Partial<Record<Field, string>>;
/** Which inputs of a field with several are at fault, by their numbers in the option's list. */
export type Marks = Partial<Record<Field, number[]>>;

/** The unit that goes with a voxel size: one that is typed has the source's, or micrometers, from the beginning, which a person may change. */
export function unitOf(voxelSize: Triple, unit: string, ofSource: string | null): string {
  const standard = ofSource ?? 'micrometer';
  if (voxelSize.some(isGiven)) {
    return unit === '' ? standard : unit;
  }
  return unit === standard ? '' : unit;
}

/** Whether a value range means anything with this data type. */
export function takesRange(dtype: FormValues['dtype']): boolean {
  return dtype === 'uint8' || dtype === 'uint16';
}

/**
 * The options that the fields stand for, with what cannot be read in them. Sense is the helper's to judge; this only reads.
 * `shape` is the source's (Z, Y, X), for a region of which only some ends are given. With `shared`, the options are for
 * several sources and name no output.
 */
export function readValues(
  values: FormValues,
  source: Source,
  shape: Shape | null,
  shared = false
): { options: Partial<ConvertOptions>; errors: FieldErrors; marks: Marks } {
  const options: Partial<ConvertOptions> = {};
  const errors: FieldErrors = {};
  const marks: Marks = {};
  /** Says what is wrong with a list of which some elements are no numbers. */
  const wrong = (field: Field, message: string, numbers: readonly unknown[], least = -Infinity): void => {
    errors[field] = message;
    marks[field] = [...numbers.keys()].filter(at => {
      const value = numbers[at];
      return typeof value === 'number' && !(value >= least);
    });
  };
  const integer = (text: string): number => (/^\s*\d+\s*$/.test(text) ? Number(text) : NaN);
  const number = (text: string): number => (text.trim() === '' ? NaN : Number(text.trim().replace(',', '.')));

  const output = values.output.trim();
  const parent = values.parent.trim();
  if (shared || (parent !== '' && (output === '' || output === defaultOutputName(source)))) {
    // Each source's own default.
  } else if (output === '') {
    errors.output = 'Give the output a name.';
  } else {
    options.output = parent !== '' && !/[\\/]/.test(output) ? output : resolveOutput(source, output);
  }
  if (isGiven(values.slices)) {
    options.slices = values.slices.trim();
  }
  if (isGiven(values.image)) {
    options.image = values.image.trim();
  }
  if (values.describedBy !== '') {
    options.describedBy = values.describedBy;
  }
  if (values.zAxis !== '') {
    options.zAxis = values.zAxis;
  }
  if (values.palette !== '') {
    options.palette = values.palette;
  }
  if (values.orientation !== '') {
    options.orientation = values.orientation;
  }
  if (values.overwrite) {
    options.overwrite = true;
  }
  if (values.resume !== null) {
    options.resume = values.resume;
  }

  if (values.chunkSize.some(isGiven)) {
    const chunk = values.chunkSize.map((text, axis) =>
      isGiven(text) ? integer(text) : Math.min(SHOWN_DEFAULTS.chunkSize[axis], shape?.[axis] ?? Infinity)
    ) as Shape;
    if (chunk.every(length => length >= 1)) {
      options.chunkSize = chunk;
    } else {
      wrong('chunkSize', 'Three whole numbers of voxels, 1 or more.', chunk, 1);
    }
  }

  if (isGiven(values.levels) && values.levels.trim().toLowerCase() !== 'auto') {
    const levels = integer(values.levels);
    if (levels >= 1) {
      options.levels = levels;
    } else {
      errors.levels = 'A whole number, 1 or more, or "auto".';
    }
  }

  if (values.shard.some(isGiven)) {
    const shard = values.shard.map(integer) as Shape;
    if (shard.every(length => length >= 1)) {
      options.shard = shard;
    } else {
      wrong('shard', 'Three whole numbers of voxels, or none.', shard, 1);
    }
  }

  if (values.downsample !== '') {
    options.downsample = values.downsample;
  }
  if (values.labels) {
    options.labels = true;
  }
  if (parent !== '') {
    options.parent = resolveOutput(source, parent);
  }
  if (values.compression !== '') {
    options.compression = values.compression;
  }
  if (values.checksum !== '') {
    options.checksum = values.checksum;
  }
  if (values.dtype !== '') {
    options.dtype = values.dtype;
  }
  if (isGiven(values.channel)) {
    const channels = values.channel.split(',').map(integer);
    if (values.channel.trim() === 'all') {
      options.channel = 'all';
    } else if (channels.every(Number.isFinite)) {
      options.channel = channels;
    } else {
      errors.channel = 'Whole numbers with commas between them, or "all".';
    }
  }
  if (takesRange(values.dtype) && values.valueRange.some(isGiven)) {
    const end = (text: string): number | string => (text.trim().endsWith('%') ? text.trim() : number(text));
    const range = values.valueRange.map(end) as [number | string, number | string];
    if (range.every(value => typeof value === 'string' || Number.isFinite(value))) {
      options.valueRange = range;
    } else {
      wrong('valueRange', 'Two numbers, or both empty for the source’s own extremes.', range);
    }
  }

  if ([...values.roiFrom, ...values.roiTo].some(isGiven)) {
    const from = values.roiFrom.map(text => (isGiven(text) ? integer(text) : 0));
    const to = values.roiTo.map((text, axis) => (isGiven(text) ? integer(text) : (shape?.[axis] ?? NaN)));
    const roi = [from[0], to[0], from[1], to[1], from[2], to[2]] as NonNullable<ConvertOptions['roi']>;
    if (roi.every(Number.isFinite)) {
      options.roi = roi;
    } else {
      wrong('roi', 'Whole numbers of voxels: the first one of each axis, and the one after the last.', roi);
    }
  }

  if (values.voxelSize.some(isGiven)) {
    const size = values.voxelSize.map(number) as Shape;
    if (size.every(Number.isFinite)) {
      options.voxelSize = size;
    } else {
      wrong('voxelSize', 'Three numbers, or none.', size);
    }
  }
  if (isGiven(values.unit)) {
    options.unit = values.unit.trim();
  }

  if (isGiven(values.maxMemory)) {
    const bytes = parseBytes(values.maxMemory);
    if (bytes === null) {
      errors.maxMemory = 'A size, such as 8G or 512M.';
    } else {
      options.maxMemory = bytes;
    }
  }
  if (values.omeZarr !== '') {
    options.omeZarr = values.omeZarr;
  }
  if (isGiven(values.jobs)) {
    const jobs = integer(values.jobs);
    if (jobs >= 1) {
      options.jobs = jobs;
    } else {
      errors.jobs = 'A whole number, 1 or more.';
    }
  }
  return { options, errors, marks };
}

/** Fields that stand for the options of a conversion: `readValues` makes the same of them. Whether to resume is to be chosen anew. */
export function toValues(options: Partial<ConvertOptions>, source: Source): FormValues {
  const text = (value: number | string | null | undefined): string => (value == null ? '' : String(value));
  const three = (values: readonly (number | string)[] | null | undefined): Triple =>
    [0, 1, 2].map(n => text(values?.[n])) as Triple;
  const { output, parent, channel, valueRange, roi, maxMemory } = options;
  const labels = parent == null ? null : `${parent}/labels/`;
  const isInParent = labels !== null && output?.startsWith(labels);
  return {
    output: isInParent
      ? output!.slice(labels.length)
      : output == null
        ? defaultOutputName(source)
        : typedOutput(source, output),
    slices: text(options.slices),
    image: text(options.image),
    describedBy: options.describedBy ?? '',
    zAxis: options.zAxis ?? '',
    palette: options.palette ?? '',
    orientation: options.orientation ?? '',
    overwrite: options.overwrite ?? false,
    resume: null,
    chunkSize: three(options.chunkSize),
    levels: text(options.levels),
    shard: three(options.shard),
    downsample: options.downsample ?? '',
    labels: options.labels ?? false,
    parent: parent == null ? '' : typedOutput(source, parent),
    compression: options.compression ?? '',
    checksum: options.checksum ?? '',
    dtype: options.dtype ?? '',
    channel: Array.isArray(channel) ? channel.join(',') : (channel ?? ''),
    valueRange: [text(valueRange?.[0]), text(valueRange?.[1])],
    roiFrom: three(roi && [roi[0], roi[2], roi[4]]),
    roiTo: three(roi && [roi[1], roi[3], roi[5]]),
    voxelSize: three(options.voxelSize),
    unit: text(options.unit),
    maxMemory: maxMemory === undefined ? '' : shortBytes(maxMemory),
    omeZarr: options.omeZarr ?? '',
    jobs: text(options.jobs)
  };
}

function isGiven(text: string): boolean {
  return text.trim() !== '';
}
