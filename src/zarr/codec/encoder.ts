/** Encodes chunks in the shared memory. One per thread; what it makes of a chunk does not depend on those before. */
export interface Encoder {
  /** Bytes of scratch that a chunk of `length` bytes needs. */
  scratchBytes(length: number): number;
  /** Whether encoding leaves memory behind that only a collection frees. */
  readonly leavesGarbage: boolean;
  /**
   * Upper bound of the encoded length of a chunk of `length` bytes; of one of which those from `used` on are 0, a
   * nearer one. For `encode`, room for as many bytes as the former must be at `target`.
   */
  encodedBound(length: number, used?: number): number;
  /**
   * Encodes `length` bytes (less than 2 GiB − 64) at address `source` to address `target` and returns the encoded
   * length. `scratch` is the address of `scratchBytes(length)` bytes. The three ranges must not overlap. Bytes from
   * `used` on count as 0, whatever they are, and may be made 0.
   */
  encode(source: number, length: number, target: number, scratch: number, used?: number): number;
}
