import { stepOf } from './gaps.ts';
import { type Name, withoutEnding } from './names.ts';

/** How the numbers of a run are written. */
export interface Counter {
  /** By how much they may be off, because they were rounded. */
  tolerance: number;
  /** Times are never even: nobody can see whether one is missing. */
  isTime: boolean;
  show: (number: number) => string;
  /** NaN for what is no number of this kind. */
  read: (text: string) => number;
}

export const WHOLE: Counter = {
  tolerance: 0,
  isTime: false,
  show: String,
  read: text => (/^-?\d+$/.test(text) ? Number(text) : NaN)
};

/** One place of all names of a run. */
export interface Column {
  /** In units of the counter. */
  values: number[];
  distinct: number;
  counter: Counter;
  /** How many of the steps are the usual one, from 0 to 1. */
  share: number;
}

/** Digits of numbers that are exact. */
const EXACT = 15;

const greatest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);

export function columnOf(run: readonly Name[], place: number, isTime: boolean): Column {
  const numbers = run.map(({ numbers }) => numbers[place]);
  const decimals = greatest(numbers.map(number => number.decimals));
  const digits = greatest(numbers.map(({ text }) => text.length)) + decimals;
  let values: number[];
  let counter: Counter;
  if (digits > EXACT && decimals === 0) {
    // Such as nanoseconds since 1970: what counts is how far they are from the first.
    const long = numbers.map(({ text }) => BigInt(text.replace(/\D/g, '') || 0));
    const least = long.reduce((a, b) => (b < a ? b : a));
    values = long.map(number => Number(number - least));
    const read = (text: string) => (/^\d+$/.test(text) ? Number(BigInt(text) - least) : NaN);
    counter = { ...WHOLE, isTime, show: number => String(BigInt(number) + least), read };
  } else if (decimals > 0) {
    const unit = 10 ** decimals;
    const toUnits = (value: number) => Math.round(value * unit);
    values = numbers.map(({ value }) => toUnits(value));
    const read = (text: string) => (/^-?\d+([.,]\d+)?$/.test(text) ? toUnits(Number(text.replace(',', '.'))) : NaN);
    counter = { tolerance: 1, isTime: false, show: number => String(Number((number / unit).toFixed(decimals))), read };
  } else {
    values = numbers.map(({ value }) => value);
    counter = { ...WHOLE, isTime };
  }
  const { share } = stepOf(
    values.toSorted((a, b) => a - b),
    counter.tolerance
  );
  return { values, distinct: new Set(values).size, counter, share: isTime ? Math.min(share, 0.5) : share };
}

/** Which place counts the slices. */
export interface Counting {
  place: number;
  /** Notes for the user: a sentence each. */
  notes: string[];
  /** Why it may be another one; null where all agree. */
  doubt: string | null;
}

/**
 * The place whose numbers are all different, and in the most even steps, where what else changes in the names rises
 * with it or falls; null where there is none.
 */
export function countingPlace(
  columns: readonly Column[],
  places: readonly number[],
  run: readonly Name[]
): Counting | null {
  const count = run.length;
  const counters = places.filter(place => columns[place].distinct === count);
  if (counters.length === 0) return null;
  const evenness = greatest(counters.map(place => columns[place].share));
  const best = counters.filter(place => columns[place].share === evenness);
  const place = best.find(each => stepOf(columns[each].values.toSorted((a, b) => a - b)).step === 1) ?? best[0];
  const order = orderOf(columns[place].values);
  const others = places.filter(each => each !== place);
  const relation = risesWith(
    others.map(each => columns[each].values),
    order
  );
  const text = (at: number, of: number) => run[at].numbers[of].text;
  const shown = (of: number) => `${text(order[0], of)} … ${text(order.at(-1)!, of)}`;
  if (relation === 'rises') return { place, notes: [], doubt: null };
  // A place with few values tells several runs apart.
  if (relation === 'differs' && others.some(each => columns[each].distinct <= count / 2)) return null;
  const second = others.find(each => relation === 'falls' || best.includes(each)) ?? others[0];
  if (relation === 'differs' && best.length > 1)
    return {
      place,
      notes: [],
      doubt: `they count in two places that do not agree, ${shown(place)} and ${shown(second)}`
    };
  return {
    place,
    notes: [
      `The names count in two places that do not rise together: the slices are in the order of ${shown(place)}, which in the other place is ${shown(second)}. If that is upside down or wrong, give the slices as a list in their order.`
    ],
    doubt: null
  };
}

