import type { Frames, Shape } from '../volume.ts';
import { indices } from './blocks.ts';
import { map3, product } from './levels.ts';

/** Points of level 0 from which percentiles are reckoned: a lattice that depends on the shape alone, not on how work is cut. */
export interface Lattice {
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
export function sampleLattice(shape: Shape, { t, c }: Frames): Lattice {
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

/** Numbers, in C order, of the points in a box: first voxel and lengths along (Z, Y, X). */
export function* latticePoints({ step, first, count }: Lattice, start: Shape, extent: Shape): Generator<number> {
  const number = (at: number, axis: number) => Math.max(0, Math.ceil((at - first[axis]) / step[axis]));
  const from = map3(start, number);
  const to = map3(start, (at, axis) => Math.min(count[axis], number(at + extent[axis], axis)));
  for (const [z, y, x] of indices(from, to)) yield (z * count[1] + y) * count[2] + x;
}

/** The voxel of the point with a number. */
export function latticePlace({ step, first, count }: Lattice, point: number): Shape {
  const at: Shape = [
    Math.floor(point / (count[1] * count[2])),
    Math.floor(point / count[2]) % count[1],
    point % count[2]
  ];
  return map3(at, (n, axis) => first[axis] + n * step[axis]);
}
