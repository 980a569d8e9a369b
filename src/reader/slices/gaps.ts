/** Slices that are not there, as ranges of their numbers, both ends included. */
export type Gap = [first: number, last: number];

/**
 * The step of most of a run, and how many of its steps are that one; numbers that are rounded may be off by
 * `tolerance`.
 */
export function stepOf(numbers: readonly number[], tolerance = 0): { step: number; share: number } {
  const steps = new Map<number, number>();
  for (let i = 1; i < numbers.length; i++) {
    const step = numbers[i] - numbers[i - 1];
    if (step > 0) steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  const [step, count] = [...steps].sort(([a, m], [b, n]) => n - m || a - b)[0] ?? [1, 0];
  // A small step that is off by one is another step.
  const off = step > 4 * tolerance ? tolerance : 0;
  let alike = count;
  if (off > 0) for (const [other, n] of steps) if (other !== step && Math.abs(other - step) <= off) alike += n;
  return { step, share: numbers.length < 2 ? 1 : alike / (numbers.length - 1) };
}

/**
 * Numbers that are missing from a run which counts in even steps (1, or whatever most of it does), between its ends or
 * those given. A number that is there twice is no gap.
 */
export function findGaps(numbers: readonly number[], first = numbers[0], last = numbers.at(-1)!, tolerance = 0): Gap[] {
  const { step } = stepOf(numbers, tolerance);
  const off = step > 4 * tolerance ? tolerance : 0;
  const gaps: Gap[] = [];
  const [begin, end] = [numbers[0], numbers.at(-1)!];
  const before = Math.floor((begin - first) / step);
  if (before > 0) gaps.push([begin - before * step, begin - step]);
  for (let i = 1; i < numbers.length; i++) {
    const [from, to] = [numbers[i - 1], numbers[i]];
    if (to - from > step + off) gaps.push([from + step, Math.max(from + step, to - step)]);
  }
  const after = Math.floor((last - end) / step);
  if (after > 0) gaps.push([end + step, end + after * step]);
  return gaps;
}

/** `12, 40–42 and in 3 more places` */
export function describeGaps(gaps: readonly Gap[], show: (number: number) => string = String, most = 5): string {
  const shown = gaps
    .slice(0, most)
    .map(([first, last]) => (first === last ? show(first) : `${show(first)}–${show(last)}`));
  return shown.join(', ') + (gaps.length > most ? ` and in ${gaps.length - most} more places` : '');
}
