import type { Shape } from '../model/volume.ts';
import { add3, map3, product } from '../model/levels.ts';
import { planeFolder } from '../zarr/keys.ts';
import type { Part } from './block.ts';
import { blockExtent, blockStart, indices } from './blocks.ts';
import type { BlockJob, BlockTask, CheckTask, WriteJob } from './task.ts';

/** A file of a block; `origin` is its first voxel relative to the block. */
export interface BlockFile {
  folder: string;
  path: string;
  origin: Shape;
}

/** A chunk of a block: its number within its file, its first voxel and lengths in the block. */
export interface BlockChunk extends Part {
  number: number;
}

/** Which files and chunks the blocks of a job that writes are made of. */
export class BlockFiles {
  readonly #job: BlockJob;
  readonly #sink: WriteJob;
  /** How many chunks a shard has room for; null where a file is a chunk. */
  readonly shardChunks: number | null;

  constructor(job: BlockJob, sink: WriteJob) {
    this.#job = job;
    this.#sink = sink;
    this.shardChunks = sink.shard && product(map3(sink.shard, (n, axis) => n / job.chunk[axis]));
  }

  /** The files of a block in C order. */
  *files({ volume, level, index }: CheckTask | BlockTask): Generator<BlockFile> {
    const { levels, plan } = this.#job;
    const { outerShape, folder: image, omeZarr } = this.#sink;
    const file = this.#fileShape;
    const grid = plan.grids[level];
    const first = map3(blockStart(grid, index), (at, axis) => at / file[axis]);
    const count = map3(blockExtent(levels[level], grid, index), (n, axis) => Math.ceil(n / file[axis]));
    for (const at of indices([0, 0, 0], count)) {
      const [z, y, x] = add3(first, at);
      const folder = `${image}/${planeFolder(omeZarr, level, outerShape, volume, z)}/${y}`;
      yield { folder, path: `${folder}/${x}`, origin: map3(at, (n, axis) => n * file[axis]) };
    }
  }

  /** The chunks of a file of a block of `extent`, in C order. */
  *chunks({ origin }: BlockFile, extent: Shape): Generator<BlockChunk> {
    const { chunk } = this.#job;
    const counts = map3(this.#fileShape, (n, axis) => n / chunk[axis]);
    let number = 0;
    for (const at of indices([0, 0, 0], counts)) {
      const start = map3(at, (n, axis) => origin[axis] + n * chunk[axis]);
      const shape = map3(start, (from, axis) => Math.min(chunk[axis], extent[axis] - from));
      // Chunks of a shard beyond the volume's end are not there.
      if (shape.every(n => n > 0)) yield { number, start, shape };
      number++;
    }
  }

  get #fileShape(): Shape {
    return this.#sink.shard ?? this.#job.chunk;
  }
}
