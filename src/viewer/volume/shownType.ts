import type { Json } from '../../model/json.ts';
import { isConverted } from './storedVoxels.ts';

/**
 * The type as which voxels are shown that Neuroglancer does not know: where their bytes mean the same in it (truth
 * values are 0 and 1, and the number of a segment needs no sign), or as float32. Others are shown as they are.
 */
export function shownType(stored: string, isLabels: boolean): string {
  if (stored === 'bool') return 'uint8';
  if (stored === 'int64' && isLabels) return 'uint64';
  return isConverted(stored) ? 'float32' : stored;
}

/** What may be lost of values that are shown as another type; null where nothing is. */
export function lossIn(stored: string, shown: string): string | null {
  if (shown !== 'float32') return null;
  if (stored === 'float64') return 'Its float64 values are shown as float32, to seven digits.';
  return stored === 'int64'
    ? 'Its int64 values are shown as float32, exactly up to 16,777,216. Numbers of segments are exact: open it as labels.'
    : null;
}

const V2_TYPES: Record<string, string> = { u: 'uint', i: 'int', f: 'float', c: 'complex' };

/** The type of an array, by its metadata, as Zarr v3 calls it. */
export function storedTypeOf({ zarr_format: format, dtype, data_type: type }: Json): string {
  if (format !== 2) return typeof type === 'string' ? type : JSON.stringify(type);
  const [, kind, size] = /^[<>|]([a-z])(\d+)$/.exec(String(dtype)) ?? [];
  if (kind === 'b') return 'bool';
  return kind in V2_TYPES ? `${V2_TYPES[kind]}${Number(size) * 8}` : JSON.stringify(dtype);
}
