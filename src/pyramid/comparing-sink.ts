import { join } from 'node:path';
import { type Difference, MOST_TOLD, value } from '../model/difference.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape, type VoxelBytes } from '../model/volume.ts';
import { VOXEL_ARRAYS } from '../model/voxel-arrays.ts';
import { alongOwn, fileKey, strides, type ZarrArray } from '../zarr/array.ts';
import { ChunkFile } from '../zarr/chunk-file.ts';
import type { Block, Box } from './block.ts';
import { blockExtent, blockStart, indices } from './blocks.ts';
import { add3, chunkCounts, map3, product } from '../model/levels.ts';
import { ChunkReader } from './chunk-reader.ts';
import type { Digests } from './digests.ts';
import type { Comparison, Region } from './findings.ts';
import type { BlockSink } from './sink.ts';
import type { BlockJob, BlockTask, CompareJob, Report } from './task.ts';
import type { ThreadContext } from './thread-context.ts';

const OPEN_SHARDS = 64;
const nothing = (): Comparison => ({
  chunks: 0,
  bytes: 0,
  voxels: 0,
  differingChunks: 0,
  differingVoxels: 0,
  roundedVoxels: 0,
  differences: [],
  unknown: []
});

type Voxel = number | bigint;
type VoxelArray = new (buffer: ArrayBufferLike, at: number, length: number) => { [index: number]: Voxel };
const ARRAYS: Record<Dtype, VoxelArray> = VOXEL_ARRAYS;

/** The first voxel of a chunk that differs, both values, and how many of the chunk do. */
interface VoxelDifference {
  at: Shape;
  expected: Voxel;
  actual: Voxel;
  voxels: number;
}

/** Compares the chunks of blocks with what they should hold, in one thread. */
export class ComparingSink implements BlockSink {
  readonly replacesVoxels = true;
  readonly #context: ThreadContext;
  readonly #job: BlockJob;
  readonly #sink: CompareJob;
  /** By level. */
  readonly #readers: ChunkReader[];
  /** Bytes of a voxel as stored; they may be compared with voxels of another type. */
  readonly #storedBytes: VoxelBytes;
  readonly #shards = new Map<string, ChunkFile>();
  readonly #digests: Digests | null;

  constructor(context: ThreadContext, job: BlockJob, sink: CompareJob, digests: Digests | null) {
    this.#context = context;
    this.#job = job;
    this.#sink = sink;
    this.#storedBytes = BYTES_PER_VOXEL[sink.arrays[0].dtype];
    this.#readers = sink.arrays.map(array => this.#reader(array));
    this.#digests = digests;
  }

  async settle(): Promise<void> {}

  /**
   * Reads the chunks of a block, compares them with the voxels that are in memory, if these are known, and puts theirs
   * in their place. The task says where voxels are not known all the same.
   */
  put(task: BlockTask, block: Block, known: boolean, report: Report): void {
    const { volume, level, unknown = [] } = task;
    const found = nothing();
    try {
      for (const [region, box] of this.#chunks(task, block)) {
        const isKnown = known && !unknown.some(other => overlap(region, other));
        this.#compareChunk(volume, level, region, box, isKnown, found);
        this.#context.progress(product(region.shape) * BYTES_PER_VOXEL[this.#job.dtype]);
      }
    } finally {
      this.#closeShards();
    }
    report.comparison = found;
  }

