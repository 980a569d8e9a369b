import { isDocument } from '../../model/document.ts';

/** Files that are remembered. */
const REMEMBERED = 4096;

/**
 * Versions of files, by their addresses, to notice one that was written anew since it was last read. A volume's
 * documents show that themselves; a chunk that is written anew, or a shard between its index and its chunks, does not.
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
