import type { Simd } from '../../simd/index.ts';
import type { Compression } from '../options.ts';
import { bloscDecoder } from './unblosc.ts';
import { gunzip, unzstd } from './zlib.ts';

/**
 * Decodes `length` bytes at address `source` of the shared memory into exactly `size` bytes at `target`. `scratchLength` bytes at `scratch` are
 * as many as the encoder of the same compression needs. The three ranges must not overlap.
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

/** The decoder of a compression, or null for `none`. `memory` is the one that `simd` works on. */
export function plainDecoder(compression: Compression, simd: Simd, memory: WebAssembly.Memory): Decoder | null {
  const heap = new Uint8Array(memory.buffer);
  switch (compression) {
    case 'blosc-lz4':
    case 'blosc-zstd':
      return bloscDecoder(simd, memory);
    case 'zstd':
      return (source, length, target, size) => unzstd(heap, source, length, target, size);
    case 'gzip':
      return (source, length, target, size) => gunzip(heap, source, length, target, size);
    case 'none':
      return null;
  }
}
