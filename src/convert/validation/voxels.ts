import { type ConvertOptions, OUTPUT_DTYPES, type OutputDtype } from '../../model/options.ts';
import type { RangeEnd, Settings } from '../../model/settings.ts';
import { BYTES_PER_VOXEL, type Dtype } from '../../model/volume.ts';
import { named, option } from '../../model/words.ts';
import { bad, isNumber, oneOf, show } from './given.ts';

/** An end of the value range; null for what is none. */
function rangeEnd(value: unknown): RangeEnd | null {
  if (isNumber(value)) return value;
  const found = typeof value === 'string' ? /^\s*(\d+\.?\d*|\.\d+)\s*%\s*$/.exec(value) : null;
  return found && Number(found[1]) <= 100 ? { percent: Number(found[1]) } : null;
}

/** The stored voxel type and, for mapped values, the range. */
export function voxels(
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

/** Warnings: source values that the stored type cannot hold, and a type unknown to Neuroglancer (its `DataType`). */
export function lostOrUnseen(stored: Dtype, source: Dtype, asked: OutputDtype): string[] {
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
