import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MARKS } from '../../model/document.ts';
import { ConvertError } from '../../model/errors.ts';
import { ENDINGS, type ImageKind, imageKind } from '../../model/file-endings.ts';
import { nameOf, onDisk } from '../common/file-name.ts';
import { noteFolder } from '../common/touched.ts';
import { readable } from '../../model/readable.ts';
import { option } from '../../model/words.ts';
import { fail, readFailure } from '../common/fail.ts';
import { type Gap, describeGaps, findGaps } from './gaps.ts';
import { type Name, withoutEnding } from './names.ts';
import type { Counter } from './numbering.ts';
import { type Entry, adviceOnOthers } from './other-files.ts';
import { type Series, byName, findSeries } from './series.ts';
import { globMatcher, suggestEndings, suggestGlob } from './suggestion.ts';

/** Kind of a slice; a file without the ending of another kind is taken for a TIFF. */
export const sliceKind = (path: string): ImageKind => imageKind(path) ?? 'TIFF';

/** Bruker's NRecon puts a picture of the whole volume beside the slices. */
const PREVIEW = /_spr\.[a-z0-9]+$/i;

/** Slices of a folder in their order, and warnings for the user. */
export interface Slices {
  paths: string[];
  warnings: string[];
}

/**
 * Which files of a folder are its slices: all those whose names a glob fits, or all those with a number from one to
 * another.
 */
type Choice = { fits: (name: string) => boolean } | { first: string; last: string } | null;

const NUMBER = '-?\\d+(?:[.,]\\d+)?|[0-9a-z]{1,9}';
const RANGE = new RegExp(`^\\s*(${NUMBER})\\s*-\\s*(${NUMBER})\\s*$`, 'i');

const bad = (problem: string) => new ConvertError('bad-option', problem, 'slices');

/** @throws ConvertError `bad-option` */
function readChoice(slices: string | null): Choice {
  if (slices === null) return null;
  if (typeof slices !== 'string' || slices.trim() === '')
    throw bad(`slices must be a pattern of file names or a range of numbers, found ${JSON.stringify(slices)}`);
  const range = RANGE.exec(slices);
  if (range) return { first: range[1], last: range[2] };
  if (slices.includes('/')) throw bad(`slices ${slices} is a path: give a pattern of file names, such as 'rec_*.tif'`);
  return { fits: globMatcher(slices) };
}

/**
 * The slices among the names of a folder's files, in the order of the numbers in them (`slice_9` before `slice_10`).
 * Hidden files, those of other kinds and Bruker's preview are left out. A run of slices with a gap would put all that
 * follows it in the wrong place, and a file that does not belong to the run would come in between: both are refused,
 * unless a person has chosen the slices, and then they are warned of.
 *
 * @throws ConvertError `mixed-pages` for names that do not belong together or have no certain order; `truncated` for
 *   missing slices; `bad-option` for a choice that fits none
 */
export function orderSlices(folder: string, names: string[], slices: string | null): Slices {
  const choice = readChoice(slices);
  const inFolder = ({ names, warnings }: Listed): Slices => ({
    paths: names.map(name => join(folder, name)),
    warnings
  });
  if (choice && 'fits' in choice) {
    // A command line hands on what can be read of a name.
    const chosen = names.filter(name => choice.fits(name) || choice.fits(readable(name)));
    if (chosen.length === 0) throw fitsNone(folder, slices!, names);
    checkOneKind(folder, names, chosen);
    return inFolder(asChosen(folder, chosen));
  }
  const warnings: string[] = [];
  const previews = names.filter(name => PREVIEW.test(name));
  let candidates = names;
  if (previews.length > 0 && previews.length < names.length) {
    candidates = names.filter(name => !PREVIEW.test(name));
    warnings.push(
      `${list(previews)} ${previews.length === 1 ? 'is a preview and was' : 'are previews and were'} left out.`
    );
  }
  candidates = mostlyOneKind(folder, candidates, warnings);
  const series = findSeries(candidates);
  checkOneRun(folder, series, names);
  const found = choice ? inRange(folder, series, choice, slices!, names) : allOf(folder, series, names);
  return inFolder({ names: found.names, warnings: [...warnings, ...found.warnings] });
}

/** Names of slices in their order. */
interface Listed {
  names: string[];
  warnings: string[];
}

/**
 * Warnings about slices that were given one by one: they are taken as they are, but their names may say something else.
 */
