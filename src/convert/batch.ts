import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { adviceOnPath, isAddress, isBucketAddress } from '../model/address.ts';
import { ConvertError, stopped } from '../model/errors.ts';
import { imageKind } from '../model/file-endings.ts';
import type { ConvertOptions } from '../model/options.ts';
import type { Plan } from '../model/plan.ts';
import type { ConvertResult } from '../model/progress.ts';
import { sameOutput } from '../model/same-output.ts';
import { COMMAND_LINE, type Vocabulary, inWords } from '../model/words.ts';
import { freeMemory } from '../pyramid/garbage.ts';
import { readFailure } from '../reader/common/fail.ts';
import { absolute } from '../reader/common/file-name.ts';
import { standInFor } from '../remote/stand-ins.ts';
import { isWholeInBucket } from '../zarr/bucket/claim.ts';
import { isOmeZarr } from '../zarr/ome-zarr.ts';
import { writeError } from '../zarr/system-errors.ts';
import { type Control, Ending } from './control.ts';
import { convert } from './convert.ts';
import { estimate } from './estimate.ts';
import { pathsIn } from './list-file.ts';
import { outputPath } from './output-path.ts';
import { type BatchEntry, writeReport } from './report.ts';

/** Expected outcome of one source, with its plan where it can be converted. */
export interface PlannedEntry extends BatchEntry {
  plan: Plan | null;
}

export interface BatchControl extends Control {
  /** Hears of each that is begun, from 0, and of each that has ended. */
  onEntry?: (number: number, entry: BatchEntry, result: ConvertResult | null) => void;
  /** Words for the options in entries. */
  words?: Vocabulary;
}

/**
 * The sources that a word means: a text file that names one a line, a pattern of paths, or a folder, of which each TIFF
 * is one, and each folder in it that holds slices. An address is one.
 *
 * @throws ConvertError where there are none
 */
