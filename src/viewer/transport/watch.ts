import { sleep } from './sleep.ts';
import type { ByteReader, ByteRangeResponse } from './source.ts';
import { OtherError } from './source.ts';

/**
 * Result of a look at a volume's documents: they are those that it was opened with, others in their place, or gone. An
 * Error: they could not be read.
 */
export type Finding = 'same' | 'changed' | 'gone' | Error;

/** Milliseconds from one look to the next, at least. */
const REST = 200;
/** How long a look holds for chunks that are read after it. */
const HOLDS = 1000;

/** Documents by their keys, as they were when a volume was opened. */
export type Documents = Map<string, string>;

/** Version and text of a document, which tell it from another one, and from the same one written anew. */
const signature = ({ bytes, version }: ByteRangeResponse): string =>
  `${version ?? ''}\n${new TextDecoder().decode(bytes)}`;

/** A reader of whole files that remembers those that there are. */
export const remembering =
  (read: ByteReader, documents: Documents) =>
  async (key: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> => {
    const found = await read(key, {}, signal);
    if (found) documents.set(key, signature(found));
    return found?.bytes ?? null;
  };

/**
 * Knows whether a volume is still the one that was opened: a conversion that takes its place writes its documents anew,
 * and who renames or removes it takes them away. Chunks say nothing of that: one by one they are read from whatever has
 * the name.
 */
export class Watch {
  readonly #read: ByteReader;
  readonly #documents: Documents;
  readonly #onFinding: (finding: Finding) => void;
  /** When the last look began, and the finding of the last one that has ended. */
  #began: number;
  #finding: Finding = 'same';
  #queued: Promise<Finding> | null = null;
  #running: Promise<Finding> | null = null;
  #isDisposed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * `documents`: those of the volume, its own first, as they were read from `opened` on, which counts as a look.
   * `onFinding` hears of each later one.
   */
  constructor(read: ByteReader, documents: Documents, opened: number, onFinding: (finding: Finding) => void) {
    this.#began = opened;
    this.#read = read;
    this.#documents = documents;
    this.#onFinding = onFinding;
  }

  /** Finding of a look that begins after this call. */
  look(): Promise<Finding> {
    return (this.#queued ??= this.#begin());
  }

  /** After a chunk came: the finding of a look not long before it. Another look follows. */
  async fetched(): Promise<Finding> {
    const left = this.#began + HOLDS - performance.now();
    if (left <= 0) return this.look();
    if (!this.#isDisposed) this.#timer ??= setTimeout(() => void this.look(), left);
    return (await this.#running) ?? this.#finding;
  }

  /** Nobody hears of looks any more, and none is planned. */
  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  async #begin(): Promise<Finding> {
    await this.#running;
    await sleep(Math.max(0, this.#began + REST - performance.now()));
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#began = performance.now();
    this.#queued = null;
    this.#running = this.#compare();
    this.#finding = await this.#running;
    this.#running = null;
    if (!this.#isDisposed) this.#onFinding(this.#finding);
    return this.#finding;
  }

  async #compare(): Promise<Finding> {
    try {
      const [own, ...others] = await Promise.all([...this.#documents.keys()].map(key => this.#read(key, {})));
      if (own === null) return 'gone';
      const signatures = [...this.#documents.values()];
      const isSame = [own, ...others].every((found, n) => found !== null && signature(found) === signatures[n]);
      return isSame ? 'same' : 'changed';
    } catch (error) {
      return error instanceof OtherError ? 'changed' : (error as Error);
    }
  }
}
