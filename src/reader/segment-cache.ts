/** Decoded segments that are kept by one reader, in bytes. */
const CACHE_BYTES = 4 << 20;
/** Segments of a reader at most. */
const READER = 2 ** 32;

/**
 * Decoded segments of one reader or several, up to so many bytes; the last one is kept whatever its size, and the least
 * recently used are forgotten first.
 */
export class SegmentCache {
  readonly bytes: number;
  readonly #segments = new Map<number, Uint8Array>();
  #kept = 0;
  #readers = 0;

  constructor(bytes = CACHE_BYTES) {
    this.bytes = bytes;
  }

  /** The first of a new reader's numbers for its segments. */
  join(): number {
    return this.#readers++ * READER;
  }

  /** Forgets those of a reader. */
  leave(first: number): void {
    for (const [index, segment] of this.#segments)
      if (index >= first && index < first + READER) this.#forget(index, segment);
  }

  get(index: number): Uint8Array | undefined {
    const kept = this.#segments.get(index);
    if (kept) {
      this.#segments.delete(index);
      this.#segments.set(index, kept);
    }
    return kept;
  }

  add(index: number, segment: Uint8Array): void {
    this.#segments.set(index, segment);
    this.#kept += segment.length;
  }

  /**
   * Forgets segments until one of `length` bytes fits; returns the memory of the last one forgotten, unless far more
   * would be kept with it.
   */
  makeRoom(length: number): Uint8Array | null {
    let freed: Uint8Array | null = null;
    for (const [index, segment] of this.#segments) {
      if (this.#kept + length <= this.bytes) break;
      this.#forget(index, segment);
      freed = segment;
    }
    return freed && freed.buffer.byteLength <= 2 * length ? freed : null;
  }

  #forget(index: number, segment: Uint8Array): void {
    this.#segments.delete(index);
    this.#kept -= segment.length;
  }
}