export function listWarnings(paths: readonly string[]): string[] {
  const folder = dirname(paths[0]);
  const names = paths.every(path => dirname(path) === folder) ? paths.map(path => basename(path)) : paths;
  const series = findSeries([...new Set(names)]);
  const { numbers, counter, several, doubt } = series;
  if ((!numbers && !several) || doubt !== null) return [];
  const warnings: string[] = [];
  const place = new Map(series.names.map((name, i) => [name, i]));
  const places = [...new Set(names)].flatMap(name => place.get(name) ?? []);
  const back = places.findIndex((n, i) => i > 0 && n < places[i - 1]);
  if (back > 0) {
    const [before, behind] = [places[back - 1], places[back]].map(n => basename(series.names[n]));
    const isReverse = places.every((n, i) => i === 0 || n < places[i - 1]);
    warnings.push(
      `The slices are taken in the order given, which is ${isReverse ? 'the reverse of' : 'not'} that of the numbers in their names: ${before} comes before ${behind}.`
    );
  }
  const twice = twins(series);
  if (twice) warnings.push(sameNumber(twice));
  if (numbers && !counter.isTime)
    addGaps(warnings, findGaps(numbers, undefined, undefined, counter.tolerance), counter);
  return warnings;
}

const sameNumber = (twice: [string, string]): string =>
  `${twice.map(name => basename(name)).join(' and ')} have the same number: one may be a copy of the other.`;

/** Slices that a glob has chosen: doubts for which a whole folder would be refused become warnings. */
function asChosen(folder: string, chosen: string[]): Listed {
  const series = findSeries(chosen);
  const { odd, several, doubt, numbers, counter } = series;
  let { names } = series;
  const warnings = [...series.notes];
  if (doubt !== null) warnings.push(`The order of the slices is not certain: ${doubt}.`);
  if (several)
    warnings.push(
      `The names count in two places (${several.join(', ')}), as several volumes do: they are taken one after another, in the order of their names.`
    );
  if (odd.length > 0) {
    const sorted = [...names].sort(byName);
    if (sorted.some((name, i) => name !== names[i]))
      throw fail(
        'mixed-pages',
        folder,
        `${belongs(odd, series)}, so that where ${them(odd)} should come among them is not known: choose others`
      );
    names = [...names, ...odd].sort(byName);
    warnings.push(
      `${belongs(odd, series)}, but ${odd.length === 1 ? 'was' : 'were'} chosen: ${list(odd.map(name => `${name} became slice ${names.indexOf(name)}`))}.`
    );
  }
  if (numbers) {
    const twice = twins(series);
    if (twice) warnings.push(sameNumber(twice));
    if (!counter.isTime) addGaps(warnings, findGaps(numbers, undefined, undefined, counter.tolerance), counter);
  }
  addUncounted(warnings, series);
  return { names, warnings };
}

/** Slices whose numbers are in a range; what has no such number is left out. */
function inRange(
  folder: string,
  series: Series,
  choice: { first: string; last: string },
  slices: string,
  all: readonly string[]
): Listed {
  const { numbers, names, counter, odd, parted } = series;
  if (!numbers || !parted) throw fitsNone(folder, slices, all);
  const [first, last] = [counter.read(choice.first), counter.read(choice.last)];
  if (Number.isNaN(first) || Number.isNaN(last)) throw fitsNone(folder, slices, names);
  if (first > last) throw bad(`slices ${slices} is upside down: the first number must not be greater than the last`);
  const inside = <T>(items: readonly T[]): T[] => items.filter((_, i) => numbers[i] >= first && numbers[i] <= last);
  const run = { ...series, names: inside(names), numbers: inside(numbers), parted: inside(parted) };
  if (run.names.length === 0) throw fitsNone(folder, slices, names);
  checkTwins(folder, run, all);
  const warnings = [...series.notes];
  if (odd.length > 0) warnings.push(`${belongs(odd, series)}, and ${odd.length === 1 ? 'was' : 'were'} left out.`);
  if (!counter.isTime) addGaps(warnings, findGaps(run.numbers, first, last, counter.tolerance), counter);
  addUncounted(warnings, series);
  return { names: run.names, warnings };
}

/** All slices of a folder, which must be one run without a gap. */
function allOf(folder: string, series: Series, all: readonly string[]): Listed {
  const { numbers, names, counter, odd, parted } = series;
  const warnings = [...series.notes];
  if (odd.length > 0) throw fail('mixed-pages', folder, `${belongs(odd, series)}: ${takeOut(odd, series, all)}`);
  checkTwins(folder, series, all);
  addUncounted(warnings, series);
  const gaps = !numbers || counter.isTime ? [] : findGaps(numbers, undefined, undefined, counter.tolerance);
  if (numbers && gaps.length > 0) {
    const [from, to] = longestPart(numbers, gaps).map(counter.show);
    const glob = suggestGlob(parted, all);
    throw fail(
      'truncated',
      folder,
      `slices are missing: number ${describeGaps(gaps, counter.show)} between ${names[0]} and ${names.at(-1)}; bring them back, or choose what to convert, such as the longest part without a gap, with ${option('slices', `${from}-${to}`)}${glob === null ? '' : `, or as it is with ${option('slices', glob)}`}`
    );
  }
  return { names, warnings };
}

