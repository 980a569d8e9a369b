// The LZ4 block format, https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

/**
 * Decompresses a whole block into exactly `size` bytes; false where it is damaged. Nothing is read or written outside.
 */
export function unlz4(source: usize, length: usize, target: usize, size: usize): bool {
  let ip = source;
  const end = source + length;
  let op = target;
  const limit = target + size;
  while (ip < end) {
    const token: u32 = load<u8>(ip++);
    let literals: usize = token >> 4;
    if (literals == 15) {
      let more: usize = 255;
      while (more == 255) {
        if (ip >= end) return false;
        more = load<u8>(ip++);
        literals += more;
      }
    }
    if (literals > end - ip || literals > limit - op) return false;
    memory.copy(op, ip, literals);
    ip += literals;
    op += literals;
    // The last sequence has literals only.
    if (ip == end) return op == limit;

    if (end - ip < 2) return false;
    const distance: usize = load<u16>(ip);
    ip += 2;
    if (distance == 0 || distance > op - target) return false;
    let match: usize = (token & 15) + 4;
    if (match == 19) {
      let more: usize = 255;
      while (more == 255) {
        if (ip >= end) return false;
        more = load<u8>(ip++);
        match += more;
      }
    }
    if (match > limit - op) return false;
    if (distance >= match) memory.copy(op, op - distance, match);
    else for (let i: usize = 0; i < match; i++) store<u8>(op + i, load<u8>(op + i - distance));
    op += match;
  }
  return false;
}
