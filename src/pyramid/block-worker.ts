import { createDecoder, createEncoder, type Decoder, type Encoder } from '../zarr/codec/index.ts';
import { ConvertError, cancelled } from '../model/errors.ts';
import { collectRecent } from './garbage.ts';
import { type Simd, instantiate } from '../simd/index.ts';
import { LABELS_OF_FLOATS } from '../model/volume.ts';
import { isCompressed } from '../model/layout.ts';
import { BlockReader } from '../reader/index.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape, type VoxelBytes } from '../model/volume.ts';
import { ChunkFile } from '../zarr/chunk-file.ts';
import { ChunkWriter } from '../zarr/chunk-writer.ts';
import { planeFolder } from '../zarr/keys.ts';
import { ShardFile } from '../zarr/shard.ts';
import { syncFolder, syncTree } from '../zarr/sync.ts';
import { named } from '../model/words.ts';
import { writeError } from '../zarr/system-errors.ts';
import { Block, type Box, type Part } from './block.ts';
import { blockExtent, blockStart, indices, parentIndex } from './blocks.ts';
import { BlockComparer } from './comparison.ts';
import { map3, product } from '../model/levels.ts';
import { forEachPoint } from './sample-grid.ts';
import { decodePage } from './scratch-file.ts';
import { type Slab, slabs } from './slabs.ts';
import { binCount, isExact } from '../model/histogram.ts';
import {
  type Areas,
  type BlockTask,
  type CheckTask,
  type BlockJob,
  type Report,
  type Task,
  emptyReport
} from './task.ts';

/** How much may be decoded and encoded before what that left behind is collected, in bytes. */
const GARBAGE = 8 << 20;

/** Does a conversion's work on blocks, in one thread: reads, converts, encodes, writes and reduces. */
export class BlockWorker {
  readonly #job: BlockJob;
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

  constructor(job: BlockJob, areas: Areas, simd: Simd = instantiate(job.shared.memory)) {
    this.#job = job;
    this.#areas = areas;
    this.#simd = simd;
    this.#bytes = BYTES_PER_VOXEL[job.dtype];
    this.#sourceBytes = BYTES_PER_VOXEL[job.layout.dtype];
    const { compression, checksum, shared } = job;
    this.#encoder = createEncoder(compression, this.#bytes, simd, shared.memory, checksum);
    this.#decoder = createDecoder(compression, simd, shared.memory, checksum);
    this.#reader = new BlockReader(job.layout);
    this.#writer = new ChunkWriter(job.shared.memory, areas.encoded);
    const stop = () => this.#checkStop();
    this.#comparer = job.compared && new BlockComparer(job, areas, simd, stop, (...chunk) => this.#compared(...chunk));
  }

  close(): void {
    this.#reader.close();
  }

  /** Finds the extremes of a level-0 block of the source, and counts its voxels if asked. */
  async scan({ volume, index, histogram }: Extract<Task, { kind: 'scan' }>): Promise<Report> {
    const { levels, plan, layout, start } = this.#job;
    const extent = blockExtent(levels[0], plan.grids[0], index);
    const within = blockStart(plan.grids[0], index);
    const from = add(start, within);
    const report = emptyReport();
    const scan = this.#simd.scan(layout.dtype);
    for (const slab of slabs(layout, from[1], extent, plan.slab)) {
      const shape: Shape = [slab.depth, slab.height, extent[2]];
      const box = this.#box(this.#areas.staging, shape, this.#sourceBytes);
      await this.#read(volume, add(from, [slab.z, slab.y, 0]), shape, box);
      const found = scan(...box, ...shape);
      report.min = Math.min(report.min, found.min);
      report.max = Math.max(report.max, found.max);
      report.nan += found.nan;
      const place = add(within, [slab.z, slab.y, 0]);
      if (histogram) this.#count(layout.dtype, 1, place, shape, box);
      this.#sample(layout.dtype, volume, place, shape, box);
      this.#progress(product(shape));
    }
    if (histogram) this.#addCounts(layout.dtype, 0);
    return report;
  }

  /**
   * Makes a block whole, reduces it into its parent and writes it, or compares it with what is stored and then reduces
   * it. `onReduced` hears when the parent has all of a block that is yet to be written.
   */
  async block(task: BlockTask, onReduced: () => void): Promise<Report> {
    const block = this.#block(task);
    const reduce = this.#reducer(task, block);
    const report = emptyReport();
    if (this.#comparer) {
      const { source } = this.#job.compared!;
      if (source && task.level === 0) await this.#fill(task, block, null, report);
      report.comparison = this.#comparer.compare(task, block, source || task.level > 0);
      reduce?.();
      return report;
    }
    if (task.level === 0) await this.#fill(task, block, reduce, report);
    else reduce?.();
    onReduced();
    await this.#writeFiles(task, block, report);
    return report;
  }

