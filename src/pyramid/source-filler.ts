import { ConvertError } from '../model/errors.ts';
import { isExact } from '../model/histogram.ts';
import { add3, product } from '../model/levels.ts';
import { BYTES_PER_VOXEL, type Shape } from '../model/volume.ts';
import { named } from '../model/words.ts';
import { type BoxReader, createReader, leavesMemory } from '../reader/index.ts';
import type { Block, Box, Part } from './block.ts';
import { blockExtent, blockStart } from './blocks.ts';
import type { Digests } from './digests.ts';
import type { Reduce } from './downsampler.ts';
import { type Placer, createPlacer } from './placer.ts';
import { decodePage } from './scratch-file.ts';
import { type Slab, slabs } from './slabs.ts';
import { type BlockJob, type BlockTask, type Report, type SourceJob, type Task, emptyReport } from './task.ts';
import type { ThreadContext } from './thread-context.ts';
import type { VoxelCounter } from './voxel-counter.ts';
import { voxelGetter } from './voxels.ts';

/** Reads blocks of level 0 from the source, in one thread, and brings them into the stored type. */
export class SourceFiller {
  readonly #context: ThreadContext;
  readonly #job: BlockJob;
  readonly #source: SourceJob;
  readonly #counter: VoxelCounter | null;
  readonly #digests: Digests | null;
  readonly #reader: BoxReader;
  readonly #place: Placer;
  /** Whether what it reads with leaves memory behind. */
  readonly #isLittering: boolean;
  /** Bytes of a voxel as read. */
  readonly #bytes: number;
  /** Whether voxels are stored as they are read. */
  readonly #isKept: boolean;

  constructor(
    context: ThreadContext,
    job: BlockJob,
    source: SourceJob,
    counter: VoxelCounter | null,
    digests: Digests | null
  ) {
    const { layout, range } = source;
    this.#context = context;
    this.#job = job;
    this.#source = source;
    this.#counter = counter;
    this.#digests = digests;
    this.#reader = createReader(layout, () => context.checkStop());
    this.#isLittering = leavesMemory(layout);
    this.#place = createPlacer(context.simd, layout.dtype, job.dtype, range);
    this.#bytes = BYTES_PER_VOXEL[layout.dtype];
    this.#isKept = layout.dtype === job.dtype && range === null;
  }

  close(): void {
    this.#reader.close();
  }

  /** Finds the extremes of a block of the source, and counts its voxels if asked. */
  async scan({ volume, index, histogram }: Extract<Task, { kind: 'scan' }>): Promise<Report> {
    const { levels, plan } = this.#job;
    const { layout, start } = this.#source;
    const { simd, areas } = this.#context;
    const extent = blockExtent(levels[0], plan.grids[0], index);
    const within = blockStart(plan.grids[0], index);
    const from = add3(start, within);
    const report = emptyReport();
    const scan = simd.scan(layout.dtype);
    for (const slab of slabs(layout, from[1], extent, plan.slab)) {
      const shape: Shape = [slab.depth, slab.height, extent[2]];
      const box = this.#box(areas.staging, shape);
      await this.#read(volume, add3(from, [slab.z, slab.y, 0]), shape, box);
      const found = scan(...box, ...shape);
      report.min = Math.min(report.min, found.min);
      report.max = Math.max(report.max, found.max);
      report.nan += found.nan;
      const place = add3(within, [slab.z, slab.y, 0]);
      if (histogram) this.#counter?.count(layout.dtype, 1, place, shape, box);
      this.#counter?.sample(layout.dtype, volume, place, shape, box);
      this.#context.progress(product(shape) * this.#bytes);
    }
    if (histogram) this.#counter?.addCounts(layout.dtype, 0);
    return report;
  }

