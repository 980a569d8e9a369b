import type { Simd } from '../../simd/index.ts';

/** Bits per byte above which no time is spent on a stream. */
const LIMIT = 7.9;

/**
 * True when a sample of the bytes looks like noise: its order-0 entropy, with the sample's bias (Miller and Madow: (values − 1) / 2 counts
 * per sample) added back, is over the limit. Repeats of long noisy stretches are missed, which scans do not have. `scratch` is 1 KiB.
 */
export function noisy(simd: Simd, view: DataView, source: number, length: number, scratch: number): boolean {
  const counted = simd.countBytes(source, length, scratch);
  if (counted < 1024) return false;
  let weighted = 0;
  let values = 0;
  for (let value = 0; value < 256; value++) {
    const count = view.getUint32(scratch + 4 * value, true);
    if (count === 0) continue;
    weighted += count * Math.log2(count);
    values++;
  }
  return Math.log2(counted) - weighted / counted + (values - 1) / (2 * Math.LN2 * counted) > LIMIT;
}