  /**
   * Reads the chunks of a block as far as they are as they were digested. If all are it is as if they were compared;
   * how they differ is for `put` to say, and whether.
   */
  putUnfilled(task: BlockTask, block: Block, report: Report): boolean {
    const digests = task.level === 0 ? this.#digests : null;
    if (!digests) return false;
    const found = nothing();
    try {
      for (const [region, box] of this.#chunks(task, block))
        if (!this.#isAsDigested(digests, task.volume, region, box, found)) return false;
    } finally {
      this.#closeShards();
    }
    this.#context.progress(product(block.extent) * BYTES_PER_VOXEL[this.#job.dtype]);
    report.comparison = found;
    return true;
  }

  /** The chunks of a block: where they are in the level, and in memory. */
  *#chunks({ level, index }: BlockTask, block: Block): Generator<[Region, Box]> {
    const { plan, chunk } = this.#job;
    const { extent } = block;
    const from = blockStart(plan.grids[level], index);
    for (const at of indices([0, 0, 0], chunkCounts(extent, chunk))) {
      this.#context.checkStop();
      const origin = map3(at, (n, axis) => n * chunk[axis]);
      const shape = map3(origin, (start, axis) => Math.min(chunk[axis], extent[axis] - start));
      yield [{ start: add3(from, origin), shape }, block.at(origin)];
    }
  }

  #closeShards(): void {
    for (const file of this.#shards.values()) file.close();
    this.#shards.clear();
  }

  /** Brings a chunk of level 0 into memory; false where it is not as it was digested. */
  #isAsDigested(digests: Digests, volume: number, region: Region, box: Box, found: Comparison): boolean {
    const { simd } = this.#context;
    const { start, shape } = region;
    const stored = this.#storedBox;
    try {
      this.#loadCounted(volume, 0, start, found);
    } catch {
      return false;
    }
    if (this.#sink.strict && !this.#isFilledUp(stored, shape)) return false;
    const isSame = digests.isAsNoted(volume, region, ({ start: [z, y], shape: [, ny, nx] }, room) => {
      const at = stored[0] + (z - start[0]) * stored[1] + (y - start[1]) * stored[2];
      simd.copyBox(at, stored[1], stored[2], ...room, 1, ny, nx * this.#storedBytes);
    });
    if (!isSame) return false;
    found.voxels += product(shape);
    simd.copyBox(...stored, ...box, shape[0], shape[1], shape[2] * this.#storedBytes);
    return true;
  }

  #compareChunk(volume: number, level: number, region: Region, box: Box, known: boolean, found: Comparison): void {
    const { simd } = this.#context;
    const { start, shape } = region;
    const stored = this.#storedBox;
    const rows = [shape[0], shape[1], shape[2] * this.#storedBytes] as const;
    const array = this.#array(level);
    const prefix = prefixOf(array, volume);
    const { path, number: inFile, chunks } = place(array, [...prefix, ...start]);
    const differs = (difference: Omit<Difference, 'level' | 'path' | 'message'>, message: string) => {
      const { differences } = found;
      found.differingChunks++;
      found.differingVoxels += difference.voxels ?? 0;
      const number = this.#sink.first + level;
      if (differences.length < MOST_TOLD)
        differences.push({ level: number, path, ...difference, message: `level ${number}, ${message}` });
    };
    const where = chunks === null ? path : `chunk ${inFile} of ${path}`;
    const noVoxel = { voxel: null, expected: null, found: null, voxels: null };
    try {
      this.#loadCounted(volume, level, start, found);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      differs(noVoxel, `${where}: ${code ? `cannot be read (${code})` : message}`);
      // The next level is then computed from the voxels that should be there.
      if (!known) found.unknown.push(region);
      return;
    }
    let difference: VoxelDifference | null = null;
    if (known) {
      found.voxels += product(shape);
      const sameType = this.#job.dtype === array.dtype;
      const row = sameType ? simd.firstDifference(...stored, ...box, ...rows) : 0;
      if (row >= 0) difference = this.#difference(box, shape, row, array.dtype, found);
    }
    if (difference) {
      const voxel = alongOwn(array, [...prefix, ...map3(start, (n, axis) => n + difference.at[axis])]);
      const { expected, actual, voxels } = difference;
      const others = voxels > 1 ? `; ${voxels} voxels of this chunk differ` : '';
      differs(
        { voxel, expected: value(expected), found: value(actual), voxels },
        `voxel ${voxel.join(' ')}: expected ${expected}, found ${actual} (${where}${others})`
      );
    } else if (this.#sink.strict && !this.#isFilledUp(stored, shape)) {
      differs(noVoxel, `${where}: what fills it up beyond the edge of the volume is not 0`);
    }
    // The next level is computed from the stored voxels.
    if (this.#job.dtype === array.dtype) simd.copyBox(...stored, ...box, ...rows);
  }

  /** A chunk as it is read. */
  get #storedBox(): Box {
    const [, height, width] = this.#job.chunk;
    const rowBytes = width * this.#storedBytes;
    return [this.#context.areas.chunk, height * rowBytes, rowBytes];
  }

  /** Brings the chunk of a voxel into the area for one, and counts it. @throws Error that says what is wrong with it */
  #loadCounted(volume: number, level: number, voxel: Shape, found: Comparison): void {
    const array = this.#array(level);
    const prefix = prefixOf(array, volume);
    const { path, number, chunks } = place(array, [...prefix, ...voxel]);
    const bytes = this.#load(level, prefix, path, number, chunks);
    // A chunk of several volumes is read for each of them.
    if (prefix.some((n, axis) => n % array.chunk[axis] !== 0)) return;
    found.bytes += bytes;
    found.chunks++;
  }

  #array(level: number): ZarrArray {
    return this.#sink.arrays[level];
  }

  #reader(array: ZarrArray): ChunkReader {
    const { areas } = this.#context;
    const { plan } = this.#job;
    const { filters, compression, checksum, littleEndian, dtype } = array;
    const bytes = rawBytes(array);
    // A chunk whose voxels are then brought into the order of z, y, x is decoded to the end of the scratch area.
    const arranged = arrangingBytes(array);
    const scratchBytes = plan.areas.scratch - arranged;
    return new ChunkReader(
      this.#context,
      { filters, compression, checksum, littleEndian, dtype, bytes },
      {
        target: arranged ? areas.scratch + scratchBytes : areas.chunk,
        targetBytes: arranged || plan.areas.chunk,
        encodedBytes: plan.areas.encoded,
        scratchBytes
      }
    );
  }

  /**
   * Brings a chunk's voxels into the area for one; returns how many bytes it has as stored. Throws an Error that says
   * what is wrong with it.
   */
  #load(level: number, prefix: readonly number[], path: string, number: number, chunks: number | null): number {
    const { folder, strict } = this.#sink;
    const array = this.#array(level);
    const file = this.#open(join(folder, path), chunks);
    if (!file?.has(number)) {
      if (strict) throw new Error('is missing');
      this.#fill(array);
      return 0;
    }
    let stored: number;
    try {
      stored = this.#readers[level].read(file, number);
    } finally {
      if (chunks === null) file.close();
    }
    if (!isPlain(array)) this.#arrange(array, prefix);
    return stored;
  }

