import { closeSync, openSync, readSync } from 'node:fs';
import type { Brought } from './brought.ts';
import { onDisk } from './file-name.ts';
import { fail, readFailure } from './fail.ts';

/** Slices kept open by one reader. */
const OPEN_FILES = 32;
const AT_ONCE = 1 << 30;

/** Positioned reads from a list of files, of which the last few used stay open. */
export class FilePool {
  readonly #files: string[];
  readonly #brought: Brought | null;
  /** File descriptor by index; the least recently used first. */
  readonly #open = new Map<number, number>();

  /** `brought`: what of the only file was brought, where that has an address. */
  constructor(files: string[], brought: Brought | null = null) {
    this.#files = files;
    this.#brought = brought;
  }

  /**
   * Fills `length` bytes of `target` at `at` with those at `position` of a file.
   *
   * @throws ConvertError `truncated` when the file has become shorter, `not-found`, `unreadable`; Absent
   */
  read(file: number, target: Uint8Array, at: number, length: number, position: number): void {
    if (this.#brought) return this.#brought.copy(target, at, length, position);
    try {
      const fd = this.#descriptor(file);
      for (let done = 0; done < length;) {
        const got = readSync(fd, target, at + done, Math.min(length - done, AT_ONCE), position + done);
        if (got === 0)
          throw fail(
            'truncated',
            this.#files[file],
            `it ends at byte ${position + done}, where ${length - done} more were expected: it was changed after it was opened; start again`
          );
        done += got;
      }
    } catch (error) {
      throw readFailure(error, this.#files[file]);
    }
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #descriptor(file: number): number {
    let fd = this.#open.get(file);
    if (fd === undefined) {
      if (this.#open.size >= OPEN_FILES) {
        const [[oldest, unused]] = this.#open;
        this.#open.delete(oldest);
        closeSync(unused);
      }
      fd = openSync(onDisk(this.#files[file]), 'r');
    } else if (this.#open.size > 1) this.#open.delete(file);
    else return fd;
    this.#open.set(file, fd);
    return fd;
  }
}
