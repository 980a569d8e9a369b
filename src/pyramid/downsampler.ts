import { map3 } from '../model/levels.ts';
import { BYTES_PER_VOXEL } from '../model/volume.ts';
import { Block, type Part } from './block.ts';
import { blockExtent, parentIndex } from './blocks.ts';
import type { BlockJob, BlockTask } from './task.ts';
import type { ThreadContext } from './thread-context.ts';

/** Makes of the windows in a part of a block, or in all of it, the voxels of its place in the parent. */
export type Reduce = (part?: Part) => void;

/** Reduces blocks into those of the next coarser level, in one thread. */
export class Downsampler {
  readonly #context: ThreadContext;
  readonly #job: BlockJob;

  constructor(context: ThreadContext, job: BlockJob) {
    this.#context = context;
    this.#job = job;
  }

  /** A function that reduces a block into its parent; null where it has none. */
  reducer({ level, index, parent }: BlockTask, block: Block): Reduce | null {
    if (parent === null) return null;
    const { levels, plan, chunk, dtype, downsample } = this.#job;
    const grid = plan.grids[level + 1];
    const { reduction } = levels[level + 1];
    const extent = blockExtent(levels[level + 1], grid, parentIndex(grid, index));
    const target = new Block(parent, extent, chunk, BYTES_PER_VOXEL[dtype]);
    const origin = map3(index, (i, axis) => (i % grid.children[axis]) * plan.grids[level].size[axis]);
    const halve = this.#context.simd.halve(dtype, downsample);
    return part => {
      for (const {
        start,
        shape: [nz, ny, nx]
      } of block.parts(part)) {
        const [source, sourcePlane, sourceRow] = block.at(start);
        const place = map3(start, (n, axis) => (origin[axis] + n) / reduction[axis]);
        const [to, plane, row] = target.at(place);
        halve(source, sourcePlane, sourceRow, to, plane, row, nz, ny, nx, reduction[0], reduction[1], reduction[2]);
      }
    };
  }
}
