import { createEncoder, type Encoder } from '../codec/index.ts';
import { ConvertError } from '../errors.ts';
import { collectRecent } from '../garbage.ts';
import { type Simd, instantiate } from '../../simd/index.ts';
import { BlockReader } from '../tiff/index.ts';
import { BYTES_PER_VOXEL, type Shape } from '../volume.ts';
import { ChunkWriter } from '../zarr/chunk-writer.ts';
import { planeFolder } from '../zarr/keys.ts';
import { writeError } from '../zarr/system-errors.ts';
import { blockExtent, blockStart, parentIndex } from './blocks.ts';
import { map3, product } from './levels.ts';
import { latticeRange } from './sample.ts';
import { decodePage } from './scratch-file.ts';
import { slabs } from './slabs.ts';
import { syncTree } from './sync.ts';
import { type Areas, type Job, type Report, type Task, nothing } from './task.ts';

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
  readonly #reader: BlockReader;
  readonly #writer: ChunkWriter;
  /** Bytes of a voxel as read, and as stored. */
  readonly #sourceBytes: number;
  readonly #bytes: number;
  /** Bytes decoded and encoded since the last collection. */
  #garbage = 0;

  constructor(job: Job, areas: Areas, simd: Simd = instantiate(job.shared.memory)) {
    this.#job = job;
    this.#areas = areas;
    this.#simd = simd;
    this.#bytes = BYTES_PER_VOXEL[job.dtype];
    this.#sourceBytes = BYTES_PER_VOXEL[job.layout.dtype];
    this.#encoder = createEncoder(job.compression, this.#bytes as 1 | 2 | 4, simd, job.shared.memory);
    this.#reader = new BlockReader(job.layout);
    this.#writer = new ChunkWriter(job.shared.memory);
  }

  close(): void {
    this.#reader.close();
  }

  /** Finds the extremes of a level-0 block of the source. */
  async scan({ index }: Extract<Task, { kind: 'scan' }>): Promise<Report> {
    const { levels, arrangement, layout, start } = this.#job;
    const extent = blockExtent(levels[0], arrangement.grids[0], index);
    const from = add(start, blockStart(arrangement.grids[0], index));
    const report = nothing();
    const scan = this.#simd.scan(layout.dtype);
    for (const slab of slabs(layout, from[1], extent, arrangement.slab)) {
      const shape: Shape = [slab.depth, slab.height, extent[2]];
      const box = this.#box(this.#areas.staging, shape, this.#sourceBytes);
      await this.#read(add(from, [slab.z, slab.y, 0]), shape, box);
      const found = scan(...box, ...shape);
      report.min = Math.min(report.min, found.min);
      report.max = Math.max(report.max, found.max);
      report.nan += found.nan;
      this.#progress(product(shape));
    }
    return report;
  }

  /** Makes a block whole, writes it, and reduces it into its parent. */
  async block({ level, index, address, parent }: Extract<Task, { kind: 'block' }>): Promise<Report> {
    const { levels, arrangement } = this.#job;
    const extent = blockExtent(levels[level], arrangement.grids[level], index);
    const box = this.#box(address, extent, this.#bytes);
    const report = nothing();
    if (level === 0) {
      report.nan = await this.#fill(index, extent, box);
      const { min, max } = this.#simd.scan(this.#job.dtype)(...box, ...extent);
      report.min = min;
      report.max = max;
      this.#sample(index, extent, box);
    }
    if (parent !== null) this.#reduce(level, index, extent, box, parent);
    report.bytesWritten = this.#writeChunks(level, index, extent, box);
    return report;
  }

  /** Decodes a page's part of the region into the scratch file. */
  async decode({ page, file }: Extract<Task, { kind: 'decode' }>): Promise<Report> {
    const { layout, levels, start, arrangement, shared } = this.#job;
    const { shape } = levels[0];
    const staging = new Uint8Array(shared.memory.buffer, this.#areas.staging, arrangement.areas.staging);
    await decodePage(this.#reader, layout, { start, shape }, page, file, staging, arrangement.slab, () =>
      this.#checkStop()
    );
    this.#progress(shape[1] * shape[2]);
    return nothing();
  }

  /** Puts the chunks under a folder on the disk. */
  sync({ folder }: Extract<Task, { kind: 'sync' }>): Report {
    this.#writing(folder, () => syncTree(folder, () => this.#checkStop()));
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

  /** Reads a box of the source, `start` in its own voxels. */
  async #read(start: Shape, shape: Shape, [address, planeBytes, rowBytes]: Box): Promise<void> {
    this.#checkStop();
    const length = (shape[0] - 1) * planeBytes + (shape[1] - 1) * rowBytes + shape[2] * this.#sourceBytes;
    const target = new Uint8Array(this.#job.shared.memory.buffer, address, length);
    await this.#reader.read(start, shape, target, rowBytes, planeBytes);
    if (this.#job.layout.compression !== 1) this.#threwAway(product(shape) * this.#sourceBytes);
  }

  /** Fills a level-0 block with the source's voxels in the stored type; returns how many were NaN and became 0. */
  async #fill(index: Shape, extent: Shape, box: Box): Promise<number> {
    const { layout, arrangement, start, dtype, range } = this.#job;
    const from = add(start, blockStart(arrangement.grids[0], index));
    const convert = this.#converter();
    let nan = 0;
    for (const slab of slabs(layout, from[1], extent, arrangement.slab)) {
      const shape: Shape = [slab.depth, slab.height, extent[2]];
      const part: Box = [box[0] + slab.z * box[1] + slab.y * box[2], box[1], box[2]];
      if (!convert) {
        await this.#read(add(from, [slab.z, slab.y, 0]), shape, part);
        continue;
      }
      const staging = this.#box(this.#areas.staging, shape, this.#sourceBytes);
      await this.#read(add(from, [slab.z, slab.y, 0]), shape, staging);
      nan += convert(staging, part, shape);
    }
    // Nothing lies between 0 and 0: a constant volume, or one without a finite value.
    if (range && range[0] === range[1]) this.#simd.fill(box[0], 0, product(extent) * BYTES_PER_VOXEL[dtype]);
    return nan;
  }

  /** What turns voxels as read into voxels as stored and says how many were NaN; null where they are the same. */
  #converter(): ((from: Box, to: Box, shape: Shape) => number) | null {
    const { layout, dtype, range } = this.#job;
    if (range) {
      const [min, max] = range;
      if (min === max) return (from, _to, shape) => this.#simd.scan(layout.dtype)(...from, ...shape).nan;
      const scale = this.#simd.scale(layout.dtype, dtype as 'uint16' | 'uint8');
      return (from, to, shape) => scale(...from, ...to, ...shape, min, max);
    }
    if (dtype === layout.dtype || layout.dtype === 'float32') return null;
    const cast = this.#simd.cast(layout.dtype);
    return (from, to, shape) => {
      cast(...from, ...to, ...shape);
      return 0;
    };
  }

  /** Notes the stored values at the points of the lattice that lie in a level-0 block. */
  #sample(index: Shape, extent: Shape, [address, planeBytes, rowBytes]: Box): void {
    const { arrangement, lattice, shared, dtype } = this.#job;
    const from = blockStart(arrangement.grids[0], index);
    const [zs, ys, xs] = map3(from, (at, axis) => latticeRange(lattice, axis, at, at + extent[axis]));
    const at = (axis: number, number: number) => lattice.first[axis] + number * lattice.step[axis] - from[axis];
    const view = new DataView(shared.memory.buffer);
    const get = {
      uint8: (p: number) => view.getUint8(p),
      int8: (p: number) => view.getInt8(p),
      uint16: (p: number) => view.getUint16(p, true),
      int16: (p: number) => view.getInt16(p, true),
      uint32: (p: number) => view.getUint32(p, true),
      int32: (p: number) => view.getInt32(p, true),
      float32: (p: number) => view.getFloat32(p, true)
    }[dtype];
    for (let z = zs.from; z < zs.to; z++)
      for (let y = ys.from; y < ys.to; y++) {
        const row = address + at(0, z) * planeBytes + at(1, y) * rowBytes;
        const points = (z * lattice.count[1] + y) * lattice.count[2];
        for (let x = xs.from; x < xs.to; x++) shared.sample[points + x] = get(row + at(2, x) * this.#bytes);
      }
  }

  /** Averages a block into its place in its parent. */
  #reduce(level: number, index: Shape, extent: Shape, box: Box, parent: number): void {
    const { levels, arrangement, dtype } = this.#job;
    const grid = arrangement.grids[level + 1];
    const above = parentIndex(grid, index);
    const { window } = levels[level + 1];
    const [, planeBytes, rowBytes] = this.#box(parent, blockExtent(levels[level + 1], grid, above), this.#bytes);
    const within = map3(
      index,
      (i, axis) => ((i % grid.children[axis]) * arrangement.grids[level].size[axis]) / window[axis]
    );
    const place = parent + within[0] * planeBytes + within[1] * rowBytes + within[2] * this.#bytes;
    this.#simd.halve(dtype)(...box, place, planeBytes, rowBytes, ...extent, ...window);
  }

  /** Encodes and writes every chunk of a block; returns the bytes written. */
  #writeChunks(level: number, index: Shape, extent: Shape, box: Box): number {
    const { arrangement, chunk, folder, omeZarr } = this.#job;
    const first = map3(blockStart(arrangement.grids[level], index), (at, axis) => at / chunk[axis]);
    const count = map3(extent, (n, axis) => Math.ceil(n / chunk[axis]));
    let written = 0;
    for (let z = 0; z < count[0]; z++)
      for (let y = 0; y < count[1]; y++) {
        const row = `${folder}/${planeFolder(omeZarr, level, first[0] + z)}/${first[1] + y}`;
        this.#writing(row, () => this.#writer.makeFolder(row));
        for (let x = 0; x < count[2]; x++) {
          this.#checkStop();
          const origin: Shape = [z * chunk[0], y * chunk[1], x * chunk[2]];
          const shape = map3(origin, (at, axis) => Math.min(chunk[axis], extent[axis] - at));
          const [address, length] = this.#encode(box, origin, shape);
          const path = `${row}/${first[2] + x}`;
          this.#writing(path, () => this.#writer.write(path, address, length));
          written += length;
          if (level === 0) this.#progress(product(shape));
        }
      }
    return written;
  }

  /** Gathers a chunk out of a block, filled up with 0 where the volume ends, and encodes it; returns where and how long it is. */
  #encode([address, planeBytes, rowBytes]: Box, [z, y, x]: Shape, shape: Shape): [address: number, length: number] {
    const { chunk } = this.#job;
    const { chunk: gathered, encoded, scratch } = this.#areas;
    const length = product(chunk) * this.#bytes;
    const chunkRow = chunk[2] * this.#bytes;
    if (shape.some((n, axis) => n < chunk[axis])) this.#simd.fill(gathered, 0, length);
    const from = address + z * planeBytes + y * rowBytes + x * this.#bytes;
    this.#simd.copyBox(
      from,
      planeBytes,
      rowBytes,
      gathered,
      chunk[1] * chunkRow,
      chunkRow,
      shape[0],
      shape[1],
      shape[2] * this.#bytes
    );
    if (!this.#encoder) return [gathered, length];
    const encodedLength = this.#encoder.encode(gathered, length, encoded, scratch);
    this.#threwAway(length);
    return [encoded, encodedLength];
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
