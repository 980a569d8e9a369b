import { bunzip2 } from './bzip2.ts';
import { type Codec, ZLIB_BYTES } from './codec.ts';

/** Chunks that are bzip2 files. */
export const bz2Codec: Codec = {
  stored: { name: 'bz2' },
  processBytes: ZLIB_BYTES,
  decoder(_simd, memory) {
    const heap = new Uint8Array(memory.buffer);
    return (source, length, target, size) =>
      bunzip2(heap.subarray(source, source + length), heap.subarray(target, target + size));
  }
};
