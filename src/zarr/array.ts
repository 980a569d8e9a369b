import { join } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import { type Json, isObject } from '../model/json.ts';
import { isThere } from './files.ts';
import { type Filters, filtersOf, filtersV2 } from './filters.ts';
import { readJson } from './json.ts';
import { type StoredCompression, readCodecs, storedCompression } from './codec/index.ts';
import type { Checksum } from '../model/options.ts';
import { BYTES_PER_VOXEL, DTYPES, type Dtype } from '../model/volume.ts';

/** How a Zarr array is stored, by its metadata: what reading its chunks takes. */
export interface ZarrArray {
  /** Its folder, relative to the image's. */
  path: string;
  /**
   * Lengths along all its axes, z, y, x the last; z of length 1 where it has none. So are those of chunks and shards.
   */
  shape: number[];
  dtype: Dtype;
  littleEndian: boolean;
  chunk: number[];
  /** Null: a file a chunk. */
  shard: number[] | null;
  /** For each of these axes, which of the array's own it is; null for a z that it does not have. */
  axes: (number | null)[];
  /** The array's own axes as a chunk's voxels lie in it, the last from voxel to voxel. */
  order: number[];
  /** Filters that voxels pass before they are compressed. */
  filters: Filters;
  compression: StoredCompression;
  /** Checksum behind each chunk. */
  checksum: Checksum;
  /** Value of the voxels of missing chunks. */
  fill: number;
  /** Prefix of a chunk's index in its path, and separator of the index's numbers. */
  keys: { prefix: string; separator: string };
}

const isLengths = (value: unknown, least: number): value is number[] =>
  Array.isArray(value) && value.every(n => Number.isSafeInteger(n) && (n as number) >= least);

/**
 * Reads an array's metadata: Zarr v3 (`zarr.json`) or v2 (`.zarray`), whose axes have these names.
 *
 * @throws ConvertError `not-found` where it has none, `corrupt` where it makes no sense, `unsupported` where this
 *   program cannot read its chunks
 */
export function readArray(image: string, path: string, names: readonly string[]): ZarrArray {
  const v3 = join(image, path, 'zarr.json');
  const v2 = join(image, path, '.zarray');
  const array = isThere(v2) && !isThere(v3) ? readV2(v2) : readV3(v3);
  const rank = array.shape.length;
  if (rank !== names.length)
    throw new ConvertError('corrupt', `has ${rank} axes, where the image has ${names.length}`, 'output', {
      about: isThere(v3) ? v3 : v2
    });
  // Volumes are counted by time, then by channel.
  const before = [...names].sort((a, b) => Number(b === 't') - Number(a === 't'));
  const others = before.flatMap(name => (SPACE.includes(name) ? [] : [names.indexOf(name)]));
  const axes = [...others, ...SPACE.map(name => names.indexOf(name)).map(axis => (axis < 0 ? null : axis))];
  const along = (lengths: readonly number[]) => axes.map(axis => (axis === null ? 1 : lengths[axis]));
  const { shape, chunk, shard } = array;
  return { ...array, path, axes, shape: along(shape), chunk: along(chunk), shard: shard && along(shard) };
}

const SPACE = ['z', 'y', 'x'];

/**
 * Lengths of an array along its own axes, however its chunks are stored. @throws ConvertError `not-found`,
 * `unreadable`, `corrupt`
 */
export function readShape(image: string, path: string, rank: number): number[] {
  const v2 = join(image, path, '.zarray');
  const document = isThere(v2) ? v2 : join(image, path, 'zarr.json');
  const { shape } = readJson(document);
  if (!Array.isArray(shape) || shape.length !== rank || !shape.every(n => Number.isSafeInteger(n)))
    throw new ConvertError('corrupt', `has no shape along the ${rank} axes of its image`, 'output', {
      about: document
    });
  return shape as number[];
}

/** An array as its metadata has it: lengths along its own axes. */
type Stored = Omit<ZarrArray, 'path' | 'axes'>;

/** Fields of an array's metadata file, and the errors where it cannot be used. */
class Fields {
  readonly #path: string;
  readonly #json: Json;

  constructor(path: string, json: Json) {
    this.#path = path;
    this.#json = json;
  }

  get(name: string): unknown {
    return this.#json[name];
  }

  lengths(name: string, value: unknown, rank: number | null, least: number): number[] {
    if (!isLengths(value, least) || (rank !== null && value.length !== rank))
      throw this.corrupt(
        `${name} is ${show(value)}, where ${rank ?? 'some'} whole numbers from ${least} up were expected`
      );
    return value;
  }

