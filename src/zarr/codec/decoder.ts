import type { Compression } from '../../model/options.ts';

/**
 * How chunks may be compressed that are read: as this program does, or as others do. `blosc`: with anything else inside
 * than it writes.
 */
export type StoredCompression = Compression | 'blosc' | 'zlib' | 'lz4' | 'bz2';

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
