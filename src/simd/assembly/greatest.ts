/** The greater of two values, lane by lane; of a NaN and another, the other. */
export function greatest<T>(a: v128, b: v128): v128 {
  if (isFloat<T>()) return v128.bitselect(b, a, v128.or(v128.gt<T>(b, a), v128.ne<T>(a, a)));
  if (sizeof<T>() < 8) return v128.max<T>(a, b);
  // Without their signs' meaning, 64-bit integers compare as signed ones do.
  const flip = isSigned<T>() ? i64x2.splat(0) : i64x2.splat(i64.MIN_VALUE);
  return v128.bitselect(b, a, i64x2.gt_s(v128.xor(b, flip), v128.xor(a, flip)));
}