  corrupt(message: string): ConvertError {
    return new ConvertError('corrupt', message, 'output', { about: this.#path });
  }

  /** `what`: as in "its data_type is complex64"; `instead`: what to do. */
  unsupported(what: string, instead = ''): ConvertError {
    return new ConvertError('unsupported', `${what}, which this program does not read${instead}`, 'output', {
      about: this.#path
    });
  }
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'missing';
const named = (value: unknown): { name: string; configuration: Json } | null =>
  typeof value === 'string'
    ? { name: value, configuration: {} }
    : isObject(value) && typeof value.name === 'string'
      ? { name: value.name, configuration: isObject(value.configuration) ? value.configuration : {} }
      : null;

function readV3(path: string): Stored {
  const fields = new Fields(path, readJson(path));
  if (fields.get('zarr_format') !== 3 || fields.get('node_type') !== 'array')
    throw fields.corrupt('is not the metadata of a Zarr v3 array');
  const shape = fields.lengths('shape', fields.get('shape'), null, 1);
  const rank = shape.length;
  const type = fields.get('data_type');
  if (!DTYPES.includes(type as Dtype)) throw fields.unsupported(`its data_type is ${show(type)}`);
  const grid = named(fields.get('chunk_grid'));
  if (grid?.name !== 'regular') throw fields.unsupported(`its chunk_grid is ${show(fields.get('chunk_grid'))}`);
  const file = fields.lengths('chunk_shape', grid.configuration.chunk_shape, rank, 1);
  const codecs = fields.get('codecs');
  const sharding = Array.isArray(codecs) && codecs.length === 1 ? named(codecs[0]) : null;
  const isSharded = sharding?.name === 'sharding_indexed';
  if (isSharded) checkIndex(fields, sharding.configuration);
  const chunk = isSharded ? fields.lengths('chunk_shape', sharding.configuration.chunk_shape, rank, 1) : file;
  if (file.some((n, axis) => n % chunk[axis] !== 0))
    throw fields.corrupt(`its shards of ${show(file)} are no whole number of chunks of ${show(chunk)}`);
  return {
    shape,
    dtype: type as Dtype,
    chunk,
    shard: isSharded ? file : null,
    fill: fillValue(fields),
    keys: keysV3(fields),
    ...codecsV3(fields, isSharded ? sharding.configuration.codecs : codecs, type as Dtype, rank)
  };
}

/** Shards are read with their index at the end, uncompressed and followed by its CRC-32C: as everybody writes them. */
function checkIndex(fields: Fields, { index_codecs: codecs, index_location: location }: Json): void {
  const names = Array.isArray(codecs) ? codecs.map(codec => named(codec)?.name) : [];
  if ((location ?? 'end') !== 'end' || names.join() !== 'bytes,crc32c')
    throw fields.unsupported(
      `its shards have their index ${show(location ?? 'end')}, encoded with ${names.join(', ')}`
    );
}

function codecsV3(fields: Fields, codecs: unknown, dtype: Dtype, rank: number) {
  const given = Array.isArray(codecs) ? codecs.map(named) : [];
  if (given.length === 0 || given.includes(null)) throw fields.corrupt(`its codecs are ${show(codecs)}`);
  // zarr-python's name in Zarr v3 for those of numcodecs.
  const list = given.map(codec => ({ ...codec!, name: codec!.name.replace(/^numcodecs\./, '') }));
  let order = Array.from({ length: rank }, (_, axis) => axis);
  while (list[0]?.name === 'transpose') {
    const { order: moved } = list.shift()!.configuration;
    const places: unknown = moved === 'F' ? [...order.keys()].reverse() : moved === 'C' ? [...order.keys()] : moved;
    if (!isPermutation(places, rank)) throw fields.corrupt(`its chunks are transposed by ${show(moved)}`);
    order = places.map(place => order[place]);
  }
  const place = list.findIndex(codec => codec.name === 'bytes');
  if (place < 0) throw fields.unsupported(`its first codec is ${show(list[0]?.name)}`);
  const { endian } = list[place].configuration;
  if (BYTES_PER_VOXEL[dtype] > 1 && endian !== 'little' && endian !== 'big')
    throw fields.corrupt(`the byte order of its voxels is ${show(endian)}`);
  const littleEndian = endian !== 'big';
  const ofVoxels = list.slice(0, place);
  const ofBytes = list.slice(place + 1);
  const checksum: Checksum = ofBytes.at(-1)?.name === 'crc32c' ? 'crc32c' : 'none';
  if (checksum !== 'none') ofBytes.pop();
  const last = ofBytes.at(-1);
  const compressor = last && last.name !== 'shuffle' ? ofBytes.pop() : null;
  const filters = filtersOf([...ofVoxels, ...ofBytes], { dtype, littleEndian });
  // In which order a delta goes through a transposed chunk is up to who wrote it.
  const isMoved = order.some((axis, n) => axis !== n);
  if (!filters || (filters.delta && isMoved))
    throw fields.unsupported(`its chunks have the codecs ${list.map(codec => codec.name).join(', ')}`);
  const compression = compressor ? codecOf(fields, compressor.name, compressor.configuration) : 'none';
  return { filters, compression, checksum, order, littleEndian };
}

/** The compression that a codec's name in the metadata stands for. */
function codecOf(fields: Fields, name: string, { cname }: Json): StoredCompression {
  const found = storedCompression(name, cname);
  if (found) return found;
  throw fields.unsupported(
    `its chunks are compressed with ${name === 'blosc' ? `blosc and ${show(cname)}` : show(name)}`,
    `: have them written anew by what wrote them, or by zarr-python, uncompressed or with ${readCodecs()}`
  );
}

function isPermutation(places: unknown, rank: number): places is number[] {
  return (
    Array.isArray(places) &&
    places.length === rank &&
    Array.from({ length: rank }, (_, n) => n).every(n => places.includes(n))
  );
}

function fillValue(fields: Fields): number {
  const value = fields.get('fill_value');
  if (value === null || value === undefined || value === false) return 0;
  const number = typeof value === 'string' && !value.startsWith('0x') ? Number(value) : value;
  if (typeof number !== 'number' || (Number.isNaN(number) && value !== 'NaN'))
    throw fields.unsupported(`its fill_value is ${show(value)}`);
  return number;
}

function keysV3(fields: Fields): ZarrArray['keys'] {
  const encoding = named(fields.get('chunk_key_encoding') ?? 'default');
  const separator = encoding?.configuration.separator ?? (encoding?.name === 'v2' ? '.' : '/');
  if ((encoding?.name !== 'default' && encoding?.name !== 'v2') || (separator !== '/' && separator !== '.'))
    throw fields.unsupported(`its chunk_key_encoding is ${show(fields.get('chunk_key_encoding'))}`);
  return { prefix: encoding.name === 'default' ? `c${separator}` : '', separator };
}

const KINDS: Record<string, string> = { u: 'uint', i: 'int', f: 'float' };

function readV2(path: string): Stored {
  const fields = new Fields(path, readJson(path));
  if (fields.get('zarr_format') !== 2) throw fields.corrupt('is not the metadata of a Zarr v2 array');
  const shape = fields.lengths('shape', fields.get('shape'), null, 1);
  const type = fields.get('dtype');
  const parts = typeof type === 'string' ? /^([<>|])([a-z])(\d+)$/.exec(type) : null;
  const dtype = parts && (`${KINDS[parts[2]]}${8 * Number(parts[3])}` as Dtype);
  if (!dtype || !DTYPES.includes(dtype)) throw fields.unsupported(`its dtype is ${show(type)}`);
  const littleEndian = parts![1] !== '>';
  const list = fields.get('filters') ?? [];
  const filters = Array.isArray(list) ? filtersV2(list, { dtype, littleEndian }) : null;
  if (!filters) throw fields.unsupported(`it has the filters ${show(list)}`);
  const order = fields.get('order');
  if (order !== 'C' && order !== 'F') throw fields.corrupt(`its order is ${show(order)}, where C or F was expected`);
  const axes = [...shape.keys()];
  const separator = fields.get('dimension_separator') ?? '.';
  if (separator !== '/' && separator !== '.') throw fields.corrupt(`its dimension_separator is ${show(separator)}`);
  const compressor = fields.get('compressor') ?? null;
  if (compressor !== null && !isObject(compressor)) throw fields.corrupt(`its compressor is ${show(compressor)}`);
  return {
    shape,
    dtype,
    littleEndian,
    filters,
    chunk: fields.lengths('chunks', fields.get('chunks'), shape.length, 1),
    shard: null,
    order: order === 'F' ? axes.reverse() : axes,
    compression: compressor ? codecOf(fields, String(compressor.id), compressor) : 'none',
    checksum: 'none',
    fill: fillValue(fields),
    keys: { prefix: '', separator }
  };
}

/** Values along the axes that end in z, y, x, put in the order of the array's own axes. */
export const alongOwn = ({ axes }: ZarrArray, values: readonly number[]): number[] => {
  const own: number[] = [];
  axes.forEach((axis, n) => {
    if (axis !== null) own[axis] = values[n];
  });
  return own;
};

/** Path of the file of a chunk or shard, by its index along the array's own axes, relative to the array's folder. */
export const fileKey = ({ keys }: ZarrArray, index: readonly number[]): string =>
  keys.prefix + index.join(keys.separator);

/** How many voxels further in its chunk the next one along each axis is. */
export function strides(array: ZarrArray): number[] {
  const lengths = alongOwn(array, array.chunk);
  const own: number[] = [];
  let step = 1;
  for (const axis of [...array.order].reverse()) {
    own[axis] = step;
    step *= lengths[axis];
  }
  return array.axes.map(axis => (axis === null ? 0 : own[axis]));
}
