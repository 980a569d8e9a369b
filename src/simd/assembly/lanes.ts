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
