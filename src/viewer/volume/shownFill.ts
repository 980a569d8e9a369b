import type { Json } from '../../model/json.ts';
import { half } from './storedVoxels.ts';

/** The fill value as Neuroglancer takes it; some leave it out of metadata, or write null. */
export function shownFill({ fill_value: said }: Json, stored: string, dtype: string): unknown {
  if (stored === dtype) return said ?? 0;
  const fill = fillOf(said, stored);
  // Where there is no chunk there is no segment.
  if (dtype !== 'float32') return Math.max(0, fill);
  // JSON has no other numbers.
  return Number.isFinite(Math.fround(fill)) ? Math.fround(fill) : String(Math.fround(fill));
}

/** The number that a fill value of metadata stands for, also where it is given by its bits (`0x7fc00000`). */
function fillOf(said: unknown, type: string): number {
  if (typeof said !== 'string' || !/^0x/i.test(said)) return Number(said ?? 0);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(said));
  return type === 'float32' ? view.getFloat32(4) : type === 'float16' ? half(view.getUint16(6)) : view.getFloat64(0);
}
