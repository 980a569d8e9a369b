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

/** The first halves, byte by byte in turn. */
function lowBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** The second halves. */
function highBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** The inverse of `bitshuffle`. */
export function unbitshuffle(source: usize, target: usize, length: usize, size: usize, scratch: usize): void {
  const n = length / size;
  if (n & 7) {
    memory.copy(target, source, length);
    return;
  }
  const bytes = size > 1 ? scratch : target;
  for (let b: usize = 0; b < size; b++) joinPlanes(source + b * n, bytes + b * n, n);
  if (size > 1) unshuffle(scratch, target, n * size, size);
  memory.copy(target + n * size, source + n * size, length - n * size);
}

/** n bytes out of their eight planes, n a multiple of 8. */
function joinPlanes(source: usize, target: usize, n: usize): void {
  const row = n >> 3;
  for (let i: usize = 0; i < row; i++) {
    // Byte k has bit k of eight bytes: an 8 × 8 matrix of bits, to be transposed.
    let m: u64 = 0;
    let from = source + i + 7 * row;
    for (let k = 0; k < 8; k++) {
      m = (m << 8) | load<u8>(from);
      from -= row;
    }
    let t = (m ^ (m >> 7)) & 0x00aa00aa00aa00aa;
    m ^= t ^ (t << 7);
    t = (m ^ (m >> 14)) & 0x0000cccc0000cccc;
    m ^= t ^ (t << 14);
    t = (m ^ (m >> 28)) & 0x00000000f0f0f0f0;
    m ^= t ^ (t << 28);
    store<u64>(target + (i << 3), m);
  }
}