  /** A chunk was compared. */
  #compared(voxels: number, decodedBytes: number): void {
    Atomics.add(this.#job.shared.done, 0, BigInt(voxels * this.#bytes));
    this.#threwAway(decodedBytes);
  }

  /** Reads a stored block back, and reduces it into its parent. */
  async restore(task: BlockTask): Promise<Report> {
    const block = this.#block(task);
    // What is read back comes by way of an area that may still be written from.
    await this.#writer.settle();
    this.#readFiles(task, block.extent, ({ start, shape: [nz, ny, nx] }, chunk) =>
      this.#simd.copyBox(...chunk, ...block.at(start), nz, ny, nx * this.#bytes)
    );
    this.#reducer(task, block)?.();
    return emptyReport();
  }

  /** Counts the voxels of a stored level-0 block, as `block` did before it was written. */
  count(task: CheckTask): Report {
    const { volume, index } = task;
    const { levels, plan, dtype, histogram } = this.#job;
    const from = blockStart(plan.grids[0], index);
    this.#readFiles(task, blockExtent(levels[0], plan.grids[0], index), ({ start, shape }, chunk) => {
      const place = add(from, start);
      this.#count(dtype, histogram!.step, place, shape, chunk);
      if (!isExact(dtype)) this.#sample(dtype, volume, place, shape, chunk);
    });
    this.#addCounts(dtype, volume);
    return emptyReport();
  }

  /**
   * Reads back the files of a block, and reports what `block` reported of them; no bytes where one is missing or cut.
   */
  check(task: CheckTask): Report {
    const [address] = this.#areas.encoded;
    const buffer = new Uint8Array(this.#job.shared.memory.buffer, address, this.#job.plan.areas.encoded);
    const report = emptyReport();
    for (const { path } of this.#files(task)) {
      this.#checkStop();
      try {
        const file = new ChunkFile(path, this.#shardChunks);
        try {
          for (const length of file.pieces(buffer)) this.#noteWritten(report, address, length);
        } finally {
          file.close();
        }
      } catch {
        return emptyReport();
      }
    }
    return report;
  }

  /** Decodes a plane's part of the region into the scratch file. */
  async decode({ plane, file }: Extract<Task, { kind: 'decode' }>): Promise<Report> {
    const { layout, levels, start, plan, shared } = this.#job;
    const { shape } = levels[0];
    const staging = new Uint8Array(shared.memory.buffer, this.#areas.staging, plan.areas.staging);
    await decodePage(this.#reader, layout, { start, shape }, plane, file, staging, plan.slab, () => this.#checkStop());
    this.#progress(shape[1] * shape[2]);
    return emptyReport();
  }

  /** Ends when all that this thread has begun to write is in its files. */
  async settle(): Promise<Report> {
    await this.#writer.settle();
    return emptyReport();
  }

  /** Puts a folder, and the chunks under it, on the disk. */
  async sync({ folder, deep }: Extract<Task, { kind: 'sync' }>): Promise<Report> {
    try {
      await (deep ? syncTree(folder, () => this.#checkStop()) : syncFolder(folder));
    } catch (error) {
      throw writeError(error, folder);
    }
    return emptyReport();
  }

  #box(address: number, [, ny, nx]: Shape, bytes: number): Box {
    return [address, ny * nx * bytes, nx * bytes];
  }

  #checkStop(): void {
    if (Atomics.load(this.#job.shared.stop, 0)) throw cancelled();
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
    if (isCompressed(this.#job.layout)) this.#threwAway(product(shape) * this.#sourceBytes);
  }

  /** The block that a task is about. */
  #block({ level, index, address }: BlockTask): Block {
    const { levels, plan, chunk } = this.#job;
    return new Block(address, blockExtent(levels[level], plan.grids[level], index), chunk, this.#bytes);
  }

  /**
   * Fills a level-0 block with the source's voxels in the stored type, counts them, and reports extremes, and how many
   * were NaN and became 0. `reduce` has all of it once, in parts.
   */
  async #fill(
    { volume, index }: BlockTask,
    block: Block,
    reduce: ((part?: Part) => void) | null,
    report: Report
  ): Promise<void> {
    const { layout, plan, start, dtype, histogram } = this.#job;
    const within = blockStart(plan.grids[0], index);
    const from = add(start, within);
    const place = this.#placer();
    const scan = this.#simd.scan(dtype);
    const all = [...slabs(layout, from[1], block.extent, plan.slab)];
    const reduceSlabs = all.every(slab => holdsWindows(slab, block.extent));
    // All that is done to a slab is done while it is in the processor's cache: a pass of its own would take several
    // times as long.
    for (const slab of all) {
      const shape: Shape = [slab.depth, slab.height, block.extent[2]];
      const read = this.#box(this.#areas.staging, shape, this.#sourceBytes);
      const part: Part = { start: [slab.z, slab.y, 0], shape };
      await this.#read(volume, add(from, part.start), shape, read);
      for (const tile of block.parts(part)) {
        const [, y, x] = tile.start;
        const box = block.at(tile.start);
        const stored: Box = [read[0] + (y - slab.y) * read[2] + x * this.#sourceBytes, read[1], read[2]];
        const odd = place(stored, box, tile.shape, report);
        if (odd >= 0) throw this.#noLabel(volume, add(within, tile.start), tile.shape, stored, odd);
        const { min, max } = scan(...box, ...tile.shape);
        report.min = Math.min(report.min, min);
        report.max = Math.max(report.max, max);
        if (histogram) this.#count(dtype, histogram.step, add(within, tile.start), tile.shape, box);
      }
      if (reduceSlabs) reduce?.(part);
    }
    if (!reduceSlabs) reduce?.();
    if (!histogram) return;
    // Where every value has a bin of its own, counts tell all.
    if (!isExact(dtype))
      for (const { start, shape } of block.parts())
        this.#sample(dtype, volume, add(within, start), shape, block.at(start));
    this.#addCounts(dtype, volume);
  }

  /**
   * What brings voxels as read to their place in the stored type, and reports what was lost. It returns the number of
   * the first voxel that the type must not be given, -1 where all are right.
   */
  #placer(): (from: Box, to: Box, shape: Shape, report: Report) => number {
    const { layout, dtype, range } = this.#job;
    if (range) {
      const [min, max] = range;
      // Nothing lies between 0 and 0: a constant volume, or one without a finite value.
      if (min === max)
        return (from, [to, planeBytes, rowBytes], shape, report) => {
          for (let z = 0; z < shape[0]; z++)
            this.#simd.fill(to + z * planeBytes, 0, (shape[1] - 1) * rowBytes + shape[2] * this.#bytes);
          report.nan += this.#simd.scan(layout.dtype)(...from, ...shape).nan;
          return -1;
        };
      const scale = this.#simd.scale(layout.dtype, dtype as 'uint16' | 'uint8');
      return (from, to, shape, report) => {
        report.nan += scale(...from, ...to, ...shape, min, max);
        return -1;
      };
    }
    if (dtype === layout.dtype)
      return (from, to, [nz, ny, nx]) => {
        this.#simd.copyBox(...from, ...to, nz, ny, nx * this.#bytes);
        return -1;
      };
    if (dtype === LABELS_OF_FLOATS) {
      const whole = this.#simd.whole(layout.dtype as 'float32' | 'float64');
      return (from, to, shape) => whole(...from, ...to, ...shape);
    }
    const cast = this.#simd.cast(layout.dtype, dtype as 'float32' | 'float64');
    return (from, to, shape, report) => {
      report.overflow += cast(...from, ...to, ...shape);
      return -1;
    };
  }

  /**
   * Names a voxel of a box that is no label: which of the box's it is, in C order, and where in level 0 the box begins.
   */
  #noLabel(volume: number, from: Shape, [, ny, nx]: Shape, box: Box, number: number): ConvertError {
    const { origin, layout, compared } = this.#job;
    const within: Shape = [Math.floor(number / (ny * nx)), Math.floor(number / nx) % ny, number % nx];
    const address = box[0] + within[0] * box[1] + within[1] * box[2] + within[2] * this.#sourceBytes;
    const found = getter(new DataView(this.#job.shared.memory.buffer), layout.dtype)(address);
    const [z, y, x] = add(add(origin.start, from), within);
    const { t, c } = layout.outerShape;
    const of = `${t > 1 ? `time point ${Math.floor(volume / c)}, ` : ''}${c > 1 ? `channel ${volume % c}, ` : ''}`;
    const said = `${origin.source}: voxel ${of}Z ${z}, Y ${y}, X ${x} is ${found}`;
    if (compared)
      return new ConvertError(
        'unsupported',
        `${said}, of which no label is made: it is another volume, or was changed since`
      );
    return new ConvertError(
      'bad-option',
      `${said}, and labels are whole numbers from -2,147,483,648 to 2,147,483,647 where they come as ${layout.dtype}: save them in an integer type, or leave ${named('labels')} out`,
      'labels'
    );
  }

  /** Counts voxels by value, in one of `step` rows. `from`: their place in level 0. */
  #count(dtype: Dtype, step: number, from: Shape, extent: Shape, box: Box): void {
    this.#simd.histogram(dtype)(...box, ...extent, from[0], from[1], step, this.#areas.histogram);
  }

  /** Adds what this thread has counted to what all have, of the volume's channel. */
  #addCounts(dtype: Dtype, volume: number): void {
    const { layout, histogram } = this.#job;
    const bins = binCount(dtype);
    this.#simd.addHistogram(this.#areas.histogram, bins, histogram!.total + (volume % layout.outerShape.c) * bins * 8);
  }

  /** Notes the values at the points of the sampleGrid. `from`: the place of the box in level 0. */
  #sample(dtype: Dtype, volume: number, from: Shape, extent: Shape, [address, planeBytes, rowBytes]: Box): void {
    const { sampleGrid, shared } = this.#job;
    const bytes = BYTES_PER_VOXEL[dtype];
    const get = getter(new DataView(shared.memory.buffer), dtype);
    const before = volume * product(sampleGrid.count);
    forEachPoint(sampleGrid, from, extent, (point, z, y, x) => {
      const at = (z - from[0]) * planeBytes + (y - from[1]) * rowBytes + (x - from[2]) * bytes;
      shared.sample[before + point] = get(address + at);
    });
  }

  /**
   * What makes of the windows in a part of a block, or in all of it, the voxels of its place in the parent; null where
   * there is none.
   */
  #reducer({ level, index, parent }: BlockTask, block: Block): ((part?: Part) => void) | null {
    if (parent === null) return null;
    const { levels, plan, chunk, dtype, downsample } = this.#job;
    const grid = plan.grids[level + 1];
    const { reduction } = levels[level + 1];
    const target = new Block(
      parent,
      blockExtent(levels[level + 1], grid, parentIndex(grid, index)),
      chunk,
      this.#bytes
    );
    const origin = map3(index, (i, axis) => (i % grid.children[axis]) * plan.grids[level].size[axis]);
    const halve = this.#simd.halve(dtype, downsample);
    return part => {
      for (const { start, shape } of block.parts(part)) {
        const place = map3(start, (n, axis) => (origin[axis] + n) / reduction[axis]);
        halve(...block.at(start), ...target.at(place), ...shape, ...reduction);
      }
    };
  }

  /** The files of a block in C order, and the first voxel of each relative to the block. */
  *#files({ volume, level, index }: CheckTask | BlockTask): Generator<{ folder: string; path: string; origin: Shape }> {
    const { layout, levels, plan, chunk, shard, folder: image, omeZarr } = this.#job;
    const file = shard ?? chunk;
    const grid = plan.grids[level];
    const first = map3(blockStart(grid, index), (at, axis) => at / file[axis]);
    const count = map3(blockExtent(levels[level], grid, index), (n, axis) => Math.ceil(n / file[axis]));
    for (const at of indices([0, 0, 0], count)) {
      const [z, y, x] = add(first, at);
      const folder = `${image}/${planeFolder(omeZarr, level, layout.outerShape, volume, z)}/${y}`;
      yield { folder, path: `${folder}/${x}`, origin: map3(at, (n, axis) => n * file[axis]) };
    }
  }

  /**
   * The chunks of a file whose first voxel is `origin` of a block of `extent`: number within the file, first voxel and
   * lengths in the block.
   */
  *#chunks(origin: Shape, extent: Shape): Generator<Part & { number: number }> {
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

  /** Encodes every chunk of a block and begins to write it; adds to the report. */
  async #writeFiles(task: BlockTask, block: Block, report: Report): Promise<void> {
    const done = ({ shape }: Part) => task.level === 0 && this.#progress(product(shape));
    let folder = '';
    for (const file of this.#files(task)) {
      if (file.folder !== folder) this.#writing(file.folder, () => this.#writer.makeFolder(file.folder));
      folder = file.folder;
      const chunks = this.#chunks(file.origin, block.extent);
      if (this.#job.shard) {
        await this.#writeShard(file.path, chunks, block, report, done);
        continue;
      }
      for (const part of chunks) {
        const address = await this.#writer.area();
        this.#checkStop();
        const length = this.#encode(block, part, address);
        this.#writer.write(file.path, length);
        this.#noteWritten(report, address, length);
        done(part);
      }
    }
  }

  async #writeShard(
    path: string,
    chunks: Iterable<Part & { number: number }>,
    block: Block,
    report: Report,
    done: (part: Part) => void
  ): Promise<void> {
    const made = await ShardFile.create(this.#writer, this.#job.shared.memory, path, this.#shardChunks!);
    try {
      for (const part of chunks) {
        this.#checkStop();
        const address = made.next;
        const length = this.#encode(block, part, address);
        this.#noteWritten(report, address, length);
        await made.append(part.number, length);
        done(part);
      }
      this.#noteWritten(report, ...made.finish());
    } finally {
      made.close();
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
  #encode(block: Block, part: Part, target: number): number {
    const { chunk } = this.#job;
    const length = product(chunk) * this.#bytes;
    const box = block.at(part.start);
    if (!this.#encoder) {
      const used = this.#gather(box, part, target);
      this.#simd.fill(target + used, 0, length - used);
      return length;
    }
    const isWhole = part.shape.every((n, axis) => n === chunk[axis]) && block.isDense(part, box);
    const source = isWhole ? box[0] : this.#areas.chunk;
    const used = isWhole ? length : this.#gather(box, part, this.#areas.chunk);
    const encodedLength = this.#encoder.encode(source, length, target, this.#areas.scratch, used);
    if (this.#encoder.leavesGarbage) this.#threwAway(used);
    return encodedLength;
  }

  /** Makes of a part of a block the planes of a chunk that it has, filled up with 0; returns their bytes. */
  #gather(box: Box, { shape: [nz, ny, nx] }: Part, target: number): number {
    const { chunk } = this.#job;
    const whole = this.#box(target, chunk, this.#bytes);
    const used = nz * whole[1];
    if (ny < chunk[1] || nx < chunk[2]) this.#simd.fill(target, 0, used);
    this.#simd.copyBox(...box, ...whole, nz, ny, nx * this.#bytes);
    return used;
  }

  /**
   * Reads back the chunks of a block one after another: first voxel and lengths in the block, and where the voxels are
   * for the moment.
   */
  #readFiles(task: CheckTask | BlockTask, extent: Shape, visit: (part: Part, chunk: Box) => void): void {
    const { chunk } = this.#job;
    for (const { path, origin } of this.#files(task)) {
      try {
        const file = new ChunkFile(path, this.#shardChunks);
        try {
          for (const part of this.#chunks(origin, extent)) {
            this.#checkStop();
            this.#decode(file, part.number);
            visit(part, this.#box(this.#areas.chunk, chunk, this.#bytes));
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
    const { shared, chunk, plan } = this.#job;
    const { areas } = plan;
    const size = product(chunk) * this.#bytes;
    const heap = (address: number, length: number) => new Uint8Array(shared.memory.buffer, address, length);
    if (this.#decoder) {
      const [encoded] = this.#areas.encoded;
      const length = file.read(number, heap(encoded, areas.encoded));
      this.#decoder(encoded, length, this.#areas.chunk, size, this.#areas.scratch, areas.scratch);
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

/** What gives the voxel at an address, of any alignment. */
const getter = (view: DataView, dtype: Dtype): ((address: number) => number) =>
  ({
    uint8: (p: number) => view.getUint8(p),
    int8: (p: number) => view.getInt8(p),
    uint16: (p: number) => view.getUint16(p, true),
    int16: (p: number) => view.getInt16(p, true),
    uint32: (p: number) => view.getUint32(p, true),
    int32: (p: number) => view.getInt32(p, true),
    uint64: (p: number) => Number(view.getBigUint64(p, true)),
    int64: (p: number) => Number(view.getBigInt64(p, true)),
    float32: (p: number) => view.getFloat32(p, true),
    float64: (p: number) => view.getFloat64(p, true)
  })[dtype];

const add = (a: Shape, b: Shape): Shape => map3(a, (n, axis) => n + b[axis]);

/** Whether no averaging window straddles the edges of a slab of a block of `extent`. */
const holdsWindows = ({ z, y, depth, height }: Slab, [nz, ny]: Shape): boolean =>
  z % 2 === 0 && y % 2 === 0 && (depth % 2 === 0 || z + depth === nz) && (height % 2 === 0 || y + height === ny);