export const orderOf = (values: readonly number[]): number[] =>
  values.map((_, i) => i).sort((a, b) => values[a] - values[b] || a - b);

/**
 * Whether the numbers of several places, the first of which counts most, rise or fall in an order; they must be
 * different in most names.
 */
function risesWith(columns: readonly number[][], order: readonly number[]): 'rises' | 'falls' | 'differs' {
  let [up, down] = [0, 0];
  for (let i = 1; i < order.length; i++) {
    const column = columns.find(values => values[order[i]] !== values[order[i - 1]]);
    if (column && column[order[i]] > column[order[i - 1]]) up++;
    else if (column) down++;
  }
  if (down === 0 && up + 1 > order.length / 2) return 'rises';
  return up === 0 && down + 1 > order.length / 2 ? 'falls' : 'differs';
}

/** Numbers written in a base less than ten, if they have gaps as decimal ones and none so, over more than one carry. */
export function inSmallBase(run: readonly Name[], place: number, { values, share, counter }: Column): Column | null {
  if (share === 1 || counter.tolerance > 0 || counter.isTime) return null;
  const texts = run.map(({ numbers }) => numbers[place].text);
  const sorted = values.toSorted((a, b) => a - b);
  const gaps = sorted.filter((n, i) => i > 0 && n - sorted[i - 1] > 1).length;
  if (gaps < 2 || texts.some(text => !/^\d{1,15}$/.test(text))) return null;
  const base = 1 + greatest(texts.map(text => greatest(Array.from(text, Number))));
  if (base > 9) return null;
  const read = (text: string) => (/^\d+$/.test(text) ? parseInt(text, base) : NaN);
  const converted = texts.map(read);
  const inOrder = converted.toSorted((a, b) => a - b);
  if (inOrder.some((n, i) => i > 0 && n - inOrder[i - 1] !== 1)) return null;
  return {
    values: converted,
    distinct: texts.length,
    counter: { ...WHOLE, show: n => n.toString(base), read },
    share: 1
  };
}

/** Fewest names that letters can be proved by. */
const LEAST = 3;

/**
 * Names that count in hexadecimal digits (`0f`, `10`), in letters (`z`, `aa`), or in digits and letters up to `z`:
 * where all of them do, one after the other without a gap. Null otherwise.
 */
export function readLetters(names: readonly string[]): { parted: Name[]; numbers: number[]; counter: Counter } | null {
  if (names.length < LEAST) return null;
  const stems = names.map(withoutEnding);
  const [first] = stems;
  let start = 0;
  while (start < first.length && stems.every(stem => stem[start] === first[start])) start++;
  let end = 0;
  while (
    end < first.length - start &&
    stems.every(stem => stem.length - end > start && stem.at(-1 - end) === first.at(-1 - end))
  )
    end++;
  const middles = stems.map(stem => stem.slice(start, stem.length - end));
  for (const { digits, read, show } of BASES) {
    if (!middles.every(middle => digits.test(middle))) continue;
    const order = orderOf(middles.map(read));
    const numbers = order.map(i => read(middles[i]));
    if (!numbers.every((n, i) => i === 0 || n - numbers[i - 1] === 1)) continue;
    const parted = order.map((i): Name => {
      const number = { text: middles[i], value: read(middles[i]), decimals: 0 };
      return { name: names[i], texts: [first.slice(0, start), first.slice(first.length - end)], numbers: [number] };
    });
    return { parted, numbers, counter: { ...WHOLE, show, read: text => (digits.test(text) ? read(text) : NaN) } };
  }
  return null;
}

/** `a` to `z`, then `aa`. */
const lettersValue = (text: string): number =>
  Array.from(text.toLowerCase()).reduce((value, letter) => 26 * value + letter.charCodeAt(0) - 96, 0);

function lettersOf(value: number): string {
  let text = '';
  for (let left = value; left > 0; left = Math.floor((left - 1) / 26))
    text = String.fromCharCode(97 + ((left - 1) % 26)) + text;
  return text;
}

const BASES = [
  { digits: /^[0-9a-f]{1,10}$/i, read: (text: string) => parseInt(text, 16), show: (n: number) => n.toString(16) },
  { digits: /^[a-z]{1,8}$/i, read: lettersValue, show: lettersOf },
  { digits: /^[0-9a-z]{1,9}$/i, read: (text: string) => parseInt(text, 36), show: (n: number) => n.toString(36) }
];
