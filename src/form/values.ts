import { parseBytes, shortBytes } from '../model/bytes.ts';
import { ENGINE_OPTIONS, type EngineOption, type EngineOptionSpec, type OptionKind } from '../model/option-table.ts';
import { DEFAULT_OPTIONS } from '../model/options.ts';
import type { ConvertOptions, Shape, Source } from '../protocol/index.ts';
import { defaultOutputName, resolveOutput, typedOutput } from './output.ts';

export type Triple = [z: string, y: string, x: string];

/** Value of an option's field, by the option's kind. */
type FieldValue<Kind, Value> = Kind extends 'flag'
  ? boolean
  : Kind extends 'decision'
    ? boolean | null
    : Kind extends 'choice' | 'version' | 'dtype'
      ? NonNullable<Value> | ''
      : Kind extends 'lengths' | 'voxel' | 'sizes'
        ? Triple
        : Kind extends 'bounds'
          ? [min: string, max: string]
          : string;

/**
 * Contents of the form's fields, as typed: one for each option, and two for the ends of the region. An empty field
 * leaves its option to the helper's default; whether to resume is null until a person has chosen.
 */
export type FormValues = {
  [O in EngineOptionSpec as Exclude<O['key'], 'roi'>]: FieldValue<O['kind'], ConvertOptions[O['key']]>;
} & {
  /** A name beside the source, or a path; of labels with a parent a name in its folder of labels, or the default. */
  output: string;
  roiFrom: Triple;
  roiTo: Triple;
};

const none = (): Triple => ['', '', ''];
const EMPTY: Partial<Record<OptionKind, () => unknown>> = {
  flag: () => false,
  decision: () => null,
  lengths: none,
  voxel: none,
  sizes: none,
  bounds: () => ['', '']
};

export const EMPTY_VALUES = {
  output: '',
  ...Object.fromEntries(ENGINE_OPTIONS.map(({ key, kind }) => [key, (EMPTY[kind] ?? (() => ''))()])),
  roiFrom: none(),
  roiTo: none()
} as FormValues;

export type Field = keyof ConvertOptions | 'source';
export type FieldErrors = Partial<Record<Field, string>>;
/** Which inputs of a field with several are at fault, by their numbers in the option's list. */
export type Marks = Partial<Record<Field, number[]>>;

/** Unit of a voxel size: a typed one begins with the source's, or micrometers, and a person may change it. */
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

const isGiven = (text: string): boolean => text.trim() !== '';
const integer = (text: string): number => (/^\s*\d+\s*$/.test(text) ? Number(text) : NaN);
const number = (text: string): number => (isGiven(text) ? Number(text.trim().replace(',', '.')) : NaN);

/**
 * Value of a field, or its error: a sentence, and which of several inputs are at fault. Undefined: the field says
 * nothing.
 */
type Reading = { value: unknown } | { wrong: string; at?: number[] } | undefined;

/** Several numbers, each at least `least`. */
function numbers(values: readonly (number | string)[], wrong: string, least = -Infinity): Reading {
  const at = [...values.keys()].filter(n => typeof values[n] === 'number' && !(values[n] >= least));
  return at.length > 0 ? { wrong, at } : { value: values };
}

const asTyped = (value: string): Reading => (isGiven(value) ? { value: value.trim() } : undefined);
const asChosen = (value: string): Reading => (value === '' ? undefined : { value });

/** How a field is read, by the kind of its option. The region has two fields. */
const READERS: Record<
  Exclude<OptionKind, 'ranges'>,
  (value: never, spec: EngineOption, shape: Shape | null) => Reading
> = {
  flag: (value: boolean) => (value ? { value } : undefined),
  decision: (value: boolean | null) => (value === null ? undefined : { value }),
  choice: asChosen,
  version: asChosen,
  dtype: asChosen,
  text: asTyped,
  path: asTyped,
  slices: asTyped,
  image: asTyped,
  integer: (value: string) => {
    if (!isGiven(value)) return undefined;
    return integer(value) >= 1 ? { value: integer(value) } : { wrong: 'A whole number, 1 or more.' };
  },
  levels: (value: string) => {
    if (!isGiven(value) || value.trim().toLowerCase() === 'auto') return undefined;
    return integer(value) >= 1 ? { value: integer(value) } : { wrong: 'A whole number, 1 or more, or "auto".' };
  },
  channels: (value: string) => {
    if (!isGiven(value)) return undefined;
    if (value.trim() === 'all') return { value: 'all' };
    const channels = value.split(',').map(integer);
    const isRead = channels.every(Number.isFinite);
    return isRead ? { value: channels } : { wrong: 'Whole numbers with commas between them, or "all".' };
  },
  bytes: (value: string) => {
    if (!isGiven(value)) return undefined;
    const bytes = parseBytes(value);
    return bytes === null ? { wrong: 'A size, such as 8G or 512M.' } : { value: bytes };
  },
  // Lengths that are left out are the default's, or errors where there is none.
  lengths: (value: Triple, { key }, shape) => {
    if (!value.some(isGiven)) return undefined;
    const standard = DEFAULT_OPTIONS[key] as Shape | null;
    const fallback = (axis: number): number => (standard ? Math.min(standard[axis], shape?.[axis] ?? Infinity) : NaN);
    const lengths = value.map((text, axis) => (isGiven(text) ? integer(text) : fallback(axis)));
    return numbers(lengths, `Three whole numbers of voxels, ${standard ? '1 or more' : 'or none'}.`, 1);
  },
  voxel: (value: Triple) =>
    value.some(isGiven) ? numbers(value.map(integer), 'Three whole numbers, 0 or more, or none.', 0) : undefined,
  sizes: (value: Triple) => (value.some(isGiven) ? numbers(value.map(number), 'Three numbers, or none.') : undefined),
  bounds: (value: readonly string[]) => {
    if (!value.some(isGiven)) return undefined;
    const ends = value.map(text => (text.trim().endsWith('%') ? text.trim() : number(text)));
    return numbers(ends, 'Two numbers, or both empty for the source’s own extremes.');
  }
};

