import type { WritingCodec } from './codec.ts';

/** ECMAScript 2024, which TypeScript's library for 2023 lacks. */
type Transferable = ArrayBuffer & { transfer(length: number): ArrayBuffer };

/**
 * Copies what zlib returned, if it fits, and gives its memory back now: left to the garbage collector it would pile up
 * to 64 MiB a thread. The length, or 0 where it does not fit.
 */
export function moveInto(heap: Uint8Array, bytes: Buffer, target: number, capacity: number): number {
  const length = bytes.length;
  const fits = length <= capacity;
  if (fits) heap.set(bytes, target);
  // A small Buffer may be a piece of one that others use.
  if (bytes.buffer.byteLength > Buffer.poolSize) (bytes.buffer as Transferable).transfer(0);
  return fits ? length : 0;
}

/** As `moveInto`, for what was decoded. @throws Error where that is not `size` bytes */
export function moveDecoded(heap: Uint8Array, decoded: Buffer, target: number, size: number): void {
  const { length } = decoded;
  if (moveInto(heap, decoded, target, size) !== size) throw new Error(`${length} bytes in place of ${size}`);
}

/** Options of Node's decoders for a content of `size` bytes, so that it comes in one piece and ends there. */
export const decodedTo = (size: number): { chunkSize: number; maxOutputLength: number } => ({
  chunkSize: Math.max(64, size),
  maxOutputLength: size
});

/**
 * Encoders of chunks that Node compresses. `compress` does it with `length` bytes at `source` of the memory, to at most
 * `bound` bytes at `target`, and returns how many they are.
 */
export function nodeEncoder(
  encodedBound: (length: number, used?: number) => number,
  compress: (heap: Uint8Array, source: number, length: number, target: number, bound: number) => number
): WritingCodec['encoder'] {
  return (_bytesPerVoxel, _simd, memory) => {
    const heap = new Uint8Array(memory.buffer);
    return {
      leavesGarbage: true,
      scratchBytes: () => 0,
      encodedBound,
      encode(source, length, target, _scratch, used = length) {
        heap.fill(0, source + used, source + length);
        return compress(heap, source, length, target, encodedBound(length));
      }
    };
  };
}
