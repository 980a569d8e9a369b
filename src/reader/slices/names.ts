/** How the numbers in file names are written. */
export interface Notation {
  /** Mark between a whole number and its fraction; null: every run of digits is a number of its own. */
  point: '.' | ',' | 'p' | null;
  /**
   * Where a sign, plus or minus (that of Unicode too), can stand: nowhere, behind what is neither letter nor digit
   * (`z_-1`), or behind letters too (`z-1`).
   */
  signs: 'none' | 'apart' | 'anywhere';
  /** Dates with times of day (`2023-11-05_10-59-58`) are one number. */
  times: boolean;
}

/** A number in a file name. */
export interface Numeral {
  text: string;
  value: number;
  /** Digits of its fraction. */
  decimals: number;
}

/** A file name, parted into numbers and the texts around them. */
export interface Name {
  name: string;
  /** Texts before each number, and behind the last; without the ending. */
  texts: string[];
  numbers: Numeral[];
}

const TIME =
  /(?<!\d)(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:[0-2]\d|3[01])[T_ -]+(?:[01]\d|2[0-3])[-_.:h]?[0-5]\d[-_.:m]?[0-5]\d(?!\d)/g;

interface Piece {
  start: number;
  end: number;
  decimals: number;
  time?: boolean;
}

/** Parts a name as one notation has it. */
export function parseName(name: string, { point, signs, times }: Notation): Name {
  const stem = withoutEnding(name);
  let pieces: Piece[] = Array.from(stem.matchAll(/\d+/g), ({ index, 0: { length } }) => ({
    start: index,
    end: index + length,
    decimals: 0
  }));
  if (times)
    for (const {
      index,
      0: { length }
    } of stem.matchAll(TIME)) {
      const end = index + length;
      pieces = pieces.filter(piece => piece.end <= index || piece.start >= end);
      pieces.push({ start: index, end, decimals: 0, time: true });
    }
  pieces.sort((a, b) => a.start - b.start);
  if (point !== null) pieces = withFractions(stem, pieces, point);
  if (signs !== 'none') for (const piece of pieces) if (hasSign(stem, piece, signs === 'anywhere')) piece.start--;
  const texts: string[] = [];
  let at = 0;
  for (const { start, end } of pieces) {
    texts.push(stem.slice(at, start));
    at = end;
  }
  texts.push(stem.slice(at));
  const numbers = pieces.map(({ start, end, decimals, time }): Numeral => {
    const text = stem.slice(start, end);
    const plain = time ? text.replace(/\D/g, '') : point === null ? text : text.replace(point, '.');
    return { text, value: Number(plain.replace('−', '-')), decimals };
  });
  return { name, texts, numbers };
}

export const withoutEnding = (name: string): string => name.replace(/\.[^.]*$/, '');

/**
 * Joins numbers that are each other's whole part, fraction and exponent; three with points between are a version or a
 * date.
 */
function withFractions(stem: string, pieces: Piece[], point: string): Piece[] {
  const between = (i: number) => (i > 0 && i < pieces.length ? stem.slice(pieces[i - 1].end, pieces[i].start) : '');
  const joined: Piece[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const isWhole = between(i + 1) === point && between(i) !== point && between(i + 2) !== point;
    if (!isWhole || pieces[i].time || pieces[i + 1].time) {
      joined.push(pieces[i]);
      continue;
    }
    const { start } = pieces[i];
    const fraction = pieces[++i];
    const decimals = fraction.end - fraction.start;
    if (!/^e[+-]$/.test(between(i + 1))) joined.push({ start, end: fraction.end, decimals });
    else {
      const exponent = Number(stem.slice(fraction.end + 1, pieces[i + 1].end));
      joined.push({ start, end: pieces[++i].end, decimals: Math.max(0, decimals - exponent) });
    }
  }
  return joined;
}

/** Whether the plus or minus before a number is its sign: behind a digit or a bracket it is none. */
function hasSign(stem: string, { start, time }: Piece, behindLetters: boolean): boolean {
  if (time || !/[-+−]/.test(stem[start - 1] ?? '')) return false;
  const before = stem[start - 2] ?? '';
  return !(behindLetters ? /[\d)\]]/ : /[\p{L}\d)\]]/u).test(before);
}