function readRegion({ roiFrom, roiTo }: FormValues, shape: Shape | null): Reading {
  if (![...roiFrom, ...roiTo].some(isGiven)) return undefined;
  const ends = roiFrom.flatMap((from, axis) => [
    isGiven(from) ? integer(from) : 0,
    isGiven(roiTo[axis]) ? integer(roiTo[axis]) : (shape?.[axis] ?? NaN)
  ]);
  return numbers(ends, 'Whole numbers of voxels: the first one of each axis, and the one after the last.');
}

/**
 * The fields' options, with errors for those that cannot be read. Whether they make sense is for the helper to judge.
 * `shape` is the source's (Z, Y, X), for a region of which only some ends are given. With `shared`, the options are for
 * several sources and name no output.
 */
export function readValues(
  values: FormValues,
  source: Source,
  shape: Shape | null,
  shared = false
): { options: Partial<ConvertOptions>; errors: FieldErrors; marks: Marks } {
  const options: Record<string, unknown> = {};
  const errors: FieldErrors = {};
  const marks: Marks = {};
  const output = values.output.trim();
  const isInParent = isGiven(values.parent);
  if (shared || (isInParent && (output === '' || output === defaultOutputName(source)))) {
    // Each source's own default.
  } else if (output === '') {
    errors.output = 'Give the output a name.';
  } else {
    options.output = isInParent && !/[\\/]/.test(output) ? output : resolveOutput(source, output);
  }
  for (const spec of ENGINE_OPTIONS) {
    const { key, kind } = spec;
    if (kind === 'bounds' && !takesRange(values.dtype)) continue;
    const reading = kind === 'ranges' ? readRegion(values, shape) : READERS[kind](values[key as never], spec, shape);
    if (reading === undefined) continue;
    if ('value' in reading) {
      options[key] = kind === 'path' ? resolveOutput(source, reading.value as string) : reading.value;
      continue;
    }
    errors[key] = reading.wrong;
    if (reading.at) marks[key] = reading.at;
  }
  return { options: options as Partial<ConvertOptions>, errors, marks };
}

/**
 * Fields that stand for the options of a conversion: `readValues` makes the same of them. Whether to resume is to be
 * chosen anew.
 */
export function toValues(options: Partial<ConvertOptions>, source: Source): FormValues {
  const text = (value: unknown): string => (value == null ? '' : String(value));
  const list = (value: unknown): string[] => (value as unknown[]).map(text);
  const { output, parent, roi } = options;
  const labels = parent == null ? null : `${parent}/labels/`;
  const isInParent = labels !== null && output?.startsWith(labels);
  const values: Record<string, unknown> = {
    ...EMPTY_VALUES,
    output: isInParent
      ? output!.slice(labels.length)
      : output == null
        ? defaultOutputName(source)
        : typedOutput(source, output)
  };
  for (const { key, kind } of ENGINE_OPTIONS) {
    const value: unknown = options[key];
    if (value == null || kind === 'ranges' || kind === 'decision') continue;
    if (kind === 'flag' || kind === 'choice' || kind === 'version' || kind === 'dtype') values[key] = value;
    else if (kind === 'bytes') values[key] = shortBytes(value as number);
    else if (kind === 'path') values[key] = typedOutput(source, value as string);
    else if (kind === 'lengths' || kind === 'voxel' || kind === 'sizes' || kind === 'bounds') values[key] = list(value);
    else values[key] = text(value);
  }
  if (roi) {
    values.roiFrom = list([roi[0], roi[2], roi[4]]);
    values.roiTo = list([roi[1], roi[3], roi[5]]);
  }
  return values as FormValues;
}

/** The same of some options alone, to be laid over other fields. */
export function toFields(options: Partial<ConvertOptions>, source: Source): Partial<FormValues> {
  const values = toValues(options, source);
  return Object.fromEntries(Object.keys(options).map(key => [key, values[key as keyof FormValues]]));
}
