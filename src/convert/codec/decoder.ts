import type { Simd } from '../../simd/index.ts';
import type { Compression } from '../options.ts';
import { bunzip2 } from './bzip2.ts';
import { bloscDecoder } from './unblosc.ts';
import { gunzip, inflate, unzstd } from './zlib.ts';

/** How chunks may be compressed that are read: as this program does, or as others do. `blosc`: with anything else inside than it writes. */
export type StoredCompression = Compression | 'blosc' | 'zlib' | 'lz4' | 'bz2';

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
export function plainDecoder(compression: StoredCompression, simd: Simd, memory: WebAssembly.Memory): Decoder | null {
  const heap = new Uint8Array(memory.buffer);
  switch (compression) {
    case 'blosc':
    case 'blosc-lz4':
    case 'blosc-zstd':
      return bloscDecoder(simd, memory);
    case 'zstd':
      return (source, length, target, size) => unzstd(heap, source, length, target, size);
    case 'gzip':
      return (source, length, target, size) => gunzip(heap, source, length, target, size);
    case 'zlib':
      return (source, length, target, size) => inflate(heap, source, length, target, size);
    case 'bz2':
      return (source, length, target, size) =>
        bunzip2(heap.subarray(source, source + length), heap.subarray(target, target + size));
    case 'lz4':
      return (source, length, target, size) => {
        // numcodecs writes the content's length before the block.
        const content = length < 4 ? 0 : new DataView(memory.buffer).getUint32(source, true);
        if (content !== size) throw new Error(`an LZ4 block for ${content} bytes in place of ${size}`);
        if (!simd.unlz4(source + 4, length - 4, target, size)) throw new Error('an LZ4 block is damaged');
      };
    case 'none':
      return null;
  }
}