  /**
   * Fills a block of level 0 with the source's voxels in the stored type, counts them, and reports extremes, and how
   * many were NaN and became 0. `reduce` has all of it once, in parts.
   */
  async fill({ volume, index }: BlockTask, block: Block, reduce: Reduce | null, report: Report): Promise<void> {
    const { plan, dtype, counting } = this.#job;
    const { layout, start } = this.#source;
    const { simd, areas } = this.#context;
    const within = blockStart(plan.grids[0], index);
    const from = add3(start, within);
    const scan = simd.scan(dtype);
    const look = (box: Box, start: Shape, [nz, ny, nx]: Shape) => {
      const { min, max } = scan(box[0], box[1], box[2], nz, ny, nx);
      report.min = Math.min(report.min, min);
      report.max = Math.max(report.max, max);
      if (counting) this.#counter?.count(dtype, counting.step, add3(within, start), [nz, ny, nx], box);
    };
    const all = [...slabs(layout, from[1], block.extent, plan.slab)];
    const reduceSlabs = all.every(slab => holdsWindows(slab, block.extent));
    // All that is done to a slab is done while it is in the processor's cache: a pass of its own would take several
    // times as long.
    for (const slab of all) {
      const shape: Shape = [slab.depth, slab.height, block.extent[2]];
      const read = this.#box(areas.staging, shape);
      const part: Part = { start: [slab.z, slab.y, 0], shape };
      await this.#read(volume, add3(from, part.start), shape, read);
      for (const tile of block.parts(part)) {
        const [, y, x] = tile.start;
        const box = block.at(tile.start);
        const stored: Box = [read[0] + (y - slab.y) * read[2] + x * this.#bytes, read[1], read[2]];
        const odd = this.#place(stored, box, tile.shape, report);
        if (odd >= 0) throw this.#noLabel(volume, add3(within, tile.start), tile.shape, stored, odd);
        if (!this.#isKept) look(box, tile.start, tile.shape);
      }
      // Voxels that stay as they are need not be looked at tile by tile.
      if (this.#isKept) look(read, part.start, shape);
      if (reduceSlabs) reduce?.(part);
    }
    if (!reduceSlabs) reduce?.();
    if (!this.#counter) return;
    // Where every value has a bin of its own, counts tell all.
    if (!isExact(dtype))
      for (const { start, shape } of block.parts())
        this.#counter.sample(dtype, volume, add3(within, start), shape, block.at(start));
    this.#counter.addCounts(dtype, volume);
  }

  /** Decodes a plane's part of the region into the scratch file. */
  async decode({ plane, file }: Extract<Task, { kind: 'decode' }>): Promise<Report> {
    const { levels, plan } = this.#job;
    const { layout, start } = this.#source;
    const { areas, heap } = this.#context;
    const { shape } = levels[0];
    const staging = heap.subarray(areas.staging, areas.staging + plan.areas.staging);
    const check = () => this.#context.checkStop();
    await decodePage(this.#reader, layout, { start, shape }, plane, file, staging, plan.slab, check);
    this.#context.progress(shape[1] * shape[2] * this.#bytes);
    return emptyReport();
  }

  /** Notes the digests of a layer's voxels in the stored type. */
  async digest({ volume, layer }: Extract<Task, { kind: 'digest' }>): Promise<Report> {
    const { levels, plan } = this.#job;
    const { layout, start } = this.#source;
    const { areas } = this.#context;
    const digests = this.#digests!;
    const [, height, width] = levels[0].shape;
    const report = emptyReport();
    const [first, end] = digests.planes(layer);
    for (let z = first; z < end; z++)
      for (const slab of slabs(layout, start[1], [1, height, width], plan.slab)) {
        const part: Part = { start: [z, slab.y, 0], shape: [1, slab.height, width] };
        const read = this.#box(areas.staging, part.shape);
        await this.#read(volume, add3(start, part.start), part.shape, read);
        for (const piece of digests.pieces(part)) {
          const [, y, x] = piece.start;
          const stored: Box = [read[0] + (y - slab.y) * read[2] + x * this.#bytes, read[1], read[2]];
          const odd = this.#place(stored, digests.room(piece), piece.shape, report);
          if (odd >= 0) throw this.#noLabel(volume, piece.start, piece.shape, stored, odd);
          digests.note(volume, piece);
        }
        this.#context.progress(product(part.shape) * BYTES_PER_VOXEL[this.#job.dtype]);
      }
    return report;
  }

  /** A box of voxels as read that lies dense at an address. */
  #box(address: number, [, ny, nx]: Shape): Box {
    return [address, ny * nx * this.#bytes, nx * this.#bytes];
  }

  /** Reads a box of one of the source's volumes, `start` in its own voxels. */
  async #read(volume: number, start: Shape, shape: Shape, [address, planeBytes, rowBytes]: Box): Promise<void> {
    const { layout } = this.#source;
    this.#context.checkStop();
    const length = (shape[0] - 1) * planeBytes + (shape[1] - 1) * rowBytes + shape[2] * this.#bytes;
    const target = this.#context.heap.subarray(address, address + length);
    const from = add3(start, [volume * layout.shape[0], 0, 0]);
    await this.#reader.read(from, shape, target, rowBytes, planeBytes);
    if (this.#isLittering) this.#context.threwAway(product(shape) * this.#bytes);
  }

  /**
   * Names a voxel of a box that is no label: which of the box's it is, in C order, and where in level 0 the box begins.
   */
  #noLabel(volume: number, from: Shape, [, ny, nx]: Shape, box: Box, number: number): ConvertError {
    const { origin, layout } = this.#source;
    const within: Shape = [Math.floor(number / (ny * nx)), Math.floor(number / nx) % ny, number % nx];
    const address = box[0] + within[0] * box[1] + within[1] * box[2] + within[2] * this.#bytes;
    const found = voxelGetter(this.#context.view, layout.dtype)(address);
    const [z, y, x] = add3(add3(origin.start, from), within);
    const { t, c } = layout.outerShape;
    const of = `${t > 1 ? `time point ${Math.floor(volume / c)}, ` : ''}${c > 1 ? `channel ${volume % c}, ` : ''}`;
    const said = `${origin.source}: voxel ${of}Z ${z}, Y ${y}, X ${x} is ${found}`;
    if (this.#job.sink.kind === 'compare')
      return new ConvertError(
        'unsupported',
        `${said}, of which no label is made: it is another volume, or was changed since`
      );
    return new ConvertError(
      'bad-option',
      `${said}, and labels are whole numbers from -2,147,483,648 to 2,147,483,647 where they come as ${layout.dtype}: ${layout.kind === 'stream' ? 'round them, and give them in an integer type' : `save them in an integer type, or leave ${named('labels')} out`}`,
      'labels'
    );
  }
}

/** Whether no averaging window straddles the edges of a slab of a block of `extent`. */
const holdsWindows = ({ z, y, depth, height }: Slab, [nz, ny]: Shape): boolean =>
  z % 2 === 0 && y % 2 === 0 && (depth % 2 === 0 || z + depth === nz) && (height % 2 === 0 || y + height === ny);
