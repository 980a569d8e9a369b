import type { Json } from '../../model/json.ts';
import { decodedHere, withLevel } from './shownCodecs.ts';
import { shownFill } from './shownFill.ts';
import { shownType, storedTypeOf } from './shownType.ts';
import { isConverted } from './storedVoxels.ts';

const V2_CODES: Record<string, string> = { '|b1': '|u1', '<i8': '<u8', '>i8': '>u8' };

/** What of an image says how the metadata of its arrays is handed over. */
interface Shown {
  dtype: string;
  handedFormat: 'zarr2' | 'zarr3';
}

/**
 * The metadata of an array as Neuroglancer is handed it: with the type as which it is shown, and without what it would
 * misread or refuse. It is in the words of Zarr v3 where voxels of any level are converted (see `formatHanded`): those
 * of v2 have none for it.
 */
export function shownDocument(document: Uint8Array, shown: Shown): Uint8Array<ArrayBuffer> {
  const array = JSON.parse(new TextDecoder().decode(document)) as Json;
  return new TextEncoder().encode(JSON.stringify(shownArray(array, shown)));
}

/** Whether the metadata of an array is handed over otherwise than it is stored. */
export const isMended = (array: Json, shown: Shown): boolean => shownArray(array, shown) !== array;

function shownArray(array: Json, { dtype, handedFormat }: Shown): Json {
  const stored = storedTypeOf(array);
  // One that has been written anew since, as another type, is left as it is.
  if (shownType(stored, dtype === 'uint64') !== dtype) return array;
  const converted = isConverted(stored) && dtype === 'float32';
  if (handedFormat === 'zarr2') {
    const plain = (array.filters as Json[] | null | undefined)?.length ? { ...array, filters: null } : array;
    if (stored === dtype) return plain;
    return { ...plain, dtype: V2_CODES[String(array.dtype)], fill_value: shownFill(array, stored, dtype) };
  }
  const v3 = array.zarr_format === 2 ? inV3(array) : array;
  const codecs = v3.codecs as Json[];
  const rank = (v3.shape as number[] | undefined)?.length ?? 0;
  const decoded = codecs && decodedHere(codecs, converted ? stored : dtype, rank, converted);
  if (v3 === array && decoded === codecs && stored === dtype && array.fill_value != null) return array;
  return { ...v3, data_type: dtype, fill_value: shownFill(array, stored, dtype), codecs: decoded };
}

/** Zarr's version in whose words the metadata of arrays is handed over. */
export const formatHanded = <F>(format: F, stored: string[], shown: string): F | 'zarr3' =>
  stored.some(isConverted) && shown === 'float32' ? 'zarr3' : format;

/** The metadata of an array of Zarr v2 in the words of v3. */
function inV3({ shape, dtype, chunks, order, compressor, fill_value, dimension_separator }: Json): Json {
  const rank = (shape as number[]).length;
  const { id, ...configuration } = (compressor ?? {}) as Json;
  const transposed = { order: Array.from({ length: rank }, (_, n) => rank - 1 - n) };
  return {
    zarr_format: 3,
    node_type: 'array',
    shape,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunks } },
    chunk_key_encoding: { name: 'v2', configuration: { separator: dimension_separator ?? '.' } },
    fill_value,
    codecs: [
      ...(order === 'F' ? [{ name: 'transpose', configuration: transposed }] : []),
      { name: 'bytes', configuration: { endian: String(dtype).startsWith('>') ? 'big' : 'little' } },
      ...(id === undefined ? [] : [withLevel({ name: id, configuration })])
    ]
  };
}
