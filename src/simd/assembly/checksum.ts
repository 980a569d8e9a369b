const PRIME: u32 = 0x01000193;
const BASIS: u32 = 0x811c9dc5;

/**
 * A checksum in the manner of FNV-1a, over 16 lanes of 32 bits: four stretches of the bytes are read side by side,
 * because memory gives one stream a fraction of what it gives four. Goes on from `seed`.
 */
export function checksum(source: usize, length: usize, seed: u32): u32 {
  const stretch = (length >> 6) << 4;
  const prime = i32x4.splat(PRIME);
  let a = i32x4.splat(BASIS);
  let b = a;
  let c = a;
  let d = a;
  for (let i: usize = 0; i < stretch; i += 16) {
    const at = source + i;
    a = i32x4.mul(v128.xor(a, v128.load(at)), prime);
    b = i32x4.mul(v128.xor(b, v128.load(at + stretch)), prime);
    c = i32x4.mul(v128.xor(c, v128.load(at + 2 * stretch)), prime);
    d = i32x4.mul(v128.xor(d, v128.load(at + 3 * stretch)), prime);
  }
  let sum = (seed ^ (<u32>length)) * PRIME;
  sum = mix(mix(mix(mix(sum, a), b), c), d);
  for (let i: usize = 4 * stretch; i < length; i++) sum = (sum ^ load<u8>(source + i)) * PRIME;
  return sum;
}

function mix(sum: u32, lanes: v128): u32 {
  sum = rotl<u32>((sum ^ i32x4.extract_lane(lanes, 0)) * PRIME, 5);
  sum = rotl<u32>((sum ^ i32x4.extract_lane(lanes, 1)) * PRIME, 5);
  sum = rotl<u32>((sum ^ i32x4.extract_lane(lanes, 2)) * PRIME, 5);
  return rotl<u32>((sum ^ i32x4.extract_lane(lanes, 3)) * PRIME, 5);
}
