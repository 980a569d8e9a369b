import { isDocument } from '../model/document.ts';

/** Files that are remembered. */
const REMEMBERED = 4096;

/**
 * What tells the writings of files apart, by their addresses. A volume's documents say of themselves that they are
 * others; a chunk that is written anew, or a shard between its index and its chunks, says nothing.
 */
export class Versions {
  readonly #known = new Map<string, string>();

  /** `version`: null where the server does not say. @throws Error where a file is another one than when last read */
  check(url: string, version: string | null): void {
    if (version === null || isDocument(url)) return;
    const before = this.#known.get(url);
    if (before !== undefined && before !== version)
      throw new Error(
        `${url} has been written anew since it was last read: what is shown is of both. Retry reads it all.`
      );
    this.#known.set(url, version);
    if (this.#known.size > REMEMBERED) this.#known.delete([...this.#known.keys()][0]);
  }
}
