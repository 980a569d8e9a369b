import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type WritingCodec, ZLIB_BYTES } from './codec.ts';
import { decodedTo, moveDecoded, moveInto, nodeEncoder } from './node-buffer.ts';
import { checkZstdFrames } from './zstd-frame.ts';

const LEVEL = 1;

/** Chunks that are zstd frames. */
export const zstdCodec: WritingCodec = {
  stored: { name: 'zstd' },
  processBytes: ZLIB_BYTES,
  encoder: nodeEncoder(zstdBound, (heap, source, length, target, bound) =>
    zstd(heap, source, length, target, bound, LEVEL)
  ),
  decoder(_simd, memory) {
    const heap = new Uint8Array(memory.buffer);
    return (source, length, target, size) => unzstd(heap, source, length, target, size);
  },
  v3: () => ({ name: 'zstd', configuration: { level: LEVEL, checksum: false } }),
  v2: () => ({ id: 'zstd', level: LEVEL })
};

/**
 * One zstd frame (RFC 8878) that says its content's size, at `target`; returns its length, or 0 when it would exceed
 * `capacity`. `heap` is the whole memory.
 */
export function zstd(
  heap: Uint8Array,
  source: number,
  length: number,
  target: number,
  capacity: number,
  level: number
): number {
  const encoded = zstdCompressSync(heap.subarray(source, source + length), {
    // Room for all of it, so that it comes in one piece.
    chunkSize: zstdBound(length),
    pledgedSrcSize: length,
    params: { [constants.ZSTD_c_compressionLevel]: level }
  });
  return moveInto(heap, encoded, target, capacity);
}

/** Decompresses `length` bytes into exactly `size` at `target`. @throws Error where they are damaged */
export function unzstd(heap: Uint8Array, source: number, length: number, target: number, size: number): void {
  const encoded = heap.subarray(source, source + length);
  checkZstdFrames(encoded);
  moveDecoded(heap, zstdDecompressSync(encoded, decodedTo(size)), target, size);
}

/**
 * ZSTD_COMPRESSBOUND of zstd.h and some more; a block of zstd's that is zeros in part may stay as it is, one of zeros
 * is a few bytes.
 */
function zstdBound(length: number, used = length): number {
  const kept = Math.min(length, used + BLOCK);
  return kept + Math.ceil(kept / 256) + 128 + Math.ceil((length - kept) / 1024);
}
const BLOCK = 2 ** 17;
