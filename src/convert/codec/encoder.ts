/**
 * Brings bytes `from` (inclusive) to `to` (exclusive) of a chunk to their place, just before they are read: what is still in the processor's
 * cache is read several times as fast.
 */
export type Fetch = (from: number, to: number) => void;

/** Encodes chunks in the shared memory. One per thread; keeps nothing from one chunk to the next. */
export interface Encoder {
  /** Bytes of scratch that a chunk of `length` bytes needs. */
  scratchBytes(length: number): number;
  /** Upper bound of a chunk's encoded length: room for as many bytes must be at `target`. */
  encodedBound(length: number): number;
  /**
   * Encodes `length` bytes (less than 2 GiB − 64) at address `source` to address `target` and returns the encoded length. `scratch` is the
   * address of `scratchBytes(length)` bytes. The three ranges must not overlap. `fetch` fills `source`, piece by piece, some perhaps twice;
   * without it, all is there.
   */
  encode(source: number, length: number, target: number, scratch: number, fetch?: Fetch): number;
}
