import { hostname } from 'node:os';
import { ConvertError } from '../../model/errors.ts';
import { parsedObject } from '../../model/json.ts';
import { type GroupDocument, isOmeZarrGroup } from '../../model/ome-zarr/group.ts';
import { isArchiveName } from '../../model/output-name.ts';
import { TOOL } from '../../model/version.ts';
import { isDenied } from '../../remote/s3-error.ts';
import { S3Bucket } from '../../remote/s3.ts';
import { JOURNAL, Journal, type JournalRecord } from '../journal.ts';
import {
  BELIEVED,
  MARKER,
  type Owner,
  type Ownership,
  PLAN,
  type Running,
  active,
  isStillRunning,
  isThisProcess,
  running
} from '../owner.ts';
import { someOf } from '../occupied.ts';
import { refuseUnlessStale, taken } from '../ownership.ts';
import { readPieces } from './journal-pieces.ts';

/** Names that this program gives to objects of an output: to chunks and shards, and to metadata. */
const CHUNK = /^\d+\/(c\/)?\d+(\/\d+)*$/;
const DOCUMENT = /^(\d+\/)?(zarr\.json|\.zattrs|\.zgroup|\.zarray)$/;
/** Name of an object by which it is tried whether the store copies. */
const COPY = 'copy';

/** Keys that belong to an output in a bucket. */
export class Keys {
  readonly root: string;
  readonly partial: string;

  constructor(key: string) {
    this.root = `${key}/`;
    this.partial = `${key}.partial/`;
  }

  get marker(): string {
    return this.partial + MARKER;
  }

  /** Prefix of the keys of the journal's pieces; their offsets in it follow. */
  get journal(): string {
    return `${this.partial}${JOURNAL}/`;
  }

  get plan(): string {
    return this.partial + PLAN;
  }

  get copy(): string {
    return this.partial + COPY;
  }
}

/** Whether a key under an output's prefix, without that, is one that this program gives; and that of a chunk. */
export const isOurName = (name: string): boolean => isChunkName(name) || DOCUMENT.test(name);
export const isChunkName = (name: string): boolean => CHUNK.test(name);

/**
 * Whether a key under what is noted beside an output, without that, is one that this program gives. An empty name is
 * that of an empty folder.
 */
const isNoteName = (name: string): boolean =>
  isOurName(name) || name === '' || name === COPY || name.startsWith(`.${TOOL}.`);

/** Who writes an unfinished output of a bucket. */
export interface BucketOwner extends Owner {
  /** Whether its files are kept beside those of an output that is replaced, until all are there. */
  staged: boolean;
  /** Whether it has ended, in good order. */
  ended?: boolean;
  /** Whether what is replaced is being removed, so that there is only what was written. */
  replacing?: boolean;
  /** Whether what is converted in parts is being finished, or discarded. */
  planned?: boolean;
}

/** State of an unfinished output, by its marker. */
export interface Claimed {
  owner: BucketOwner | null;
  /** ETag of the marker; another one once somebody has written that anew. */
  etag: string;
  modified: number;
}

/** Findings at the place of an output. */
export interface Occupied {
  /** The unfinished output, which may be gone on with, as people know it; null: none. */
  partial: string | null;
  left: JournalRecord<never> | null;
  /** Warnings for a person. */
  warnings: string[];
}

/** Reads a marker; null where there is none. */
export async function readMarker(bucket: S3Bucket, keys: Keys): Promise<Claimed | null> {
  const there = await bucket.head(keys.marker);
  const found = there && (await bucket.get(keys.marker));
  if (!there || !found) return null;
  const owner = parsedObject(found.bytes.toString('utf8'));
  const isOwner = owner?.tool === TOOL && typeof owner.host === 'string' && typeof owner.staged === 'boolean';
  return { owner: isOwner ? (owner as unknown as BucketOwner) : null, etag: found.etag, modified: there.modified };
}

/** The error of an unfinished output of which its marker says nothing that this program understands. */
export const unreadMarker = (bucket: S3Bucket, keys: Keys): ConvertError =>
  new ConvertError(
    'output-exists',
    `${bucket.nameOf(keys.marker)}: is damaged, or not this program's, and does not say whether what is converted replaces an older output: remove all that is under ${partialName(bucket, keys)}/, and begin anew, or choose another output`,
    'output'
  );

/** Removes a document; who may not do that empties it, which is as good: it tells nothing any more. */
export async function withdrawDocument(bucket: S3Bucket, key: string): Promise<void> {
  try {
    await bucket.delete([key]);
  } catch (error) {
    if (!isDenied(error)) throw error;
    await bucket.put(key, Buffer.alloc(0));
  }
}

/** Whether an output is planned to be converted in parts; `etag`: by that plan. */
export async function isPlannedAt(bucket: S3Bucket, keys: Keys, etag: string | null = null): Promise<boolean> {
  const there = await bucket.head(keys.plan);
  return there !== null && there.size > 0 && (etag === null || there.etag === etag);
}

/** As people know an unfinished output. */
export const partialName = (bucket: S3Bucket, keys: Keys): string => bucket.nameOf(keys.partial.slice(0, -1));

/** Whether who has written a marker of this bucket is still there. */
export const isBusy = (bucket: S3Bucket, owner: Owner, modified: number): boolean =>
  owner.host === hostname() ? isStillRunning(owner) : bucket.now - modified < BELIEVED;

