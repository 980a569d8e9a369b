/**
 * Of each of n columns of eight bytes, row i being `sourceRow` · i bytes from `source`, the bits as a matrix,
 * transposed: bit k of row i becomes bit i of row k. Its own inverse.
 */
export function transposeBits(source: usize, sourceRow: usize, target: usize, targetRow: usize, n: usize): void {
  const nibbles = i8x16.splat(0x0f);
  const pairs = i8x16.splat(0x33);
  const singles = i8x16.splat(0x55);
  let x: usize = 0;
  for (; x + 16 <= n; x += 16) {
    let from = source + x;
    let a = v128.load(from);
    let b = v128.load((from += sourceRow));
    let c = v128.load((from += sourceRow));
    let d = v128.load((from += sourceRow));
    let e = v128.load((from += sourceRow));
    let f = v128.load((from += sourceRow));
    let g = v128.load((from += sourceRow));
    let h = v128.load((from += sourceRow));

    // The upper bits of one row and the lower bits of another change places: quarters of the matrix, quarters of these,
    // and bits.
    let t = differing(a, e, 4, nibbles);
    a = v128.xor(a, i64x2.shl(t, 4));
    e = v128.xor(e, t);
    t = differing(b, f, 4, nibbles);
    b = v128.xor(b, i64x2.shl(t, 4));
    f = v128.xor(f, t);
    t = differing(c, g, 4, nibbles);
    c = v128.xor(c, i64x2.shl(t, 4));
    g = v128.xor(g, t);
    t = differing(d, h, 4, nibbles);
    d = v128.xor(d, i64x2.shl(t, 4));
    h = v128.xor(h, t);

    t = differing(a, c, 2, pairs);
    a = v128.xor(a, i64x2.shl(t, 2));
    c = v128.xor(c, t);
    t = differing(b, d, 2, pairs);
    b = v128.xor(b, i64x2.shl(t, 2));
    d = v128.xor(d, t);
    t = differing(e, g, 2, pairs);
    e = v128.xor(e, i64x2.shl(t, 2));
    g = v128.xor(g, t);
    t = differing(f, h, 2, pairs);
    f = v128.xor(f, i64x2.shl(t, 2));
    h = v128.xor(h, t);

    t = differing(a, b, 1, singles);
    a = v128.xor(a, i64x2.shl(t, 1));
    b = v128.xor(b, t);
    t = differing(c, d, 1, singles);
    c = v128.xor(c, i64x2.shl(t, 1));
    d = v128.xor(d, t);
    t = differing(e, f, 1, singles);
    e = v128.xor(e, i64x2.shl(t, 1));
    f = v128.xor(f, t);
    t = differing(g, h, 1, singles);
    g = v128.xor(g, i64x2.shl(t, 1));
    h = v128.xor(h, t);

    let to = target + x;
    v128.store(to, a);
    v128.store((to += targetRow), b);
    v128.store((to += targetRow), c);
    v128.store((to += targetRow), d);
    v128.store((to += targetRow), e);
    v128.store((to += targetRow), f);
    v128.store((to += targetRow), g);
    v128.store((to += targetRow), h);
  }
  for (; x < n; x++) {
    let m: u64 = 0;
    for (let i: usize = 0; i < 8; i++) m |= (<u64>load<u8>(source + i * sourceRow + x)) << (i << 3);
    let t = (m ^ (m >> 7)) & 0x00aa00aa00aa00aa;
    m ^= t ^ (t << 7);
    t = (m ^ (m >> 14)) & 0x0000cccc0000cccc;
    m ^= t ^ (t << 14);
    t = (m ^ (m >> 28)) & 0x00000000f0f0f0f0;
    m ^= t ^ (t << 28);
    for (let k: usize = 0; k < 8; k++) store<u8>(target + k * targetRow + x, <u8>(m >> (k << 3)));
  }
}

/** Where the bits of `upper`, so many places down, differ from those of `lower`. */
function differing(upper: v128, lower: v128, places: i32, mask: v128): v128 {
  return v128.and(v128.xor(i64x2.shr_u(upper, places), lower), mask);
}