export function batchSources(word: string): string[] {
  const found = sourcesOf(word);
  if (found.length > 0) return found;
  if (!/[*?[{]/.test(word) && !existsSync(word))
    throw new ConvertError(
      'not-found',
      `${word}: there is no such file or folder: ${adviceOnPath(word) ?? 'check the path'}`,
      'source'
    );
  throw new ConvertError(
    'not-found',
    `${word}: there is nothing to convert: expected a text file that names a TIFF or a folder of slices a line, a pattern of paths, or a folder that holds some`,
    'source'
  );
}

function sourcesOf(word: string): string[] {
  if (isAddress(word)) return [word];
  const there = statSync(word, { throwIfNoEntry: false });
  if (there?.isDirectory()) return within(word);
  if (there && imageKind(word) === null) return listed(word, there.size);
  if (there) return [word];
  return globSync(word)
    .filter(path => !isOmeZarr(path))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Bytes that a list has at most: the paths of some hundred thousand files. */
const MOST_LIST = 64 << 20;

/** The sources that a list names. */
function listed(list: string, bytes: number): string[] {
  const paths =
    bytes <= MOST_LIST
      ? pathsIn(
          orFailure(list, path => readFileSync(path)),
          list
        )
      : null;
  if (!paths || paths.some(path => path.includes('\0')))
    throw new ConvertError(
      'bad-option',
      `${list}: is no text that names a TIFF or a folder of slices a line`,
      'source'
    );
  return paths.map(standInFor);
}

/** What is read of a path. @throws ConvertError as the reader does */
function orFailure<T>(path: string, read: (path: string) => T): T {
  try {
    return read(path);
  } catch (error) {
    throw readFailure(error, path);
  }
}

function within(folder: string): string[] {
  const entries = orFailure(folder, path => readdirSync(path, { withFileTypes: true }));
  const sorted = entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  return sorted.flatMap(({ name }) => {
    const path = join(folder, name);
    if (name.startsWith('.') || name === 'lost+found' || /\.zarr(\.partial)?$/.test(name)) return [];
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return imageKind(name) === 'TIFF' ? [path] : [];
    return mayHoldSlices(path) ? [path] : [];
  });
}

/** Also where nobody is told what a folder holds: why, is said when it is its turn. */
function mayHoldSlices(folder: string): boolean {
  try {
    return readdirSync(folder).some(inner => imageKind(inner) !== null);
  } catch {
    return true;
  }
}

/**
 * Sources that would be converted, and their outputs.
 *
 * @param folder where the outputs go; null: each beside its source
 * @throws ConvertError where two sources would be written to one output, or none can be
 */
export function planMany(sources: readonly string[], folder: string | null): BatchEntry[] {
  checkFolder(folder);
  const taken = new Map<string, string>();
  return sources.map(source => {
    const entry = waiting(source, folder);
    const clash = clashOf(entry, taken);
    if (clash) throw clash;
    return entry;
  });
}

/**
 * Expected outcomes of many sources, each with its plan or why there is none; of several that would be written to one
 * output the first that can be is converted. Reads headers, writes nothing.
 *
 * @param folder where the outputs go; null: each beside its source
 * @throws ConvertError where it is cancelled, or nothing can be written to `folder`
 */
export async function estimateMany(
  sources: readonly string[],
  folder: string | null,
  options: Partial<ConvertOptions>,
  { signal, words = COMMAND_LINE }: Pick<BatchControl, 'signal' | 'words'> = {}
): Promise<PlannedEntry[]> {
  const taken = new Map<string, string>();
  const entries: PlannedEntry[] = [];
  checkFolder(folder);
  const missing = missingFolder(folder);
  for (const source of sources) {
    if (signal?.aborted) throw stopped(signal);
    const entry: PlannedEntry = { ...waiting(source, folder), plan: null };
    entries.push(entry);
    try {
      if (await isThere(entry, options)) entry.state = 'there';
      else {
        // What is in a folder that is to be made is on the disk of the one that it is made in.
        const isElsewhere = missing !== null && entry.output !== null;
        const given = optionsOf(isElsewhere ? { ...entry, output: missing } : entry, options);
        const found = await Ending.before(signal, estimate(entry.source, given));
        const plan = { ...found, ...(isElsewhere && { output: entry.output! }) };
        const { outputRefusal } = plan;
        if (outputRefusal) throw new ConvertError(outputRefusal.code, outputRefusal.message, 'output');
        const clash = clashOf(entry, taken);
        if (clash) throw clash;
        Object.assign(entry, { output: plan.output, plan: inWords(plan, words) });
      }
    } catch (error) {
      if (signal?.aborted) throw error;
      Object.assign(entry, failed(error, words));
    }
  }
  return entries;
}

/** An address of a kind that nothing is written to is no folder to be made. @throws ConvertError `bad-option` */
function checkFolder(folder: string | null): void {
  const advice = folder !== null && missingFolder(folder) !== null ? adviceOnPath(folder) : null;
  if (advice !== null) throw new ConvertError('bad-option', `${folder}: ${advice}`, 'output');
}

/** The outermost folder that is to be made for outputs to go into `folder`; null where there is none to make. */
function missingFolder(folder: string | null): string | null {
  if (folder === null || isAddress(folder)) return null;
  let missing: string | null = null;
  // A drive that is not there has no folder above it.
  for (let path = resolve(folder); !existsSync(path) && path !== missing; path = dirname(path)) missing = path;
  return missing;
}

/** Before its turn. */
function waiting(source: string, folder: string | null): BatchEntry {
  const beside = outputOf(source);
  const at = (name: string): string =>
    folder === null
      ? beside!
      : isBucketAddress(folder)
        ? `${folder.replace(/\/+$/, '')}/${name}`
        : join(resolve(folder), name);
  return {
    source: absolute(source),
    output: beside && at(basename(beside)),
    state: 'waiting',
    seconds: null,
    bytesWritten: null,
    levels: null,
    warnings: [],
    error: null
  };
}

const optionsOf = ({ output }: BatchEntry, options: Partial<ConvertOptions>): Partial<ConvertOptions> => ({
  ...options,
  ...(output !== null && { output })
});

/** Whether one is whole already, and is left as it is. */
async function isThere({ output }: BatchEntry, { resume }: Partial<ConvertOptions>): Promise<boolean> {
  if (!resume || output === null) return false;
  return isBucketAddress(output) ? isWholeInBucket(output) : isOmeZarr(output);
}

/** An entry's state after an error, with the error in words. */
function failed(error: unknown, words: Vocabulary): Pick<BatchEntry, 'state' | 'error'> {
  if (!(error instanceof ConvertError)) return { state: 'failed', error: { code: 'internal', message: String(error) } };
  const { code, said, problems } = error;
  const message = (problems.length > 0 ? problems.map(each => each.said) : [said]).join('\n');
  const isStopped = code === 'cancelled' || code === 'interrupted';
  return { state: isStopped ? 'cancelled' : 'failed', error: { code, message: inWords(message, words) } };
}

/**
 * Converts many sources, one after another, with the same options: an error of one is noted in its entry, and the
 * others go on. With the option `resume`, those that are whole already are left, and unfinished ones are resumed.
 *
 * @param folder where the outputs go; null: each beside its source
 * @param report what the two files of the report are called, as `writeReport` has it; null: none
 * @throws ConvertError where it is cancelled, or the report cannot be written
 */
export async function convertMany(
  sources: readonly string[],
  folder: string | null,
  options: Partial<ConvertOptions>,
  report: string | null,
  { signal, onProgress, onEntry, words = COMMAND_LINE }: BatchControl = {}
): Promise<BatchEntry[]> {
  const entries = planMany(sources, folder);
  const write = (): void => {
    if (report !== null) writeReport(report, entries);
  };
  if (missingFolder(folder) !== null) makeFolder(resolve(folder!));
  write();
  for (const [number, entry] of entries.entries()) {
    if (signal?.aborted) throw stopped(signal);
    onEntry?.(number, entry, null);
    let result: ConvertResult | null = null;
    try {
      if (await isThere(entry, options)) entry.state = 'there';
      else {
        result = await convert(entry.source, optionsOf(entry, options), { signal, onProgress });
        // The next has the same memory to its own.
        await freeMemory();
        const { output, seconds, bytesWritten, levels, warnings } = result;
        Object.assign(entry, { output, seconds, bytesWritten, levels, warnings: inWords(warnings, words) });
        entry.state = 'done';
      }
    } catch (error) {
      Object.assign(entry, failed(error, words));
      if (entry.state === 'cancelled') {
        write();
        throw error;
      }
    }
    write();
    onEntry?.(number, entry, result);
  }
  return entries;
}

/**
 * Makes a folder, and those above it. Node's own way to make several never ends where a file system says of a new one
 * that it is not there, as that of /proc does.
 *
 * @throws ConvertError `output-unwritable`
 */
export function makeFolder(path: string): void {
  const above = dirname(path);
  if (above !== path && !existsSync(above)) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    if (!existsSync(path) || !statSync(path).isDirectory()) throw writeError(error, path);
  }
}

function outputOf(source: string): string | null {
  try {
    return outputPath(null, source, null);
  } catch {
    // Its errors are told when it is its turn.
    return null;
  }
}

/** Why an entry's output cannot be written, which another has taken; else it takes it. */
function clashOf({ source, output }: BatchEntry, taken: Map<string, string>): ConvertError | null {
  if (output === null) return null;
  const other = taken.get(output);
  if (other !== undefined) return new ConvertError('bad-option', sameOutput(source, other, output), 'output');
  taken.set(output, source);
  return null;
}
