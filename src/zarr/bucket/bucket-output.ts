import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atOnce } from '../../model/at-once.ts';
import { GROUP_DOCUMENTS } from '../../model/document.ts';
import { ConvertError } from '../../model/errors.ts';
import { S3Error, isDenied, isRefusedByCondition } from '../../remote/s3-error.ts';
import type { S3Bucket, StoredObject } from '../../remote/s3.ts';
import { JOURNAL } from '../journal.ts';
import { finishedPlace } from '../finished-place.ts';
import type { Documents } from '../metadata.ts';
import { HEARTBEAT, active, marker } from '../owner.ts';
import { taken } from '../ownership.ts';
import type { UnfinishedOutput } from '../unfinished-output.ts';
import { withdraw as removeAtOnce } from '../withdraw.ts';
import {
  type BucketOwner,
  type Keys,
  isOmeZarrAt,
  isOurName,
  isPlannedAt,
  openBucketOutput,
  partialName,
  readMarker,
  unreadMarker,
  refuseUnlessEnded,
  withdrawDocument
} from './claim.ts';
import { Courier } from './courier.ts';
import { JournalPieces, NOTING, pieceKey, readPieces } from './journal-pieces.ts';
import { makeWay, wayError } from './way.ts';

/** Between two times that a marker is written anew, in ms. */
export const TOUCHING = 3 * HEARTBEAT;
/** Objects that are copied at a time. */
const COPIES = 16;
/** How often keys are looked for that appear after all were removed: of requests that were given up. */
const LOOKS = 3;

/**
 * An output in the making in a bucket, where nothing can be renamed. Chunks have their names at once, and the image's
 * metadata, which makes an OME-Zarr of them, is written last. Where there is one already, they have names beside it
 * until all are there, and are copied by the store then. What is done is noted beside it, in `<output>.partial`.
 */
export class BucketOutput implements UnfinishedOutput {
  readonly output: string;
  readonly partial: string;
  readonly folder: string;
  readonly courier: Courier;
  readonly isArchive = false;
  readonly #bucket: S3Bucket;
  readonly #keys: Keys;
  readonly #staged: boolean;
  /** Whether it is converted in parts. */
  readonly #planned: boolean;
  readonly #touching: NodeJS.Timeout;
  readonly #noting: NodeJS.Timeout;
  readonly #journal: JournalPieces;
  #markerEtag: string;
  #marking: Promise<void> = Promise.resolve();
  #documents: Documents = [];
  /** Files of the image's metadata that are written. */
  readonly #rooted = new Set<string>();
  /** Whether what was replaced is gone, so that there is only what was written. */
  #replacing: boolean;

  private constructor(
    output: string,
    bucket: S3Bucket,
    keys: Keys,
    {
      staged,
      etag,
      noted = 0,
      planned = false,
      replacing = false
    }: { staged: boolean; etag: string; noted?: number; planned?: boolean; replacing?: boolean },
    folder = makeWay()
  ) {
    this.output = output;
    this.#bucket = bucket;
    this.#keys = keys;
    this.#staged = staged;
    this.#planned = planned;
    this.#replacing = replacing;
    this.#markerEtag = etag;
    this.partial = partialName(bucket, keys);
    this.folder = folder;
    this.courier = new Courier(bucket, folder, filesOf(keys, staged));
    this.#journal = new JournalPieces(bucket, keys.journal, join(folder, JOURNAL), noted);
    this.#touching = setInterval(() => this.#touch(), TOUCHING).unref();
    const note = () => void this.#journal.note().catch((error: unknown) => this.courier.fail(error));
    this.#noting = setInterval(note, NOTING).unref();
  }

  /** Begins an output. What an ended conversion left of that name is removed. */
  static async claim(output: string, overwrite: boolean): Promise<BucketOutput> {
    const { bucket, keys } = await openBucketOutput(output);
    try {
      const claimed = await readMarker(bucket, keys);
      const isWritten = await isOmeZarrAt(bucket, keys.root);
      if (isWritten && !overwrite) throw taken(output);
      await refuseUnlessEnded(bucket, keys, claimed);
      const staged = isWritten === true;
      return await claiming(bucket, keys, { staged }, claimed?.etag ?? null, async etag => {
        const left = claimed && !isWritten ? [keys.root] : [];
        for (const prefix of [...left, keys.partial]) {
          if (claimed) await bucket.uploads.abortAll(prefix);
          await removeAll(bucket, prefix, key => key !== keys.marker && (prefix !== keys.root || isOurs(keys, key)));
        }
        if (staged) {
          await tryToReplace(bucket, keys);
          await bucket.delete([finishedPlace(keys.root.slice(0, -1))]).catch(() => undefined);
        }
        return new BucketOutput(output, bucket, keys, { staged, etag });
      });
    } catch (error) {
      bucket.close();
      throw error;
    }
  }