/** First and last number of the most slices between two gaps. */
function longestPart(numbers: readonly number[], gaps: readonly Gap[]): [number, number] {
  const starts = [numbers[0], ...gaps.map(([, last]) => numbers.find(n => n > last)!)];
  const parts = starts.map((start, i) => numbers.filter(n => n >= start && (i >= gaps.length || n < gaps[i][0])));
  const longest = parts.reduce((a, b) => (b.length > a.length ? b : a));
  return [longest[0], longest.at(-1)!];
}

/** Refuses names that are not one run, or have no certain order. */
function checkOneRun(folder: string, { several, doubt, parted }: Series, all: readonly string[]): void {
  if (several) {
    const glob = suggestGlob(parted, all);
    throw fail(
      'mixed-pages',
      folder,
      `its names count in two places (${several.join(', ')}), as several volumes do: choose the slices of one with ${glob === null ? `${option('slices')} and a pattern of their names` : `a pattern of their names, such as ${option('slices', glob)}`}`
    );
  }
  if (doubt !== null)
    throw fail(
      'mixed-pages',
      folder,
      `the order of its slices is not certain: ${doubt}; give the slices as a list in their order, or rename them`
    );
}

/** Two names with the same number. */
function twins({ names, numbers }: Series): [string, string] | null {
  const twice = numbers ? numbers.findIndex((n, i) => i > 0 && n === numbers[i - 1]) : -1;
  return twice > 0 ? [names[twice - 1], names[twice]] : null;
}

function checkTwins(folder: string, series: Series, all: readonly string[]): void {
  const twice = twins(series);
  if (!twice) return;
  // One of them may be written in another way than the other slices.
  const { parted, numbers } = series;
  const lengths = parted!.map(({ name }) => name.length);
  const usual = lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)];
  const kept = parted!.filter((_, i) => lengths[i] === usual);
  const isOneEach = kept.length === new Set(numbers).size;
  const glob = isOneEach ? suggestGlob(kept, all) : null;
  throw fail(
    'mixed-pages',
    folder,
    `${twice.join(' and ')} have the same number: take one away${glob === null ? '' : `, or choose the slices with ${option('slices', glob)}`}`
  );
}

const them = (names: readonly string[]): string => (names.length === 1 ? 'it' : 'they');

const belongs = (odd: readonly string[], { names }: Series): string =>
  `${list(odd)} ${odd.length === 1 ? 'does' : 'do'} not belong to the ${names.length} slices ${names[0]} to ${names.at(-1)} by name`;

/** Advice on files of a folder that are not slices, where the others are. */
export async function adviceOn(folder: string, odd: readonly string[], others: readonly string[]): Promise<string> {
  const all = await listNames(folder);
  const series = findSeries([...odd, ...others]);
  const { parted, numbers } = series;
  if (series.odd.length > 0 || !parted) return takeOut(odd, null, all);
  const left = new Set(odd);
  const inside = parted.map(({ name }) => !left.has(name));
  const kept = {
    ...series,
    parted: parted.filter((_, i) => inside[i]),
    numbers: numbers && numbers.filter((_, i) => inside[i])
  };
  // A range takes all that is between.
  if (inside.slice(inside.indexOf(true), inside.lastIndexOf(true)).includes(false)) kept.numbers = null;
  return takeOut(odd, kept, all);
}

/** Greatest share of files that are known to be the odd ones. */
const FEW = 0.25;

/**
 * A pattern is named only where it takes all slices and nothing else; otherwise a range of their numbers, where they
 * have some. Neither, where the odd ones are many, or may be counted on in letters.
 */
function takeOut(
  odd: readonly string[],
  run: Pick<Series, 'parted' | 'numbers' | 'counter'> | null,
  all: readonly string[]
): string {
  const count = run?.parted?.length ?? 0;
  const isKnown = odd.length <= FEW * count || (odd.length === 1 && count > 1);
  if (!run?.parted || !isKnown || odd.some(name => countsOn(name, run.parted![0])))
    return `take ${odd.length === 1 ? 'it' : 'them'} out, or choose the slices with ${option('slices')} and a pattern of their names`;
  const range = run.numbers ? `${run.counter.show(run.numbers[0])}-${run.counter.show(run.numbers.at(-1)!)}` : null;
  const choice = suggestGlob(run.parted, all) ?? range;
  return `take ${odd.length === 1 ? 'it' : 'them'} out${choice === null ? '' : `, or choose the slices with ${option('slices', choice)}`}`;
}

/**
 * Whether a name has letters where others have digits, so that it may be a number in another base. Several letters and
 * no digit are a word (`MIP`): what counts comes to such a number by way of others with letters.
 */
