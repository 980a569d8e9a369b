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
import { isAddress } from '../../model/address.ts';
import { Absent, type Brought, type Range } from './brought.ts';
import { onDisk } from './file-name.ts';
import { checkFile, readFailure } from './fail.ts';
import { remoteHeaders } from './remote-headers.ts';
import { remoteStateOf, stateOf } from '../../model/file-state.ts';
import { noteFile } from './touched.ts';

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
  /** State of the file when it was opened; another one after every change. */
  readonly state: string;
  /** Parts of a remote file that were brought; null: the file is on a disk, and read when it is wanted. */
  readonly remote: Brought | null;
  readonly #file: number;
  /** Holds the bytes that `locate` speaks of, until the next call. */
  buffer: Buffer;
  #start = 0;
  #end: number;

  /** Opens a file and reads its first bytes. @throws ConvertError `not-found`, `unreadable` */
  static async open(path: string): Promise<HeaderBytes> {
    if (isAddress(path)) {
      const brought = remoteHeaders(path);
      const { state } = brought;
      noteFile(path, remoteStateOf(state), state.modified);
      return new HeaderBytes(path, { size: state.size, state: remoteStateOf(state), identity: null }, brought);
    }
    let file: number | null = null;
    try {
      // Before it is opened: opening a pipe waits for somebody to write to it.
      checkFile(path, await later.stat(onDisk(path)));
      file = await later.open(onDisk(path), FLAGS);
      const status = await later.fstat(file, { bigint: true });
      const first = Buffer.allocUnsafe(FAR);
      const { bytesRead } = await later.read(file, first, 0, FAR, 0);
      return new HeaderBytes(path, factsOf(path, status), file, first, bytesRead);
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
      return new HeaderBytes(path, factsOf(path, status), file, first, readSync(file, first, 0, FAR, 0));
    } catch (error) {
      if (file !== null) closeSync(file);
      throw readFailure(error, path);
    }
  }

  private constructor(path: string, facts: Facts, file: number | Brought, first = Buffer.alloc(0), length = 0) {
    this.path = path;
    this.size = facts.size;
    this.state = facts.state;
    this.identity = facts.identity;
    [this.remote, this.#file] = typeof file === 'number' ? [null, file] : [file, -1];
    this.buffer = first;
    this.#end = length;
  }

  close(): void {
    if (this.remote === null) closeSync(this.#file);
  }

  /**
   * Runs a function that reads at once; for a remote file again, once the bytes that it wanted are there: it must allow
   * for that.
   */
  async repeating<T>(read: () => T): Promise<T> {
    for (;;)
      try {
        return read();
      } catch (error) {
        if (this.remote === null || !(error instanceof Absent)) throw error;
        this.remote.takeMissed();
        await this.remote.bring([this.#windowOf(error.range)]);
      }
  }

  /** Brings the window to `position` without holding up other work. */
  async prefetch(position: number): Promise<void> {
    if (position >= this.size || (position >= this.#start && position < this.#end)) return;
    if (this.remote) return this.remote.bring([{ position, length: FAR }]);
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
    this.remote?.note(position, length);
    if (position < this.#start || position + length > this.#end) {
      if (this.remote) return this.#locateBrought(this.remote, position, length);
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
    this.remote?.note(position, length);
    const out = Buffer.allocUnsafe(length);
    if (position >= this.#start && position + length <= this.#end) {
      this.buffer.copy(out, 0, position - this.#start, position - this.#start + length);
      return out;
    }
    if (this.remote) {
      this.remote.copy(out, 0, length, position);
      return out;
    }
    return this.#read(out, length, position) === length ? out : null;
  }

  #locateBrought(remote: Brought, position: number, length: number): number {
    const piece = remote.piece(position, length);
    if (piece) {
      const { buffer, byteOffset, byteLength } = piece.bytes;
      this.buffer = Buffer.from(buffer, byteOffset, byteLength);
      this.#start = piece.position;
    } else {
      const bytes = Buffer.allocUnsafe(length);
      remote.copy(bytes, 0, length, position);
      this.buffer = bytes;
      this.#start = position;
    }
    this.#end = this.#start + this.buffer.length;
    return position - this.#start;
  }

  /** The range that is brought where one was wanted: longer where the reading runs on. */
  #windowOf({ position, length }: Range): Range {
    const isOn = this.remote!.endsAt(position);
    return { position, length: Math.max(length, isOn ? NEAR : FAR) };
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

/** Facts about a file that are known when it is opened. */
type Facts = Pick<HeaderBytes, 'size' | 'state' | 'identity'>;

function factsOf(path: string, status: BigIntStats): Facts {
  checkFile(path, status);
  const { size, ino, dev, mtimeMs } = status;
  const state = stateOf(status);
  noteFile(path, state, Number(mtimeMs));
  return { size: Number(size), state, identity: ino === 0n ? null : `${dev}:${ino}` };
}
