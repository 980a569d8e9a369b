import { shuffle } from './shuffle';

/** Bytes of elements that are taken together: with what becomes of them they stay in the innermost cache. */
export const PIECE: usize = 1024;

/**
 * Bit k of byte b of every element goes into stream 8 · b + k, element i at bit i % 8 of its byte (C-Blosc's bit-shuffle). C-Blosc copies
 * a block whose number of elements is no multiple of 8 as it is, and so does this; bytes after the last whole element are copied too.
 * `scratch`: PIECE bytes.
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
 * The same for n elements, n a multiple of 8: the eight streams of byte b go to `rest` + b · n, and those of the first `apart` bytes to `first`
 * + b · (n + 4) instead.
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
    // Bytes too: so many loads at a time wait for the memory, where bit by bit hardly one does.
    shuffle(source + from * size, scratch, count * size, size);
    for (let b: usize = 0; b < size; b++) {
      const target = b < apart ? first + b * (n + 4) : rest + b * n;
      bitplanes(scratch + b * count, target + (from >> 3), count, n >> 3);
    }
  }
}

/** The eight planes of n bytes, n a multiple of 8, `row` bytes from one to the next. */
function bitplanes(source: usize, target: usize, n: usize, row: usize): void {
  let i: usize = 0;
  for (; i + 64 <= n; i += 64) {
    let a = v128.load(source + i);
    let b = v128.load(source + i, 16);
    let c = v128.load(source + i, 32);
    let d = v128.load(source + i, 48);
    let to = target + (i >> 3) + 7 * row;
    for (let k = 0; k < 8; k++) {
      const low = i8x16.bitmask(a) | (i8x16.bitmask(b) << 16);
      const high = i8x16.bitmask(c) | (i8x16.bitmask(d) << 16);
      store<u64>(to, (<u64>(<u32>low)) | ((<u64>(<u32>high)) << 32));
      to -= row;
      a = i8x16.add(a, a);
      b = i8x16.add(b, b);
      c = i8x16.add(c, c);
      d = i8x16.add(d, d);
    }
  }
  for (; i < n; i += 8) {
    let v = v128.load64_zero(source + i);
    let to = target + (i >> 3) + 7 * row;
    for (let k = 0; k < 8; k++) {
      store<u8>(to, <u8>i8x16.bitmask(v));
      to -= row;
      v = i8x16.add(v, v);
    }
  }
}
