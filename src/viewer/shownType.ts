import type { Json } from '../model/json.ts';
import { STORED, fillOf, isConverted } from './storedVoxels.ts';

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

const V2_CODES: Record<string, string> = { '|b1': '|u1', '<i8': '<u8', '>i8': '>u8' };

/**
 * The metadata of an array with the type as which it is shown. It is in the words of Zarr v3 where voxels are converted
 * (see `handedFormat`): those of v2 have none for it.
 */
export function withShownType(document: Uint8Array, dtype: string): Uint8Array<ArrayBuffer> {
  const array = JSON.parse(new TextDecoder().decode(document)) as Json;
  return new TextEncoder().encode(JSON.stringify(shownArray(array, dtype)));
}

function shownArray(array: Json, dtype: string): Json {
  const stored = storedTypeOf(array);
  const fill = fillOf(array.fill_value, stored);
  if (isConverted(stored) && dtype === 'float32') {
    const { codecs, ...rest } = array.zarr_format === 2 ? inV3(array) : array;
    const [shown, type] = [Math.fround(fill), 'float32'];
    // JSON has no other numbers.
    const said = Number.isFinite(shown) ? shown : String(shown);
    return { ...rest, data_type: type, fill_value: said, codecs: converting(codecs as Json[], stored) };
  }
  if (stored === dtype) return array;
  const type = array.zarr_format === 2 ? { dtype: V2_CODES[String(array.dtype)] } : { data_type: dtype };
  // Where there is no chunk there is no segment.
  return { ...array, ...type, fill_value: Math.max(0, fill) };
}

/** Zarr's version in whose words the metadata of arrays is handed over. */
export const handedFormat = <F>(format: F, stored: string, shown: string): F | 'zarr3' =>
  isConverted(stored) && shown === 'float32' ? 'zarr3' : format;

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
      ...(id === undefined ? [] : [{ name: id, configuration }])
    ]
  };
}

/** Codecs whose voxels are converted. */
function converting(codecs: Json[], type: string): Json[] {
  return codecs.map(codec => {
    const configuration = codec.configuration as Json;
    if (codec.name === 'bytes') return { name: STORED, configuration: { type, endian: configuration.endian } };
    if (codec.name !== 'sharding_indexed') return codec;
    return { ...codec, configuration: { ...configuration, codecs: converting(configuration.codecs as Json[], type) } };
  });
}