  /** Copies one volume's voxels of a chunk into the area for one, in the order of z, y, x. */
  #arrange(array: ZarrArray, prefix: readonly number[]): void {
    const { simd, areas, heap } = this.#context;
    const raw = areas.scratch + this.#job.plan.areas.scratch - arrangingBytes(array);
    const [depth, height, width] = this.#job.chunk;
    const bytes = this.#storedBytes;
    const steps = strides(array);
    const [planeStep, rowStep, step] = steps.slice(-3);
    const first = prefix.reduce((sum, n, axis) => sum + (n % array.chunk[axis]) * steps[axis], 0);
    if (step === 1) {
      const to: Box = [areas.chunk, height * width * bytes, width * bytes];
      simd.copyBox(raw + first * bytes, planeStep * bytes, rowStep * bytes, ...to, depth, height, width * bytes);
      return;
    }
    const Words = WORDS[bytes];
    const from = new Words(heap.buffer, raw, rawBytes(array) / bytes);
    const to = new Words(heap.buffer, areas.chunk, depth * height * width);
    let at = 0;
    for (let z = 0; z < depth; z++)
      for (let y = 0; y < height; y++) {
        let next = first + z * planeStep + y * rowStep;
        for (let x = 0; x < width; x++, next += step) to[at++] = from[next];
      }
  }

  /**
   * The file of a chunk; null where it is not there. Those of shards stay open until the block is done, or others take
   * their place.
   */
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

  #fill({ fill: number, dtype }: ZarrArray): void {
    const { heap } = this.#context;
    const { chunk } = this.#context.areas;
    const size = product(this.#job.chunk) * this.#storedBytes;
    new ARRAYS[dtype](heap.buffer, chunk, 1)[0] = /int64$/.test(dtype) ? BigInt(number) : number;
    for (let done: number = this.#storedBytes; done < size; done *= 2)
      heap.copyWithin(chunk + done, chunk, chunk + Math.min(done, size - done));
  }

  /**
   * The first voxel that differs from row `row` on, and how many do; null where it is only how NaN is written. Voxels
   * of another type than the source's are the same where they are the same number, or what that is rounded to in the
   * type that they have.
   */
  #difference(
    [address, planeBytes, rowBytes]: Box,
    [nz, ny, nx]: Shape,
    row: number,
    storedType: Dtype,
    found: Comparison
  ): VoxelDifference | null {
    const { chunk, dtype } = this.#job;
    const { heap, areas } = this.#context;
    const { buffer } = heap;
    const [Expected, Actual] = [ARRAYS[dtype], ARRAYS[storedType]];
    const isSame = dtype === storedType ? Object.is : isSameNumber;
    let first: Omit<VoxelDifference, 'voxels'> | null = null;
    let voxels = 0;
    for (let n = row; n < nz * ny; n++) {
      const [z, y] = [Math.floor(n / ny), n % ny];
      const expected = new Expected(buffer, address + z * planeBytes + y * rowBytes, nx);
      const actual = new Actual(buffer, areas.chunk + (z * chunk[1] + y) * chunk[2] * this.#storedBytes, nx);
      for (let x = 0; x < nx; x++) {
        if (isSame(expected[x], actual[x])) continue;
        if (dtype !== storedType && isRounded(expected[x], actual[x], storedType)) {
          found.roundedVoxels++;
          continue;
        }
        voxels++;
        first ??= { at: [z, y, x], expected: expected[x], actual: actual[x] };
      }
    }
    return first && { ...first, voxels };
  }

  /** Whether all of a chunk beyond `shape` is 0. */
  #isFilledUp([address, planeBytes, rowBytes]: Box, [nz, ny, nx]: Shape): boolean {
    const [depth, height, width] = this.#job.chunk;
    const { simd } = this.#context;
    const { scratch } = this.#context.areas;
    const zeros = (from: number, planes: number, rows: number, bytes: number) =>
      planes * rows * bytes === 0 ||
      simd.firstDifference(from, planeBytes, rowBytes, scratch, 0, 0, planes, rows, bytes) < 0;
    if (nz === depth && ny === height && nx === width) return true;
    simd.fill(scratch, 0, rowBytes);
    return (
      zeros(address + nx * this.#storedBytes, nz, ny, (width - nx) * this.#storedBytes) &&
      zeros(address + ny * rowBytes, nz, height - ny, rowBytes) &&
      zeros(address + nz * planeBytes, depth - nz, height, rowBytes)
    );
  }
}

