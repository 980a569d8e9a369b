import { inflateSync } from 'node:zlib';
import { type Codec, ZLIB_BYTES } from './codec.ts';
import { decodedTo, moveDecoded } from './node-buffer.ts';

/** Chunks that are zlib streams (RFC 1950). */
export const zlibCodec: Codec = {
  stored: { name: 'zlib' },
  processBytes: ZLIB_BYTES,
  decoder(_simd, memory) {
    const heap = new Uint8Array(memory.buffer);
    return (source, length, target, size) => inflate(heap, source, length, target, size);
  }
};

/** Decompresses `length` bytes into exactly `size` at `target`. @throws Error where they are damaged */
export function inflate(heap: Uint8Array, source: number, length: number, target: number, size: number): void {
  moveDecoded(heap, inflateSync(heap.subarray(source, source + length), decodedTo(size)), target, size);
}
