const FACTOR: u64 = 0x9e3779b97f4a7c15;
const OTHER: u64 = 0xc2b2ae3d27d4eb4f;

/**
 * Sum of a number of 64 bits for each of nz × ny rows of `length` bytes, which depends on the row's bytes and on its own
 * number: `first`, and from plane to plane `height` more. So rows may be taken in any order, and by several threads.
 */
export function digest(
  source: usize,
  plane: usize,
  row: usize,
  nz: usize,
  ny: usize,
  length: usize,
  first: usize,
  height: usize
): u64 {
  let sum: u64 = 0;
  for (let z: usize = 0; z < nz; z++) {
    for (let y: usize = 0; y < ny; y++) sum += digestRow(source + z * plane + y * row, length, first + z * height + y);
  }
  return sum;
}

/** Each step can be undone: rows that differ in eight bytes or fewer that are read together never give the same. */
function digestRow(source: usize, length: usize, number: usize): u64 {
  // One multiplication waits for the one before: two run side by side.
  let a: u64 = (<u64>number + 1) * FACTOR;
  let b: u64 = a ^ OTHER;
  let i: usize = 0;
  for (; i + 16 <= length; i += 16) {
    a = step(a, load<u64>(source + i));
    b = step(b, load<u64>(source + i, 8));
  }
  for (; i < length; i++) a = step(a, load<u8>(source + i));
  return step(step(a ^ rotl<u64>(b, 32), number), length);
}

function step(sum: u64, bytes: u64): u64 {
  const next = (sum ^ bytes) * FACTOR;
  return next ^ (next >> 32);
}