  /** Takes over what an ended conversion has left; `length`: bytes of its journal that are as they were written. */
  static async takeOver(output: string, length: number): Promise<BucketOutput> {
    return BucketOutput.#takeOver(output, false, async (bucket, keys, state) => {
      const journal = (await readPieces(bucket, keys.journal)).journal.subarray(0, length);
      if (journal.length < length) throw justTaken(bucket, keys);
      const folder = makeWay();
      try {
        writeFileSync(join(folder, JOURNAL), journal);
      } catch (error) {
        removeAtOnce(folder);
        throw wayError(error);
      }
      // One piece in place of all, so that nothing lies behind what counts.
      const first = pieceKey(keys.journal, 0);
      await bucket.put(first, journal);
      await removeAll(bucket, keys.journal, key => key !== first);
      return new BucketOutput(output, bucket, keys, { ...state, noted: length }, folder);
    });
  }

  /** Takes over what is converted in parts, at which nobody is any more. */
  static async takeOverParts(output: string): Promise<BucketOutput> {
    return BucketOutput.#takeOver(
      output,
      true,
      async (bucket, keys, state) => new BucketOutput(output, bucket, keys, { ...state, planned: true })
    );
  }

  /** Removes what one has left who was ended when he had finished what was converted in parts, or discarded it. */
  static async clearParts(output: string): Promise<void> {
    const { bucket, keys } = await openBucketOutput(output);
    try {
      const claimed = await readMarker(bucket, keys);
      if (!claimed?.owner?.planned || (await isPlannedAt(bucket, keys))) return;
    } finally {
      bucket.close();
    }
    await (await BucketOutput.takeOverParts(output)).discard();
  }

  static async #takeOver(
    output: string,
    planned: boolean,
    begin: (
      bucket: S3Bucket,
      keys: Keys,
      state: { staged: boolean; etag: string; replacing?: boolean }
    ) => Promise<BucketOutput>
  ): Promise<BucketOutput> {
    const { bucket, keys } = await openBucketOutput(output);
    try {
      const claimed = await readMarker(bucket, keys);
      if (!claimed) throw justTaken(bucket, keys);
      if (!claimed.owner) throw unreadMarker(bucket, keys);
      await refuseUnlessEnded(bucket, keys, claimed, planned);
      const { staged, replacing } = claimed.owner;
      const state = { staged, replacing, ...(planned && { planned }) };
      return await claiming(bucket, keys, state, claimed.etag, async etag => {
        if (staged && !replacing) await tryToReplace(bucket, keys);
        await bucket.uploads.abortAll(filesOf(keys, staged));
        return begin(bucket, keys, { staged, replacing, etag });
      });
    } catch (error) {
      bucket.close();
      throw error;
    }
  }

  async writeDocuments(documents: Documents): Promise<number> {
    this.#documents.push(...documents);
    return documents.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0);
  }

  async pack(): Promise<void> {
    throw new ConvertError('internal', `${this.output}: is not written as one file`);
  }

  /**
   * Writes the metadata, the image's own last. An output that is replaced can be read until all of the new one is in
   * the bucket, and not while it is copied.
   */
  async finish(): Promise<string[]> {
    await this.#checkOwn();
    await this.#journal.note();
    const isRoot = ([path]: Documents[number]) => GROUP_DOCUMENTS.includes(path);
    const write = ([path, text]: Documents[number], isNew = false) =>
      this.#bucket.put(this.#keys.root + path, Buffer.from(text), isNew ? { isNew } : {});
    if (this.#staged) await this.#replace();
    await Promise.all(this.#documents.filter(document => !isRoot(document)).map(document => write(document)));
    await this.#checkOwn();
    // `.zattrs` says what the image is, and `.zgroup` that there is anything.
    const roots = this.#documents.filter(isRoot).sort(([a], [b]) => (a < b ? 1 : -1));
    for (const [n, document] of roots.entries())
      try {
        await write(document, n === roots.length - 1);
        this.#rooted.add(document[0]);
      } catch (error) {
        if (!isRefusedByCondition(error)) throw error;
        // One that was killed when it had written this, and nothing else was left to do.
        const there = this.#planned && (await this.#bucket.get(this.#keys.root + document[0]));
        if (!there || there.bytes.toString('utf8') !== document[1]) throw taken(this.output);
      }
    await this.#endNoting();
    const warnings: string[] = [];
    try {
      // Before all that it tells of.
      if (this.#planned) await withdrawDocument(this.#bucket, this.#keys.plan);
      await this.#removeNotes();
    } catch (error) {
      // Whoever has taken it over removes what is left.
      if (!isTakenOver(error)) {
        if (!isDenied(error)) throw error;
        await this.#endTouching();
        await this.#mark({ ended: true }).catch(() => undefined);
        warnings.push(
          `What is left of its making, under ${this.partial}/, could not be removed, since these credentials may not do that: the output is whole.`
        );
      }
    }
    await this.#endTouching();
    this.#clear();
    return warnings;
  }

  async keep(): Promise<boolean> {
    await this.#endNoting();
    await this.#endTouching();
    try {
      await this.#journal.note();
      await this.#mark({ ended: true });
      return true;
    } catch {
      // The part of the journal that was noted before is there.
      return this.#journal.noted > 0;
    } finally {
      this.#clear();
    }
  }

  async discard(): Promise<void> {
    await this.#endNoting();
    try {
      await this.#remove();
    } catch (error) {
      await this.#endTouching();
      await this.#mark({ ended: true }).catch(() => undefined);
      throw error;
    } finally {
      this.#clear();
    }
  }

  async #remove(): Promise<void> {
    const { root } = this.#keys;
    await this.#checkOwn();
    // Somebody else's, who has been faster, or that of one who was killed when all was done.
    const mayBeWhole = this.#planned || (!this.#staged && this.#rooted.size === 0);
    const isWhole = mayBeWhole && (await isOmeZarrAt(this.#bucket, root)) === true;
    // All that there is of it: it is gone on with.
    if (this.#replacing && !isWhole) return void (await this.keep());
    await this.#bucket.uploads.abortAll(filesOf(this.#keys, this.#staged));
    // Metadata of an image may be somebody else's, who has been faster.
    const isGoing = (name: string) => isOurName(name) && (this.#rooted.has(name) || !GROUP_DOCUMENTS.includes(name));
    if (!this.#staged && !isWhole) await this.#removeAll(root, key => isGoing(key.slice(root.length)));
    await this.#removeNotes();
  }

  /** Removes what is noted beside the output, and last what says whose that is: until then others leave it alone. */
  async #removeNotes(): Promise<void> {
    const { partial, marker } = this.#keys;
    await this.#removeAll(partial, key => key !== marker);
    await this.#endTouching();
    await this.#checkOwn();
    await this.#bucket.delete([marker]);
  }

  /** See `removeAll`; nothing of who has taken it over meanwhile. @throws as `#checkOwn` */
  #removeAll(prefix: string, isGoing: (key: string) => boolean): Promise<void> {
    return removeAll(this.#bucket, prefix, isGoing, () => this.#checkOwn());
  }

  /** Puts what was written in the place of an older output. */
  async #replace(): Promise<void> {
    const { root, partial } = this.#keys;
    const files: StoredObject[] = [];
    for await (const file of this.#bucket.list(partial))
      if (isOurName(file.key.slice(partial.length))) files.push(file);
    this.#replacing = true;
    await this.#mark();
    // Nobody opens what is of both.
    await this.#bucket.delete(GROUP_DOCUMENTS.map(name => root + name));
    await this.#removeAll(root, () => true);
    await atOnce(COPIES, files, file => this.#bucket.copy(file, root + file.key.slice(partial.length)));
  }

  /** Whether it is all there is of it, since what it replaces is removed, or was being removed. */
  get isReplacing(): boolean {
    return this.#replacing;
  }

  /**
   * Who was asleep for long has lost it to others, and so may who began together with others in a store that knows no
   * conditions.
   *
   * @throws ConvertError `output-exists`
   */
  #checkOwn(): Promise<void> {
    this.#marking = this.#marking
      .catch(() => undefined)
      .then(async () => {
        const there = await this.#bucket.head(this.#keys.marker);
        if (there?.etag !== this.#markerEtag) throw justTaken(this.#bucket, this.#keys);
      });
    return this.#marking;
  }

  /** Says that it is still being written, or has ended. */
  #mark(how: Pick<BucketOwner, 'ended'> = {}): Promise<void> {
    this.#marking = this.#marking
      .catch(() => undefined)
      .then(async () => {
        const state = {
          staged: this.#staged,
          ...(this.#planned && { planned: true }),
          ...(this.#replacing && { replacing: true }),
          ...how
        };
        this.#markerEtag = await put(this.#bucket, this.#keys, state, this.#markerEtag);
      });
    return this.#marking;
  }

  #touch(): void {
    this.#mark().catch((error: unknown) => {
      if (isTakenOver(error)) this.courier.fail(error);
    });
  }

  /** Notes nothing more. */
  async #endNoting(): Promise<void> {
    clearInterval(this.#noting);
    await this.#journal.settle();
  }

  /** Gives no more signs of life: after two minutes others may take it over. */
  async #endTouching(): Promise<void> {
    clearInterval(this.#touching);
    await this.#marking.catch(() => undefined);
  }

  #clear(): void {
    active.delete(this.partial);
    removeAtOnce(this.folder);
    this.#bucket.close();
  }
}

/** @throws S3Error where the store does not copy, or these credentials may not do that, or delete */
async function tryToReplace(bucket: S3Bucket, keys: Keys): Promise<void> {
  const found = await bucket.head(keys.marker);
  if (found) await bucket.copy(found, keys.copy);
  await bucket.delete([keys.copy]);
}

const isOurs = (keys: Keys, key: string): boolean => isOurName(key.slice(keys.root.length));

/** Prefix of the keys of an output's files while it is made. */
export const filesOf = (keys: Keys, staged: boolean): string => (staged ? keys.partial : keys.root);

/** The error that somebody else has an unfinished output, or has removed it. */
export const justTaken = (bucket: S3Bucket, keys: Keys): ConvertError =>
  new ConvertError(
    'output-exists',
    `${partialName(bucket, keys)}: another conversion has just taken it over, or removed it: wait for it, or choose another output`,
    'output'
  );

const isTakenOver = (error: unknown): boolean => error instanceof ConvertError && error.code === 'output-exists';

type State = Pick<BucketOwner, 'staged' | 'ended' | 'replacing' | 'planned'>;

/** Writes the marker, see `put`, and does what follows it; where that fails, nobody takes this process for busy. */
async function claiming<T>(
  bucket: S3Bucket,
  keys: Keys,
  state: State,
  before: string | null,
  begin: (etag: string) => Promise<T>
): Promise<T> {
  const etag = await put(bucket, keys, state, before, true);
  active.add(partialName(bucket, keys));
  try {
    return await begin(etag);
  } catch (error) {
    active.delete(partialName(bucket, keys));
    await put(bucket, keys, { ...state, ended: true }, etag).catch(() => undefined);
    throw error;
  }
}

/** Withdraws a marker that was written, where what follows it failed; `isNew`: there was none before. */
async function withdraw(bucket: S3Bucket, keys: Keys, state: State, text: Buffer, isNew: boolean): Promise<void> {
  const there = await bucket.get(keys.marker);
  if (!there?.bytes.equals(text)) return;
  const end = () => put(bucket, keys, { ...state, ended: true }, there.etag).then(() => undefined);
  await (isNew ? bucket.delete([keys.marker]).catch(end) : end());
}

/** Writes the marker in place of the one with that ETag, or of none; its ETag. `isClaim`: others may want it, too. */
async function put(bucket: S3Bucket, keys: Keys, state: State, etag: string | null, isClaim = false): Promise<string> {
  const text = Buffer.from(`${JSON.stringify({ ...(JSON.parse(marker()) as object), ...state })}\n`);
  try {
    const condition = etag === null ? { isNew: true } : { etag };
    return await (isClaim
      ? bucket.putContested(keys.marker, text, condition)
      : bucket.put(keys.marker, text, condition));
  } catch (error) {
    if (isRefusedByCondition(error) || (error instanceof S3Error && error.status === 404 && etag !== null))
      throw justTaken(bucket, keys);
    // Of one that is written and not tried nobody would know that it has ended.
    if (isClaim) await withdraw(bucket, keys, state, text, etag === null).catch(() => undefined);
    throw error;
  }
}

/** Removes objects under a prefix, those also that appear a little later; `permit` throws where no more is to go. */
async function removeAll(
  bucket: S3Bucket,
  prefix: string,
  isGoing: (key: string) => boolean,
  permit: () => Promise<void> = async () => {}
): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    let some: string[] = [];
    let found = 0;
    for await (const { key } of bucket.list(prefix)) {
      if (!isGoing(key)) continue;
      found++;
      some.push(key);
      if (some.length < 1000) continue;
      await permit();
      await bucket.delete(some);
      some = [];
    }
    if (found === 0) return;
    await permit();
    await bucket.delete(some);
  }
}
