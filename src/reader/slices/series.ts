import { stepOf } from './gaps.ts';
import { type Name, type Notation, parseName, withoutEnding } from './names.ts';
import { type Counter, WHOLE, columnOf, countingPlace, inSmallBase, orderOf, readLetters } from './numbering.ts';

/** A run of slices as their file names count them. */
export interface Series {
  /** Names in the order of the slices. */
  names: string[];
  /** The number of each, in units of `counter`, where one place in the names counts them; null where none does. */
  numbers: number[] | null;
  counter: Counter;
  /** Names that do not belong to the run. */
  odd: string[];
  /**
   * Other values that the names count in a second place (`t0`, `t1`), so that they are several runs; the first names of
   * two of them.
   */
  several: [string, string] | null;
  /** Why the order is not certain, as a half sentence; null where it is. */
  doubt: string | null;
  /** Notes for the user on the order: a sentence each. */
  notes: string[];
  /** The run's names as they are parted, of several runs the first one's; null where they have nothing in common. */
  parted: Name[] | null;
}

const collator = new Intl.Collator('en', { numeric: true });

/** `slice_9` before `slice_10`. */
export const byName = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : 1);

/** Share of a run's names that must agree in a place for it to tell the run from others. */
const MOST = 0.8;

/**
 * Finds the run of slices in file names: names that are alike but for one number, or several that rise together. Where
 * numbers can be read in several ways, the one is taken that leaves the fewest names over, and in which they count in
 * the most even steps. Where two are as good and give two orders, there is a doubt. Where names have no such pattern,
 * all of them are the run, without numbers.
 */
export function findSeries(all: readonly string[]): Series {
  const names = [...all].sort(byName);
  const plain = analyse(names, PLAIN);
  const others = isClear(plain) ? [] : notationsOf(names).map(notation => analyse(names, notation));
  const readings = [plain, ...others.filter(other => isLikely(other, plain))];
  const best = readings.reduce((a, b) => (compare(b, a) < 0 ? b : a));
  if (best.odd.length > 0 || best.parted === null) {
    const letters = readLetters(names);
    if (letters) return { ...NOTHING, ...letters, names: letters.parted.map(({ name }) => name) };
  }
  const rival =
    isWhole(best) &&
    readings.find(
      other => other !== best && isWhole(other) && other.share === best.share && !isSameOrder(other.names, best.names)
    );
  if (!rival) return best;
  if (best.notation.point !== rival.notation.point || best.notation.times !== rival.notation.times)
    return { ...best, doubt: `they may run from ${ends(best.names)}, or from ${ends(rival.names)}` };
  // The minus before every number may be a hyphen.
  const signed = best.notation.signs === 'none' ? rival : best;
  return { ...signed, notes: [...signed.notes, negativeNote(signed.names)] };
}

const PLAIN: Notation = { point: null, signs: 'none', times: false };

/** The names as read in one notation. */
interface Reading extends Series {
  notation: Notation;
  /** The place in the names that counts. */
  place: number;
  /** How many of the steps are the usual one, from 0 to 1. */
  share: number;
  /** Some steps are smaller. */
  crowded: boolean;
  /** No other notation needs to be tried. */
  clear: boolean;
}

const NOTHING: Series = {
  names: [],
  numbers: null,
  counter: WHOLE,
  odd: [],
  several: null,
  doubt: null,
  notes: [],
  parted: null
};

const ends = (names: readonly string[]): string => `${names[0]} to ${names.at(-1)}`;

const negativeNote = (names: readonly string[]): string =>
  `The numbers in the names have a minus before them, and are read as negative: the slices run from ${ends(names)}. If these are hyphens, give the slices as a list in their order.`;

const isSameOrder = (a: readonly string[], b: readonly string[]): boolean => a.every((name, i) => name === b[i]);

/** Whether all names are one run. */
const isWhole = ({ odd, several, doubt, numbers }: Series): boolean =>
  odd.length === 0 && several === null && doubt === null && numbers !== null;

const isClear = (reading: Reading): boolean => isWhole(reading) && reading.clear && reading.share === 1;

