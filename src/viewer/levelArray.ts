import * as zarr from 'zarrita';
import { type Image, arrayDocument } from './image.ts';
import { withShownType } from './shownType.ts';
import type { ByteReader } from './source.ts';

/**
 * Options that `zarrita` passes through to the store with a read; `found` says whether there was a chunk, or its fill
 * value is used.
 */
interface Options {
  signal: AbortSignal;
  found?: boolean;
}

export type LevelArray = Awaited<ReturnType<typeof openLevel>>;

/** A level of an image as it is shown, read by `read` alone. */
export function openLevel(
  { format, levels, dtype, storedType }: Image,
  level: number,
  read: ByteReader,
  signal: AbortSignal
) {
  const key = (path: string): string => path.replace(/^\//, '');
  const store = {
    async get(path: string, options?: Options): Promise<Uint8Array | undefined> {
      // Attributes of an array are not needed, and are mostly not there.
      if (path.endsWith('/.zattrs')) return undefined;
      const found = await read(key(path), {}, signal);
      if (options) options.found = found !== null;
      const isDocument = found && key(path) === arrayDocument(format, levels[level].path);
      return isDocument && dtype !== storedType ? withShownType(found.bytes, dtype) : found?.bytes;
    },
    async getRange(path: string, range: zarr.RangeQuery, options?: Options): Promise<Uint8Array | undefined> {
      const isIndex = 'suffixLength' in range;
      const found = await read(key(path), isIndex ? { suffix: range.suffixLength } : range, signal);
      if (options && !isIndex) options.found = found !== null;
      return found?.bytes;
    }
  };
  const location = zarr.root(store).resolve(levels[level].path);
  return format === 'zarr3' ? zarr.open.v3(location, { kind: 'array' }) : zarr.open.v2(location, { kind: 'array' });
}

/**
 * A chunk's voxels, and whether it was there or its fill value is used.
 *
 * @throws Error where it cannot be read or has another length than it must
 */
export async function chunkOf(
  array: LevelArray,
  cell: number[],
  signal: AbortSignal
): Promise<{ data: ArrayLike<number | bigint>; stride: readonly number[]; found: boolean }> {
  const options: Options = { signal };
  const chunk = await array.getChunk(cell, options as never);
  const data = chunk.data as ArrayLike<number | bigint>;
  const [size, expected] = [data.length, array.chunks.reduce((a, b) => a * b, 1)];
  if (size !== expected) throw new Error(`chunk ${cell.join('/')} has ${size} voxels in place of ${expected}.`);
  return { data, stride: chunk.stride, found: options.found === true };
}

/**
 * Visits the rows of a chunk, along its last axis, of voxels that are the volume's: where a row's first voxel stands in
 * the data, where in the volume, and how many there are.
 */
export function eachRow(
  { shape, chunks }: { shape: readonly number[]; chunks: readonly number[] },
  cell: number[],
  stride: readonly number[],
  visit: (at: number, place: number[], count: number) => void
): void {
  const place = cell.map((index, axis) => index * chunks[axis]);
  const last = shape.length - 1;
  const walk = (axis: number, at: number): void => {
    const first = cell[axis] * chunks[axis];
    const end = Math.min(shape[axis], first + chunks[axis]);
    if (axis === last) return visit(at, place, end - first);
    for (let index = first; index < end; index++) {
      place[axis] = index;
      walk(axis + 1, at + (index - first) * stride[axis]);
    }
  };
  walk(0, 0);
}
