import { createDecoder, createEncoder, type Decoder, type Encoder, type Fetch } from '../codec/index.ts';
import { ConvertError } from '../errors.ts';
import { collectRecent } from '../garbage.ts';
import { type Simd, instantiate } from '../../simd/index.ts';
import { BlockReader } from '../tiff/index.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape, type VoxelBytes } from '../volume.ts';
import { ChunkFile } from '../zarr/chunk-file.ts';
import { ChunkWriter } from '../zarr/chunk-writer.ts';
import { planeFolder } from '../zarr/keys.ts';
import { ShardFile } from '../zarr/shard.ts';
import { writeError } from '../zarr/system-errors.ts';
import { blockExtent, blockStart, indices, parentIndex } from './blocks.ts';
import { BlockComparer } from './comparison.ts';
import { map3, product } from './levels.ts';
import { forEachPoint } from './sample.ts';
import { decodePage } from './scratch-file.ts';
import { slabs } from './slabs.ts';
import { syncFolder, syncTree } from './sync.ts';
import { binCount, isExact } from './tally.ts';
import { type Areas, type BlockTask, type CheckTask, type Job, type Report, type Task, nothing } from './task.ts';

/** How much may be decoded and encoded before what that left behind is collected, in bytes. */
const GARBAGE = 8 << 20;

/** Address and strides of a box of voxels in the shared memory, as the loops take them. */
type Box = [address: number, planeBytes: number, rowBytes: number];

/** Does a conversion's work on blocks, in one thread: reads, converts, encodes, writes and reduces. */
export class BlockWorker {
  readonly #job: Job;
  readonly #areas: Areas;
  readonly #simd: Simd;
  readonly #encoder: Encoder | null;
  readonly #decoder: Decoder | null;
  readonly #reader: BlockReader;
  readonly #writer: ChunkWriter;
  readonly #comparer: BlockComparer | null;
  /** Bytes of a voxel as read, and as stored. */
  readonly #sourceBytes: number;
  readonly #bytes: VoxelBytes;
  /** Bytes decoded and encoded since the last collection. */
  #garbage = 0;

  constructor(job: Job, areas: Areas, simd: Simd = instantiate(job.shared.memory)) {
    this.#job = job;
    this.#areas = areas;
    this.#simd = simd;
    this.#bytes = BYTES_PER_VOXEL[job.dtype];
    this.#sourceBytes = BYTES_PER_VOXEL[job.layout.dtype];
    this.#encoder = createEncoder(job.compression, this.#bytes, simd, job.shared.memory);
    this.#decoder = createDecoder(job.compression, simd, job.shared.memory);
    this.#reader = new BlockReader(job.layout);
    this.#writer = new ChunkWriter(job.shared.memory);
    const stop = () => this.#checkStop();
    this.#comparer = job.compared && new BlockComparer(job, areas, simd, stop, (...chunk) => this.#compared(...chunk));
  }

  close(): void {
    this.#reader.close();
  }

  /** Finds the extremes of a level-0 block of the source, and counts its voxels if asked. */
  async scan({ volume, index, tally }: Extract<Task, { kind: 'scan' }>): Promise<Report> {
    const { levels, arrangement, layout, start } = this.#job;
    const extent = blockExtent(levels[0], arrangement.grids[0], index);
    const within = blockStart(arrangement.grids[0], index);
    const from = add(start, within);
    const report = nothing();
    const scan = this.#simd.scan(layout.dtype);
    for (const slab of slabs(layout, from[1], extent, arrangement.slab)) {
      const shape: Shape = [slab.depth, slab.height, extent[2]];
      const box = this.#box(this.#areas.staging, shape, this.#sourceBytes);
      await this.#read(volume, add(from, [slab.z, slab.y, 0]), shape, box);
      const found = scan(...box, ...shape);
      report.min = Math.min(report.min, found.min);
      report.max = Math.max(report.max, found.max);
      report.nan += found.nan;
      if (tally) this.#count(layout.dtype, 1, volume, add(within, [slab.z, slab.y, 0]), shape, box);
      this.#progress(product(shape));
    }
    if (tally) this.#addCounts(layout.dtype, 0);
    return report;
  }

