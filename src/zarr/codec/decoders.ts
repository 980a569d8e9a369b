import type { Simd } from '../../simd/index.ts';
import { bunzip2 } from './bzip2.ts';
import type { Decoder, StoredCompression } from './decoder.ts';
import { bloscDecoder } from './unblosc.ts';
import { gunzip, inflate, unzstd } from './zlib.ts';

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
