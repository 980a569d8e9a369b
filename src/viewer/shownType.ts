import type { Json } from '../model/json.ts';
import { STORED, type Stored, fillOf, isConverted } from './storedVoxels.ts';

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
export function withShownType(document: Uint8Array, shown: Shown): Uint8Array<ArrayBuffer> {
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

/** The fill value as Neuroglancer takes it; some leave it out of metadata, or write null. */
function shownFill({ fill_value: said }: Json, stored: string, dtype: string): unknown {
  if (stored === dtype) return said ?? 0;
  const fill = fillOf(said, stored);
  // Where there is no chunk there is no segment.
  if (dtype !== 'float32') return Math.max(0, fill);
  // JSON has no other numbers.
  return Number.isFinite(Math.fround(fill)) ? Math.fround(fill) : String(Math.fround(fill));
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

/**
 * The codecs under Neuroglancer's names, with that of voxels that are decoded here: those that are converted or that it
 * would lay out wrongly.
 */
function decodedHere(said: Json[], type: string, rank: number, isConverted: boolean): Json[] {
  const isOther = said.some(({ name }) => usualName(name) !== name || READ_AS_STORED.includes(name));
  const codecs: Json[] = isOther
    ? said
        .map(codec => withLevel({ ...codec, name: usualName(codec.name) }))
        .filter(({ name }) => !READ_AS_STORED.includes(String(name)))
    : said;
  const at = codecs.findIndex(({ name }) => name === 'bytes');
  if (at < 0) {
    const shards = codecs.findIndex(({ name }) => name === 'sharding_indexed');
    const configuration = codecs[shards]?.configuration as Json | undefined;
    const inner = configuration && decodedHere(configuration.codecs as Json[], type, rank, isConverted);
    if (!inner || inner === configuration.codecs) return codecs;
    return codecs.with(shards, { ...codecs[shards], configuration: { ...configuration, codecs: inner } });
  }
  const order = storedOrder(codecs.slice(0, at), rank);
  if (!isConverted && isLaidOut(order)) return codecs;
  const { endian } = (codecs[at].configuration ?? {}) as { endian?: string };
  return [{ name: STORED, configuration: { type, endian, order } satisfies Stored }, ...codecs.slice(at + 1)];
}

/** Name of a codec that zarr-python calls otherwise, by what Zarr v2 and numcodecs know. */
const usualName = (name: unknown): string =>
  String(name).replace(/^numcodecs\.(blosc|gzip|zlib|zstd|bitround|quantize)$/, '$1');

/** Neuroglancer wants a level of some, which zarr-python leaves out where nobody chose one; decoding needs none. */
const withLevel = ({ configuration, ...codec }: Json): Json => ({
  ...codec,
  configuration:
    codec.name === 'gzip' || codec.name === 'zlib'
      ? { level: 1, ...(configuration as Json | null) }
      : (configuration ?? {})
});

/** Codecs of Zarr v3 that are undone in what is shown. */
const UNDONE = ['bytes', 'transpose', 'sharding_indexed', 'blosc', 'gzip', 'zlib', 'zstd', 'crc32c'];

/** Filters whose voxels are read as they are stored, unless they are stored as another type. */
const READ_AS_STORED: unknown[] = ['bitround', 'quantize'];

/** What a filter is called that is not undone; null where its voxels are read as they are stored. */
export function unreadFilter(name: unknown, { dtype, astype }: Json): string | null {
  if (!READ_AS_STORED.includes(usualName(name))) return String(name);
  return astype == null || spelt(astype) === spelt(dtype) ? null : `${String(name)} as ${String(astype)}`;
}

/** Name of a type of floats that NumPy knows by several: `float32`, `f4` and `<f4`. */
const spelt = (type: unknown): string =>
  String(type)
    .replace(/^float(\d+)$/, (_, bits) => `f${Number(bits) / 8}`)
    .replace(/^[=<]?f/, '<f');

/** The first codec of Zarr v3, also within shards, that is not; null where there is none. */
export function unknownCodec(codecs: Json[]): string | null {
  for (const { name, configuration } of codecs) {
    const unread = UNDONE.includes(usualName(name)) ? null : unreadFilter(name, (configuration ?? {}) as Json);
    if (unread !== null) return unread;
    const inner = name === 'sharding_indexed' ? unknownCodec((configuration as Json).codecs as Json[]) : null;
    if (inner !== null) return inner;
  }
  return null;
}

/** Which axis of an array each axis is after its transpositions. */
function storedOrder(filters: Json[], rank: number): number[] {
  let order = Array.from({ length: rank }, (_, axis) => axis);
  for (const { name, configuration } of filters) {
    if (name !== 'transpose') continue;
    const said = (configuration as Json).order;
    const by = said === 'F' ? order.map((_, n) => rank - 1 - n) : said === 'C' ? order.keys() : (said as number[]);
    order = Array.from(by, axis => order[axis]);
  }
  return order;
}

/** Neuroglancer takes the inverse of an order for the order itself, which is the same for some. */
const isLaidOut = (order: number[]): boolean => order.every((_, n) => order.at(-1 - order.at(-1 - n)!) === n);

/** Whether shards are made of what was transposed before, as Neuroglancer lays out wrongly and is not decoded here. */
export function isMislaid(codecs: Json[], rank: number): boolean {
  const at = codecs.findIndex(({ name }) => name === 'sharding_indexed');
  if (at < 0) return false;
  const inner = (codecs[at].configuration as Json).codecs as Json[];
  const order = storedOrder(codecs.slice(0, at), rank);
  const isTurned = order.some((axis, n) => axis !== n);
  const isOdd = !isLaidOut(order) || inner.some(({ name }) => name === 'transpose');
  return (isTurned && isOdd) || isMislaid(inner, rank);
}
