import { type Json, isObject } from '../model/json.ts';
import { BYTES_PER_VOXEL, type Dtype } from '../model/volume.ts';
import { VOXEL_ARRAYS } from '../model/voxel-arrays.ts';

/** numcodecs' filters that a chunk's voxels pass before they are compressed. */
export interface Filters {
  /** Each voxel is stored as its difference from the one before it in the chunk. */
  delta: boolean;
  /** The bytes of elements of so many bytes lie in that many streams; 0: they do not. */
  shuffled: number;
}

export const NO_FILTERS: Filters = { delta: false, shuffled: 0 };

/** Filters that lose something when they are written: reading has nothing to undo. */
const ROUNDING = ['bitround', 'quantize'];

/** Filters as they were applied, each with its settings, and null where one is none that can be undone. */
export function filtersOf(list: readonly { name: string; configuration: Json }[], stored: StoredType): Filters | null {
  let filters = NO_FILTERS;
  for (const { name, configuration } of list) {
    if (filters.shuffled) return null;
    if (name === 'shuffle') {
      const { elementsize: bytes = 4 } = configuration;
      if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) return null;
      filters = { ...filters, shuffled: bytes };
    } else {
      const { dtype, astype = dtype } = configuration;
      if (![dtype, astype].every(type => isType(type, stored))) return null;
      if (name === 'delta' && !filters.delta) filters = { ...filters, delta: true };
      else if (!ROUNDING.includes(name)) return null;
    }
  }
  return filters;
}

/** Filters of a Zarr v2 array, by its `filters`: a codec's `id` beside its settings. */
export function filtersV2(filters: readonly unknown[], stored: StoredType): Filters | null {
  if (!filters.every(filter => isObject(filter) && typeof filter.id === 'string')) return null;
  return filtersOf(
    filters.map(filter => ({ name: (filter as Json).id as string, configuration: filter as Json })),
    stored
  );
}

interface StoredType {
  dtype: Dtype;
  littleEndian: boolean;
}

/** Whether a type in NumPy's words, or none, is that of the array's voxels. */
function isType(type: unknown, { dtype, littleEndian }: StoredType): boolean {
  if (type === undefined) return true;
  const bytes = BYTES_PER_VOXEL[dtype];
  const letter = `${dtype[0]}${bytes}`;
  return type === dtype || type === `${bytes === 1 ? '|' : littleEndian ? '<' : '>'}${letter}`;
}

/** Undoes a delta in place: each of the little-endian voxels at an address becomes the sum of those up to it. */
export function undoDelta(heap: Uint8Array<ArrayBuffer>, address: number, bytes: number, dtype: Dtype): void {
  const voxels = new VOXEL_ARRAYS[dtype](heap.buffer, address, bytes / BYTES_PER_VOXEL[dtype]);
  if (voxels instanceof BigUint64Array || voxels instanceof BigInt64Array) {
    for (let n = 1; n < voxels.length; n++) voxels[n] += voxels[n - 1];
  } else {
    for (let n = 1; n < voxels.length; n++) voxels[n] += voxels[n - 1];
  }
}
