/**
 * Decodes `length` bytes at address `source` of the shared memory into exactly `size` bytes at `target`.
 * `scratchLength` bytes at `scratch` are as many as the encoder of the same compression needs. The three ranges must
 * not overlap.
 *
 * @throws Error where the bytes are damaged
 */
export type Decoder = (
  source: number,
  length: number,
  target: number,
  size: number,
  scratch: number,
  scratchLength: number
) => void;
