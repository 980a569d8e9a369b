/** Reverses the bytes of each 2-byte element, in place. */
export function swap2(address: usize, length: usize): void {
  const end = address + (length & ~1);
  let at = address;
  for (; at + 16 <= end; at += 16) {
    const v = v128.load(at);
    v128.store(at, v128.shuffle<u8>(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
  }
  for (; at < end; at += 2) store<u16>(at, bswap<u16>(load<u16>(at)));
}

/** Reverses the bytes of each 4-byte element, in place. */
export function swap4(address: usize, length: usize): void {
  const end = address + (length & ~3);
  let at = address;
  for (; at + 16 <= end; at += 16) {
    const v = v128.load(at);
    v128.store(at, v128.shuffle<u8>(v, v, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  }
  for (; at < end; at += 4) store<u32>(at, bswap<u32>(load<u32>(at)));
}

/** Reverses the bytes of each 8-byte element, in place. */
export function swap8(address: usize, length: usize): void {
  const end = address + (length & ~7);
  let at = address;
  for (; at + 16 <= end; at += 16) {
    const v = v128.load(at);
    v128.store(at, v128.shuffle<u8>(v, v, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
  }
  for (; at < end; at += 8) store<u64>(at, bswap<u64>(load<u64>(at)));
}