  /** Makes a block whole, writes it or compares it with what is stored, and reduces it into its parent. */
  async block(task: BlockTask): Promise<Report> {
    if (this.#comparer) return this.#compare(task, this.#comparer);
    const { volume, level, index, address, parent } = task;
    const { levels, arrangement } = this.#job;
    const extent = blockExtent(levels[level], arrangement.grids[level], index);
    const box = this.#box(address, extent, this.#bytes);
    const report = nothing();
    if (level === 0) await this.#fill(volume, index, extent, box, report);
    if (parent !== null) this.#reduce(level, index, extent, box, parent);
    this.#writeFiles(volume, level, index, extent, box, report);
    return report;
  }

  /** Compares a stored block with what it should be, and reduces what is stored into its parent. */
  async #compare(task: BlockTask, comparer: BlockComparer): Promise<Report> {
    const { volume, level, index, address, parent } = task;
    const { levels, arrangement, compared } = this.#job;
    const extent = blockExtent(levels[level], arrangement.grids[level], index);
    const box = this.#box(address, extent, this.#bytes);
    const source = compared!.source && level === 0;
    const report = nothing();
    if (source) await this.#fill(volume, index, extent, box, report);
    report.comparison = comparer.compare(task, extent, box, source || level > 0);
    if (parent !== null) this.#reduce(level, index, extent, box, parent);
    return report;
  }

  /** A chunk was compared. */
  #compared(voxels: number, decodedBytes: number): void {
    Atomics.add(this.#job.shared.done, 0, BigInt(voxels * this.#bytes));
    this.#threwAway(decodedBytes);
  }