/** The process that writes an unfinished output; null where it has ended, or is this one, which has given it up. */
export function busyWith(bucket: S3Bucket, keys: Keys, { owner, modified }: Claimed): Running | null {
  if (!owner || owner.ended || !isBusy(bucket, owner, modified)) return null;
  const isGivenUp = isThisProcess(owner) && !active.has(partialName(bucket, keys));
  return isGivenUp ? null : running(owner.pid, owner.host);
}

async function ownershipOf(bucket: S3Bucket, keys: Keys, claimed: Claimed): Promise<Ownership> {
  const busy = busyWith(bucket, keys, claimed);
  if (busy) return busy;
  return (await isPlannedAt(bucket, keys)) ? 'planned' : 'stale';
}

/**
 * Throws unless an unfinished output is one of ours that has ended, or there is none; `planned`: or is converted in
 * parts.
 */
export async function refuseUnlessEnded(
  bucket: S3Bucket,
  keys: Keys,
  claimed: Claimed | null,
  planned = false
): Promise<void> {
  if (!claimed) {
    for await (const { key } of bucket.list(keys.partial))
      if (!isNoteName(key.slice(keys.partial.length))) refuseUnlessStale(partialName(bucket, keys), 'foreign');
    return;
  }
  if (!claimed.owner) throw unreadMarker(bucket, keys);
  refuseUnlessStale(partialName(bucket, keys), await ownershipOf(bucket, keys, claimed), planned);
}

/** Whether there is an OME-Zarr at an output's address. */
export async function isWholeInBucket(output: string): Promise<boolean> {
  const { bucket, keys } = await openBucketOutput(output);
  try {
    return (await isOmeZarrAt(bucket, keys.root)) === true;
  } finally {
    bucket.close();
  }
}

/** The document that makes an OME-Zarr of what is under a prefix; null where none does. */
export async function findImageAt(bucket: S3Bucket, prefix: string): Promise<GroupDocument | null> {
  for (const [name, zarrFormat] of [
    ['zarr.json', 3],
    ['.zattrs', 2]
  ] as const) {
    const found = await bucket.get(prefix + name);
    const json = found && parsedObject(found.bytes.toString('utf8'));
    if (json && isOmeZarrGroup({ zarrFormat, json })) return { zarrFormat, json };
  }
  return null;
}

/** Whether an OME-Zarr is under a prefix; null: nothing at all, or an empty folder. */
export async function isOmeZarrAt(bucket: S3Bucket, prefix: string): Promise<boolean | null> {
  if (await findImageAt(bucket, prefix)) return true;
  for await (const { key, size } of bucket.list(prefix, undefined, 2)) if (key !== prefix || size > 0) return false;
  return null;
}

/** A bucket and the key of an output in it. @throws ConvertError `bad-option` for a name that none can have */
export async function openBucketOutput(output: string): Promise<{ bucket: S3Bucket; keys: Keys }> {
  const fail = (message: string): never => {
    throw new ConvertError('bad-option', `${output}: ${message}`, 'output');
  };
  const bucket = await S3Bucket.open(output, 'output');
  const { key } = bucket.address;
  if (key === '') fail('is a whole bucket: give the output a name in it, such as s3://BUCKET/NAME.ome.zarr');
  if (isArchiveName(key))
    fail('one file (.ozx) is written to a disk only, and may be copied then: give an output that ends in .ome.zarr');
  if (key.endsWith('.partial')) fail('names that end in .partial are for unfinished outputs: choose another name');
  return { bucket, keys: new Keys(key) };
}

/**
 * Says whether an output in a bucket may be written, without writing anything.
 *
 * @throws ConvertError `output-exists`, `output-not-ome-zarr`, `bad-option`, and what keeps a bucket from being read
 */
export async function checkBucket(output: string, overwrite: boolean): Promise<Occupied> {
  const { bucket, keys } = await openBucketOutput(output);
  try {
    const claimed = await readMarker(bucket, keys);
    const isWritten = await isOmeZarrAt(bucket, keys.root);
    if (isWritten && !overwrite) throw taken(output);
    await refuseUnlessEnded(bucket, keys, claimed);
    const isBegun = claimed?.owner?.staged === false;
    if (isWritten === false && !claimed)
      throw new ConvertError(
        'output-not-ome-zarr',
        `there are objects under it, and they are not an OME-Zarr, so it is not overwritten: choose another output, or remove them yourself`,
        'output',
        { about: output }
      );
    // What is whole is replaced with all that is under it, as one of which no marker tells.
    if (isBegun && !isWritten)
      for await (const { key } of bucket.list(keys.root))
        if (key !== keys.root && !isOurName(key.slice(keys.root.length)))
          throw new ConvertError(
            'output-exists',
            `${bucket.nameOf(key)}: is among what an ended conversion has written, and was not made by this program: move it, or choose another output`,
            'output'
          );
    const labels = isWritten ? (await bucket.folders(`${keys.root}labels/`)).filter(name => name !== '') : [];
    const warnings = isWritten
      ? [
          `${output} is replaced with all that is under it${labels.length > 0 ? `, its labels too (${someOf(labels)})` : ''}: it can be read until the new one is whole, and not while that is copied to its place.`
        ]
      : [];
    // One that was ended before it noted anything has nothing to go on with.
    const found = claimed && (await readPieces(bucket, keys.journal));
    if (!found || found.journal.length === 0) return { partial: null, left: null, warnings };
    const left = Journal.of<never>(found.journal, found.written);
    return { partial: partialName(bucket, keys), left, warnings };
  } finally {
    bucket.close();
  }
}
