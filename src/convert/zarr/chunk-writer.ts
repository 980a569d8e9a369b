import { constants, closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';

/** Alignment that direct writes want of address, length and position. */
export const DIRECT_ALIGNMENT = 4096;
/** Files from this size up go past the page cache: below it, waiting for the disk costs more than the copy saves. */
const DIRECT_BYTES = 1 << 18;

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;

/** The next multiple of `DIRECT_ALIGNMENT`. */
export const aligned = (bytes: number): number => Math.ceil(bytes / DIRECT_ALIGNMENT) * DIRECT_ALIGNMENT;

/** Writes files out of the shared memory, past the page cache where the file system can do that. One per thread. */
export class ChunkWriter {
  readonly #heap: Uint8Array;
  #direct = constants.O_DIRECT !== undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#heap = new Uint8Array(memory.buffer);
  }

  makeFolder(path: string): void {
    mkdirSync(path, { recursive: true });
  }

  /**
   * Writes `length` bytes at `address` (a multiple of `DIRECT_ALIGNMENT`) to a new file. The bytes after them, up to the next multiple, must be readable.
   */
  write(path: string, address: number, length: number): void {
    const file = this.create(path, length);
    try {
      file.put(address, length, 0);
      file.end(length);
    } finally {
      file.close();
    }
  }

  /** A new file of about `length` bytes, to be written from its beginning on. */
  create(path: string, length: number): OutputFile {
    if (this.#direct && length >= DIRECT_BYTES) {
      try {
        const file = openSync(path, CREATE | constants.O_DIRECT, 0o666);
        return new OutputFile(path, file, this.#heap, () => (this.#direct = false));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
        this.#direct = false;
      }
    }
    return new OutputFile(path, openSync(path, CREATE, 0o666), this.#heap, null);
  }
}

/** A file that is being written. */
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

  /** Writes bytes at an aligned address to an aligned position; up to the next multiple, what follows them may be written too. */
  put(address: number, length: number, position: number): void {
    if (this.#onRefused) {
      try {
        this.#write(address, aligned(length), position);
        return;
      } catch (error) {
        // The file system has no direct writes after all, or wants another alignment.
        if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
        this.#onRefused();
        this.#onRefused = null;
        closeSync(this.#file);
        this.#file = openSync(this.#path, constants.O_WRONLY);
      }
    }
    this.#write(address, length, position);
  }

  /** Gives the file the length that it is to have. */
  end(length: number): void {
    if (aligned(length) !== length) ftruncateSync(this.#file, length);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(address: number, length: number, position: number): void {
    for (let done = 0; done < length;)
      done += writeSync(this.#file, this.#heap, address + done, length - done, position + done);
  }
}
