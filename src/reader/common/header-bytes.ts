import {
  type BigIntStats,
  closeSync,
  constants,
  fstat,
  fstatSync,
  open,
  openSync,
  read,
  readSync,
  stat,
  statSync
} from 'node:fs';
import { promisify } from 'node:util';
import { onDisk } from './file-name.ts';
import { checkFile, readFailure } from './fail.ts';
import { noteFile, stateOf } from './touched.ts';

/**
 * By numbers of files: for tens of thousands of slices, objects of `node:fs/promises` take more time than the files.
 */
const later = { stat: promisify(stat), open: promisify(open), fstat: promisify(fstat), read: promisify(read) };
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const NEAR = 1 << 16;
/** Most bytes that `locate` can give. */
export const FAR = 1 << 12;

/**
 * Small reads here and there in a file, through a window: 64 KiB while they run on through the file, 4 KiB where they
 * jump, because headers between gigabytes of voxels would otherwise read the voxels too.
 */
export class HeaderBytes {
  readonly path: string;
  readonly size: number;
  /** The same for two names of one file; null where the file system does not tell. */
  readonly identity: string | null;
  /** Of the file when it was opened; another one after every change. */
  readonly state: string;
  readonly #file: number;
  /** Holds the bytes that `locate` speaks of, until the next call. */
  buffer: Buffer;
  #start = 0;
  #end: number;

  /** Opens a file and reads its first bytes. @throws ConvertError `not-found`, `unreadable` */
  static async open(path: string): Promise<HeaderBytes> {
    let file: number | null = null;
    try {
      // Before it is opened: opening a pipe waits for somebody to write to it.
      checkFile(path, await later.stat(onDisk(path)));
      file = await later.open(onDisk(path), FLAGS);
      const status = await later.fstat(file, { bigint: true });
      const first = Buffer.allocUnsafe(FAR);
      const { bytesRead } = await later.read(file, first, 0, FAR, 0);
      return new HeaderBytes(path, status, file, first, bytesRead);
    } catch (error) {
      if (file !== null) closeSync(file);
      throw readFailure(error, path);
    }
  }

  /** The same at once, for drives that answer faster than other threads can be asked. */
  static openNow(path: string): HeaderBytes {
    let file: number | null = null;
    try {
      checkFile(path, statSync(onDisk(path)));
      file = openSync(onDisk(path), FLAGS);
      const status = fstatSync(file, { bigint: true });
      const first = Buffer.allocUnsafe(FAR);
      return new HeaderBytes(path, status, file, first, readSync(file, first, 0, FAR, 0));
    } catch (error) {
      if (file !== null) closeSync(file);
      throw readFailure(error, path);
    }
  }

  private constructor(path: string, status: BigIntStats, file: number, first: Buffer, length: number) {
    checkFile(path, status);
    this.path = path;
    this.size = Number(status.size);
    this.state = stateOf(status);
    noteFile(path, status);
    this.identity = status.ino === 0n ? null : `${status.dev}:${status.ino}`;
    this.#file = file;
    this.buffer = first;
    this.#end = length;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Brings the window to `position` without holding up other work. */
  async prefetch(position: number): Promise<void> {
    if (position >= this.size || (position >= this.#start && position < this.#end)) return;
    try {
      const { bytesRead } = await later.read(this.#file, this.buffer, 0, FAR, position);
      this.#start = position;
      this.#end = position + bytesRead;
    } catch (error) {
      throw readFailure(error, this.path);
    }
  }

  /** Index into `buffer` of `length` bytes at `position`, -1 when the file ends before them; at most `FAR` bytes. */
  locate(position: number, length: number): number {
    if (position < 0 || position + length > this.size) return -1;
    if (position < this.#start || position + length > this.#end) {
      const ahead = position - this.#end;
      const wanted = Math.min(ahead >= -length && ahead < NEAR ? NEAR : FAR, this.size - position);
      if (this.buffer.length < wanted) this.buffer = Buffer.allocUnsafe(NEAR);
      this.#start = position;
      this.#end = position + this.#read(this.buffer, wanted, position);
      if (position + length > this.#end) return -1;
    }
    return position - this.#start;
  }

  /** `length` bytes at `position`, or null when the file ends before them. */
  bytes(position: number, length: number): Buffer | null {
    if (position < 0 || position + length > this.size) return null;
    const out = Buffer.allocUnsafe(length);
    if (position >= this.#start && position + length <= this.#end) {
      this.buffer.copy(out, 0, position - this.#start, position - this.#start + length);
      return out;
    }
    return this.#read(out, length, position) === length ? out : null;
  }

  #read(into: Buffer, length: number, position: number): number {
    try {
      let done = 0;
      while (done < length) {
        const got = readSync(this.#file, into, done, length - done, position + done);
        if (got === 0) break;
        done += got;
      }
      return done;
    } catch (error) {
      throw readFailure(error, this.path);
    }
  }
}
