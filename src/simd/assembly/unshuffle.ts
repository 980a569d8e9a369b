import { PIECE } from './bitshuffle';
import { highBytes, lowBytes } from './lanes';
import { transposeBits } from './transpose-bits';

/** The inverse of `shuffle`. */
export function unshuffle(source: usize, target: usize, length: usize, size: usize): void {
  const n = length / size;
  let done: usize = 0;
  if (size == 1) {
    memory.copy(target, source, length);
    return;
  }
  if (size == 2) done = unshuffle2(source, target, n);
  else if (size == 4) done = unshuffle4(source, target, n);
  else if (size == 8) done = unshuffle8(source, target, n);
  for (let k: usize = 0; k < size; k++) {
    const from = source + k * n;
    for (let i = done; i < n; i++) store<u8>(target + i * size + k, load<u8>(from + i));
  }
  memory.copy(target + n * size, source + n * size, length - n * size);
}

// Each takes 16 elements a turn and returns how many it took.

function unshuffle2(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const a = v128.load(source + i);
    const b = v128.load(source + n + i);
    v128.store(target + (i << 1), lowBytes(a, b));
    v128.store(target + (i << 1), highBytes(a, b), 16);
  }
  return i;
}

function unshuffle4(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const a = v128.load(source + i);
    const b = v128.load(source + n + i);
    const c = v128.load(source + 2 * n + i);
    const d = v128.load(source + 3 * n + i);
    const ab = lowBytes(a, b);
    const cd = lowBytes(c, d);
    const ab2 = highBytes(a, b);
    const cd2 = highBytes(c, d);
    const to = target + (i << 2);
    v128.store(to, v128.shuffle<i16>(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(to, v128.shuffle<i16>(ab, cd, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(to, v128.shuffle<i16>(ab2, cd2, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(to, v128.shuffle<i16>(ab2, cd2, 4, 12, 5, 13, 6, 14, 7, 15), 48);
  }
  return i;
}

function unshuffle8(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    let from = source + i;
    const a = v128.load(from);
    const b = v128.load((from += n));
    const c = v128.load((from += n));
    const d = v128.load((from += n));
    const e = v128.load((from += n));
    const f = v128.load((from += n));
    const g = v128.load((from += n));
    const h = v128.load((from += n));
    // Bytes 0, 2, 4, 6, then bytes 1, 3, 5, 7, of the first eight elements, and of the others.
    put(target + (i << 3), lowBytes(a, e), lowBytes(c, g), lowBytes(b, f), lowBytes(d, h));
    put(target + (i << 3) + 64, highBytes(a, e), highBytes(c, g), highBytes(b, f), highBytes(d, h));
  }
  return i;
}

function put(target: usize, ae: v128, cg: v128, bf: v128, dh: v128): void {
  const even = lowBytes(ae, cg);
  const odd = lowBytes(bf, dh);
  v128.store(target, lowBytes(even, odd));
  v128.store(target, highBytes(even, odd), 16);
  const even2 = highBytes(ae, cg);
  const odd2 = highBytes(bf, dh);
  v128.store(target, lowBytes(even2, odd2), 32);
  v128.store(target, highBytes(even2, odd2), 48);
}

/** The inverse of `bitshuffle`. */
export function unbitshuffle(source: usize, target: usize, length: usize, size: usize, scratch: usize): void {
  const n = length / size;
  if (n & 7) {
    memory.copy(target, source, length);
    return;
  }
  const most = (PIECE / size) & ~7;
  for (let from: usize = 0; from < n; from += most) {
    const count = min(most, n - from);
    const bytes = size > 1 ? scratch : target + from;
    for (let b: usize = 0; b < size; b++) {
      transposeBits(source + b * n + (from >> 3), n >> 3, scratch + PIECE, count >> 3, count >> 3);
      unshuffle(scratch + PIECE, bytes + b * count, count, 8);
    }
    if (size > 1) unshuffle(bytes, target + from * size, count * size, size);
  }
  memory.copy(target + n * size, source + n * size, length - n * size);
}
