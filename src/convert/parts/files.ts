import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { isBucketAddress } from '../../model/address.ts';
import { atOnce } from '../../model/at-once.ts';
import { ConvertError } from '../../model/errors.ts';
import { VERSION } from '../../model/version.ts';
import { toWhoRunsCommands } from '../../model/words.ts';
import { isWholeInBucket } from '../../zarr/bucket/claim.ts';
import { isOmeZarr } from '../../zarr/ome-zarr.ts';
import type { BlockEntry } from '../../zarr/journal.ts';
import { PARTS, PLAN } from '../../zarr/owner.ts';
import { type JournalHead, adviceToPlanAnew } from '../unfinished.ts';
import type { PartsStore } from './store.ts';

/** Decisions made before the first part is converted; a document of the unfinished output. */
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
  /** Whether the source's headers are noted; see `withHeaders`. */
  hasHeaders: boolean;
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

/** Records that are read at a time. */
const AT_ONCE = 16;

/** Kinds of a part's records. */
export const DONE = 'done';
export const SCANNED = 'scanned';
export type RecordKind = typeof DONE | typeof SCANNED;

/** Name of a part's record; parts are counted from 1. */
export const recordName = (part: number, kind: RecordKind): string => `${PARTS}/${part}/${kind}`;

/** Numbers as text, bit by bit. */
export const packed = (numbers: Float64Array): string =>
  deflateSync(Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength), { level: 1 }).toString('base64');

export function unpacked(text: string): Float64Array {
  const bytes = inflateSync(Buffer.from(text, 'base64'));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const summed = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/** Writes an object as a document; see `PartsStore`. */
export async function writeRecord(store: PartsStore, name: string, own: string, record: object): Promise<void> {
  const text = JSON.stringify(record);
  await store.write(name, own, `${summed(text)} ${text}\n`);
}

/** Record that `writeRecord` has written; null where there is nothing, or something else. */
export async function readRecord<T extends object>(store: PartsStore, name: string): Promise<T | null> {
  const line = await store.read(name);
  const text = line?.slice(9, -1);
  if (text === undefined || !line!.startsWith(`${summed(text)} `)) return null;
  return JSON.parse(text) as T;
}

export const isUnfinishedName = (output: string): boolean => /\.partial$/i.test(output);
export const inTheMaking = (output: string): ConvertError =>
  new ConvertError(
    'not-found',
    `${output}: is what is in the making: give the name that it will have, ${output.slice(0, -'.partial'.length)}`,
    'output'
  );

/**
 * @throws ConvertError where nothing is planned for that output; `corrupt` and `resume-refused` for a plan that this
 *   program cannot read
 */
export async function readPlan(store: PartsStore): Promise<PartsPlan> {
  const { output, partial } = store;
  const plan = await readRecord<PartsPlan>(store, PLAN);
  if (plan) {
    // Another one's may be of another form.
    const by = (plan as Partial<PartsPlan>).head?.decided?.version;
    if (by === VERSION) return plan;
    throw new ConvertError(
      'resume-refused',
      `${partial}: was planned by ${by === undefined ? 'another version' : `version ${by}`} of this program, and this is version ${VERSION}: go on with that one, or ${adviceToPlanAnew(output)}`,
      'output'
    );
  }
  if (await store.isPlanned())
    throw new ConvertError('corrupt', `${partial}: its plan is damaged: ${adviceToPlanAnew(output)}`, 'output');
  if (isUnfinishedName(output)) throw inTheMaking(output);
  const isThere = isBucketAddress(output) ? await isWholeInBucket(output) : isOmeZarr(output);
  throw new ConvertError(
    'not-found',
    isThere
      ? `${output}: is there, and nothing is planned for it: it was finished, or converted otherwise`
      : `${output}: nothing is planned for it${toWhoRunsCommands(': microct-io-vis plan does that first')}`,
    'output'
  );
}

/** A part's record of this plan; null where there is none. */
export async function recordOf<T extends { id: string }>(
  { id }: PartsPlan,
  store: PartsStore,
  part: number,
  kind: RecordKind
): Promise<T | null> {
  const record = await readRecord<T>(store, recordName(part, kind));
  return record?.id === id ? record : null;
}

/** The records of all parts, in their order. */
export async function recordsOf<T extends { id: string }>(
  plan: PartsPlan,
  store: PartsStore,
  kind: RecordKind
): Promise<(T | null)[]> {
  const found: (T | null)[] = [];
  await atOnce(AT_ONCE, plan.parts.keys(), async n => (found[n] = await recordOf<T>(plan, store, n + 1, kind)));
  return found;
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
