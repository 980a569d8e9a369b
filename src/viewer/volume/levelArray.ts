import * as zarr from 'zarrita';
import type { Json } from '../../model/json.ts';
import type { ByteReader } from '../transport/source.ts';
import { type Image, arrayDocument } from './image.ts';
import { Shards, withoutShards } from './shards.ts';
import { shownDocument } from './shownArray.ts';
import { STORED, type Stored, asShown } from './storedVoxels.ts';

/**
 * Options that `zarrita` passes through to the store with a read; `found` says whether there was a chunk, or its fill
 * value is used.
 */
interface Options {
  signal: AbortSignal;
  found?: boolean;
}

const codec = {
  fromConfig: (stored: unknown, { shape }: { shape: number[] }) => ({
    kind: 'array_to_bytes' as const,
    encode: () => {
      throw new Error('Such voxels are only read.');
    },
    decode: (bytes: Uint8Array) => ({
      data: asShown(bytes, stored as Stored, shape),
      shape,
      stride: shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
    })
  })
};
zarr.registry.set(STORED, () => Promise.resolve(codec as never));

export type LevelArray = Awaited<ReturnType<typeof openLevel>>;

/**
 * A level of an image as it is shown, read by `read` alone.
 *
 * @throws Error where its metadata cannot be read, or its chunks lie in shards that cannot be
 */
export async function openLevel(image: Image, level: number, read: ByteReader, signal: AbortSignal) {
  const { format, handedFormat, levels } = image;
  const { path } = levels[level];
  const file = await read(arrayDocument(format, path), {}, signal);
  if (!file) throw new Error(`level ${path} has no metadata.`);
  const handed = JSON.parse(new TextDecoder().decode(shownDocument(file.bytes, image))) as Json;
  const { array, nestings } = handedFormat === 'zarr3' ? withoutShards(handed) : { array: handed, nestings: [] };
  const shards = new Shards(nestings, async (shard, range) => {
    const found = await read(`${path}/${chunkKey(handed, shard)}`, range, signal);
    return found && found.bytes;
  });
  const store = {
    async get(absolute: string, options?: Options): Promise<Uint8Array | undefined> {
      const key = absolute.slice(1);
      if (key === 'zarr.json' || key === '.zarray') return new TextEncoder().encode(JSON.stringify(array));
      // Attributes of an array are not needed, and are mostly not there.
      if (key === '.zattrs') return undefined;
      const chunk =
        nestings.length > 0
          ? await shards.chunk(key.match(/\d+/g)!.map(Number))
          : ((await read(`${path}/${key}`, {}, signal))?.bytes ?? null);
      if (options) options.found = chunk !== null;
      return chunk ?? undefined;
    }
  };
  const location = zarr.root(store);
  return handedFormat === 'zarr3'
    ? zarr.open.v3(location, { kind: 'array' })
    : zarr.open.v2(location, { kind: 'array' });
}

/** Path, below its array's folder, of a chunk of Zarr v3. */
function chunkKey({ chunk_key_encoding: said }: Json, cell: number[]): string {
  const { name, configuration } = said as { name: string; configuration?: { separator?: string } };
  const [first, separator] = name === 'v2' ? [[], '.'] : [['c'], '/'];
  return [...first, ...cell].join(configuration?.separator ?? separator);
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
