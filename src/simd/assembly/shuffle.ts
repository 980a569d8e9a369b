/** Byte k of every element goes into stream k; bytes after the last whole element are copied (C-Blosc's shuffle). */
export function shuffle(source: usize, target: usize, length: usize, size: usize): void {
  const n = length / size;
  if (size == 1) {
    memory.copy(target, source, length);
    return;
  }
  let done: usize = 0;
  if (size == 2) done = shuffle2(source, target, n);
  else if (size == 4) done = shuffle4(source, target, n);
  else if (size == 8) done = shuffle8(source, target, n);
  for (let k: usize = 0; k < size; k++) {
    const to = target + k * n;
    for (let i = done; i < n; i++) store<u8>(to + i, load<u8>(source + i * size + k));
  }
  memory.copy(target + n * size, source + n * size, length - n * size);
}

// Each takes 16 elements a turn and returns how many it took.

function shuffle2(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const p = source + (i << 1);
    const a = v128.load(p);
    const b = v128.load(p, 16);
    v128.store(target + i, v128.shuffle<u8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
    v128.store(target + n + i, v128.shuffle<u8>(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
  }
  return i;
}

function shuffle4(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const p = source + (i << 2);
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    // Bytes 0 and 1 of 8 elements, then bytes 2 and 3.
    const ab01 = v128.shuffle<u8>(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const ab23 = v128.shuffle<u8>(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    const cd01 = v128.shuffle<u8>(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const cd23 = v128.shuffle<u8>(c, d, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    v128.store(target + i, v128.shuffle<i64>(ab01, cd01, 0, 2));
    v128.store(target + n + i, v128.shuffle<i64>(ab01, cd01, 1, 3));
    v128.store(target + 2 * n + i, v128.shuffle<i64>(ab23, cd23, 0, 2));
    v128.store(target + 3 * n + i, v128.shuffle<i64>(ab23, cd23, 1, 3));
  }
  return i;
}

function shuffle8(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const p = source + (i << 3);
    // Halves of the bytes of 4 elements each: stream pairs (0,1), (2,3), (4,5), (6,7), 4 bytes a stream and quarter.
    const q0 = quarter(p);
    const r0 = rest(p);
    const q1 = quarter(p + 32);
    const r1 = rest(p + 32);
    const q2 = quarter(p + 64);
    const r2 = rest(p + 64);
    const q3 = quarter(p + 96);
    const r3 = rest(p + 96);
    put(target + i, n, q0, q1, q2, q3);
    put(target + 4 * n + i, n, r0, r1, r2, r3);
  }
  return i;
}

/** Bytes 0 to 3 of four 8-byte elements, as four lanes of four bytes. */
function quarter(p: usize): v128 {
  return v128.shuffle<u8>(v128.load(p), v128.load(p, 16), 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
}

/** Bytes 4 to 7 of four 8-byte elements. */
function rest(p: usize): v128 {
  return v128.shuffle<u8>(v128.load(p), v128.load(p, 16), 4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
}

/** Transposes the 4 × 4 lanes and stores each as 16 bytes of one stream. */
function put(target: usize, n: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(target + n, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(target + 2 * n, v128.shuffle<i64>(ab2, cd2, 0, 2));
  v128.store(target + 3 * n, v128.shuffle<i64>(ab2, cd2, 1, 3));
}
