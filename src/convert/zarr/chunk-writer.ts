import { constants, closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';

/** Alignment that direct writes want of address and length. */
export const DIRECT_ALIGNMENT = 4096;
/** Files from this size up go past the page cache: below it, waiting for the disk costs more than the copy saves. */
const DIRECT_BYTES = 1 << 18;

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;

/** Writes chunk files out of the shared memory, past the page cache where the file system can do that. One per thread. */
export class ChunkWriter {
  #bytes: Uint8Array;
  #direct = constants.O_DIRECT !== undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#bytes = new Uint8Array(memory.buffer);
  }

  makeFolder(path: string): void {
    mkdirSync(path, { recursive: true });
  }

  /**
   * Writes `length` bytes at `address` (a multiple of `DIRECT_ALIGNMENT`) to a new file. The bytes after them, up to the next multiple, must be readable.
   */
  write(path: string, address: number, length: number): void {
    if (this.#direct && length >= DIRECT_BYTES) {
      if (this.#writeDirect(path, address, length)) return;
      this.#direct = false;
    }
    const file = openSync(path, CREATE, 0o666);
    try {
      this.#put(file, address, length);
    } finally {
      closeSync(file);
    }
  }

  /** False where the file system has no direct writes, or wants another alignment; the file is then to be written anew. */
  #writeDirect(path: string, address: number, length: number): boolean {
    let file: number;
    try {
      file = openSync(path, CREATE | constants.O_DIRECT, 0o666);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return false;
      throw error;
    }
    try {
      const aligned = Math.ceil(length / DIRECT_ALIGNMENT) * DIRECT_ALIGNMENT;
      this.#put(file, address, aligned);
      if (aligned !== length) ftruncateSync(file, length);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return false;
      throw error;
    } finally {
      closeSync(file);
    }
  }

  #put(file: number, address: number, length: number): void {
    for (let done = 0; done < length;) done += writeSync(file, this.#bytes, address + done, length - done);
  }
}