/** Whether a chunk's voxels lie as they are compared: of one volume, in the order of z, y, x. */
const isPlain = (array: ZarrArray): boolean =>
  product(array.chunk.slice(0, -3)) === 1 &&
  array.order.every((axis, n) => n === 0 || axis > array.order[n - 1]) &&
  array.axes.every(
    (axis, n) => axis === null || array.axes.slice(0, n).every(before => before === null || before < axis)
  );

/** Bytes of a chunk, decoded. */
export const rawBytes = ({ chunk, dtype }: ZarrArray): number => product(chunk) * BYTES_PER_VOXEL[dtype];

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Bytes beside a codec's own that reading a chunk takes. */
export const arrangingBytes = (array: ZarrArray): number => (isPlain(array) ? 0 : aligned(rawBytes(array)));

/** Words that are moved as they are; as numbers, NaNs might change. */
const WORDS: Record<VoxelBytes, VoxelArray> = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };

/** Whether a voxel of a float type is what a number is rounded to in it. */
function isRounded(exact: Voxel, rounded: Voxel, type: Dtype): boolean {
  if (!type.startsWith('float')) return false;
  const near = type === 'float32' ? Math.fround(Number(exact)) : Number(exact);
  if (near === rounded || typeof exact !== 'bigint') return near === rounded;
  // Rounded twice, a 64-bit integer may end at the neighbour.
  const far = (float: number): bigint => (BigInt(float) > exact ? BigInt(float) - exact : exact - BigInt(float));
  return Number.isInteger(rounded) && far(Number(rounded)) <= far(near);
}

/** Also for integers of 64 bits, which are never `===` to other numbers. */
const isSameNumber = (a: Voxel, b: Voxel): boolean => (a <= b && a >= b) || (a !== a && b !== b);

/** Names, relative to the image's folder, of the files that hold the chunks of a block. */
export function filesOf(
  { levels, plan, chunk }: Pick<BlockJob, 'levels' | 'plan' | 'chunk'>,
  arrays: readonly ZarrArray[],
  { volume, level, index }: Pick<BlockTask, 'volume' | 'level' | 'index'>
): string[] {
  const [from, extent] = [blockStart(plan.grids[level], index), blockExtent(levels[level], plan.grids[level], index)];
  const prefix = prefixOf(arrays[level], volume);
  const names = new Set<string>();
  for (const at of indices(
    [0, 0, 0],
    map3(extent, (n, axis) => Math.ceil(n / chunk[axis]))
  ))
    names.add(place(arrays[level], [...prefix, ...map3(at, (n, axis) => from[axis] + n * chunk[axis])]).path);
  return [...names];
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

/**
 * Where in an image the chunk of a voxel is: file, number in it, and how many that has room for; null where the file is
 * the chunk.
 */
function place(array: ZarrArray, voxel: number[]): { path: string; number: number; chunks: number | null } {
  const { chunk, shard, path } = array;
  const index = alongOwn(
    array,
    voxel.map((n, axis) => Math.floor(n / chunk[axis]))
  );
  if (!shard) return { path: `${path}/${fileKey(array, index)}`, number: 0, chunks: null };
  const counts = alongOwn(
    array,
    shard.map((n, axis) => n / chunk[axis])
  );
  const file = index.map((n, axis) => Math.floor(n / counts[axis]));
  const number = index.reduce((sum, n, axis) => sum * counts[axis] + (n % counts[axis]), 0);
  return { path: `${path}/${fileKey(array, file)}`, number, chunks: product(counts) };
}

const overlap = (a: Region, b: Region): boolean =>
  a.start.every((from, axis) => from < b.start[axis] + b.shape[axis] && b.start[axis] < from + a.shape[axis]);
