/** Maps [min, max] to [0, top of U], halves up, in float64; returns the number of NaNs, written as 0. */
export function scale<T, U>(
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize,
  min: f64,
  max: f64
): f64 {
  const top: f64 = sizeof<U>() == 1 ? 255 : 65535;
  const range = max - min;
  let nans: f64 = 0;
  for (let z: usize = 0; z < nz; z++) {
    for (let y: usize = 0; y < ny; y++) {
      const from = source + z * sourcePlane + y * sourceRow;
      const to = target + z * targetPlane + y * targetRow;
      let x: usize = 0;
      for (; sizeof<T>() < 8 && x + 4 <= nx; x += 4) {
        const four = load4<T>(from + x * sizeof<T>());
        const at = to + x * sizeof<U>();
        if (isFloat<T>()) nans += <f64>popcnt(i32x4.bitmask(f32x4.ne(four, four)));
        const low = scalePair(toDoubles<T>(four), min, range, top);
        const high = scalePair(toDoubles<T>(v128.shuffle<i32>(four, four, 2, 3, 2, 3)), min, range, top);
        const words = v128.shuffle<i32>(low, high, 0, 1, 4, 5);
        const shorts = i16x8.narrow_i32x4_u(words, words);
        if (sizeof<U>() == 2) v128.store64_lane(at, shorts, 0);
        else v128.store32_lane(at, i8x16.narrow_i16x8_u(shorts, shorts), 0);
      }
      for (; x < nx; x++) {
        const v = load<T>(from + x * sizeof<T>());
        let t: f64 = 0;
        if (isFloat<T>() && v != v) nans += 1;
        else t = Math.floor(Math.max(0, Math.min(top, ((<f64>v - min) / range) * top)) + 0.5);
        store<U>(to + x * sizeof<U>(), <U>(<u32>t));
      }
    }
  }
  return nans;
}

/** To float32 or float64, to nearest, ties to even; returns how many finite voxels became infinite. */
export function cast<T, U>(
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize
): f64 {
  let overflown: f64 = 0;
  for (let z: usize = 0; z < nz; z++) {
    for (let y: usize = 0; y < ny; y++) {
      const from = source + z * sourcePlane + y * sourceRow;
      const to = target + z * targetPlane + y * targetRow;
      let x: usize = 0;
      for (; sizeof<T>() < 8 && sizeof<U>() == 4 && x + 4 <= nx; x += 4) {
        const four = load4<T>(from + x * sizeof<T>());
        const floats = sizeof<T>() == 4 && !isSigned<T>() ? f32x4.convert_i32x4_u(four) : f32x4.convert_i32x4_s(four);
        v128.store(to + (x << 2), floats);
      }
      for (; x < nx; x++) {
        const v = load<T>(from + x * sizeof<T>());
        const stored = <U>v;
        if (isFloat<T>() && sizeof<U>() == 4 && v - v == 0 && stored - stored != 0) overflown += 1;
        store<U>(to + x * sizeof<U>(), stored);
      }
    }
  }
  return overflown;
}

// Reads exactly the bytes of four voxels; lanes of 32 bits.
function load4<T>(address: usize): v128 {
  if (sizeof<T>() == 4) return v128.load(address);
  if (sizeof<T>() == 2) {
    const v = v128.load64_zero(address);
    return isSigned<T>() ? i32x4.extend_low_i16x8_s(v) : i32x4.extend_low_i16x8_u(v);
  }
  const v = v128.load32_zero(address);
  return isSigned<T>()
    ? i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v))
    : i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v));
}

function toDoubles<T>(four: v128): v128 {
  if (isFloat<T>()) return f64x2.promote_low_f32x4(four);
  if (sizeof<T>() == 4 && !isSigned<T>()) return f64x2.convert_low_i32x4_u(four);
  return f64x2.convert_low_i32x4_s(four);
}

function scalePair(v: v128, min: f64, range: f64, top: f64): v128 {
  let t = f64x2.mul(f64x2.div(f64x2.sub(v, f64x2.splat(min)), f64x2.splat(range)), f64x2.splat(top));
  t = f64x2.min(f64x2.max(t, f64x2.splat(0)), f64x2.splat(top));
  // A NaN lane truncates to 0.
  return i32x4.trunc_sat_f64x2_u_zero(f64x2.floor(f64x2.add(t, f64x2.splat(0.5))));
}
