/** A run of slices as their file names count them. */
export interface Series {
  /** Names in the order of the slices. */
  names: string[];
  /** The number of each, where one place in the names counts them; null where none does. */
  numbers: number[] | null;
  /** Names that do not belong to the run. */
  odd: string[];
  /** Other values that the names count in a second place (`t0`, `t1`), so that they are several runs; the first names of two of them. */
  several: [string, string] | null;
  /** A glob that fits the run's names; null where they have nothing in common. */
  glob: string | null;
}

/** Slices that are not there, as ranges of their numbers, both ends included. */
export type Gap = [first: number, last: number];

interface Name {
  name: string;
  /** Text between the numbers, without the ending. */
  texts: string[];
  digits: string[];
}

const collator = new Intl.Collator('en', { numeric: true });

/** `slice_9` before `slice_10`. */
export const byName = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : 1);

function parse(name: string): Name {
  const parts = name.replace(/\.[^.]*$/, '').split(/(\d+)/);
  return { name, texts: parts.filter((_, i) => i % 2 === 0), digits: parts.filter((_, i) => i % 2 === 1) };
}

/** Members of the greatest group and all others; of equal groups the first. */
function part<T>(items: T[], key: (item: T) => string): [most: T[], others: T[]] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  const most = [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a));
  const chosen = new Set(most);
  return [most, items.filter(item => !chosen.has(item))];
}

const distinct = (values: Iterable<number>): number => new Set(values).size;

/**
 * Finds the run of slices in file names: names that are alike but for one number. Where the names have no such pattern, all of them are the
 * run, without numbers.
 */
export function findSeries(all: readonly string[]): Series {
  const names = all.map(parse).sort((a, b) => byName(a.name, b.name));
  const [alike, others] = part(names, ({ texts }) => texts.join('\0').toLowerCase());
  const plain: Series = { names: names.map(({ name }) => name), numbers: null, odd: [], several: null, glob: null };
  if (names.length > 1 && alike.length === 1) return plain;
  let run = alike;
  const value = (place: number) => (name: Name) => Number(name.digits[place]);
  const places = run[0].digits.map((_, place) => place).filter(place => distinct(run.map(value(place))) > 1);
  // The place that counts has the most values; the last one of several with as many.
  const counting = places.reduce(
    (best, place) => (distinct(run.map(value(place))) >= distinct(run.map(value(best))) ? place : best),
    places[0]
  );
  let several: Series['several'] = null;
  let stamped = false;
  for (const place of places) {
    if (place === counting) continue;
    const [usual, left] = part(run, name => String(value(place)(name)));
    if (usual.length >= 0.8 * run.length) {
      others.push(...left);
      run = usual;
    } else if (distinct(run.map(value(place))) > run.length / 2) stamped = true;
    else several ??= [usual[0].name, run.find(name => value(place)(name) !== value(place)(usual[0]))!.name];
  }
  // Names that are numbered in no place are one name in several spellings.
  if (counting === undefined && run.length > 1) return plain;
  const place = counting ?? run[0].digits.length - 1;
  const numbers = stamped || several || place < 0 ? [] : run.map(value(place));
  return {
    names: run.map(({ name }) => name),
    numbers: numbers.length > 0 && numbers.every(Number.isSafeInteger) ? numbers : null,
    odd: others.map(({ name }) => name),
    several,
    glob: globOf(run)
  };
}

/** A glob for names that are alike but for their numbers; numbers that are all the same stay. */
function globOf(run: Name[]): string {
  const [{ texts, digits }] = run;
  const escape = (text: string) => text.replace(/[\\*?[\]{}()!+@]/g, '\\$&');
  const body = texts.map((text, i) => {
    const same = i < digits.length && run.every(name => name.digits[i] === digits[i]);
    return escape(text) + (i >= digits.length ? '' : same ? digits[i] : '*');
  });
  const endings = new Set(run.map(({ name }) => /\.[^.]*$/.exec(name)?.[0] ?? ''));
  return body.join('') + (endings.size === 1 ? [...endings][0] : '*');
}

/**
 * Numbers that are missing from a run which counts in even steps (1, or whatever most of it does), between its ends or those given.
 * A number that is there twice is no gap.
 */
export function findGaps(numbers: readonly number[], first = numbers[0], last = numbers.at(-1)!): Gap[] {
  const steps = new Map<number, number>();
  for (let i = 1; i < numbers.length; i++) {
    const step = numbers[i] - numbers[i - 1];
    if (step > 0) steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  const step = [...steps].sort(([a, m], [b, n]) => n - m || a - b)[0]?.[0] ?? 1;
  const gaps: Gap[] = [];
  const [begin, end] = [numbers[0], numbers.at(-1)!];
  const before = Math.floor((begin - first) / step);
  if (before > 0) gaps.push([begin - before * step, begin - step]);
  for (let i = 1; i < numbers.length; i++) {
    const [from, to] = [numbers[i - 1], numbers[i]];
    if (to - from > step) gaps.push([from + step, Math.max(from + step, to - step)]);
  }
  const after = Math.floor((last - end) / step);
  if (after > 0) gaps.push([end + step, end + after * step]);
  return gaps;
}

/** `12, 40–42 and 3 more places` */
export function describeGaps(gaps: readonly Gap[], most = 5): string {
  const shown = gaps.slice(0, most).map(([first, last]) => (first === last ? String(first) : `${first}–${last}`));
  return shown.join(', ') + (gaps.length > most ? ` and in ${gaps.length - most} more places` : '');
}
