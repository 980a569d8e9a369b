import { evens, odds } from './lanes';
import { greatest } from './greatest';
import { mode } from './mode';

// Reductions that keep one of a window's values, by number, in the order of DOWNSAMPLINGS in ../../model/options.ts; 0
// is the mean.
const MODE: u32 = 1;
const NEAREST: u32 = 3;

/**
 * A row of windows, whose rows begin at a (z, y), b (z, y + 1), c (z + 1, y) and d (z + 1, y + 1); fx as in `halve`. A
 * voxel that stands in for another is counted for both: how often values occur doubles, which changes no order.
 */
export function pickRow<T>(
  method: u32,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  target: usize,
  nx: usize,
  fx: usize
): void {
  const size = sizeof<T>();
  const bytes = nx * size;
  const step = fx << 4;
  let at: usize = 0;
  let to = target;
  for (; at + step <= bytes; at += step) {
    v128.store(to, pick<T>(method, a + at, b + at, c + at, d + at, fx));
    to += 16;
  }
  for (; at < bytes; at += fx * size) {
    const next = fx == 2 && at + size < bytes ? size : 0;
    store<T>(to, method == NEAREST ? load<T>(a + at) : pickOne<T>(method, a + at, b + at, c + at, d + at, next));
    to += size;
  }
}

/** The values of as many windows as 16 bytes hold. */
function pick<T>(method: u32, a: usize, b: usize, c: usize, d: usize, fx: usize): v128 {
  const a0 = v128.load(a);
  if (fx == 1) {
    if (method == NEAREST) return a0;
    const b0 = v128.load(b);
    const c0 = v128.load(c);
    const d0 = v128.load(d);
    return ofEight<T>(method, a0, a0, b0, b0, c0, c0, d0, d0);
  }
  const a1 = v128.load(a, 16);
  if (method == NEAREST) return evens<T>(a0, a1);
  const b0 = v128.load(b);
  const b1 = v128.load(b, 16);
  const c0 = v128.load(c);
  const c1 = v128.load(c, 16);
  const d0 = v128.load(d);
  const d1 = v128.load(d, 16);
  return ofEight<T>(
    method,
    evens<T>(a0, a1),
    odds<T>(a0, a1),
    evens<T>(b0, b1),
    odds<T>(b0, b1),
    evens<T>(c0, c1),
    odds<T>(c0, c1),
    evens<T>(d0, d1),
    odds<T>(d0, d1)
  );
}

/** The value of one window, in which columns are `next` bytes apart. */
function pickOne<T>(method: u32, a: usize, b: usize, c: usize, d: usize, next: usize): T {
  const value = ofEight<T>(
    method,
    v128.splat<T>(load<T>(a)),
    v128.splat<T>(load<T>(a + next)),
    v128.splat<T>(load<T>(b)),
    v128.splat<T>(load<T>(b + next)),
    v128.splat<T>(load<T>(c)),
    v128.splat<T>(load<T>(c + next)),
    v128.splat<T>(load<T>(d)),
    v128.splat<T>(load<T>(d + next))
  );
  return v128.extract_lane<T>(value, 0);
}

function ofEight<T>(method: u32, v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128): v128 {
  return method == MODE
    ? mode<T>(v0, v1, v2, v3, v4, v5, v6, v7)
    : greatest<T>(
        greatest<T>(greatest<T>(v0, v1), greatest<T>(v2, v3)),
        greatest<T>(greatest<T>(v4, v5), greatest<T>(v6, v7))
      );
}
