import { binCount } from '../model/histogram.ts';
import { product } from '../model/levels.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape } from '../model/volume.ts';
import type { Box } from './block.ts';
import { forEachPoint } from './sample-grid.ts';
import type { CountingJob } from './task.ts';
import type { ThreadContext } from './thread-context.ts';
import { voxelGetter } from './voxels.ts';

/** Counts voxels of level 0 by value, and notes those at the points of the sample grid, in one thread. */
export class VoxelCounter {
  readonly #context: ThreadContext;
  readonly #job: CountingJob;

  constructor(context: ThreadContext, job: CountingJob) {
    this.#context = context;
    this.#job = job;
  }

  /** Counts the voxels of a box, in one of `step` rows. `from`: its place in level 0. */
  count(dtype: Dtype, step: number, from: Shape, [nz, ny, nx]: Shape, [address, plane, row]: Box): void {
    const { simd, areas } = this.#context;
    simd.histogram(dtype)(address, plane, row, nz, ny, nx, from[0], from[1], step, areas.histogram);
  }

  /** Adds what this thread has counted to what all have, of the volume's channel. */
  addCounts(dtype: Dtype, volume: number): void {
    const { simd, areas } = this.#context;
    const { total, channels } = this.#job;
    const bins = binCount(dtype);
    simd.addHistogram(areas.histogram, bins, total + (volume % channels) * bins * 8);
  }

  /** Notes the values at the points in a box. `from`: its place in level 0. */
  sample(dtype: Dtype, volume: number, from: Shape, extent: Shape, [address, planeBytes, rowBytes]: Box): void {
    const { sampleGrid } = this.#job;
    const { shared, view } = this.#context;
    const bytes = BYTES_PER_VOXEL[dtype];
    const get = voxelGetter(view, dtype);
    const before = volume * product(sampleGrid.count);
    forEachPoint(sampleGrid, from, extent, (point, z, y, x) => {
      const at = (z - from[0]) * planeBytes + (y - from[1]) * rowBytes + (x - from[2]) * bytes;
      shared.sample[before + point] = get(address + at);
    });
  }
}
