import { constants, gunzipSync, gzipSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Encoder } from './encoder.ts';
import { checkZstdFrames } from './zstd-frame.ts';

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

/** Decompresses `length` bytes into exactly `size` at `target`. Throws where they are damaged. */
export function unzstd(heap: Uint8Array, source: number, length: number, target: number, size: number): void {
  const encoded = heap.subarray(source, source + length);
  checkZstdFrames(encoded);
  const decoded = zstdDecompressSync(encoded, { chunkSize: Math.max(64, size), maxOutputLength: size });
  moveDecoded(heap, decoded, target, size);
}

/** As `unzstd`, for gzip. */
export function gunzip(heap: Uint8Array, source: number, length: number, target: number, size: number): void {
  const encoded = heap.subarray(source, source + length);
  moveDecoded(heap, gunzipSync(encoded, { chunkSize: Math.max(64, size), maxOutputLength: size }), target, size);
}

/** As `unzstd`, for a zlib stream (RFC 1950). */
export function inflate(heap: Uint8Array, source: number, length: number, target: number, size: number): void {
  const encoded = heap.subarray(source, source + length);
  moveDecoded(heap, inflateSync(encoded, { chunkSize: Math.max(64, size), maxOutputLength: size }), target, size);
}

function moveDecoded(heap: Uint8Array, decoded: Buffer, target: number, size: number): void {
  if (moveInto(heap, decoded, target, size) !== size) throw new Error(`${decoded.length} bytes in place of ${size}`);
}

/** ECMAScript 2024, which TypeScript's library for 2023 lacks. */
type Transferable = ArrayBuffer & { transfer(length: number): ArrayBuffer };

/**
 * Copies what zlib returned, if it fits, and gives its memory back now: left to the garbage collector it would pile up
 * to 64 MiB a thread.
 */
function moveInto(heap: Uint8Array, encoded: Buffer, target: number, capacity: number): number {
  const length = encoded.length;
  const fits = length <= capacity;
  if (fits) heap.set(encoded, target);
  // A small Buffer may be a piece of one that others use.
  if (encoded.buffer.byteLength > Buffer.poolSize) (encoded.buffer as Transferable).transfer(0);
  return fits ? length : 0;
}

/**
 * ZSTD_COMPRESSBOUND of zstd.h and some more; a block of zstd's that is zeros in part may stay as it is, one of zeros
 * is a few bytes.
 */
function zstdBound(length: number, used = length): number {
  const kept = Math.min(length, used + ZSTD_BLOCK);
  return kept + Math.ceil(kept / 256) + 128 + Math.ceil((length - kept) / 1024);
}
const ZSTD_BLOCK = 2 ** 17;

/** Deflate writes what it cannot compress as it is, in blocks; of zeros it makes a thousandth. */
function gzipBound(length: number, used = length): number {
  const kept = Math.min(length, used + DEFLATE_BLOCK);
  return kept + Math.ceil(kept / 1000) + 1024 + Math.ceil((length - kept) / 200);
}
const DEFLATE_BLOCK = 2 ** 15;

export function zstdEncoder(level: number, memory: WebAssembly.Memory): Encoder {
  const heap = new Uint8Array(memory.buffer);
  return {
    leavesGarbage: true,
    scratchBytes: () => 0,
    encodedBound: zstdBound,
    encode(source, length, target, _scratch, used = length) {
      heap.fill(0, source + used, source + length);
      return zstd(heap, source, length, target, zstdBound(length), level);
    }
  };
}

export function gzipEncoder(level: number, memory: WebAssembly.Memory): Encoder {
  const heap = new Uint8Array(memory.buffer);
  return {
    leavesGarbage: true,
    scratchBytes: () => 0,
    encodedBound: gzipBound,
    encode(source, length, target, _scratch, used = length) {
      heap.fill(0, source + used, source + length);
      const bound = gzipBound(length);
      return moveInto(
        heap,
        gzipSync(heap.subarray(source, source + length), { level, chunkSize: bound }),
        target,
        bound
      );
    }
  };
}