/** Negative where `a` is the better one. */
function compare(a: Reading, b: Reading): number {
  const badness = (r: Reading) => [
    r.odd.length,
    r.several ? 1 : 0,
    r.doubt ? 1 : 0,
    r.numbers ? 0 : 1,
    r.notes.length,
    -r.share
  ];
  const other = badness(b);
  return badness(a).reduce((found, n, i) => found || n - other[i], 0);
}

/**
 * Whether another notation than the plain one may be meant: not one that makes one run of all names by squeezing some
 * in between (`rec_3.5` behind `rec_3`, a copy) or by putting one apart (`rec_-3`); and no number is written -0, but a
 * hyphen before it. Signs behind letters (`z-1`) are only where there are others without.
 */
function isLikely(
  { parted, several, place, notation, numbers, share, odd, crowded }: Reading,
  plain: Reading
): boolean {
  if (parted === null || (numbers === null && several === null)) return false;
  const texts = numbers === null ? [] : parted.map(name => name.numbers[place].text);
  if (texts.some(text => /^[-−][0.,]+$/.test(text))) return false;
  // Fractions of several lengths have lost the zeros at their ends; `1.9` before `1.10` counts in another way.
  const fractions = texts.map(text => /(?<=[.,p])\d*/.exec(text)?.[0] ?? '');
  if (new Set(fractions.map(({ length }) => length)).size > 1 && fractions.some(text => /\d0$/.test(text)))
    return false;
  const few = (pattern: RegExp) => {
    const count = texts.filter(text => pattern.test(text)).length;
    return Math.min(count, texts.length - count);
  };
  const [mixed, signed] = [few(/[.,p]/), few(/^[-−]/)];
  if ((share < 1 && mixed === 1) || (signed === 1 && (share < 1 || texts.length > 3))) return false;
  if (notation.signs === 'anywhere') return odd.length === 0 && signed > 0 && !crowded;
  return !crowded || (!isWhole(plain) && plain.odd.length >= parted.length);
}

/** Notations other than the plain one that make a difference to some of the names. */
function notationsOf(names: readonly string[]): Notation[] {
  const stems = names.map(withoutEnding);
  const some = (pattern: RegExp) => stems.some(stem => pattern.test(stem));
  const points: Notation['point'][] = [null];
  if (some(/\d\.\d/)) points.push('.');
  if (some(/\d,\d/)) points.push(',');
  if (some(/\dp\d/)) points.push('p');
  const signs: Notation['signs'][] = ['none'];
  if (some(/(?<![\p{L}\d)\]])[-+−]\d/u)) signs.push('apart');
  if (some(/\p{L}[-+−]\d/u)) signs.push('anywhere');
  const notations: Notation[] = points.flatMap(point => signs.map(sign => ({ point, signs: sign, times: false })));
  if (some(/(19|20)\d\d.*\d\d/)) notations.push({ ...PLAIN, times: true });
  return notations.slice(1);
}

/** Members of the greatest group and all others; of equal groups the first. */
function part<T>(items: readonly T[], key: (item: T, index: number) => unknown): [most: T[], others: T[]] {
  const groups = new Map<unknown, T[]>();
  for (const [index, item] of items.entries()) {
    const group = groups.get(key(item, index));
    if (group) group.push(item);
    else groups.set(key(item, index), [item]);
  }
  const most = [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a));
  const chosen = new Set(most);
  return [most, items.filter(item => !chosen.has(item))];
}

