import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
// @ts-expect-error The package brings no types.
import picomatch from 'picomatch';
import { ConvertError } from '../errors.ts';
import { fail, readFailure } from './fail.ts';
import { byName, describeGaps, findGaps, findSeries, type Gap, type Series } from './series.ts';
import { option } from '../words.ts';

/** Kinds of image files that can be slices, by their names. */
const KINDS = { TIFF: /\.(tiff?|btf|tf2|tf8)$/i, BMP: /\.bmp$/i, PNG: /\.png$/i };
export type ImageKind = keyof typeof KINDS;

/** By its name; what has no ending of another kind is taken for a TIFF. */
export const imageKind = (path: string): ImageKind =>
  KINDS.BMP.test(path) ? 'BMP' : KINDS.PNG.test(path) ? 'PNG' : 'TIFF';

/** Bruker's NRecon puts a picture of the whole volume beside the slices. */
const PREVIEW = /_spr\.[a-z0-9]+$/i;

/** Slices of a folder in their order, and what a person should know of them. */
export interface Slices {
  paths: string[];
  warnings: string[];
}

/** Which files of a folder are its slices: all those whose names a glob fits, or all those with a number from one to another. */
type Choice = { glob: string; fits: (name: string) => boolean } | { first: number; last: number } | null;

/** @throws ConvertError `bad-option` */
export function readChoice(slices: string | null): Choice {
  if (slices === null) return null;
  const bad = (problem: string) => new ConvertError('bad-option', problem, 'slices');
  if (typeof slices !== 'string' || slices.trim() === '')
    throw bad(`slices must be a pattern of file names or a range of numbers, found ${JSON.stringify(slices)}`);
  const range = /^\s*(\d{1,15})\s*-\s*(\d{1,15})\s*$/.exec(slices);
  if (range) {
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (first > last) throw bad(`slices ${slices} is upside down: the first number must not be greater than the last`);
    return { first, last };
  }
  if (slices.includes('/')) throw bad(`slices ${slices} is a path: give a pattern of file names, such as 'rec_*.tif'`);
  return { glob: slices, fits: picomatch(slices) as (name: string) => boolean };
}

/**
 * The slices of a folder, in natural order (`slice_9` before `slice_10`). Hidden files, those of other kinds and Bruker's preview are left
 * out. A run of slices with a gap would put all that follows it in the wrong place, and a file that does not belong to the run would come
 * in between: both are refused, unless a person has chosen the slices, and then a gap is a warning.
 *
 * @throws ConvertError `unreadable`; `no-pages` when there is none; `mixed-pages` for names that do not belong together; `truncated` for
 * missing slices; `bad-option` for a choice that fits none
 */
export async function listSlices(folder: string, slices: string | null): Promise<Slices> {
  const choice = readChoice(slices);
  const names = await listNames(folder);
  const warnings: string[] = [];
  let chosen = names;
  if (choice && 'fits' in choice) {
    chosen = names.filter(name => choice.fits(name));
    if (chosen.length === 0) throw fitsNone(folder, slices!, names);
    checkOneKind(folder, chosen);
  } else {
    const previews = names.filter(name => PREVIEW.test(name));
    if (previews.length > 0 && previews.length < names.length) {
      chosen = names.filter(name => !PREVIEW.test(name));
      warnings.push(
        `${list(previews)} ${previews.length === 1 ? 'is a preview and was' : 'are previews and were'} left out.`
      );
    }
  }
  if (!choice || 'first' in choice) chosen = mostlyOneKind(folder, chosen, warnings);
  const paths = (chosen: string[]) => chosen.map(name => join(folder, name));
  const series = findSeries(chosen);
  if (choice && 'fits' in choice) {
    const sorted = [...chosen].sort(byName);
    if (series.numbers && series.odd.length === 0) addGaps(warnings, findGaps(series.numbers));
    return { paths: paths(sorted), warnings };
  }
  // A range leaves out what has no number of the run.
  checkBelonging(folder, choice ? { ...series, odd: [] } : series);
  if (!series.numbers) {
    if (choice) throw fitsNone(folder, slices!, names);
    if (series.glob === null)
      warnings.push(
        `The slices have no running number in their names: they are in the order of their names, ${series.names[0]} to ${series.names.at(-1)}.`
      );
    return { paths: paths(series.names), warnings };
  }
  let { names: run, numbers } = series as { names: string[]; numbers: number[] };
  const twice = numbers.findIndex((n, i) => i > 0 && n === numbers[i - 1]);
  if (twice > 0)
    throw fail(
      'mixed-pages',
      folder,
      `${run[twice - 1]} and ${run[twice]} have the same number: take one away, or choose the slices with ${option('slices')}`
    );
  if (choice) {
    const { first, last } = choice;
    const inside = numbers.map(n => n >= first && n <= last);
    [run, numbers] = [run.filter((_, i) => inside[i]), numbers.filter((_, i) => inside[i])];
    if (run.length === 0) throw fitsNone(folder, slices!, series.names);
    addGaps(warnings, findGaps(numbers, first, last));
    return { paths: paths(run), warnings };
  }
  const gaps = findGaps(numbers);
  if (gaps.length > 0)
    throw fail(
      'truncated',
      folder,
      `slices are missing: number ${describeGaps(gaps)} between ${run[0]} and ${run.at(-1)}; bring them back, or choose what to convert, with ${option('slices', 'FIRST-LAST')}, or as it is with ${option('slices', series.glob!)}`
    );
  return { paths: paths(run), warnings };
}

