/** A sample: runs of bytes. */
const RUN: usize = 16;
const RUNS: usize = 256;
const COUNTED: usize = RUN * RUNS;
/**
 * How many times as often as in noise two bytes of a sample may be the same; noise of 256 equally likely values gives 1
 * ± 0.006.
 */
const LIMIT: f64 = 1.12;

/**
 * Whether bytes look like noise, on which no compressor's time is well spent: two bytes of a sample are hardly oftener
 * the same than chance would have it. A stretch of equal bytes of a twentieth of the whole, or an order-0 entropy below
 * 7.9 bits, is more than that. Repeats of long noisy stretches are missed, which scans do not have. Fewer bytes than
 * the sample are never noise. `table` is 2 KiB of scratch.
 */
export function isIncompressible(source: usize, length: usize, table: usize): bool {
  if (length < COUNTED) return false;
  memory.fill(table, 0, 2048);
  // Spread by the golden ratio: even spacing may fall in step with rows, and see but what lies at one end of them.
  let place: u32 = 0;
  for (let r: usize = 0; r < RUNS; r++, place += 0x9e3779b9) {
    const at = source + <usize>((<u64>place * <u64>(length - RUN)) >> 32);
    for (let i: usize = 0; i < RUN; i += 2) {
      // Two tables, so that an addition need not wait for the one before.
      count(table, load<u8>(at + i));
      count(table + 1024, load<u8>(at + i + 1));
    }
  }
  let squares = i64x2.splat(0);
  for (let i: usize = 0; i < 1024; i += 16) {
    const counts = i32x4.add(v128.load(table + i), v128.load(table + 1024 + i));
    squares = i64x2.add(squares, i64x2.extmul_low_i32x4_u(counts, counts));
    squares = i64x2.add(squares, i64x2.extmul_high_i32x4_u(counts, counts));
  }
  const sum = i64x2.extract_lane(squares, 0) + i64x2.extract_lane(squares, 1);
  const pairs = <f64>COUNTED * <f64>(COUNTED - 1);
  return (<f64>sum - <f64>COUNTED) * 256 < LIMIT * pairs;
}

function count(table: usize, byte: u8): void {
  const entry = table + ((<usize>byte) << 2);
  store<u32>(entry, load<u32>(entry) + 1);
}
