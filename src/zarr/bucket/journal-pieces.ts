import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { atOnce } from '../../model/at-once.ts';
import { readUpTo } from '../../model/read-up-to.ts';
import type { S3Bucket } from '../../remote/s3.ts';
import { writeError } from '../system-errors.ts';

/** How often what is new is noted in a bucket, in ms. */
export const NOTING = 1_000;
/** Pieces that are read at a time. */
const AT_ONCE = 16;

/** Key of the piece of a journal that begins at an offset; `prefix`: of all of them. */
export const pieceKey = (prefix: string, offset: number): string => prefix + String(offset).padStart(15, '0');

/** A journal on its way into a bucket, where nothing is added to an object: what is new is one more. */
export class JournalPieces {
  readonly #bucket: S3Bucket;
  readonly #prefix: string;
  readonly #path: string;
  #noted: number;
  #noting: Promise<void> = Promise.resolve();

  /** `path`: of the journal; `noted`: bytes of it that are in the bucket. */
  constructor(bucket: S3Bucket, prefix: string, path: string, noted = 0) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#path = path;
    this.#noted = noted;
  }

  /** Bytes that are in the bucket. */
  get noted(): number {
    return this.#noted;
  }

  /** Puts what the journal has more into the bucket. */
  note(): Promise<void> {
    this.#noting = this.#noting
      .catch(() => undefined)
      .then(async () => {
        const more = await bytesFrom(this.#path, this.#noted);
        if (more.length === 0) return;
        await this.#bucket.put(pieceKey(this.#prefix, this.#noted), more);
        this.#noted += more.length;
      });
    return this.#noting;
  }

  /** Ends when nothing is being noted, however that ended. */
  async settle(): Promise<void> {
    await this.#noting.catch(() => undefined);
  }
}

/** Bytes of a journal behind the first `start`; none where it is not there. */
async function bytesFrom(path: string, start: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.max(0, size - start));
      return bytes.subarray(0, await readUpTo(file, bytes, start));
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw writeError(error, dirname(path));
  }
}

/** The pieces of a journal, one behind the other, and when the last of them was written. */
export async function readPieces(bucket: S3Bucket, prefix: string): Promise<{ journal: Buffer; written: number }> {
  const keys: string[] = [];
  let length = 0;
  let written = 0;
  for await (const { key, size, modified } of bucket.list(prefix)) {
    if (key !== pieceKey(prefix, length)) break;
    keys.push(key);
    length += size;
    written = modified;
  }
  const pieces: Buffer[] = [];
  await atOnce(AT_ONCE, keys.entries(), async ([n, key]) => {
    pieces[n] = (await bucket.get(key))?.bytes ?? Buffer.alloc(0);
  });
  return { journal: Buffer.concat(pieces), written };
}