  /** Reads a stored block back, and reduces it into its parent. */
  restore({ volume, level, index, address, parent }: BlockTask): Report {
    const { levels, arrangement } = this.#job;
    const extent = blockExtent(levels[level], arrangement.grids[level], index);
    const box = this.#box(address, extent, this.#bytes);
    this.#readFiles(volume, level, index, extent, ([z, y, x], shape, chunk) => {
      const target = box[0] + z * box[1] + y * box[2] + x * this.#bytes;
      this.#simd.copyBox(...chunk, target, box[1], box[2], shape[0], shape[1], shape[2] * this.#bytes);
    });
    if (parent !== null) this.#reduce(level, index, extent, box, parent);
    return nothing();
  }

  /** Counts the voxels of a stored level-0 block, as `block` did before it was written. */
  count({ volume, index }: CheckTask): Report {
    const { levels, arrangement, dtype, tally } = this.#job;
    const extent = blockExtent(levels[0], arrangement.grids[0], index);
    const from = blockStart(arrangement.grids[0], index);
    this.#readFiles(volume, 0, index, extent, (start, shape, chunk) =>
      this.#count(dtype, tally!.step, volume, add(from, start), shape, chunk)
    );
    this.#addCounts(dtype, volume);
    return nothing();
  }

  /** Reads back the files of a block, and reports what `block` reported of them; no bytes where one is missing or cut. */
  check({ volume, level, index }: CheckTask): Report {
    const { areas } = this.#job.arrangement;
    const [address, room] = areas.encoded ? [this.#areas.encoded, areas.encoded] : [this.#areas.chunk, areas.chunk];
    const buffer = new Uint8Array(this.#job.shared.memory.buffer, address, room);
    const report = nothing();
    for (const { path } of this.#files(volume, level, index)) {
      this.#checkStop();
      try {
        const file = new ChunkFile(path, this.#shardChunks);
        try {
          for (const length of file.pieces(buffer)) this.#noteWritten(report, address, length);
        } finally {
          file.close();
        }
      } catch {
        return nothing();
      }
    }
    return report;
  }

  /** Decodes a plane's part of the region into the scratch file. */
  async decode({ plane, file }: Extract<Task, { kind: 'decode' }>): Promise<Report> {
    const { layout, levels, start, arrangement, shared } = this.#job;
    const { shape } = levels[0];
    const staging = new Uint8Array(shared.memory.buffer, this.#areas.staging, arrangement.areas.staging);
    await decodePage(this.#reader, layout, { start, shape }, plane, file, staging, arrangement.slab, () =>
      this.#checkStop()
    );
    this.#progress(shape[1] * shape[2]);
    return nothing();
  }

  /** Puts a folder, and the chunks under it, on the disk. */
  sync({ folder, deep }: Extract<Task, { kind: 'sync' }>): Report {
    this.#writing(folder, () => (deep ? syncTree(folder, () => this.#checkStop()) : syncFolder(folder)));
    return nothing();
  }

  #box(address: number, [, ny, nx]: Shape, bytes: number): Box {
    return [address, ny * nx * bytes, nx * bytes];
  }

  #checkStop(): void {
    if (Atomics.load(this.#job.shared.stop, 0)) throw new ConvertError('cancelled', 'The conversion was cancelled.');
  }

  #progress(voxels: number): void {
    Atomics.add(this.#job.shared.done, 0, BigInt(voxels * this.#sourceBytes));
  }

  #threwAway(bytes: number): void {
    this.#garbage += bytes;
    if (this.#garbage < GARBAGE) return;
    this.#garbage = 0;
    collectRecent();
  }

  /** Reads a box of one of the source's volumes, `start` in its own voxels. */
  async #read(volume: number, start: Shape, shape: Shape, [address, planeBytes, rowBytes]: Box): Promise<void> {
    this.#checkStop();
    const length = (shape[0] - 1) * planeBytes + (shape[1] - 1) * rowBytes + shape[2] * this.#sourceBytes;
    const target = new Uint8Array(this.#job.shared.memory.buffer, address, length);
    const from = add(start, [volume * this.#job.layout.shape[0], 0, 0]);
    await this.#reader.read(from, shape, target, rowBytes, planeBytes);
    if (this.#job.layout.compression !== 1) this.#threwAway(product(shape) * this.#sourceBytes);
  }

  /** Fills a level-0 block with the source's voxels in the stored type, counts them, and reports extremes, and how many were NaN and became 0. */
  async #fill(volume: number, index: Shape, extent: Shape, box: Box, report: Report): Promise<void> {
    const { layout, arrangement, start, dtype, tally } = this.#job;
    const within = blockStart(arrangement.grids[0], index);
    const from = add(start, within);
    const convert = this.#converter();
    const scan = this.#simd.scan(dtype);
    for (const slab of slabs(layout, from[1], extent, arrangement.slab)) {
      const shape: Shape = [slab.depth, slab.height, extent[2]];
      const part: Box = [box[0] + slab.z * box[1] + slab.y * box[2], box[1], box[2]];
      const read = convert ? this.#box(this.#areas.staging, shape, this.#sourceBytes) : part;
      await this.#read(volume, add(from, [slab.z, slab.y, 0]), shape, read);
      if (convert) convert(read, part, shape, report);
      // Here, while the slab is in the processor's cache: a pass of its own takes four times as long.
      const { min, max } = scan(...part, ...shape);
      report.min = Math.min(report.min, min);
      report.max = Math.max(report.max, max);
      if (tally) this.#count(dtype, tally.step, volume, add(within, [slab.z, slab.y, 0]), shape, part);
    }
    if (tally) this.#addCounts(dtype, volume);
  }

  /** What turns voxels as read into voxels as stored and reports what was lost; null where they are the same. */
  #converter(): ((from: Box, to: Box, shape: Shape, report: Report) => void) | null {
    const { layout, dtype, range } = this.#job;
    if (range) {
      const [min, max] = range;
      // Nothing lies between 0 and 0: a constant volume, or one without a finite value.
      if (min === max)
        return (from, [to, planeBytes, rowBytes], shape, report) => {
          for (let z = 0; z < shape[0]; z++)
            this.#simd.fill(to + z * planeBytes, 0, (shape[1] - 1) * rowBytes + shape[2] * this.#bytes);
          report.nan += this.#simd.scan(layout.dtype)(...from, ...shape).nan;
        };
      const scale = this.#simd.scale(layout.dtype, dtype as 'uint16' | 'uint8');
      return (from, to, shape, report) => {
        report.nan += scale(...from, ...to, ...shape, min, max);
      };
    }
    if (dtype === layout.dtype) return null;
    const cast = this.#simd.cast(layout.dtype, dtype as 'float32' | 'float64');
    return (from, to, shape, report) => {
      report.overflow += cast(...from, ...to, ...shape);
    };
  }

  /** Counts voxels by value, in one of `step` rows, and where values share bins notes those at the points of the lattice. `from`: their place in level 0. */
  #count(dtype: Dtype, step: number, volume: number, from: Shape, extent: Shape, box: Box): void {
    this.#simd.tally(dtype)(...box, ...extent, from[0], from[1], step, this.#areas.tally);
    this.#sample(dtype, volume, from, extent, box);
  }

  /** Adds what this thread has counted to what all have, of the volume's channel. */
  #addCounts(dtype: Dtype, volume: number): void {
    const { layout, tally } = this.#job;
    const bins = binCount(dtype);
    this.#simd.addTally(this.#areas.tally, bins, tally!.total + (volume % layout.frames.c) * bins * 8);
  }

  #sample(dtype: Dtype, volume: number, from: Shape, extent: Shape, [address, planeBytes, rowBytes]: Box): void {
    if (isExact(dtype)) return;
    const { lattice, shared } = this.#job;
    const bytes = BYTES_PER_VOXEL[dtype];
    const view = new DataView(shared.memory.buffer);
    const get = {
      uint32: (p: number) => view.getUint32(p, true),
      int32: (p: number) => view.getInt32(p, true),
      uint64: (p: number) => Number(view.getBigUint64(p, true)),
      int64: (p: number) => Number(view.getBigInt64(p, true)),
      float32: (p: number) => view.getFloat32(p, true),
      float64: (p: number) => view.getFloat64(p, true)
    }[dtype as Exclude<Dtype, 'uint8' | 'int8' | 'uint16' | 'int16'>];
    const before = volume * product(lattice.count);
    forEachPoint(lattice, from, extent, (point, z, y, x) => {
      const at = (z - from[0]) * planeBytes + (y - from[1]) * rowBytes + (x - from[2]) * bytes;
      shared.sample[before + point] = get(address + at);
    });
  }

  /** Makes of a block's windows the voxels of its place in its parent. */
  #reduce(level: number, index: Shape, extent: Shape, box: Box, parent: number): void {
    const { levels, arrangement, dtype, downsample } = this.#job;
    const grid = arrangement.grids[level + 1];
    const above = parentIndex(grid, index);
    const { window } = levels[level + 1];
    const [, planeBytes, rowBytes] = this.#box(parent, blockExtent(levels[level + 1], grid, above), this.#bytes);
    const within = map3(
      index,
      (i, axis) => ((i % grid.children[axis]) * arrangement.grids[level].size[axis]) / window[axis]
    );
    const place = parent + within[0] * planeBytes + within[1] * rowBytes + within[2] * this.#bytes;
    this.#simd.halve(dtype, downsample)(...box, place, planeBytes, rowBytes, ...extent, ...window);
  }

  /** The files of a block in C order, and the first voxel of each relative to the block. */
  *#files(volume: number, level: number, index: Shape): Generator<{ folder: string; path: string; origin: Shape }> {
    const { layout, levels, arrangement, chunk, shard, folder: image, omeZarr } = this.#job;
    const file = shard ?? chunk;
    const grid = arrangement.grids[level];
    const first = map3(blockStart(grid, index), (at, axis) => at / file[axis]);
    const count = map3(blockExtent(levels[level], grid, index), (n, axis) => Math.ceil(n / file[axis]));
    for (const at of indices([0, 0, 0], count)) {
      const [z, y, x] = add(first, at);
      const folder = `${image}/${planeFolder(omeZarr, level, layout.frames, volume, z)}/${y}`;
      yield { folder, path: `${folder}/${x}`, origin: map3(at, (n, axis) => n * file[axis]) };
    }
  }

  /** The chunks of a file whose first voxel is `origin` of a block of `extent`: number within the file, first voxel and lengths in the block. */
  *#chunks(origin: Shape, extent: Shape): Generator<{ number: number; start: Shape; shape: Shape }> {
    const { chunk, shard } = this.#job;
    let number = 0;
    for (const at of indices(
      [0, 0, 0],
      map3(shard ?? chunk, (n, axis) => n / chunk[axis])
    )) {
      const start = map3(at, (n, axis) => origin[axis] + n * chunk[axis]);
      const shape = map3(start, (from, axis) => Math.min(chunk[axis], extent[axis] - from));
      // Chunks of a shard beyond the volume's end are not there.
      if (shape.every(n => n > 0)) yield { number, start, shape };
      number++;
    }
  }

  /** Encodes and writes every chunk of a block; adds to the report. */
  #writeFiles(volume: number, level: number, index: Shape, extent: Shape, box: Box, report: Report): void {
    const { chunk, shard, shared } = this.#job;
    const write = (address: number, length: number) => this.#noteWritten(report, address, length);
    const done = (shape: Shape) => level === 0 && this.#progress(product(shape));
    let folder = '';
    for (const file of this.#files(volume, level, index)) {
      if (file.folder !== folder) this.#writing(file.folder, () => this.#writer.makeFolder(file.folder));
      folder = file.folder;
      if (shard) {
        this.#writing(file.path, () => {
          const made = new ShardFile(this.#writer, shared.memory, file.path, this.#areas.encoded, this.#shardChunks!);
          try {
            for (const { number, start, shape } of this.#chunks(file.origin, extent)) {
              this.#checkStop();
              const address = made.next;
              const length = this.#encode(box, start, shape, address);
              write(address, length);
              made.append(number, length);
              done(shape);
            }
            write(...made.finish());
          } finally {
            made.close();
          }
        });
        continue;
      }
      this.#checkStop();
      const shape = map3(file.origin, (from, axis) => Math.min(chunk[axis], extent[axis] - from));
      const address = this.#encoder ? this.#areas.encoded : this.#areas.chunk;
      const length = this.#encode(box, file.origin, shape, address);
      this.#writing(file.path, () => this.#writer.write(file.path, address, length));
      write(address, length);
      done(shape);
    }
  }

  /** How many chunks a shard has room for; null where a file is a chunk. */
  get #shardChunks(): number | null {
    const { chunk, shard } = this.#job;
    return shard && product(map3(shard, (n, axis) => n / chunk[axis]));
  }

  /** Adds a piece of a file, as it lies in memory, to what is reported of a block. */
  #noteWritten(report: Report, address: number, length: number): void {
    report.checksum = this.#simd.checksum(address, length, report.checksum) >>> 0;
    report.bytesWritten += length;
  }

  /** Encodes a chunk of a block, filled up with 0 where the volume ends, to `target`; returns how long it is. */
  #encode(box: Box, start: Shape, shape: Shape, target: number): number {
    const { chunk } = this.#job;
    const gathered = this.#encoder ? this.#areas.chunk : target;
    const length = product(chunk) * this.#bytes;
    if (shape.some((n, axis) => n < chunk[axis])) this.#simd.fill(gathered, 0, length);
    const fetch = this.#gatherer(box, start, shape, gathered);
    if (!this.#encoder) {
      fetch(0, length);
      return length;
    }
    const encodedLength = this.#encoder.encode(gathered, length, target, this.#areas.scratch, fetch);
    this.#threwAway(length);
    return encodedLength;
  }

  /** What copies the rows of a chunk that hold the bytes asked for out of a block to their places at `target`. */
  #gatherer([address, planeBytes, rowBytes]: Box, [z0, y0, x0]: Shape, [nz, ny, nx]: Shape, target: number): Fetch {
    const [, height, width] = this.#job.chunk;
    const chunkRow = width * this.#bytes;
    const chunkPlane = height * chunkRow;
    const origin = address + z0 * planeBytes + y0 * rowBytes + x0 * this.#bytes;
    const copy = (z: number, y: number, planes: number, rows: number) => {
      if (planes < 1 || rows < 1) return;
      const from = origin + z * planeBytes + y * rowBytes;
      const to = target + z * chunkPlane + y * chunkRow;
      this.#simd.copyBox(from, planeBytes, rowBytes, to, chunkPlane, chunkRow, planes, rows, nx * this.#bytes);
    };
    return (from, to) => {
      const [first, last] = [Math.floor(from / chunkPlane), Math.min(nz, Math.ceil(to / chunkPlane)) - 1];
      const top = Math.floor((from - first * chunkPlane) / chunkRow);
      const bottom = Math.min(ny, Math.ceil((to - last * chunkPlane) / chunkRow));
      if (first > last) return;
      if (first === last) return copy(first, top, 1, bottom - top);
      if (top === 0 && bottom === ny) return copy(first, 0, last - first + 1, ny);
      copy(first, top, 1, ny - top);
      copy(first + 1, 0, last - first - 1, ny);
      copy(last, 0, 1, bottom);
    };
  }

  /** Reads back the chunks of a block one after another: first voxel and lengths in the block, and where the voxels are for the moment. */
  #readFiles(
    volume: number,
    level: number,
    index: Shape,
    extent: Shape,
    visit: (start: Shape, shape: Shape, chunk: Box) => void
  ): void {
    const { chunk } = this.#job;
    for (const { path, origin } of this.#files(volume, level, index)) {
      try {
        const file = new ChunkFile(path, this.#shardChunks);
        try {
          for (const { number, start, shape } of this.#chunks(origin, extent)) {
            this.#checkStop();
            this.#decode(file, number);
            visit(start, shape, this.#box(this.#areas.chunk, chunk, this.#bytes));
          }
        } finally {
          file.close();
        }
      } catch (error) {
        if (error instanceof ConvertError) throw error;
        const { message } = error as Error;
        throw new ConvertError('corrupt', `${path}: cannot be read back (${message}): start over`, 'resume');
      }
    }
  }

  /** Reads a chunk into the area for one. */
  #decode(file: ChunkFile, number: number): void {
    const { shared, chunk, arrangement } = this.#job;
    const { areas } = arrangement;
    const size = product(chunk) * this.#bytes;
    const heap = (address: number, length: number) => new Uint8Array(shared.memory.buffer, address, length);
    if (this.#decoder) {
      const length = file.read(number, heap(this.#areas.encoded, areas.encoded));
      this.#decoder(this.#areas.encoded, length, this.#areas.chunk, size, this.#areas.scratch, areas.scratch);
      this.#threwAway(size);
    } else if (file.read(number, heap(this.#areas.chunk, areas.chunk)) !== size) {
      throw new Error(`chunk ${number} has another length`);
    }
  }

  #writing(path: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      throw writeError(error, path);
    }
  }
}

const add = (a: Shape, b: Shape): Shape => map3(a, (n, axis) => n + b[axis]);
