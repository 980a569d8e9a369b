import { pickRow } from './pick';

/**
 * One value for each window of (fz, fy, fx), factors 1 or 2: the mean (method 0), or one of its values. A window always
 * has four rows and two columns: where a neighbour does not exist the voxel beside it stands in for it, which leaves
 * the mean as it is and needs no second loop.
 */
export function halve<T>(
  method: u32,
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize,
  fz: usize,
  fy: usize,
  fx: usize
): void {
  for (let z: usize = 0; z < nz; z += fz) {
    const down = fz == 2 && z + 1 < nz ? sourcePlane : 0;
    for (let y: usize = 0; y < ny; y += fy) {
      const along = fy == 2 && y + 1 < ny ? sourceRow : 0;
      const a = source + z * sourcePlane + y * sourceRow;
      const to = target + (fz == 2 ? z >> 1 : z) * targetPlane + (fy == 2 ? y >> 1 : y) * targetRow;
      if (method) pickRow<T>(method, a, a + along, a + down, a + down + along, to, nx, fx);
      else meanRow<T>(a, a + along, a + down, a + down + along, to, nx, fx);
    }
  }
}

function meanRow<T>(a: usize, b: usize, c: usize, d: usize, target: usize, nx: usize, fx: usize): void {
  const size = sizeof<T>();
  let x: usize = 0;
  let to = target;
  if (sizeof<T>() < 8 && fx == 2) {
    // 32 bytes of each row become 16 bytes.
    for (; (x << alignof<T>()) + 32 <= nx << alignof<T>(); x += 32 / size) {
      const at = x * size;
      if (isFloat<T>()) meanOfFloats(a + at, b + at, c + at, d + at, to);
      else v128.store(to, meanOfIntegers<T>(a + at, b + at, c + at, d + at));
      to += 16;
    }
  }
  for (; x < nx; x += fx) {
    const at = x * size;
    const next = fx == 2 && x + 1 < nx ? size : 0;
    if (isFloat<T>() && sizeof<T>() == 8) store<f64>(to, meanOfDoubles(a + at, b + at, c + at, d + at, next));
    else if (isFloat<T>()) store<f32>(to, meanOfWindow(a + at, b + at, c + at, d + at, next));
    else if (sizeof<T>() == 8) store<T>(to, meanOfLongs<T>(a + at, b + at, c + at, d + at, next));
    else store<T>(to, meanOfVoxels<T>(a + at, b + at, c + at, d + at, next));
    to += size;
  }
}

// Integers: (sum of 8 + 4) >> 3 is floor((2 · sum + n) / (2 · n)) for every window that 8 stand for.

function meanOfVoxels<T>(a: usize, b: usize, c: usize, d: usize, next: usize): T {
  let sum: i64 = <i64>load<T>(a) + <i64>load<T>(b) + <i64>load<T>(c) + <i64>load<T>(d);
  sum += <i64>load<T>(a + next) + <i64>load<T>(b + next) + <i64>load<T>(c + next) + <i64>load<T>(d + next);
  return <T>((sum + 4) >> 3);
}

/** The same for 64 bits, whose sum would need 67: each voxel is eight times its eighth, rounded down, and a rest. */
function meanOfLongs<T>(a: usize, b: usize, c: usize, d: usize, next: usize): T {
  let eighths: T = (load<T>(a) >> 3) + (load<T>(b) >> 3) + (load<T>(c) >> 3) + (load<T>(d) >> 3);
  eighths += (load<T>(a + next) >> 3) + (load<T>(b + next) >> 3) + (load<T>(c + next) >> 3) + (load<T>(d + next) >> 3);
  let rest: T = (load<T>(a) & 7) + (load<T>(b) & 7) + (load<T>(c) & 7) + (load<T>(d) & 7);
  rest += (load<T>(a + next) & 7) + (load<T>(b + next) & 7) + (load<T>(c + next) & 7) + (load<T>(d + next) & 7);
  return eighths + ((rest + 4) >> 3);
}

