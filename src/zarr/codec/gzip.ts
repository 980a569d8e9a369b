import { gunzipSync, gzipSync } from 'node:zlib';
import { type WritingCodec, ZLIB_BYTES } from './codec.ts';
import { decodedTo, moveDecoded, moveInto, nodeEncoder } from './node-buffer.ts';

const LEVEL = 1;

/** Chunks that are gzip files. */
export const gzipCodec: WritingCodec = {
  stored: { name: 'gzip' },
  processBytes: ZLIB_BYTES,
  encoder: nodeEncoder(gzipBound, (heap, source, length, target, bound) => {
    const encoded = gzipSync(heap.subarray(source, source + length), { level: LEVEL, chunkSize: bound });
    return moveInto(heap, encoded, target, bound);
  }),
  decoder(_simd, memory) {
    const heap = new Uint8Array(memory.buffer);
    return (source, length, target, size) =>
      moveDecoded(heap, gunzipSync(heap.subarray(source, source + length), decodedTo(size)), target, size);
  },
  v3: () => ({ name: 'gzip', configuration: { level: LEVEL } }),
  v2: () => ({ id: 'gzip', level: LEVEL })
};

/** Deflate writes what it cannot compress as it is, in blocks; of zeros it makes a thousandth. */
function gzipBound(length: number, used = length): number {
  const kept = Math.min(length, used + BLOCK);
  return kept + Math.ceil(kept / 1000) + 1024 + Math.ceil((length - kept) / 200);
}
const BLOCK = 2 ** 15;
