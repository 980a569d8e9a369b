import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConvertError, cancelled } from '../../model/errors.ts';
import { readUpTo } from '../../model/read-up-to.ts';
import { MULTIPART_FROM, PART_BYTES } from '../../remote/s3-uploads.ts';
import type { S3Bucket } from '../../remote/s3.ts';
import { ON_THE_WAY, Room } from './room.ts';
import { errorKnownAs, isBelow, writePieces } from './way.ts';

/** Parts of one object that are on their way at a time. */
const PARTS_AT_ONCE = 3;
/** Of this process's memory, with what speaks to the store. */
export const COURIER_BYTES = ON_THE_WAY + 96 * 2 ** 20;
/** Bytes of files that wait on the disk to be sent; more are not written meanwhile, but for the blocks under way. */
export const WAITING_BYTES = 256 * 2 ** 20;
/** How long what is on its way gets to arrive when all is to end, in ms. */
const PATIENCE = 3_000;

/** Brings files of a folder into a bucket, and back, as long as memory and disk allow. */
export class Courier {
  readonly #bucket: S3Bucket;
  readonly #folder: string;
  readonly #prefix: string;
  readonly #end = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  readonly #room = new Room();
  #held = 0;
  /** Files that an earlier run has sent, by name. */
  readonly #there = new Map<string, { size: number; etag: string }>();

  readonly #permit: () => Promise<void>;

  /**
   * A file's key is `prefix` and its name, which is relative to the folder.
   *
   * @param permit throws where no more is to be sent
   */
  constructor(bucket: S3Bucket, folder: string, prefix: string, permit: () => Promise<void> = async () => {}) {
    this.#bucket = bucket;
    this.#folder = folder;
    this.#prefix = prefix;
    this.#permit = permit;
  }

  /** An error about what is in a file on its way, as one about the object; others are about this machine's disk. */
  told(error: unknown): unknown {
    if (!(error instanceof ConvertError) || error.code !== 'corrupt') return error;
    return errorKnownAs(this.#folder, this.#bucket.nameOf(this.#prefix.slice(0, -1)), error);
  }

  /**
   * Begins to send files that are whole, each of which is then removed; ends when more may be written.
   *
   * @param onSent hears when all of these are there, and of their ETags
   * @throws what has kept any file from being sent
   */
  async send(names: readonly string[], onSent: (etags: string[]) => void): Promise<void> {
    const sizes = await Promise.all(names.map(async name => (await stat(join(this.#folder, name))).size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    this.#held += bytes;
    const sending = Promise.all(names.map((name, n) => this.#sendOne(name, sizes[n])))
      .then(onSent)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#held -= bytes;
        this.#sending.delete(sending);
        this.#room.wake();
      });
    this.#sending.add(sending);
    await this.#room.until(() => this.#held <= WAITING_BYTES);
  }

  /** Ends when all that was begun is there. @throws what has kept any file from being sent */
  async settle(): Promise<void> {
    await Promise.all(this.#sending);
    this.#room.check();
  }

  /** Sends nothing more, and tells whoever waits. */
  fail(error: unknown): void {
    this.#room.fail(error);
  }

  /** Ends what is under way: what has begun to be sent may arrive. */
  async stop(): Promise<void> {
    this.fail(cancelled());
    const timer = setTimeout(() => this.#end.abort(), PATIENCE);
    await Promise.allSettled(this.#sending);
    clearTimeout(timer);
  }

  /** Looks what is there: all, or what lies in these folders, but for keys that are no names of files. */
  async look(folders: Iterable<string> = ['']): Promise<void> {
    this.#there.clear();
    for (const folder of folders)
      for await (const { key, size, etag } of this.#bucket.list(this.#prefix + folder, this.#end.signal)) {
        const name = key.slice(this.#prefix.length);
        if (isBelow(name)) this.#there.set(name, { size, etag });
      }
  }

  /** Names and sizes of what was there at the last look. */
  get files(): [name: string, bytes: number][] {
    return [...this.#there].map(([name, { size }]) => [name, size]);
  }

  /** Null where there was no such file. */
  sizeOf(name: string): number | null {
    return this.#there.get(name)?.size ?? null;
  }

  /**
   * Whether files are there that have these ETags, and so many bytes together, by the last look; null where they have
   * other ETags, as the same bytes may have that were written twice and are encrypted.
   */
  has(names: readonly string[], etags: readonly string[], bytes: number): boolean | null {
    const found = names.map(name => this.#there.get(name));
    if (found.reduce((sum, file) => sum + (file?.size ?? NaN), 0) !== bytes) return false;
    return found.every((file, n) => file!.etag === etags[n]) || null;
  }

  /** Brings files back that were there at the last look. @throws ConvertError */
  async fetch(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async name => {
        const key = this.#prefix + name;
        const { size, etag } = this.#there.get(name) ?? { size: 0, etag: '' };
        const isWhole = size <= MULTIPART_FROM;
        await this.#room.within(isWhole ? size : PART_BYTES, () =>
          writePieces(join(this.#folder, name), isWhole ? this.#whole(key, etag) : this.#inPieces(key, etag, size))
        );
      })
    );
  }

  /** Removes files that were brought back. */
  async drop(names: readonly string[]): Promise<void> {
    await Promise.all(names.map(name => rm(join(this.#folder, name), { force: true })));
  }

  async *#whole(key: string, etag: string): AsyncGenerator<Uint8Array> {
    yield (await this.#piece(key, etag)).bytes;
  }

  async *#inPieces(key: string, etag: string, size: number): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < size; start += PART_BYTES)
      yield (await this.#piece(key, etag, start, Math.min(PART_BYTES, size - start))).bytes;
  }

  async #piece(key: string, etag: string, start?: number, length?: number) {
    const found = await this.#bucket.get(key, { etag, start, length }, this.#end.signal);
    if (found) return found;
    throw new ConvertError('not-found', `${this.#bucket.nameOf(key)}: it was removed meanwhile: start over`, 'output');
  }

  async #sendOne(name: string, size: number): Promise<string> {
    const path = join(this.#folder, name);
    const key = this.#prefix + name;
    const { signal } = this.#end;
    const bytes = size > MULTIPART_FROM ? PARTS_AT_ONCE * PART_BYTES : size;
    const etag = await this.#room.within(bytes, async () => {
      await this.#permit();
      if (size <= MULTIPART_FROM) return this.#bucket.put(key, await readFile(path), {}, signal);
      const file = await open(path, 'r');
      try {
        const read = (start: number, length: number) => readPiece(file, start, length);
        return await this.#bucket.uploads.put(key, size, read, PARTS_AT_ONCE, signal);
      } finally {
        await file.close();
      }
    });
    await rm(path, { force: true });
    return etag;
  }
}

async function readPiece(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  if ((await readUpTo(file, buffer, start)) < length) throw new Error('a file became shorter while it was sent');
  return buffer;
}
