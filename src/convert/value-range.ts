import { ConvertError } from '../model/errors.ts';
import type { RangeEnd } from '../model/settings.ts';
import { Distribution, merged } from '../model/statistics.ts';
import { named, option } from '../model/words.ts';
import type { Scan } from './block-run.ts';
import type { Prepared } from './prepare.ts';

/** Whether voxels must be counted to know these ends. */
export const needsHistogram = (ends: [RangeEnd, RangeEnd]): boolean =>
  ends.some(end => typeof end === 'object' && end.percent > 0 && end.percent < 100);

/**
 * The source values that become the ends of the integer type, by a scan of every voxel, and what a person should know
 * of it. `sample`: the source's values at the points of the grid.
 *
 * @throws ConvertError `bad-option`
 */
export function rangeOf(
  { info, layout, settings }: Pick<Prepared, 'info' | 'layout' | 'settings'>,
  ends: [RangeEnd, RangeEnd],
  { min, max, counts }: Scan,
  sample: Float64Array
): { range: [number, number]; warnings: string[] } {
  if (min > max)
    return {
      range: [0, 0],
      warnings: ['No voxel of the source is a finite number: every voxel was written as 0.']
    };
  const distribution = new Distribution(layout.dtype, counts, sample, min, max);
  const [low, high] = ends.map(end => (typeof end === 'number' ? end : distribution.percentile(end.percent)));
  if (low < high && Number.isFinite(high - low))
    return { range: [low, high], warnings: ofMerged(sample, [low, high], settings.dtype === 'uint8' ? 255 : 65535) };
  const percents = ends.flatMap(end => (typeof end === 'number' ? [] : `${end.percent} %`)).join(' and ');
  if (low < high || ends.some(end => typeof end === 'number'))
    throw new ConvertError(
      'bad-option',
      `${info.source}: ${percents} of its values, which lie between ${min} and ${max}, make a ${named('valueRange')} from ${low} to ${high}, ` +
        'where the first must be less than the second by no more than numbers can express: give other numbers',
      'valueRange'
    );
  const warnings =
    min < max
      ? [`${percents} of the source's values are both ${low}: the range of all values is taken, ${min} to ${max}.`]
      : [];
  return { range: [min, max], warnings };
}

/** A few values far from all others make these one: what is then left to see is told, and how to see more. */
function ofMerged(sample: Float64Array, range: [number, number], top: number): string[] {
  const found = merged(sample, range, top);
  if (!found) return [];
  const { stored, share, low, high } = found;
  const percent = Math.min(99.9, Math.floor(1000 * share) / 10);
  const text = (value: number) => Number(value.toPrecision(6));
  return [
    `About ${percent} % of the voxels, with values from ${text(low)} to ${text(high)}, become ${stored}, because the range of values is ` +
      `${text(range[0])} to ${text(range[1])}: ${option('valueRange', '0.1%', '99.9%')} leaves out what is rare.`
  ];
}
