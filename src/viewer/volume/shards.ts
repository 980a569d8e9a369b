import type { Json } from '../../model/json.ts';

/** Bytes of a file: `length` from `offset` on, or the last `suffix`. */
type Range = { offset: number; length: number } | { suffix: number };

/** Reads bytes of a shard's file, by its place in the grid; null: there is no such file. */
type ReadShard = (shard: number[], range: Range) => Promise<Uint8Array | null>;

/** One nesting of chunks in shards. */
interface Nesting {
  /** How many chunks a shard has along each axis. */
  grid: number[];
  isIndexFirst: boolean;
  little: boolean;
  /** Bytes of the index, with its checksum. */
  size: number;
}

interface Extent {
  offset: number;
  length: number;
}

const ENTRY = 16;
const CHECKSUM = 4;
const LEFT_OUT = 2n ** 64n - 1n;

/** Chunks that lie in shards, also in shards of shards: `zarrita` knows no nesting, nor an index before the chunks. */
export class Shards {
  readonly #nestings: Nesting[];
  readonly #read: ReadShard;
  readonly #indexes = new Map<string, Promise<DataView | null>>();

  constructor(nestings: Nesting[], read: ReadShard) {
    this.#nestings = nestings;
    this.#read = read;
  }

  /** A chunk by its place in the grid of all chunks; null where it is left out. */
  async chunk(cell: number[]): Promise<Uint8Array | null> {
    const extent = await this.#find(cell, this.#nestings.length);
    return extent && this.#read(this.#shardOf(cell, this.#nestings.length), extent);
  }

  /** The file in which a piece lies that so many nestings are around. */
  #shardOf(cell: number[], depth: number): number[] {
    for (const { grid } of this.#nestings.slice(0, depth).reverse()) cell = outer(cell, grid);
    return cell;
  }

  async #find(cell: number[], depth: number): Promise<Extent | null> {
    const { grid, little } = this.#nestings[depth - 1];
    const around = outer(cell, grid);
    const whole = depth === 1 ? null : await this.#find(around, depth - 1);
    if (depth > 1 && whole === null) return null;
    const key = `${depth} ${around.join()}`;
    if (!this.#indexes.has(key)) {
      const reading = this.#index(around, depth, whole);
      this.#indexes.set(key, reading);
      reading.catch(() => this.#indexes.delete(key));
    }
    const index = await this.#indexes.get(key);
    if (!index) return null;
    const at = ENTRY * grid.reduce((n, length, axis) => n * length + (cell[axis] % length), 0);
    const [offset, length] = [index.getBigUint64(at, little), index.getBigUint64(at + 8, little)];
    if (offset === LEFT_OUT && length === LEFT_OUT) return null;
    return { offset: (whole?.offset ?? 0) + Number(offset), length: Number(length) };
  }

  /** The index of a shard; `whole`: where it lies in its file, null of one that is a file. */
  async #index(shard: number[], depth: number, whole: Extent | null): Promise<DataView | null> {
    const { isIndexFirst, size } = this.#nestings[depth - 1];
    const offset = (whole?.offset ?? 0) + (whole && !isIndexFirst ? whole.length - size : 0);
    const range = isIndexFirst || whole ? { offset, length: size } : { suffix: size };
    const bytes = await this.#read(this.#shardOf(shard, depth - 1), range);
    if (bytes === null) return null;
    if (bytes.length !== size)
      throw new Error(`the index of shard ${shard.join('/')} has ${bytes.length} bytes in place of ${size}.`);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }
}

const outer = (cell: number[], grid: number[]): number[] => cell.map((index, axis) => Math.floor(index / grid[axis]));

/**
 * The metadata of an array of Zarr v3 as though each chunk were a file, and how its chunks lie in shards: none where
 * they do not.
 *
 * @throws Error where shards are encoded in a way that cannot be read here
 */
export function withoutShards(array: Json): { array: Json; nestings: Nesting[] } {
  const nestings: Nesting[] = [];
  let [codecs, shape] = [array.codecs as Codec[], chunkShape(array.chunk_grid as Codec)];
  for (;;) {
    const sharding = codecs.find(({ name }) => name === 'sharding_indexed')?.configuration;
    if (!sharding) break;
    const others = codecs.filter(({ name }) => name !== 'sharding_indexed').map(({ name }) => name);
    if (others.includes('transpose')) throw new Error('its chunks are transposed before they are sharded.');
    if (others.length > 0) throw new Error(`its shards are encoded by ${others.join(', ')}.`);
    const inner = sharding.chunk_shape as number[];
    const grid = shape.map((length, axis) => length / inner[axis]);
    const [bytes, ...checks] = sharding.index_codecs as Codec[];
    const odd = [...(bytes.name === 'bytes' ? [] : [bytes]), ...checks.filter(({ name }) => name !== 'crc32c')];
    if (odd.length > 0) throw new Error(`the indexes of its shards are encoded by ${odd[0].name}.`);
    nestings.push({
      grid,
      isIndexFirst: sharding.index_location === 'start',
      little: bytes.configuration?.endian !== 'big',
      size: grid.reduce((a, b) => a * b, ENTRY) + checks.length * CHECKSUM
    });
    [codecs, shape] = [sharding.codecs as Codec[], inner];
  }
  if (nestings.length === 0) return { array, nestings };
  const chunk_grid = { name: 'regular', configuration: { chunk_shape: shape } };
  return { array: { ...array, chunk_grid, codecs, chunk_key_encoding: { name: 'default' } }, nestings };
}

interface Codec {
  name: string;
  configuration?: Json;
}

const chunkShape = ({ configuration }: Codec): number[] => configuration?.chunk_shape as number[];
