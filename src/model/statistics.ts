import { LARGEST, binEnds, binOf, isExact } from './histogram.ts';
import type { Dtype } from './volume.ts';

/** Statistics of a channel's stored values at full resolution. */
export interface Statistics {
  /** Finite extremes of all voxels. */
  min: number;
  max: number;
  /**
   * Voxels that the histogram and the percentiles are of: all finite ones, or those of evenly spread rows of a large
   * volume.
   */
  counted: number;
  /** Bins of equal width from `start` to `end`, which are `min` and `max`. */
  histogram: { start: number; end: number; counts: number[] };
  /** By percent. */
  percentiles: Record<(typeof PERCENTS)[number], number>;
}

export const PERCENTS = ['0.1', '1', '50', '99', '99.9'] as const;
const BINS = 256;
const NONE = new Float64Array(0);
/** Points in a bin from which on they tell better how its values lie than an even spread does. */
const TELLING = 16;

/** The numbers of a sample that are finite, in order. */
function sortedFinite(sample: Float64Array): Float64Array {
  // Without `filter`, which makes an object of each.
  const found = new Float64Array(sample.length);
  let count = 0;
  for (const value of sample) if (Number.isFinite(value)) found[count++] = value;
  return found.subarray(0, count).sort();
}

/**
 * How the values of voxels are distributed: counted in bins (see `histogram.ts`), and by a sample of them within the
 * bins.
 *
 * Percentiles are of the nearest rank. Of 8 and 16 bits they are exact for the voxels counted; of wider types they are
 * in the right bin, 1/128 of the value wide, and where the sample tells enough much nearer.
 */
export class Distribution {
  readonly #dtype: Dtype;
  readonly #min: number;
  readonly #max: number;
  /** Bins that are not empty. */
  readonly #bins: { low: number; high: number; before: number; count: number; points: Float64Array }[] = [];
  readonly counted: number = 0;

  /**
   * `counts`: by bin. `sample`: values in any order; those that are not finite do not matter, and none does where bins
   * are single values.
   */
  constructor(dtype: Dtype, counts: ArrayLike<number>, sample: Float64Array, min: number, max: number) {
    this.#dtype = dtype;
    this.#min = min;
    this.#max = max;
    const points = isExact(dtype) ? NONE : sortedFinite(sample);
    let from = 0;
    for (let bin = 0; bin < counts.length; bin++) {
      const ends = counts[bin] > 0 ? binEnds(dtype, bin) : null;
      if (!ends) continue;
      while (from < points.length && binOf(dtype, points[from]) < bin) from++;
      let to = from;
      while (to < points.length && binOf(dtype, points[to]) === bin) to++;
      this.#bins.push({
        low: ends[0] === -LARGEST ? min : Math.max(min, ends[0]),
        high: ends[1] === LARGEST ? max : Math.min(max, ends[1]),
        before: this.counted,
        count: counts[bin],
        points: from < to ? points.subarray(from, to) : NONE
      });
      this.counted += counts[bin];
      from = to;
    }
  }

  /** The value that so many percent of the values are not greater than; 0 and 100 are the extremes of all voxels. */
  percentile(percent: number): number {
    if (percent >= 100) return this.#max;
    if (percent <= 0 || this.counted === 0) return this.#min;
    const rank = Math.round((percent / 100) * (this.counted - 1));
    const { low, high, before, count, points } = this.#bins.find(bin => rank < bin.before + bin.count)!;
    const within = (rank - before + 0.5) / count;
    if (points.length >= Math.min(count, TELLING)) return points[Math.floor(within * points.length)];
    const value = low + within * (high - low);
    return this.#dtype.includes('int') ? Math.floor(value) : value;
  }

  histogram(): Statistics['histogram'] {
    const [start, end] = [this.#min, this.#max];
    const counts = new Array<number>(BINS).fill(0);
    if (start === end) counts[0] = this.counted;
    else if (isExact(this.#dtype))
      for (const { low, count } of this.#bins)
        counts[Math.min(BINS - 1, Math.floor(((low - start) * BINS) / (end - start)))] += count;
    else {
      const width = end / BINS - start / BINS;
      let done = 0;
      for (let i = 0; i < BINS; i++) {
        const below = i === BINS - 1 ? this.counted : Math.round(this.#below(start + (i + 1) * width));
        counts[i] = below - done;
        done = below;
      }
    }
    return { start, end, counts };
  }

  /** How many are less than a value. */
  #below(value: number): number {
    let [from, to] = [0, this.#bins.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#bins[middle].high < value) from = middle + 1;
      else to = middle;
    }
    if (from === this.#bins.length) return this.counted;
    const { low, high, before, count, points } = this.#bins[from];
    if (value <= low) return before;
    if (points.length < Math.min(count, TELLING)) return before + (count * (value - low)) / (high - low);
    let less = 0;
    while (less < points.length && points[less] < value) less++;
    return before + (count * less) / points.length;
  }

  statistics(): Statistics {
    const percentiles = PERCENTS.map(percent => [percent, this.percentile(Number(percent))]);
    return {
      min: this.#min,
      max: this.#max,
      counted: this.counted,
      histogram: this.histogram(),
      percentiles: Object.fromEntries(percentiles) as Statistics['percentiles']
    };
  }
}

/** Part of all values from which on it is worth a word that they become one. */
const MUCH = 0.95;

/**
 * The source values that become one stored value, where these are most of a sample: it may be all there was to see.
 *
 * @param sample values in any order
 * @param range source values that become 0 and `top`
 */
export function merged(
  sample: Float64Array,
  [min, max]: [number, number],
  top: number
): { stored: number; share: number; low: number; high: number } | null {
  const sorted = sortedFinite(sample);
  const storedOf = (value: number) => Math.floor(Math.max(0, Math.min(top, ((value - min) / (max - min)) * top)) + 0.5);
  // So many that they hold the middle one.
  const stored = storedOf(sorted[sorted.length >> 1]);
  const same = sorted.filter(value => storedOf(value) === stored);
  const share = same.length / sorted.length;
  const [low, high] = [same[0], same[same.length - 1]];
  return share >= MUCH && low < high ? { stored, share, low, high } : null;
}
