import { map3 } from '../model/levels.ts';
import { BYTES_PER_VOXEL, type Shape } from '../model/volume.ts';
import type { Box } from './block.ts';
import type { BlockJob } from './task.ts';
import type { ThreadContext } from './thread-context.ts';

/**
 * A number of 64 bits for each chunk of level 0, made of the voxels that it should hold: so chunks can be compared with
 * a source whose planes do not fit the memory, and would have to be decoded for each block. All threads add to them.
 */
export class ChunkDigests {
  readonly #context: ThreadContext;
  readonly #digests: BigInt64Array;
  readonly #chunk: Shape;
  /** Chunks along (Z, Y, X). */
  readonly #count: Shape;
  readonly #bytes: number;

  /** `address`: of int64 a chunk, all 0 at first, one volume after another. */
  constructor(context: ThreadContext, { levels, chunk, dtype, plan }: BlockJob, address: number) {
    this.#context = context;
    this.#digests = new BigInt64Array(context.memory.buffer, address, plan.totals / 8);
    this.#chunk = chunk;
    this.#count = map3(levels[0].shape, (n, axis) => Math.ceil(n / chunk[axis]));
    this.#bytes = BYTES_PER_VOXEL[dtype];
  }

  /** Adds whole rows of a chunk, as long as it is, from voxel `start` of level 0 on. */
  add(volume: number, start: Shape, shape: Shape, box: Box): void {
    Atomics.add(this.#digests, this.#number(volume, start), this.#digest(start, shape, box));
  }

  /** Whether all of a chunk that lies within the volume is as it should be. */
  isSame(volume: number, start: Shape, shape: Shape, box: Box): boolean {
    return Atomics.load(this.#digests, this.#number(volume, start)) === this.#digest(start, shape, box);
  }

  #number(volume: number, start: Shape): number {
    const [, ny, nx] = this.#count;
    const [z, y, x] = map3(start, (n, axis) => Math.floor(n / this.#chunk[axis]));
    return ((volume * this.#count[0] + z) * ny + y) * nx + x;
  }

  #digest([z, y]: Shape, [nz, ny, nx]: Shape, box: Box): bigint {
    const [depth, height] = this.#chunk;
    const first = (z % depth) * height + (y % height);
    return this.#context.simd.digest(...box, nz, ny, nx * this.#bytes, first, height);
  }
}
