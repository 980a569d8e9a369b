// Globals belong to one instance, so threads that share the memory do not share them.
let least: f64 = Infinity;
let greatest: f64 = -Infinity;
let nans: f64 = 0;

export function scannedMin(): f64 {
  return least;
}
export function scannedMax(): f64 {
  return greatest;
}
export function scannedNaNs(): f64 {
  return nans;
}

function note(min: f64, max: f64): void {
  if (min < least) least = min;
  if (max > greatest) greatest = max;
}

/** Finds the finite extremes of a box and counts its NaNs. */
export function scan<T>(source: usize, plane: usize, row: usize, nz: usize, ny: usize, nx: usize): void {
  least = Infinity;
  greatest = -Infinity;
  nans = 0;
  if (row == nx * sizeof<T>()) {
    nx *= ny;
    ny = 1;
  }
  for (let z: usize = 0; z < nz; z++) {
    for (let y: usize = 0; y < ny; y++) {
      if (isFloat<T>() && sizeof<T>() == 8) scanDoubles(source + z * plane + y * row, nx);
      else if (isFloat<T>()) {
        const at = source + z * plane + y * row;
        if (!scanFinite(at, nx)) scanFloats(at, nx);
      } else scanIntegers<T>(source + z * plane + y * row, nx);
    }
  }
}

function scanIntegers<T>(row: usize, nx: usize): void {
  const lanes: usize = 16 / sizeof<T>();
  let min = load<T>(row);
  let max = min;
  let x: usize = 0;
  if (sizeof<T>() < 8 && nx >= lanes) {
    let mins = v128.load(row);
    let maxs = mins;
    for (; x + lanes <= nx; x += lanes) {
      const v = v128.load(row + x * sizeof<T>());
      mins = v128.min<T>(mins, v);
      maxs = v128.max<T>(maxs, v);
    }
    for (let i: usize = 0; i < lanes; i++) {
      min = minOf<T>(min, laneOf<T>(mins, i));
      max = maxOf<T>(max, laneOf<T>(maxs, i));
    }
  }
  for (; x < nx; x++) {
    const v = load<T>(row + x * sizeof<T>());
    min = minOf<T>(min, v);
    max = maxOf<T>(max, v);
  }
  note(<f64>min, <f64>max);
}

function minOf<T>(a: T, b: T): T {
  return a < b ? a : b;
}
function maxOf<T>(a: T, b: T): T {
  return a > b ? a : b;
}

/** A lane by an index that is not constant: shifts the vector down to lane 0. */
function laneOf<T>(v: v128, lane: usize): T {
  const bit = lane * sizeof<T>() * 8;
  const half = bit < 64 ? v128.extract_lane<u64>(v, 0) : v128.extract_lane<u64>(v, 1);
  return <T>(half >> ((<u64>bit) & 63));
}

function leastLane(v: v128): f32 {
  const low = Mathf.min(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1));
  return Mathf.min(low, Mathf.min(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

function greatestLane(v: v128): f32 {
  const low = Mathf.max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1));
  return Mathf.max(low, Mathf.max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

/** Bits of infinity; those of other numbers that are not finite are greater, the sign left away. */
const INFINITE: i32 = 0x7f800000;

/** Scans floats that are all finite; false, and nothing noted, where they are not. */
function scanFinite(row: usize, nx: usize): bool {
  const magnitude = i32x4.splat(0x7fffffff);
  let mins = f32x4.splat(Infinity);
  let maxs = f32x4.splat(-Infinity);
  let largest = i32x4.splat(0);
  let x: usize = 0;
  for (; x + 16 <= nx; x += 16) {
    const at = row + (x << 2);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    mins = f32x4.pmin(mins, f32x4.pmin(f32x4.pmin(a, b), f32x4.pmin(c, d)));
    maxs = f32x4.pmax(maxs, f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)));
    const ab = i32x4.max_s(v128.and(a, magnitude), v128.and(b, magnitude));
    const cd = i32x4.max_s(v128.and(c, magnitude), v128.and(d, magnitude));
    largest = i32x4.max_s(largest, i32x4.max_s(ab, cd));
  }
  if (v128.any_true(i32x4.ge_s(largest, i32x4.splat(INFINITE)))) return false;
  let min = leastLane(mins);
  let max = greatestLane(maxs);
  for (; x < nx; x++) {
    const v = load<f32>(row + (x << 2));
    if (v - v != 0) return false;
    min = Mathf.min(min, v);
    max = Mathf.max(max, v);
  }
  note(<f64>min, <f64>max);
  return true;
}

function scanFloats(row: usize, nx: usize): void {
  let x: usize = 0;
  let mins = f32x4.splat(Infinity);
  let maxs = f32x4.splat(-Infinity);
  let counts = i32x4.splat(0);
  for (; x + 4 <= nx; x += 4) {
    const v = v128.load(row + (x << 2));
    const finite = f32x4.eq(f32x4.sub(v, v), f32x4.splat(0));
    mins = f32x4.pmin(mins, v128.bitselect(v, f32x4.splat(Infinity), finite));
    maxs = f32x4.pmax(maxs, v128.bitselect(v, f32x4.splat(-Infinity), finite));
    counts = i32x4.sub(counts, f32x4.ne(v, v));
  }
  nans += <f64>(i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1));
  nans += <f64>(i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3));
  let min = leastLane(mins);
  let max = greatestLane(maxs);
  for (; x < nx; x++) {
    const v = load<f32>(row + (x << 2));
    if (v - v == 0) {
      min = Mathf.min(min, v);
      max = Mathf.max(max, v);
    } else if (v != v) nans += 1;
  }
  note(<f64>min, <f64>max);
}

function scanDoubles(row: usize, nx: usize): void {
  let min: f64 = Infinity;
  let max: f64 = -Infinity;
  for (let x: usize = 0; x < nx; x++) {
    const v = load<f64>(row + (x << 3));
    if (v - v == 0) {
      min = Math.min(min, v);
      max = Math.max(max, v);
    } else if (v != v) nans += 1;
  }
  note(min, max);
}
