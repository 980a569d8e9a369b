/** The reversed polynomial of Castagnoli (RFC 3720, appendix B.4). */
const POLYNOMIAL: u32 = 0x82f63b78;
/**
 * Bytes that are taken at a time: each has a table of its own, for what it does to the remainder so many bytes later.
 */
const SLICES: usize = 16;

/**
 * CRC-32C of the bytes. `table` is CRC32C_TABLE bytes of scratch: it costs little to make, and memory has no place of
 * ours to keep it.
 */
export function crc32c(source: usize, length: usize, table: usize): u32 {
  makeTables(table);
  let crc: u32 = 0xffffffff;
  let at = source;
  const end = source + length;
  for (; at + SLICES <= end; at += SLICES) {
    const a = load<u32>(at) ^ crc;
    const b = load<u32>(at, 4);
    const c = load<u32>(at, 8);
    const d = load<u32>(at, 12);
    crc = of4(table + 12 * 1024, a) ^ of4(table + 8 * 1024, b) ^ of4(table + 4 * 1024, c) ^ of4(table, d);
  }
  for (; at < end; at++) crc = load<u32>(table + ((<usize>((crc ^ load<u8>(at)) & 0xff)) << 2)) ^ (crc >>> 8);
  return ~crc;
}

/** Effect of four bytes together on the remainder, by the four tables from `table` on. */
function of4(table: usize, bytes: u32): u32 {
  return (
    load<u32>(table + ((<usize>(bytes & 0xff)) << 2), 3 * 1024) ^
    load<u32>(table + ((<usize>((bytes >>> 8) & 0xff)) << 2), 2 * 1024) ^
    load<u32>(table + ((<usize>((bytes >>> 16) & 0xff)) << 2), 1024) ^
    load<u32>(table + ((<usize>(bytes >>> 24)) << 2))
  );
}

function makeTables(table: usize): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (POLYNOMIAL & (0 - (remainder & 1)));
    store<u32>(table + ((<usize>byte) << 2), remainder);
  }
  for (let entry: usize = 0; entry < (SLICES - 1) * 256; entry++) {
    const before = load<u32>(table + (entry << 2));
    const next = load<u32>(table + ((<usize>(before & 0xff)) << 2)) ^ (before >>> 8);
    store<u32>(table + ((entry + 256) << 2), next);
  }
}
