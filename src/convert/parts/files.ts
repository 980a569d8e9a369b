import { existsSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { isAddress, shownAddress } from '../../model/address.ts';
import { ConvertError } from '../../model/errors.ts';
import { isOmeZarr } from '../../zarr/ome-zarr.ts';
import type { BlockEntry } from '../../zarr/journal.ts';
import { PARTS, PLAN } from '../../zarr/owner.ts';
import { syncFolder, writeSynced } from '../../zarr/sync.ts';
import { writeError } from '../../zarr/system-errors.ts';
import type { JournalHead } from '../unfinished.ts';

/** Decisions made before the first part is converted; the file lies in the unfinished output. */
export interface PartsPlan {
  /** Tells one plan from all others. */
  id: string;
  head: JournalHead;
  /** As they were given; undefined: those of the job that converts a part. */
  limits: { maxMemory?: number; jobs?: number | null };
  /** The coarsest level that parts make; each block of it, with all that it is made of, is one part's alone. */
  level: number;
  /** Numbers of its blocks, half-open, by part. */
  parts: [from: number, to: number][];
  /** Whether each part is scanned before any is converted, because the value range is not known. */
  scan: boolean;
  range: [number, number] | null;
  /** Warnings of a scan. */
  warnings: string[];
}

/** Result of a part's conversion. */
export interface PartRecord {
  /** The plan's. */
  id: string;
  /** By channel. */
  reports: { bytesWritten: number; min: number | null; max: number | null; nan: number; overflow: number }[];
  /** By channel: packed numbers, by bin. */
  counts: string[];
  /** Packed: numbers of points of the sample grid, through all volumes, and the values there. */
  points: string;
  values: string;
  /** Of the plan's level. */
  blocks: BlockEntry[];
}

/** Findings of a part's scan. */
export interface ScanRecord extends Pick<PartRecord, 'id' | 'points' | 'values'> {
  min: number | null;
  max: number | null;
  counts: string;
}

/** Names of a part's records, in its folder. */
export const DONE = 'done';
export const SCANNED = 'scanned';

export const partialOf = (output: string): string => `${output}.partial`;

/** The folder of a part; parts are counted from 1. */
export const partFolder = (partial: string, part: number): string => join(partial, PARTS, String(part));

/** Numbers as text, bit by bit. */
export const packed = (numbers: Float64Array): string =>
  deflateSync(Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength), { level: 1 }).toString('base64');

export function unpacked(text: string): Float64Array {
  const bytes = inflateSync(Buffer.from(text, 'base64'));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const summed = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/**
 * Puts an object into a file that is there whole, on the disk, or not at all.
 *
 * @param own tells this process from all others
 */
export async function writeRecord(path: string, own: string, record: object): Promise<void> {
  const text = JSON.stringify(record);
  try {
    await writeSynced(`${path}-${own}`, `${summed(text)} ${text}\n`);
    renameSync(`${path}-${own}`, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Record that `writeRecord` has written; null where there is nothing, or something else. */
export function readRecord<T extends object>(path: string): T | null {
  try {
    const line = readFileSync(path, 'utf8');
    const text = line.slice(9, -1);
    return line.startsWith(`${summed(text)} `) ? (JSON.parse(text) as T) : null;
  } catch {
    return null;
  }
}

export const isPlanned = (partial: string): boolean => existsSync(join(partial, PLAN));

/** @throws ConvertError where an output is not on a disk */
export function checkOnDisk(output: string): void {
  if (isAddress(output))
    throw new ConvertError(
      'bad-option',
      `${shownAddress(output)}: what is converted in parts is written to a disk that all machines share: give a folder there and copy it when it is finished, or convert it at once (microct-io-vis convert)`,
      'output'
    );
}

/** @throws ConvertError where nothing is planned for that output */
export function readPlan(output: string): PartsPlan {
  checkOnDisk(output);
  const partial = partialOf(output);
  const plan = readRecord<PartsPlan>(join(partial, PLAN));
  if (plan) return plan;
  if (isPlanned(partial))
    throw new ConvertError('corrupt', `${join(partial, PLAN)}: is damaged: remove ${partial}, and plan anew`, 'output');
  throw new ConvertError(
    'not-found',
    isOmeZarr(output)
      ? `${output}: is there, and nothing is planned for it: it was finished, or converted otherwise`
      : `${output}: nothing is planned for it: microct-io-vis plan does that first`,
    'output'
  );
}

/** A part's record of this plan; null where there is none. */
export function recordOf<T extends { id: string }>(
  { id }: PartsPlan,
  partial: string,
  part: number,
  name: typeof DONE | typeof SCANNED
): T | null {
  const record = readRecord<T>(join(partFolder(partial, part), name));
  return record?.id === id ? record : null;
}

/** `2`, `2 and 5`, `2, 5 and 7 to 64` */
export function listed(parts: readonly number[]): string {
  const runs: string[] = [];
  for (let from = 0, to; from < parts.length; from = to) {
    to = from + 1;
    while (to < parts.length && parts[to] === parts[to - 1] + 1) to++;
    if (to - from > 2) runs.push(`${parts[from]} to ${parts[to - 1]}`);
    else runs.push(...parts.slice(from, to).map(String));
  }
  return runs.length > 1 ? `${runs.slice(0, -1).join(', ')} and ${runs.at(-1)}` : (runs[0] ?? '');
}

/** `part 2`, `parts 2 and 5` */
export const partsNamed = (parts: readonly number[]): string => `part${parts.length === 1 ? '' : 's'} ${listed(parts)}`;
