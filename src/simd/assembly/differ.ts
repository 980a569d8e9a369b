/** Number, in C order, of the first of nz × ny rows in which two boxes differ; -1 where they are the same. */
export function firstDifference(
  a: usize,
  aPlane: usize,
  aRow: usize,
  b: usize,
  bPlane: usize,
  bRow: usize,
  nz: usize,
  ny: usize,
  rowBytes: usize
): i32 {
  for (let z: usize = 0; z < nz; z++) {
    for (let y: usize = 0; y < ny; y++) {
      if (differ(a + z * aPlane + y * aRow, b + z * bPlane + y * bRow, rowBytes)) return <i32>(z * ny + y);
    }
  }
  return -1;
}

function differ(a: usize, b: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 64 <= length; i += 64) {
    const first = v128.or(
      v128.xor(v128.load(a + i), v128.load(b + i)),
      v128.xor(v128.load(a + i, 16), v128.load(b + i, 16))
    );
    const second = v128.or(
      v128.xor(v128.load(a + i, 32), v128.load(b + i, 32)),
      v128.xor(v128.load(a + i, 48), v128.load(b + i, 48))
    );
    if (v128.any_true(v128.or(first, second))) return true;
  }
  for (; i < length; i++) if (load<u8>(a + i) != load<u8>(b + i)) return true;
  return false;
}