function countsOn(name: string, { texts }: Name): boolean {
  const stem = withoutEnding(name);
  const [before, behind] = [texts[0], texts.at(-1)!];
  const number = stem.slice(before.length, stem.length - behind.length);
  return (
    stem.startsWith(before) && stem.endsWith(behind) && /^([a-z]|(?=.*[a-z])(?=.*\d)[0-9a-z]{1,10})$/i.test(number)
  );
}

/** Warnings about the order of the slices where it is not that of running numbers. */
function addUncounted(warnings: string[], { counter, numbers, names, several, odd }: Series): void {
  if (!numbers && !several && odd.length === 0 && names.length > 1)
    warnings.push(
      `The slices have no running number in their names: they are in the order of their names, ${names[0]} to ${names.at(-1)}.`
    );
  if (counter.isTime && numbers)
    warnings.push(
      `The slices are in the order of the times in their names, ${names[0]} to ${names.at(-1)}: whether one is missing cannot be seen.`
    );
}

/** The TIFF files among the `names` of a folder's files, in the order of their names. */
export const tiffsOf = (folder: string, names: readonly string[]): string[] =>
  names
    .filter(name => imageKind(name) === 'TIFF')
    .sort(byName)
    .map(name => join(folder, name));

/** The names of files in a folder that may be slices. @throws ConvertError `unreadable`, `no-pages` */
export async function listNames(folder: string): Promise<string[]> {
  let names: string[];
  let all: Entry[];
  try {
    const entries = await readdir(onDisk(folder), { withFileTypes: true, encoding: 'buffer' });
    all = entries.map(entry => ({ name: nameOf(entry.name), isDirectory: entry.isDirectory() }));
    names = all
      .filter(entry => !entry.isDirectory && !entry.name.startsWith('.') && imageKind(entry.name) !== null)
      .map(entry => entry.name);
  } catch (error) {
    throw readFailure(error, folder);
  }
  if (names.length > 0) {
    noteFolder(folder, names);
    return names;
  }
  if (MARKS.some(name => existsSync(join(folder, name))))
    throw fail(
      'no-pages',
      folder,
      'is a Zarr, such as the OME-Zarrs that conversions make, and can be looked at as it is: choose a TIFF or a folder of slices'
    );
  throw fail(
    'no-pages',
    folder,
    `a folder without TIFF (${ENDINGS.TIFF.map(ending => `.${ending}`).join(', ')}), BMP or PNG files${await adviceOnOthers(folder, all)}`
  );
}

/** The names of a folder by kind, most first. */
function byKind(names: readonly string[]): [kind: ImageKind, names: string[]][] {
  const kinds = new Map<ImageKind, string[]>();
  for (const name of names) {
    const kind = sliceKind(name);
    const same = kinds.get(kind);
    if (same) same.push(name);
    else kinds.set(kind, [name]);
  }
  return [...kinds].sort(([, a], [, b]) => b.length - a.length);
}

const severalKinds = (
  folder: string,
  kinds: readonly [ImageKind, string[]][],
  all: readonly string[]
): ConvertError => {
  const [[, most]] = kinds;
  const { odd, parted } = findSeries(most);
  const glob = odd.length > 0 ? suggestGlob(parted, all) : suggestEndings(most, all);
  return fail(
    'mixed-pages',
    folder,
    `it holds ${kinds.map(([kind, names]) => `${names.length} ${kind}`).join(' and ')} files: choose those of one kind with ${glob === null ? option('slices') : option('slices', glob)}`
  );
};

function checkOneKind(folder: string, all: readonly string[], names: readonly string[]): void {
  const kinds = byKind(names);
  if (kinds.length > 1) throw severalKinds(folder, kinds, all);
}

/**
 * Leaves out the files of other kinds, if they are few: a screenshot among slices is no slice, but half a volume might
 * be.
 */
function mostlyOneKind(folder: string, names: string[], warnings: string[]): string[] {
  const [[kind, most], ...others] = byKind(names);
  const few = others.flatMap(([, other]) => other);
  if (few.length === 0) return names;
  if (10 * few.length > most.length) throw severalKinds(folder, byKind(names), names);
  warnings.push(`${list(few)} ${few.length === 1 ? 'was' : 'were'} left out: the slices are ${kind} files.`);
  return most;
}

function addGaps(warnings: string[], gaps: readonly Gap[], { show }: Counter): void {
  if (gaps.length > 0)
    warnings.push(
      `Slices are missing: number ${describeGaps(gaps, show)}. What follows them lies too low by as many slices.`
    );
}

const fitsNone = (folder: string, slices: string, names: readonly string[]): ConvertError =>
  bad(`${folder}: slices ${slices} fits none of its ${names.length} files (such as ${[...names].sort(byName)[0]})`);

/** `a.tif, b.tif and 7 others` */
export function list(names: readonly string[], most = 3): string {
  const sorted = [...names].sort(byName);
  return sorted.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} others` : '');
}
