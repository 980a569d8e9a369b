import { join } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import { type Json, parsedObject } from '../../model/json.ts';
import { isDenied } from '../../remote/s3-error.ts';
import type { S3Bucket } from '../../remote/s3.ts';
import { BucketOutput, TOUCHING, filesOf, justTaken } from '../../zarr/bucket/bucket-output.ts';
import {
  type Keys,
  busyWith,
  findImageAt,
  isBusy,
  isPlannedAt,
  openBucketOutput,
  partialName,
  readMarker,
  unreadMarker,
  withdrawDocument
} from '../../zarr/bucket/claim.ts';
import { Courier } from '../../zarr/bucket/courier.ts';
import { JournalPieces, NOTING, readPieces } from '../../zarr/bucket/journal-pieces.ts';
import { makeWay } from '../../zarr/bucket/way.ts';
import { FINISHED, finishedPlace } from '../../zarr/finished-place.ts';
import { Journal, type JournalRecord } from '../../zarr/journal.ts';
import { type Owner, PARTS, PLAN, type Running, marker, running } from '../../zarr/owner.ts';
import type { UnfinishedOutput } from '../../zarr/unfinished-output.ts';
import { withdraw } from '../../zarr/withdraw.ts';
import { settled } from './settled.ts';
import type { PartPlace, PartsRun, PartsStore } from './store.ts';

/** Names of who is at a part, of all parts in one list, and of journals. */
const RUNS = `${PARTS}/runs/`;
const JOURNAL = 'journal-';

/**
 * An output in parts in a bucket, which is all that the machines share. Each run of a part has a folder of its own on
 * its machine's disk; several send the same objects.
 */
export class BucketStore implements PartsStore {
  readonly output: string;
  readonly partial: string;
  readonly #bucket: S3Bucket;
  readonly #keys: Keys;
  /** Of what is kept beside the output when it is finished. */
  readonly #finished: string;
  /** ETag of the plan that was read. */
  #read: string | null = null;

  private constructor(output: string, bucket: S3Bucket, keys: Keys) {
    this.#finished = finishedPlace(keys.root.slice(0, -1));
    this.output = output;
    this.partial = partialName(bucket, keys);
    this.#bucket = bucket;
    this.#keys = keys;
  }

  /** @throws ConvertError `bad-option` for a name that no output can have */
  static async open(output: string, isPlanned: boolean): Promise<BucketStore> {
    const { bucket, keys } = await openBucketOutput(output);
    if (isPlanned) bucket.expect();
    return new BucketStore(output, bucket, keys);
  }

  async read(name: string): Promise<string | null> {
    const found = await this.#bucket.get(this.#key(name)).catch((error: unknown) => {
      // Rights may end at what the output is called.
      if (name === FINISHED && isDenied(error)) return null;
      throw error;
    });
    if (name === PLAN) this.#read = found && found.etag;
    return found && found.bytes.toString('utf8');
  }

  async write(name: string, _own: string, text: string): Promise<void> {
    await this.#bucket.put(this.#key(name), Buffer.from(text));
  }

  async remove(name: string): Promise<void> {
    await withdrawDocument(this.#bucket, this.#key(name));
  }

  async image(): Promise<Json | null> {
    return (await findImageAt(this.#bucket, this.#keys.root))?.json ?? null;
  }

  async finisher(): Promise<Running | null> {
    const claimed = await readMarker(this.#bucket, this.#keys);
    return claimed && busyWith(this.#bucket, this.#keys, claimed);
  }

  async isOurs(): Promise<boolean> {
    return Boolean((await readMarker(this.#bucket, this.#keys))?.owner);
  }

  async isPlanned(): Promise<boolean> {
    return isPlannedAt(this.#bucket, this.#keys, this.#read);
  }

  async runs(part?: number): Promise<PartsRun[]> {
    const prefix = this.#keys.partial + RUNS;
    const found: PartsRun[] = [];
    for await (const { key, modified } of this.#bucket.list(part === undefined ? prefix : `${prefix}${part}/`)) {
      const text = (await this.#bucket.get(key))?.bytes.toString('utf8');
      const owner = text === undefined ? null : (parsedObject(text) as Owner | null);
      if (owner && isBusy(this.#bucket, owner, modified))
        found.push({ part: Number(key.slice(prefix.length).split('/')[0]), ...running(owner.pid, owner.host) });
    }
    return found;
  }

  /** Objects are there when they are sent. */
  async hadSeveral(): Promise<boolean> {
    return false;
  }

  claim(_parts: number, overwrite: boolean): Promise<UnfinishedOutput> {
    return BucketOutput.claim(this.output, overwrite);
  }

  async enter(part: number, own: string, permit: () => Promise<void>): Promise<PartPlace> {
    const bucket = this.#bucket;
    const claimed = await readMarker(bucket, this.#keys);
    if (!claimed) throw justTaken(bucket, this.#keys);
    // By a guess, an older output might be written over.
    if (!claimed.owner) throw unreadMarker(bucket, this.#keys);
    const run = `${this.#keys.partial}${RUNS}${part}/${own}`;
    const text = Buffer.from(marker());
    await bucket.put(run, text);
    const folder = makeWay();
    const journal = JOURNAL + own;
    const prefix = `${this.#keys.partial}${PARTS}/${part}/${JOURNAL}`;
    const pieces = new JournalPieces(bucket, `${prefix}${own}/`, join(folder, journal));
    const courier = new Courier(bucket, folder, filesOf(this.#keys, claimed.owner.staged), permit);
    const timers = [
      setInterval(() => void bucket.put(run, text).catch(() => undefined), TOUCHING),
      setInterval(() => void pieces.note().catch((error: unknown) => courier.fail(error)), NOTING)
    ];
    timers.forEach(timer => timer.unref());
    return {
      folder,
      aside: null,
      courier,
      own: folder,
      journal,
      journals: () => this.#journals(prefix, own),
      leave: async () => {
        timers.forEach(timer => clearInterval(timer));
        try {
          if (await this.isPlanned()) await pieces.note();
          await withdrawDocument(bucket, run);
        } finally {
          withdraw(folder);
        }
      }
    };
  }

  takeOver(): Promise<UnfinishedOutput> {
    return BucketOutput.takeOverParts(this.output);
  }

  clear(): Promise<void> {
    return BucketOutput.clearParts(this.output);
  }

  /** Without the plan, parts that are under way end: what they had sent meanwhile would stay. */
  async discard(): Promise<void> {
    const destination = await BucketOutput.takeOverParts(this.output);
    if (destination.isReplacing) {
      await destination.keep();
      throw new ConvertError(
        'output-exists',
        `${this.partial}: is all that there is, since what it replaces was being removed when it was finished: finish it`,
        'output'
      );
    }
    try {
      await this.remove(PLAN);
      await settled(this);
    } finally {
      await destination.discard();
    }
  }

  close(): void {
    this.#bucket.close();
  }

  #key(name: string): string {
    return name === FINISHED ? this.#finished : this.#keys.partial + name;
  }

  async #journals(prefix: string, own: string): Promise<JournalRecord<{ id: string }>[]> {
    const found: JournalRecord<{ id: string }>[] = [];
    for (const name of await this.#bucket.folders(prefix)) {
      if (name === own) continue;
      const { journal, written } = await readPieces(this.#bucket, `${prefix}${name}/`);
      const record = Journal.of<{ id: string }>(journal, written);
      if (record) found.push(record);
    }
    return found;
  }
}