async function listNames(folder: string): Promise<string[]> {
  let names: string[];
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    names = entries
      .filter(
        entry =>
          !entry.isDirectory() &&
          !entry.name.startsWith('.') &&
          Object.values(KINDS).some(ending => ending.test(entry.name))
      )
      .map(entry => entry.name);
  } catch (error) {
    throw readFailure(error, folder);
  }
  if (names.length > 0) return names;
  throw fail(
    'no-pages',
    folder,
    'a folder without TIFF (.tif, .tiff, .btf, .tf2, .tf8), BMP or PNG files: choose the folder that holds the slices'
  );
}

/** The names of a folder by kind, most first. */
function byKind(names: readonly string[]): [kind: ImageKind, names: string[]][] {
  const kinds = new Map<ImageKind, string[]>();
  for (const name of names) {
    const kind = imageKind(name);
    const same = kinds.get(kind);
    if (same) same.push(name);
    else kinds.set(kind, [name]);
  }
  return [...kinds].sort(([, a], [, b]) => b.length - a.length);
}

const severalKinds = (folder: string, kinds: readonly [ImageKind, string[]][]): ConvertError =>
  fail(
    'mixed-pages',
    folder,
    `it holds ${kinds.map(([kind, names]) => `${names.length} ${kind}`).join(' and ')} files: choose those of one kind with ${option('slices')}, such as '*${/\.[^.]*$/.exec(kinds[0][1][0])?.[0]}'`
  );

function checkOneKind(folder: string, names: readonly string[]): void {
  const kinds = byKind(names);
  if (kinds.length > 1) throw severalKinds(folder, kinds);
}

/** Leaves out the files of other kinds, if they are few: a screenshot among slices is no slice, but half a volume might be. */
function mostlyOneKind(folder: string, names: string[], warnings: string[]): string[] {
  const [[kind, most], ...others] = byKind(names);
  const few = others.flatMap(([, other]) => other);
  if (few.length === 0) return names;
  if (10 * few.length > most.length) throw severalKinds(folder, byKind(names));
  warnings.push(`${list(few)} ${few.length === 1 ? 'was' : 'were'} left out: the slices are ${kind} files.`);
  return most;
}

function checkBelonging(folder: string, { names, odd, several, glob }: Series): void {
  if (several)
    throw fail(
      'mixed-pages',
      folder,
      `its names count in two places (${several.join(', ')}), as several volumes do: choose the slices of one with ${option('slices')} and a pattern of their names`
    );
  if (odd.length > 0)
    throw fail(
      'mixed-pages',
      folder,
      `${list(odd)} ${odd.length === 1 ? 'does' : 'do'} not belong to the ${names.length} slices ${names[0]} to ${names.at(-1)} by name: take ${odd.length === 1 ? 'it' : 'them'} out, or choose the slices with ${option('slices', glob!)}`
    );
}

function addGaps(warnings: string[], gaps: readonly Gap[]): void {
  if (gaps.length > 0)
    warnings.push(
      `Slices are missing: number ${describeGaps(gaps)}. What follows them lies too low by as many slices.`
    );
}

const fitsNone = (folder: string, slices: string, names: readonly string[]): ConvertError =>
  new ConvertError(
    'bad-option',
    `${folder}: slices ${slices} fits none of its ${names.length} files (such as ${[...names].sort(byName)[0]})`,
    'slices'
  );

/** `a.tif, b.tif and 7 others` */
export function list(names: readonly string[], most = 3): string {
  const sorted = [...names].sort(byName);
  return sorted.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} others` : '');
}
