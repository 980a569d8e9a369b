import { shuffle } from './shuffle';
import { transposeBits } from './transpose-bits';

/** Bytes of elements that are taken together: with what becomes of them they stay in the innermost cache. */
export const PIECE: usize = 4096;
/** Bytes of scratch: a piece, by bytes, and one byte of its elements, by columns. */
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
    const bytes = size > 1 ? scratch : source + from;
    if (size > 1) shuffle(source + from * size, bytes, count * size, size);
    for (let b: usize = 0; b < size; b++) {
      const target = (b < apart ? first + b * (n + 4) : rest + b * n) + (from >> 3);
      shuffle(bytes + b * count, scratch + PIECE, count, 8);
      transposeBits(scratch + PIECE, count >> 3, target, n >> 3, count >> 3);
    }
  }
}
