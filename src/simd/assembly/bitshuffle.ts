import { transposeBits } from './transpose-bits';
import { transposeBytes } from './transpose-bytes';

/** Bytes of elements that are taken together: with what becomes of them they stay in the innermost cache. */
export const PIECE: usize = 4096;
/** Bytes of scratch: a piece, byte by byte of its elements, and what one transposition of bytes or bits needs. */
export const SCRATCH: usize = 2 * PIECE;

/**
 * Bit k of byte b of every element goes into stream 8 · b + k, element i at bit i % 8 of its byte (C-Blosc's
 * bit-shuffle). C-Blosc copies a block whose number of elements is no multiple of 8 as it is, and so does this; bytes
 * after the last whole element are copied too. `scratch`: SCRATCH bytes.
 */
export function bitshuffle(source: usize, target: usize, length: usize, size: usize, scratch: usize): void {
  const n = length / size;
  if (n & 7) {
    memory.copy(target, source, length);
    return;
  }
  bitshuffleApart(source, n, size, scratch, 0, 0, target);
  memory.copy(target + n * size, source + n * size, length - n * size);
}

/**
 * The same for n elements, n a multiple of 8: the eight streams of byte b go to `rest` + b · n, and those of the first
 * `apart` bytes to `first` + b · (n + 4) instead.
 */
export function bitshuffleApart(
  source: usize,
  n: usize,
  size: usize,
  scratch: usize,
  first: usize,
  apart: usize,
  rest: usize
): void {
  const most = (PIECE / size) & ~7;
  for (let from: usize = 0; from < n; from += most) {
    const count = min(most, n - from);
    // Bytes first: so many loads at a time wait for the memory, where bit by bit hardly one does.
    transposeBytes(source + from * size, count, size, scratch, scratch + PIECE);
    for (let b: usize = 0; b < size; b++) {
      const target = (b < apart ? first + b * (n + 4) : rest + b * n) + (from >> 3);
      transposeBits(scratch + b * count, count >> 3, target, n >> 3, count >> 3);
    }
  }
}
