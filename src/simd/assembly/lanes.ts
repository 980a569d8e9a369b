/** Every second lane of two vectors in a row: those with even numbers. */
export function evens<T>(low: v128, high: v128): v128 {
  if (sizeof<T>() == 1) {
    return v128.shuffle<i8>(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  }
  if (sizeof<T>() == 2) return v128.shuffle<i16>(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
  return sizeof<T>() == 4 ? v128.shuffle<i32>(low, high, 0, 2, 4, 6) : v128.shuffle<i64>(low, high, 0, 2);
}

/** Every second lane of two vectors in a row: those with odd numbers. */
export function odds<T>(low: v128, high: v128): v128 {
  if (sizeof<T>() == 1) {
    return v128.shuffle<i8>(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  }
  if (sizeof<T>() == 2) return v128.shuffle<i16>(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
  return sizeof<T>() == 4 ? v128.shuffle<i32>(low, high, 1, 3, 5, 7) : v128.shuffle<i64>(low, high, 1, 3);
}

/** The first halves of two vectors, byte by byte in turn. */
export function lowBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** The second halves of two vectors, byte by byte in turn. */
export function highBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
