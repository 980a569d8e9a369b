import { constants, closeSync, existsSync, mkdirSync, openSync, renameSync, write, writeSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { writeError } from './system-errors.ts';

const writeBytes = promisify(write);

/** Alignment that direct writes want of address, length and position. */
export const DIRECT_ALIGNMENT = 4096;
/** Files from this size up go past the page cache: below it, waiting for the disk costs more than the copy saves. */
const DIRECT_BYTES = 1 << 18;

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;

/** The next multiple of `DIRECT_ALIGNMENT`. */
export const aligned = (bytes: number): number => Math.ceil(bytes / DIRECT_ALIGNMENT) * DIRECT_ALIGNMENT;

/**
 * Writes files out of the shared memory, past the page cache where the file system can do that. One per thread, which
 * goes on meanwhile: it fills areas of memory in turn, and is held up only when it wants one that is still being
 * written.
 */
export class ChunkWriter {
  readonly #heap: Uint8Array;
  readonly #areas: readonly number[];
  /** By area: ends when what was written out of it is in its file. */
  readonly #writes: Promise<void>[];
  #turn = 0;
  #direct = constants.O_DIRECT !== undefined;
  readonly #aside: string | null;

  /**
   * `areas`: addresses that are multiples of `DIRECT_ALIGNMENT`. `aside`: what is put behind the names of files until
   * they are whole.
   */
  constructor(memory: WebAssembly.Memory, areas: readonly number[], aside: string | null = null) {
    this.#aside = aside;
    this.#heap = new Uint8Array(memory.buffer);
    this.#areas = areas;
    this.#writes = areas.map(() => Promise.resolve());
  }

  /** Makes a folder under `root`, which must be there. */
  makeFolder(root: string, path: string): void {
    let made = root;
    if (existsSync(path)) return;
    for (const name of relative(root, path).split(sep)) {
      made = join(made, name);
      try {
        mkdirSync(made);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  /**
   * The address of the area whose turn it is, once nothing is written out of it any more. @throws ConvertError if that
   * could not be written
   */
  async area(): Promise<number> {
    await this.#writes[this.#turn];
    return this.#areas[this.#turn];
  }

  /** Ends when all that was begun is in its files. @throws ConvertError for what could not be written */
  async settle(): Promise<void> {
    const writes = [...this.#writes];
    this.#writes.fill(Promise.resolve());
    await Promise.allSettled(writes);
    await Promise.all(writes);
  }

  /** Begins to write the first `length` bytes of the area whose turn it is to a new file. */
  write(path: string, length: number): void {
    this.begin(path, async address => {
      const file = this.create(path, length);
      try {
        await file.put(address, length, 0);
      } finally {
        file.close();
      }
      this.place(path);
    });
  }

  /**
   * Begins something with the area whose turn it is, which the area is lent to until it ends; the next has its turn.
   */
  begin(path: string, work: (address: number) => Promise<void>): void {
    const writing = work(this.#areas[this.#turn]).catch((error: unknown) => {
      throw writeError(error, path);
    });
    // Heard of when the area's turn comes again.
    writing.catch(() => {});
    this.#writes[this.#turn] = writing;
    this.#turn = (this.#turn + 1) % this.#areas.length;
  }

  /** Gives a file that is whole, and closed, its name. */
  place(path: string): void {
    if (this.#aside !== null) renameSync(path + this.#aside, path);
  }

  /**
   * A new file of about `length` bytes, to be written from its beginning on. @throws ConvertError where there can be
   * none
   */
  create(name: string, length: number): OutputFile {
    const path = name + (this.#aside ?? '');
    try {
      const direct = this.#direct && length >= DIRECT_BYTES ? this.#createDirect(path) : null;
      return direct ?? new OutputFile(path, openSync(path, CREATE, 0o666), this.#heap, null);
    } catch (error) {
      throw writeError(error, path);
    }
  }

  /** Null where the file system has no direct writes. */
  #createDirect(path: string): OutputFile | null {
    try {
      const file = openSync(path, CREATE | constants.O_DIRECT, 0o666);
      return new OutputFile(path, file, this.#heap, () => (this.#direct = false));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      this.#direct = false;
      return null;
    }
  }
}

/** A file that is being written, one piece after another. */
export class OutputFile {
  readonly #path: string;
  readonly #heap: Uint8Array;
  #file: number;
  /** Not null while writes are direct: hears that they cannot be. */
  #onRefused: (() => void) | null;

  constructor(path: string, file: number, heap: Uint8Array, onRefused: (() => void) | null) {
    this.#path = path;
    this.#file = file;
    this.#heap = heap;
    this.#onRefused = onRefused;
  }

  /** Writes bytes at an aligned address to an aligned position. */
  async put(address: number, length: number, position: number): Promise<void> {
    if (!this.#onRefused) return this.#write(address, length, position);
    const whole = length - (length % DIRECT_ALIGNMENT);
    try {
      await this.#write(address, whole, position);
    } catch (error) {
      // The file system has no direct writes after all, or wants another alignment.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      this.#onRefused();
      this.#onRefused = null;
      const usual = openSync(this.#path, constants.O_WRONLY);
      closeSync(this.#file);
      this.#file = usual;
      return this.#write(address, length, position);
    }
    this.#writeEnd(address + whole, length - whole, position + whole);
  }

  close(): void {
    closeSync(this.#file);
  }

  async #write(address: number, length: number, position: number): Promise<void> {
    for (let done = 0; done < length;) {
      const { bytesWritten } = await writeBytes(this.#file, this.#heap, address + done, length - done, position + done);
      done += bytesWritten;
    }
  }

  /**
   * Writes less than a block, in the usual way: to cut it off a whole one would make the system read that from the
   * disk.
   */
  #writeEnd(address: number, length: number, position: number): void {
    if (length === 0) return;
    const file = openSync(this.#path, constants.O_WRONLY);
    try {
      for (let done = 0; done < length;)
        done += writeSync(file, this.#heap, address + done, length - done, position + done);
    } finally {
      closeSync(file);
    }
  }
}
