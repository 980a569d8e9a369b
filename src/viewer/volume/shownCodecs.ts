import type { Json } from '../../model/json.ts';
import { STORED, type Stored } from './storedVoxels.ts';

/**
 * The codecs under Neuroglancer's names, with that of voxels that are decoded here: those that are converted or that it
 * would lay out wrongly.
 */
export function decodedHere(said: Json[], type: string, rank: number, isConverted: boolean): Json[] {
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
export const withLevel = ({ configuration, ...codec }: Json): Json => ({
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

/** Of Zarr v2. Its filters Neuroglancer does not undo, and says nothing of any. */
const V2_COMPRESSORS = ['blosc', 'gzip', 'zlib', 'zstd'];

/** What Neuroglancer cannot undo of how the chunks of an array are stored; null where it can. */
export function notUndone({ zarr_format: format, filters, compressor, codecs, shape }: Json): string | null {
  if (format !== 2) {
    if (!Array.isArray(codecs) || !Array.isArray(shape)) return null;
    const unknown = unknownCodec(codecs as Json[]);
    if (unknown !== null) return `encoded by ${unknown}`;
    return isMislaid(codecs as Json[], shape.length) ? 'transposed before they are sharded' : null;
  }
  const idOf = (codec: unknown): string => String((codec as { id?: unknown } | null)?.id);
  const filter = (Array.isArray(filters) ? (filters as Json[]) : [])
    .map(each => unreadFilter(each.id, each))
    .find(unread => unread !== null);
  if (filter !== undefined) return `filtered by ${filter}`;
  return compressor == null || V2_COMPRESSORS.includes(idOf(compressor)) ? null : `compressed by ${idOf(compressor)}`;
}

/** What a filter is called that is not undone; null where its voxels are read as they are stored. */
function unreadFilter(name: unknown, { dtype, astype }: Json): string | null {
  if (!READ_AS_STORED.includes(usualName(name))) return String(name);
  return astype == null || spelt(astype) === spelt(dtype) ? null : `${String(name)} as ${String(astype)}`;
}

/** Name of a type of floats that NumPy knows by several: `float32`, `f4` and `<f4`. */
const spelt = (type: unknown): string =>
  String(type)
    .replace(/^float(\d+)$/, (_, bits) => `f${Number(bits) / 8}`)
    .replace(/^[=<]?f/, '<f');

/** The first codec of Zarr v3, also within shards, that is not undone; null where there is none. */
function unknownCodec(codecs: Json[]): string | null {
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
function isMislaid(codecs: Json[], rank: number): boolean {
  const at = codecs.findIndex(({ name }) => name === 'sharding_indexed');
  if (at < 0) return false;
  const inner = (codecs[at].configuration as Json).codecs as Json[];
  const order = storedOrder(codecs.slice(0, at), rank);
  const isTurned = order.some((axis, n) => axis !== n);
  const isOdd = !isLaidOut(order) || inner.some(({ name }) => name === 'transpose');
  return (isTurned && isOdd) || isMislaid(inner, rank);
}
