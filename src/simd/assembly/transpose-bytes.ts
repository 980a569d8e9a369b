import { highBytes, lowBytes } from './lanes';
import { shuffle } from './shuffle';

/** Bytes of scratch: 16 × 16 bytes, half transposed. */
export const HALFWAY: usize = 256;
/** Elements that fill sixteen columns. */
const SIXTEEN: usize = 128;

/**
 * Of n elements, n a multiple of 8, byte b of element 8 · x + i goes to column x of row 8 · b + i; a row has n / 8
 * bytes. `scratch`: HALFWAY bytes.
 */
export function transposeBytes(source: usize, n: usize, size: usize, target: usize, scratch: usize): void {
  if (size == 1) {
    shuffle(source, target, n, 8);
    return;
  }
  const row = n >> 3;
  let done: usize = 0;
  if (size == 2 || size == 4 || size == 8) {
    done = n & ~(SIXTEEN - 1);
    for (let x: usize = 0; x < done >> 3; x += 16)
      sixteenColumns(source + x * (size << 3), size, target + x, row, scratch);
  }
  for (let e = done; e < n; e++) {
    const to = target + (e & 7) * row + (e >> 3);
    for (let b: usize = 0; b < size; b++) store<u8>(to + b * (row << 3), load<u8>(source + e * size + b));
  }
}

/**
 * Bytes of two vectors in turn, four times, transpose 16 × 16 bytes. Each loop does two of the four, with as many
 * vectors as there are registers for.
 */
function sixteenColumns(source: usize, size: usize, target: usize, row: usize, scratch: usize): void {
  const column = size << 3;
  const shift = <usize>ctz(size);
  for (let part: usize = 0; part < column; part += 16) {
    for (let i: usize = 0; i < 4; i++) {
      const from = source + part + i * column;
      const a = v128.load(from);
      const b = v128.load(from + 4 * column);
      const c = v128.load(from + 8 * column);
      const d = v128.load(from + 12 * column);
      const ac = lowBytes(a, c);
      const bd = lowBytes(b, d);
      const ac2 = highBytes(a, c);
      const bd2 = highBytes(b, d);
      const to = scratch + (i << 6);
      v128.store(to, lowBytes(ac, bd));
      v128.store(to, highBytes(ac, bd), 16);
      v128.store(to, lowBytes(ac2, bd2), 32);
      v128.store(to, highBytes(ac2, bd2), 48);
    }
    for (let i: usize = 0; i < 4; i++) {
      const from = scratch + (i << 4);
      const a = v128.load(from);
      const b = v128.load(from, 64);
      const c = v128.load(from, 128);
      const d = v128.load(from, 192);
      const ac = lowBytes(a, c);
      const bd = lowBytes(b, d);
      const ac2 = highBytes(a, c);
      const bd2 = highBytes(b, d);
      // Bytes k to k + 3 of each column: of one element, or of the next one too.
      const k = part + (i << 2);
      const next = row << 3;
      const first = target + (k & (size - 1)) * next + (k >> shift) * row;
      const third = first + (size == 2 ? row : next << 1);
      v128.store(first, lowBytes(ac, bd));
      v128.store(first + next, highBytes(ac, bd));
      v128.store(third, lowBytes(ac2, bd2));
      v128.store(third + next, highBytes(ac2, bd2));
    }
  }
}