function analyse(names: readonly string[], notation: Notation): Reading {
  const nothing: Reading = {
    ...NOTHING,
    names: [...names],
    notation,
    place: 0,
    share: 0,
    crowded: false,
    clear: false
  };
  const parsed = names.map(name => parseName(name, notation));
  const [alike, others] = part(parsed, ({ texts }) => texts.join('\0').toLowerCase());
  if (names.length > 1 && alike.length === 1) return nothing;
  const odd = others.map(({ name }) => name);
  let run = alike;
  const columnsOf = () => run[0].numbers.map((_, place) => columnOf(run, place, notation.times));
  let columns = columnsOf();
  if (columns.length === 0) return run.length > 1 ? nothing : { ...nothing, names: [run[0].name], odd, parted: run };
  let places: number[];
  for (;;) {
    const unlike = unlikePadded(run);
    if (unlike.size > 0) {
      odd.push(...Array.from(unlike, ({ name }) => name));
      run = run.filter(name => !unlike.has(name));
      columns = columnsOf();
    }
    places = columns.map((_, place) => place).filter(place => columns[place].distinct > 1);
    if (places.length < 2 || countingPlace(columns, places, run)) break;
    // The place with the most values counts; the last one of several with as many.
    const most = Math.max(...places.map(place => columns[place].distinct));
    const counts = places.findLast(place => columns[place].distinct === most);
    const left = places
      .filter(place => place !== counts)
      .map(place => part(run, (_, i) => columns[place].values[i]))
      .find(([usual]) => usual.length >= MOST * run.length);
    if (!left) break;
    odd.push(...left[1].map(({ name }) => name));
    run = left[0];
    columns = columnsOf();
  }
  const found =
    places.length > 1
      ? countingPlace(columns, places, run)
      : { place: places[0] ?? columns.length - 1, notes: [], doubt: null };
  if (!found) {
    const { values } = columns[places.reduce((a, b) => (columns[b].distinct < columns[a].distinct ? b : a))];
    const [first] = values;
    const second = run[values.findIndex(value => value !== first)];
    const parted = run.filter((_, i) => values[i] === first);
    return { ...nothing, names: run.map(({ name }) => name), odd, several: [run[0].name, second.name], parted };
  }
  const column = inSmallBase(run, found.place, columns[found.place]) ?? columns[found.place];
  const { values, counter, share } = column;
  const order = orderOf(values);
  const parted = order.map(i => run[i]);
  const sorted = order.map(i => values[i]);
  const squeezed = squeezedIn(sorted, counter);
  const notes = [...found.notes];
  if (squeezed > 0)
    notes.push(
      `${parted[squeezed].name} follows ${parted[squeezed - 1].name} more closely than the numbers of most slices do: it may not belong to them.`
    );
  return {
    names: parted.map(({ name }) => name),
    numbers: sorted.every(Number.isSafeInteger) ? sorted : null,
    counter,
    odd,
    several: null,
    doubt: found.doubt,
    notes,
    parted,
    notation,
    place: found.place,
    share,
    crowded: squeezed > 0,
    clear: places.length < 2 && !isHalf(run, found.place)
  };
}

/** Whether the numbers in a place may be fractions, or have signs. */
function isHalf(run: readonly Name[], place: number): boolean {
  const { length } = run[0].numbers[place].text;
  const isUneven = run.some(({ numbers }) => numbers[place].text.length !== length);
  return run.some(
    ({ texts }) => /[-+−]$/.test(texts[place]) || (place > 0 && isUneven && /^[.,p]$/.test(texts[place]))
  );
}

/**
 * Names of a zero-padded run, a few at most, that are not padded as the others are (`rec_3`, `rec_00003` among
 * `rec_0003`).
 */
function unlikePadded(run: readonly Name[]): Set<Name> {
  const unlike = new Set<Name>();
  for (let place = 0; place < run[0].numbers.length; place++) {
    const texts = run.map(({ numbers }) => numbers[place].text);
    const padded = texts.filter(text => /^0\d+$/.test(text));
    if (padded.length < 2) continue;
    const width = part(padded, text => text.length)[0][0].length;
    const fits = (text: string) =>
      !/^-?\d+$/.test(text) || text.length === width || (text.length > width && !/^0/.test(text));
    for (const [i, text] of texts.entries()) if (!fits(text)) unlike.add(run[i]);
  }
  return unlike.size <= (1 - MOST) * run.length ? unlike : new Set();
}

/** Index of the first number that follows the one before it by less than the usual step; 0 where none does. */
function squeezedIn(numbers: readonly number[], { tolerance, isTime }: Counter): number {
  if (isTime) return 0;
  const { step } = stepOf(numbers, tolerance);
  return Math.max(
    0,
    numbers.findIndex((n, i) => i > 0 && n > numbers[i - 1] && n - numbers[i - 1] < step - tolerance)
  );
}
