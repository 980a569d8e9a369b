import type { OuterShape, Shape } from '../model/volume.ts';
import { map3, product } from '../model/levels.ts';

/**
 * Points of level 0 from which percentiles are reckoned: a grid that depends on the shape alone, not on how work is
 * cut.
 */
export interface SampleGrid {
  /** Distance between points along (Z, Y, X), in voxels. */
  step: Shape;
  /** First point. */
  first: Shape;
  /** Points along (Z, Y, X). */
  count: Shape;
}

/** Points for each channel, and for all channels together where there are many. */
const POINTS = 100_000;
const ALL_POINTS = 400_000;

/** About 100,000 points of each channel, spread over its volumes of `shape` (Z, Y, X); all voxels of small ones. */
export function sampleGrid(shape: Shape, { t, c }: OuterShape): SampleGrid {
  const points = Math.max(1, Math.min(POINTS / t, ALL_POINTS / (t * c)));
  // Odd steps, so that they do not fall in step with chunk lengths or the periods of detector rows.
  let step: Shape = [1, 1, 1];
  while (product(map3(shape, (n, axis) => Math.ceil(n / step[axis]))) > points) {
    const counts = map3(shape, (n, axis) => Math.ceil(n / step[axis]));
    const longest = counts.indexOf(Math.max(...counts));
    step = map3(step, (s, axis) => (axis === longest ? s + 2 : s));
  }
  const first = map3(shape, (n, axis) => Math.min(n - 1, step[axis] >> 1));
  return { step, first, count: map3(shape, (n, axis) => Math.ceil((n - first[axis]) / step[axis])) };
}

/**
 * Visits the points in a box (first voxel and lengths along (Z, Y, X)): the number of each in C order, and its voxel.
 */
export function forEachPoint(
  { step, first, count }: SampleGrid,
  start: Shape,
  extent: Shape,
  visit: (point: number, z: number, y: number, x: number) => void
): void {
  const number = (at: number, axis: number) => Math.max(0, Math.ceil((at - first[axis]) / step[axis]));
  const from = map3(start, number);
  const to = map3(start, (at, axis) => Math.min(count[axis], number(at + extent[axis], axis)));
  for (let z = from[0]; z < to[0]; z++)
    for (let y = from[1]; y < to[1]; y++)
      for (let x = from[2]; x < to[2]; x++) {
        const point = (z * count[1] + y) * count[2] + x;
        visit(point, first[0] + z * step[0], first[1] + y * step[1], first[2] + x * step[2]);
      }
}
