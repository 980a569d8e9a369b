import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import { option } from '../../model/words.ts';
import { type S3Bucket, type StoredObject, isRefusedByCondition } from '../../remote/s3.ts';
import { S3Error } from '../../remote/s3-error.ts';
import { JOURNAL } from '../journal.ts';
import type { Documents } from '../metadata.ts';
import { HEARTBEAT, marker } from '../owner.ts';
import { writeError } from '../system-errors.ts';
import type { UnfinishedOutput } from '../unfinished-output.ts';
import {
  type BucketOwner,
  type Keys,
  ROOT_DOCUMENTS,
  isOmeZarrAt,
  isOurName,
  openBucketOutput,
  readJournal,
  readMarker,
  refuseUnlessEnded
} from './claim.ts';
import { Courier } from './courier.ts';
import { makeWay } from './way.ts';

/** How often what was done is noted in the bucket, in ms. */
const NOTING = 1_000;
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
  readonly #timers: NodeJS.Timeout[];
  #markerEtag: string;
  /** Bytes of the journal that are in the bucket. */
  #noted: number;
  #noting: Promise<void> = Promise.resolve();
  #documents: Documents = [];
  /** Files of the image's metadata that are written. */
  readonly #rooted = new Set<string>();
  /** Whether what was replaced is gone, so that there is only what was written. */
  #replacing = false;

  private constructor(
    output: string,
    bucket: S3Bucket,
    keys: Keys,
    { staged, etag, noted, folder }: { staged: boolean; etag: string; noted: number; folder: string }
  ) {
    this.output = output;
    this.#bucket = bucket;
    this.#keys = keys;
    this.#staged = staged;
    this.#markerEtag = etag;
    this.#noted = noted;
    this.partial = bucket.nameOf(keys.partial.slice(0, -1));
    this.folder = folder;
    this.courier = new Courier(bucket, this.folder, this.prefix);
    this.#timers = [
      setInterval(() => this.#touch(), 3 * HEARTBEAT),
      setInterval(() => void this.#note().catch((error: unknown) => this.courier.fail(error)), NOTING)
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Prefix of the keys of its files. */
  get prefix(): string {
    return this.#staged ? this.#keys.partial : this.#keys.root;
  }

  /** Begins an output. What an ended conversion left of that name is removed. */
  static async claim(output: string, overwrite: boolean): Promise<BucketOutput> {
    const { bucket, keys } = await openBucketOutput(output);
    try {
      const claimed = await readMarker(bucket, keys);
      if (claimed) refuseUnlessEnded(bucket, keys, claimed);
      const isWritten = await isOmeZarrAt(bucket, keys.root);
      if (isWritten && !overwrite) throw taken(output);
      const staged = isWritten === true;
      const etag = await put(bucket, keys, { staged }, claimed?.etag ?? null);
      if (claimed) {
        const left = isWritten ? [] : [keys.root];
        for (const prefix of [...left, keys.partial]) {
          await bucket.abortUploads(prefix);
          await removeAll(bucket, prefix, key => key !== keys.marker && (prefix !== keys.root || isOurs(keys, key)));
        }
      }
      return new BucketOutput(output, bucket, keys, { staged, etag, noted: 0, folder: makeWay() });
    } catch (error) {
      bucket.close();
      throw error;
    }
  }

  /** Takes over what an ended conversion has left; `length`: bytes of its journal that are as they were written. */
  static async takeOver(output: string, length: number): Promise<BucketOutput> {
    const { bucket, keys } = await openBucketOutput(output);
    try {
      const claimed = await readMarker(bucket, keys);
      if (!claimed?.owner) throw justTaken(bucket, keys);
      refuseUnlessEnded(bucket, keys, claimed);
      const { staged } = claimed.owner;
      const etag = await put(bucket, keys, { staged }, claimed.etag);
      await bucket.abortUploads(staged ? keys.partial : keys.root);
      const journal = (await readJournal(bucket, keys)).journal.subarray(0, length);
      if (journal.length < length) throw justTaken(bucket, keys);
      const folder = makeWay();
      writeFileSync(join(folder, JOURNAL), journal);
      // One piece in place of all, so that nothing lies behind what counts.
      await bucket.put(keys.journalAt(0), journal);
      await removeAll(bucket, keys.journal, key => key !== keys.journalAt(0));
      return new BucketOutput(output, bucket, keys, { staged, etag, noted: length, folder });
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
  async finish(): Promise<void> {
    await this.#note();
    const isRoot = ([path]: Documents[number]) => ROOT_DOCUMENTS.includes(path);
    const write = ([path, text]: Documents[number], isNew = false) =>
      this.#bucket.put(this.#keys.root + path, Buffer.from(text), isNew ? { isNew } : {});
    if (this.#staged) await this.#replace();
    await Promise.all(this.#documents.filter(document => !isRoot(document)).map(document => write(document)));
    // `.zattrs` says what the image is, and `.zgroup` that there is anything.
    const roots = this.#documents.filter(isRoot).sort(([a], [b]) => (a < b ? 1 : -1));
    for (const [n, document] of roots.entries())
      try {
        await write(document, n === roots.length - 1);
        this.#rooted.add(document[0]);
      } catch (error) {
        throw isRefusedByCondition(error) ? taken(this.output) : error;
      }
    this.#release();
    await removeAll(this.#bucket, this.#keys.partial, key => key !== this.#keys.marker);
    await this.#bucket.delete([this.#keys.marker]);
    this.#clear();
  }

  async keep(): Promise<boolean> {
    this.#release();
    try {
      await this.#note();
      await put(this.#bucket, this.#keys, { staged: this.#staged, ended: true }, this.#markerEtag);
      return true;
    } catch {
      // The part of the journal that was noted before is there.
      return this.#noted > 0;
    } finally {
      this.#clear();
    }
  }

  async discard(): Promise<void> {
    this.#release();
    await this.#noting.catch(() => undefined);
    // All that there is of it: it is gone on with.
    if (this.#replacing) return this.#clear();
    const { root, partial } = this.#keys;
    try {
      await this.#bucket.abortUploads(this.prefix);
      // Metadata of an image may be somebody else's, who has been faster.
      const isGoing = (name: string) => isOurName(name) && (this.#rooted.has(name) || !ROOT_DOCUMENTS.includes(name));
      if (!this.#staged) await removeAll(this.#bucket, root, key => isGoing(key.slice(root.length)));
      await removeAll(this.#bucket, partial, key => key !== this.#keys.marker);
      await this.#bucket.delete([this.#keys.marker]);
    } finally {
      this.#clear();
    }
  }

  /** Puts what was written in the place of an older output. */
  async #replace(): Promise<void> {
    const { root, partial } = this.#keys;
    const files: StoredObject[] = [];
    for await (const file of this.#bucket.list(partial))
      if (isOurName(file.key.slice(partial.length))) files.push(file);
    this.#replacing = true;
    // Nobody opens what is of both.
    await this.#bucket.delete(ROOT_DOCUMENTS.map(name => root + name));
    await removeAll(this.#bucket, root, () => true);
    const left = files.values();
    const copy = async (): Promise<void> => {
      for (const file of left) await this.#bucket.copy(file, root + file.key.slice(partial.length));
    };
    await Promise.all(Array.from({ length: COPIES }, copy));
  }

  /** Puts what the journal has more into the bucket. */
  #note(): Promise<void> {
    this.#noting = this.#noting
      .catch(() => undefined)
      .then(async () => {
        let journal: Buffer;
        try {
          journal = readFileSync(join(this.folder, JOURNAL));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
          throw writeError(error, this.folder);
        }
        const more = journal.subarray(this.#noted);
        if (more.length === 0) return;
        await this.#bucket.put(this.#keys.journalAt(this.#noted), more);
        this.#noted = journal.length;
      });
    return this.#noting;
  }

  /** Says that it is still being written. */
  #touch(): void {
    put(this.#bucket, this.#keys, { staged: this.#staged }, this.#markerEtag).then(
      etag => (this.#markerEtag = etag),
      (error: unknown) => {
        if (error instanceof ConvertError && error.code === 'output-exists') this.courier.fail(error);
      }
    );
  }

  #release(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
    this.#bucket.close();
  }
}

const isOurs = (keys: Keys, key: string): boolean => isOurName(key.slice(keys.root.length));

const taken = (output: string): ConvertError =>
  new ConvertError(
    'output-exists',
    `${output}: exists already: choose another output, or overwrite it (${option('overwrite')})`,
    'output'
  );

const justTaken = (bucket: S3Bucket, keys: Keys): ConvertError =>
  new ConvertError(
    'output-exists',
    `${bucket.nameOf(keys.partial.slice(0, -1))}: another conversion has just taken it over, or removed it: wait for it, or choose another output`,
    'output'
  );

/** Writes the marker in place of the one with that ETag, or of none; its ETag. */
async function put(
  bucket: S3Bucket,
  keys: Keys,
  state: Pick<BucketOwner, 'staged' | 'ended'>,
  etag: string | null
): Promise<string> {
  const text = Buffer.from(`${JSON.stringify({ ...(JSON.parse(marker()) as object), ...state })}\n`);
  try {
    return await bucket.put(keys.marker, text, etag === null ? { isNew: true } : { etag });
  } catch (error) {
    if (isRefusedByCondition(error) || (error instanceof S3Error && error.status === 404 && etag !== null))
      throw justTaken(bucket, keys);
    throw error;
  }
}

/** Removes objects under a prefix, those also that appear a little later. */
async function removeAll(bucket: S3Bucket, prefix: string, isGoing: (key: string) => boolean): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    let some: string[] = [];
    let found = 0;
    for await (const { key } of bucket.list(prefix)) {
      if (!isGoing(key)) continue;
      found++;
      some.push(key);
      if (some.length < 1000) continue;
      await bucket.delete(some);
      some = [];
    }
    await bucket.delete(some);
    if (found === 0) return;
  }
}
