/**
 * Floats that are whole numbers to int32; returns the number, in C order, of the first voxel that is none or is out of
 * range, -1 without one.
 */
export function whole<T>(
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
  for (let z: usize = 0; z < nz; z++) {
    for (let y: usize = 0; y < ny; y++) {
      const from = source + z * sourcePlane + y * sourceRow;
      const to = target + z * targetPlane + y * targetRow;
      let x: usize = 0;
      for (; sizeof<T>() == 4 && x + 4 <= nx; x += 4) {
        const four = v128.load(from + (x << 2));
        const stored = i32x4.trunc_sat_f32x4_s(four);
        v128.store(to + (x << 2), stored);
        // 2^31 is cut to the greatest int32, of which it is the nearest float32.
        const kept = f32x4.eq(f32x4.convert_i32x4_s(stored), four);
        if (!i32x4.all_true(v128.and(kept, f32x4.lt(four, f32x4.splat(2147483648))))) break;
      }
      for (; x < nx; x++) {
        const v = <f64>load<T>(from + x * sizeof<T>());
        if (!(v >= -2147483648 && v <= 2147483647 && Math.trunc(v) == v)) return <f64>((z * ny + y) * nx + x);
        store<i32>(to + (x << 2), <i32>v);
      }
    }
  }
  return -1;
}
