// Neighbouring voxels often have the same value. An addition that waits for the last one to the same place takes
// several times as long, so they go into tables of their own.
const TABLES: usize = 2;

const SIGN: u32 = 0x80000000;
/** Of the finite numbers that float32 holds. */
const LARGEST: f64 = 3.4028234663852886e38;

function binsOf<T>(): usize {
  return sizeof<T>() == 1 ? 256 : 65536;
}

/**
 * Counts the voxels of some rows of a box by bins in order of value: bytes and 16-bit numbers by value, all others by
 * the upper 16 bits of the float32. Of plane z and row y of the whole volume those count where (5 · z + y) is a
 * multiple of `step`. Counts u32 in TABLES tables.
 */
export function histogram<T>(
  source: usize,
  plane: usize,
  row: usize,
  nz: usize,
  ny: usize,
  nx: usize,
  z0: usize,
  y0: usize,
  step: usize,
  table: usize
): void {
  for (let z: usize = 0; z < nz; z++) {
    const over: usize = (<usize>5 * (z0 + z) + y0) % step;
    for (let y: usize = over ? step - over : 0; y < ny; y += step)
      histogramRow<T>(source + z * plane + y * row, nx, table);
  }
}

function histogramRow<T>(row: usize, nx: usize, table: usize): void {
  const second = table + (binsOf<T>() << 2);
  let x: usize = 0;
  for (; sizeof<T>() < 8 && x + 4 <= nx; x += 4) {
    const bins = binsOfFour<T>(row + x * sizeof<T>());
    count(table, i32x4.extract_lane(bins, 0));
    count(second, i32x4.extract_lane(bins, 1));
    count(table, i32x4.extract_lane(bins, 2));
    count(second, i32x4.extract_lane(bins, 3));
  }
  for (; x < nx; x++) count(table, binOf<T>(load<T>(row + x * sizeof<T>())));
}

function count(table: usize, bin: u32): void {
  const at = table + ((<usize>bin) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

function binsOfFour<T>(address: usize): v128 {
  if (sizeof<T>() == 1) {
    const v = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address)));
    return isSigned<T>() ? v128.xor(v, i32x4.splat(0x80)) : v;
  }
  if (sizeof<T>() == 2) {
    const v = i32x4.extend_low_i16x8_u(v128.load64_zero(address));
    return isSigned<T>() ? v128.xor(v, i32x4.splat(0x8000)) : v;
  }
  let v = v128.load(address);
  if (!isFloat<T>()) v = isSigned<T>() ? f32x4.convert_i32x4_s(v) : f32x4.convert_i32x4_u(v);
  const mask = v128.or(i32x4.shr_s(v, 31), i32x4.splat(SIGN));
  return i32x4.shr_u(v128.xor(v, mask), 16);
}

function binOf<T>(value: T): u32 {
  if (sizeof<T>() == 1) return isSigned<T>() ? (<u8>value) ^ 0x80 : <u8>value;
  if (sizeof<T>() == 2) return isSigned<T>() ? (<u16>value) ^ 0x8000 : <u16>value;
  // By way of float64, as JavaScript has numbers; greater ones than float32 holds count as its greatest.
  let number = <f64>value;
  if (sizeof<T>() == 8 && Math.abs(number) < Infinity) number = Math.max(-LARGEST, Math.min(LARGEST, number));
  const bits = reinterpret<u32>(<f32>number);
  return (bits ^ ((<u32>((<i32>bits) >> 31)) | SIGN)) >>> 16;
}

/** Adds the counts of `bins` bins to u64 that other threads add to as well, and begins again. */
export function addHistogram(table: usize, bins: usize, total: usize): void {
  const bytes = bins << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const first = v128.load(table + at);
    const second = v128.load(table + bytes + at);
    if (!v128.any_true(v128.or(first, second))) continue;
    v128.store(table + at, i32x4.splat(0));
    v128.store(table + bytes + at, i32x4.splat(0));
    const to = total + 2 * at;
    add(to, i32x4.extract_lane(first, 0), i32x4.extract_lane(second, 0));
    add(to + 8, i32x4.extract_lane(first, 1), i32x4.extract_lane(second, 1));
    add(to + 16, i32x4.extract_lane(first, 2), i32x4.extract_lane(second, 2));
    add(to + 24, i32x4.extract_lane(first, 3), i32x4.extract_lane(second, 3));
  }
}

function add(total: usize, first: u32, second: u32): void {
  const sum = <u64>first + <u64>second;
  if (sum) atomic.add<u64>(total, sum);
}
