import { BLACK, WHITE } from '../volume/shares.ts';

/** Bins of a histogram within its window; the first and the last of all count what is below and above. */
const BINS = 254;

/** A range that takes up so many bins is known well enough. */
const FINE = 100;

interface Step {
  /** Where the next histogram is to be taken. */
  window: [number, number];
  /** The percentiles, as well as they are known by now. */
  range: [number, number];
  /** Whether they are known well enough. */
  done: boolean;
}

/**
 * One step towards the percentiles of what is in view, of which there are but histograms of few bins: the window is
 * widened until it holds them, and narrowed until they are told apart. Null where nothing was counted.
 *
 * @param counts of values below the window, in each of its bins, and above it
 * @param limits values that the type can have; null for a type without steps, such as float32
 */
export function stepTowardsPercentiles(
  counts: ArrayLike<number>,
  window: readonly [number, number],
  limits: readonly [number, number] | null
): Step | null {
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const [low, high] = window;
  const bin = (high - low) / BINS;
  const [first, last] = [BLACK, WHITE].map(share => binOf(counts, share * total));
  const isBelow = first === 0 && (limits === null || low > limits[0]);
  const isAbove = last === BINS + 1 && (limits === null || high < limits[1]);
  const clamp = ([from, to]: [number, number]): [number, number] =>
    limits === null
      ? [from, to]
      : [Math.max(limits[0], Math.floor(from)), Math.min(limits[1], Math.max(Math.ceil(to), Math.floor(from) + 1))];
  const range = clamp([low + Math.max(0, first - 1) * bin, low + Math.min(BINS, last) * bin]);
  if (isBelow || isAbove) {
    const reach = 100 * (high - low);
    return { window: clamp([isBelow ? low - reach : low, isAbove ? high + reach : high]), range, done: false };
  }
  const isExact = bin <= (limits === null ? 1e-6 * Math.max(Math.abs(low), Math.abs(high)) : 1);
  if (last - first >= FINE || isExact) return { window: range, range, done: true };
  // A bin more on each side: rounding must not push a percentile out.
  return { window: clamp([range[0] - bin, range[1] + bin]), range, done: false };
}

/** The first bin up to which more than `count` values lie. */
function binOf(counts: ArrayLike<number>, count: number): number {
  let seen = 0;
  for (let n = 0; n < counts.length; n++) {
    seen += counts[n];
    if (seen > count) return n;
  }
  return counts.length - 1;
}
