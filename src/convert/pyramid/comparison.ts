import { join } from 'node:path';
import type { Simd } from '../../simd/index.ts';
import { type Decoder, createDecoder, lengthChecked } from '../codec/index.ts';
import { type Difference, value } from '../difference.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape, type VoxelBytes } from '../volume.ts';
import { fileKey, type ZarrArray } from '../zarr/array.ts';
import { ChunkFile } from '../zarr/chunk-file.ts';
import type { Block, Box } from './block.ts';
import { blockStart, indices } from './blocks.ts';
import { map3, product } from './levels.ts';
import type { Areas, BlockTask, Job } from './task.ts';

/** A box of voxels of a level. */
export interface Region {
  start: Shape;
  shape: Shape;
}

/** What was found in a block. */
export interface Comparison {
  chunks: number;
  /** Bytes of chunks as they are stored. */
  bytes: number;
  /** Voxels that were compared with what they should be. */
  voxels: number;
  differingChunks: number;
  differingVoxels: number;
  /** The first ones, at most one a chunk. */
  differences: Difference[];
  /** Where neither what is stored nor what should be is known. */
  unknown: Region[];
}

/** Most differences that a block gives in detail. */
export const DETAILS = 100;
const OPEN_SHARDS = 64;

type Voxel = number | bigint;
type VoxelArray = new (buffer: ArrayBufferLike, at: number, length: number) => { [index: number]: Voxel };
const ARRAYS: Record<Dtype, VoxelArray> = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array
};

/** The first voxel of a chunk that differs, both values, and how many of the chunk do. */
interface VoxelDifference {
  at: Shape;
  expected: Voxel;
  actual: Voxel;
  voxels: number;
}

/** Compares the chunks of blocks with what they should hold, in one thread. */
export class BlockComparer {
  readonly #job: Job;
  readonly #areas: Areas;
  readonly #simd: Simd;
  readonly #decoders: (Decoder | null)[];
  readonly #heap: Uint8Array;
  readonly #bytes: VoxelBytes;
  readonly #checkStop: () => void;
  readonly #onChunk: (voxels: number, decodedBytes: number) => void;
  readonly #shards = new Map<string, ChunkFile>();

  /** `checkStop` runs before each chunk and throws to end the work; `onChunk` hears of each chunk's voxels, and of the bytes that a decoder has thrown away. */
  constructor(
    job: Job,
    areas: Areas,
    simd: Simd,
    checkStop: () => void,
    onChunk: (voxels: number, decodedBytes: number) => void
  ) {
    const { memory } = job.shared;
    this.#job = job;
    this.#areas = areas;
    this.#simd = simd;
    this.#heap = new Uint8Array(memory.buffer);
    this.#bytes = BYTES_PER_VOXEL[job.dtype];
    this.#decoders = job.compared!.arrays.map(({ compression }) => createDecoder(compression, simd, memory));
    this.#checkStop = checkStop;
    this.#onChunk = onChunk;
  }

