import type { Shape } from './volume.ts';

/** One resolution of the pyramid, by its relation to the finer ones. */
export interface Level {
  /** Lengths along (Z, Y, X), in voxels of this level. */
  shape: Shape;
  /** How many voxels of level 0 one voxel stands for, along (Z, Y, X). */
  factor: Shape;
  /** How many voxels of the next finer level are reduced into one, along (Z, Y, X): 1 or 2. */
  reduction: Shape;
}

export const map3 = <T, U>(values: readonly [T, T, T], f: (value: T, axis: number) => U): [U, U, U] => [
  f(values[0], 0),
  f(values[1], 1),
  f(values[2], 2)
];
/** Sums along each axis. */
export const add3 = (a: Shape, b: Shape): Shape => map3(a, (n, axis) => n + b[axis]);

export const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);

/** Chunks along (Z, Y, X) that cover a level; those at the far edges reach over it. */
export const chunkCounts = (shape: Shape, chunk: Shape): Shape => map3(shape, (n, axis) => Math.ceil(n / chunk[axis]));

/**
 * How many times as coarse as the finest axis an axis is that waits for it: twice, less what is lost where programs
 * round voxel sizes. From 1.42 times on, waiting would bring an axis nearer to the others than halving it with them.
 */
const TWICE = 1.9;

/**
 * Levels from `shape` (Z, Y, X) downwards, each half the finer one, rounded up, along the axes longer than 1. Towards
 * isotropy, an axis waits whose voxels are twice as long by then as the shortest of such axes: 5 × 1 × 1 µm is halved
 * along (Y, X), along (Y, X), then along all.
 *
 * @param voxelSize edge lengths of a voxel of level 0, in whatever unit; null: unknown, and taken to be equal
 * @param wanted number of levels, the full resolution included; `auto` halves until a level fits one chunk. Fewer are
 *   given where another would have the same shape.
 */
export function pyramid(shape: Shape, chunk: Shape, voxelSize: Shape | null, wanted: number | 'auto'): Level[] {
  const levels: Level[] = [{ shape, factor: [1, 1, 1], reduction: [1, 1, 1] }];
  for (;;) {
    const last = levels[levels.length - 1];
    const enough = wanted === 'auto' ? last.shape.every((n, axis) => n <= chunk[axis]) : levels.length >= wanted;
    if (enough || product(last.shape) === 1) return levels;
    const edge = map3(last.factor, (f, axis) => f * (voxelSize?.[axis] ?? 1));
    const shortest = Math.min(...edge.filter((_, axis) => last.shape[axis] > 1));
    // The shortest is never among those that wait, also where all are beyond what numbers can express: every step
    // halves something.
    const waits = (length: number) => length > shortest && length >= TWICE * shortest;
    const reduction = map3(last.shape, (n, axis) => (n > 1 && !waits(edge[axis]) ? 2 : 1));
    levels.push({
      shape: map3(last.shape, (n, axis) => Math.ceil(n / reduction[axis])),
      factor: map3(last.factor, (f, axis) => f * reduction[axis]),
      reduction
    });
  }
}
