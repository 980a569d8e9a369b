/**
 * The type as which voxels are shown that Neuroglancer does not know, where their bytes mean the same in it: truth
 * values are 0 and 1, and the number of a segment needs no sign. Others are shown as they are.
 */
export function shownType(stored: string, isLabels: boolean): string {
  if (stored === 'bool') return 'uint8';
  return stored === 'int64' && isLabels ? 'uint64' : stored;
}

const V2_CODES: Record<string, string> = { '|b1': '|u1', '<i8': '<u8', '>i8': '>u8' };

/** The metadata of an array, with the type as which it is shown. */
export function withShownType(document: Uint8Array, dtype: string): Uint8Array<ArrayBuffer> {
  const array = JSON.parse(new TextDecoder().decode(document)) as Record<string, unknown>;
  const type = array.zarr_format === 2 ? { dtype: V2_CODES[String(array.dtype)] } : { data_type: dtype };
  // Where there is no chunk there is no segment.
  const fill = Math.max(0, Number(array.fill_value));
  return new TextEncoder().encode(JSON.stringify({ ...array, ...type, fill_value: fill }));
}