  /**
   * Reads the chunks of a block, compares them with the voxels that are in memory, and puts theirs in their place.
   *
   * @param expected whether there are voxels in memory to compare with; the task says where there are none all the same
   */
  compare({ volume, level, index, unknown = [] }: BlockTask, block: Block, expected: boolean): Comparison {
    const { arrangement, chunk } = this.#job;
    const { extent } = block;
    const found: Comparison = {
      chunks: 0,
      bytes: 0,
      voxels: 0,
      differingChunks: 0,
      differingVoxels: 0,
      differences: [],
      unknown: []
    };
    const from = blockStart(arrangement.grids[level], index);
    const count = map3(extent, (n, axis) => Math.ceil(n / chunk[axis]));
    try {
      for (const at of indices([0, 0, 0], count)) {
        this.#checkStop();
        const origin = map3(at, (n, axis) => n * chunk[axis]);
        const shape = map3(origin, (start, axis) => Math.min(chunk[axis], extent[axis] - start));
        const region = { start: map3(origin, (n, axis) => from[axis] + n), shape };
        const known = expected && !unknown.some(other => overlap(region, other));
        this.#compareChunk(volume, level, region, block.at(origin), known, found);
        this.#onChunk(product(shape), this.#decoders[level] ? product(chunk) * this.#bytes : 0);
      }
      return found;
    } finally {
      for (const file of this.#shards.values()) file.close();
      this.#shards.clear();
    }
  }

  #compareChunk(volume: number, level: number, region: Region, box: Box, known: boolean, found: Comparison): void {
    const { chunk, compared } = this.#job;
    const { start, shape } = region;
    const chunkRow = chunk[2] * this.#bytes;
    const stored: Box = [this.#areas.chunk, chunk[1] * chunkRow, chunkRow];
    const rows = [shape[0], shape[1], shape[2] * this.#bytes] as const;
    const array = compared!.arrays[level];
    const prefix = prefixOf(array, volume);
    const { path, number: inFile, chunks } = place(array, [...prefix, ...map3(start, (n, axis) => n / chunk[axis])]);
    const differs = (difference: Omit<Difference, 'level' | 'path' | 'message'>, message: string) => {
      const { differences } = found;
      found.differingChunks++;
      found.differingVoxels += difference.voxels ?? 0;
      const number = compared!.first + level;
      if (differences.length < DETAILS)
        differences.push({ level: number, path, ...difference, message: `level ${number}, ${message}` });
    };
    const where = chunks === null ? path : `chunk ${inFile} of ${path}`;
    const nothing = { voxel: null, expected: null, found: null, voxels: null };
    try {
      found.bytes += this.#load(level, path, inFile, chunks);
      found.chunks++;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      differs(nothing, `${where}: ${code ? `cannot be read (${code})` : message}`);
      // What should be there is what the next level is reckoned from.
      if (!known) found.unknown.push(region);
      return;
    }
    let difference: VoxelDifference | null = null;
    if (known) {
      found.voxels += product(shape);
      const row = this.#simd.firstDifference(...stored, ...box, ...rows);
      if (row >= 0) difference = this.#difference(box, shape, row);
    }
    if (difference) {
      const voxel = [...prefix, ...map3(start, (n, axis) => n + difference.at[axis])];
      const { expected, actual, voxels } = difference;
      const others = voxels > 1 ? `; ${voxels} voxels of this chunk differ` : '';
      differs(
        { voxel, expected: value(expected), found: value(actual), voxels },
        `voxel ${voxel.join(' ')}: expected ${expected}, found ${actual} (${where}${others})`
      );
    } else if (compared!.strict && !this.#isFilledUp(stored, shape)) {
      differs(nothing, `${where}: what fills it up beyond the edge of the volume is not 0`);
    }
    this.#simd.copyBox(...stored, ...box, ...rows);
  }

  /** Brings a chunk's voxels into the area for one; returns how many bytes it has as stored. Throws an Error that says what is wrong with it. */
  #load(level: number, path: string, number: number, chunks: number | null): number {
    const { chunk, compared, arrangement } = this.#job;
    const { strict, arrays } = compared!;
    const { compression, checksum, littleEndian, fill } = arrays[level];
    const size = product(chunk) * this.#bytes;
    const file = this.#open(join(this.#job.folder, path), chunks);
    if (!file?.has(number)) {
      if (strict) throw new Error('is missing');
      this.#fill(fill, size);
      return 0;
    }
    const decoder = this.#decoders[level];
    const direct = !decoder && checksum === 'none';
    const target = direct ? this.#areas.chunk : this.#areas.encoded[0];
    let length: number;
    try {
      length = file.read(
        number,
        this.#heap.subarray(target, target + (direct ? arrangement.areas.chunk : arrangement.areas.encoded))
      );
    } finally {
      if (chunks === null) file.close();
    }
    const stored = length;
    if (checksum !== 'none')
      length = lengthChecked(this.#simd, this.#job.shared.memory, target, length, this.#areas.scratch);
    if (decoder) {
      try {
        decoder(target, length, this.#areas.chunk, size, this.#areas.scratch, arrangement.areas.scratch);
      } catch (error) {
        throw new Error(`cannot be decoded as ${compression} (${(error as Error).message})`);
      }
    } else if (length !== size) {
      throw new Error(`has ${length} bytes, where ${size} were expected`);
    } else if (!direct) {
      this.#simd.copyBox(target, size, size, this.#areas.chunk, size, size, 1, 1, size);
    }
    const bytes = this.#bytes;
    if (!littleEndian && bytes !== 1) this.#simd.swap(this.#areas.chunk, size, bytes);
    return stored;
  }

  /** The file of a chunk; null where it is not there. Those of shards stay open until the block is done, or others take their place. */
  #open(path: string, chunks: number | null): ChunkFile | null {
    const kept = this.#shards.get(path);
    if (kept) return kept;
    try {
      const file = new ChunkFile(path, chunks);
      if (chunks === null) return file;
      if (this.#shards.size >= OPEN_SHARDS) {
        const [[oldest, other]] = this.#shards;
        other.close();
        this.#shards.delete(oldest);
      }
      this.#shards.set(path, file);
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #fill(number: number, size: number): void {
    const { chunk } = this.#areas;
    const { dtype } = this.#job;
    new ARRAYS[dtype](this.#heap.buffer, chunk, 1)[0] = /int64$/.test(dtype) ? BigInt(number) : number;
    for (let done = this.#bytes; done < size; done *= 2)
      this.#heap.copyWithin(chunk + done, chunk, chunk + Math.min(done, size - done));
  }

  /** The first voxel that differs from row `row` on, and how many do; null where it is only how NaN is written. */
  #difference([address, planeBytes, rowBytes]: Box, [nz, ny, nx]: Shape, row: number): VoxelDifference | null {
    const { chunk, dtype } = this.#job;
    const { buffer } = this.#heap;
    const Voxels = ARRAYS[dtype];
    let first: Omit<VoxelDifference, 'voxels'> | null = null;
    let voxels = 0;
    for (let n = row; n < nz * ny; n++) {
      const [z, y] = [Math.floor(n / ny), n % ny];
      const expected = new Voxels(buffer, address + z * planeBytes + y * rowBytes, nx);
      const actual = new Voxels(buffer, this.#areas.chunk + (z * chunk[1] + y) * chunk[2] * this.#bytes, nx);
      for (let x = 0; x < nx; x++) {
        if (Object.is(expected[x], actual[x])) continue;
        voxels++;
        first ??= { at: [z, y, x], expected: expected[x], actual: actual[x] };
      }
    }
    return first && { ...first, voxels };
  }

  /** Whether all of a chunk beyond `shape` is 0. */
  #isFilledUp([address, planeBytes, rowBytes]: Box, [nz, ny, nx]: Shape): boolean {
    const [depth, height, width] = this.#job.chunk;
    const { scratch } = this.#areas;
    const zeros = (from: number, planes: number, rows: number, bytes: number) =>
      planes * rows * bytes === 0 ||
      this.#simd.firstDifference(from, planeBytes, rowBytes, scratch, 0, 0, planes, rows, bytes) < 0;
    if (nz === depth && ny === height && nx === width) return true;
    this.#simd.fill(scratch, 0, rowBytes);
    return (
      zeros(address + nx * this.#bytes, nz, ny, (width - nx) * this.#bytes) &&
      zeros(address + ny * rowBytes, nz, height - ny, rowBytes) &&
      zeros(address + nz * planeBytes, depth - nz, height, rowBytes)
    );
  }
}

/** A volume's index along the axes before Z. */
function prefixOf({ shape }: ZarrArray, volume: number): number[] {
  const prefix: number[] = [];
  for (const n of shape.slice(0, -3).reverse()) {
    prefix.unshift(volume % n);
    volume = Math.floor(volume / n);
  }
  return prefix;
}

/** Where in an image the chunk with an index is: file, number in it, and how many that has room for; null where the file is the chunk. */
function place(array: ZarrArray, index: number[]): { path: string; number: number; chunks: number | null } {
  const { chunk, shard, path } = array;
  if (!shard) return { path: `${path}/${fileKey(array, index)}`, number: 0, chunks: null };
  const counts = shard.map((n, axis) => n / chunk[axis]);
  const file = index.map((n, axis) => Math.floor(n / counts[axis]));
  const number = index.reduce((sum, n, axis) => sum * counts[axis] + (n % counts[axis]), 0);
  return { path: `${path}/${fileKey(array, file)}`, number, chunks: product(counts) };
}

const overlap = (a: Region, b: Region): boolean =>
  a.start.every((from, axis) => from < b.start[axis] + b.shape[axis] && b.start[axis] < from + a.shape[axis]);