function meanOfIntegers<T>(a: usize, b: usize, c: usize, d: usize): v128 {
  const low = meanOfPairs<T>(a, b, c, d);
  const high = meanOfPairs<T>(a + 16, b + 16, c + 16, d + 16);
  if (sizeof<T>() == 1) {
    return isSigned<T>() ? i8x16.narrow_i16x8_s(low, high) : i8x16.narrow_i16x8_u(low, high);
  }
  if (sizeof<T>() == 2) {
    return isSigned<T>() ? i16x8.narrow_i32x4_s(low, high) : i16x8.narrow_i32x4_u(low, high);
  }
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

/** The means of the pairs of columns in 16 bytes, in lanes of twice the width. */
function meanOfPairs<T>(a: usize, b: usize, c: usize, d: usize): v128 {
  if (sizeof<T>() == 1) {
    const sum = i16x8.add(i16x8.add(pairs<T>(a), pairs<T>(b)), i16x8.add(pairs<T>(c), pairs<T>(d)));
    return i16x8.shr_s(i16x8.add(sum, i16x8.splat(4)), 3);
  }
  if (sizeof<T>() == 2) {
    const sum = i32x4.add(i32x4.add(pairs<T>(a), pairs<T>(b)), i32x4.add(pairs<T>(c), pairs<T>(d)));
    return i32x4.shr_s(i32x4.add(sum, i32x4.splat(4)), 3);
  }
  const sum = i64x2.add(i64x2.add(pairs<T>(a), pairs<T>(b)), i64x2.add(pairs<T>(c), pairs<T>(d)));
  return i64x2.shr_s(i64x2.add(sum, i64x2.splat(4)), 3);
}

function pairs<T>(address: usize): v128 {
  const v = v128.load(address);
  if (sizeof<T>() == 1) return isSigned<T>() ? i16x8.extadd_pairwise_i8x16_s(v) : i16x8.extadd_pairwise_i8x16_u(v);
  if (sizeof<T>() == 2) return isSigned<T>() ? i32x4.extadd_pairwise_i16x8_s(v) : i32x4.extadd_pairwise_i16x8_u(v);
  return isSigned<T>()
    ? i64x2.add(i64x2.shr_s(i64x2.shl(v, 32), 32), i64x2.shr_s(v, 32))
    : i64x2.add(v128.and(v, i64x2.splat(0xffffffff)), i64x2.shr_u(v, 32));
}

/** Four means out of eight columns; where a sum is not finite, that window is taken again with a closer look. */
function meanOfFloats(a: usize, b: usize, c: usize, d: usize, to: usize): void {
  const low = f32x4.add(f32x4.add(v128.load(a), v128.load(b)), f32x4.add(v128.load(c), v128.load(d)));
  const high = f32x4.add(f32x4.add(v128.load(a, 16), v128.load(b, 16)), f32x4.add(v128.load(c, 16), v128.load(d, 16)));
  const sum = f32x4.add(v128.shuffle<f32>(low, high, 0, 2, 4, 6), v128.shuffle<f32>(low, high, 1, 3, 5, 7));
  v128.store(to, f32x4.mul(sum, f32x4.splat(0.125)));
  // x - x is 0 for a finite x, NaN for all others.
  const rest = f32x4.sub(sum, sum);
  if (v128.any_true(f32x4.ne(rest, rest))) {
    for (let i: usize = 0; i < 4; i++) {
      const at = i << 3;
      store<f32>(to + (i << 2), meanOfWindow(a + at, b + at, c + at, d + at, 4));
    }
  }
}

function meanOfWindow(a: usize, b: usize, c: usize, d: usize, next: usize): f32 {
  const column = load<f32>(a) + load<f32>(b) + (load<f32>(c) + load<f32>(d));
  const second = load<f32>(a + next) + load<f32>(b + next) + (load<f32>(c + next) + load<f32>(d + next));
  const sum = column + second;
  if (sum - sum == 0) return sum * 0.125;
  let total: f64 = 0;
  let count: f64 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const row = i < 2 ? a : i < 4 ? b : i < 6 ? c : d;
    const v = <f64>load<f32>(row + <usize>(i & 1) * next);
    if (v == v) {
      total += v;
      count += 1;
    }
  }
  return <f32>(total / count);
}

function meanOfDoubles(a: usize, b: usize, c: usize, d: usize, next: usize): f64 {
  const column = load<f64>(a) + load<f64>(b) + (load<f64>(c) + load<f64>(d));
  const second = load<f64>(a + next) + load<f64>(b + next) + (load<f64>(c + next) + load<f64>(d + next));
  const sum = column + second;
  if (sum - sum == 0) return sum * 0.125;
  // Eighths, so that finite voxels add up to something finite.
  let total: f64 = 0;
  let count: f64 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const row = i < 2 ? a : i < 4 ? b : i < 6 ? c : d;
    const v = load<f64>(row + <usize>(i & 1) * next);
    if (v == v) {
      total += v * 0.125;
      count += 1;
    }
  }
  const mean = (total / count) * 8;
  // A mean of the greatest numbers must not be rounded to what is none.
  return total - total == 0 ? Math.max(-f64.MAX_VALUE, Math.min(f64.MAX_VALUE, mean)) : mean;
}
