import type { Shape } from '../model/volume.ts';
import { type Level, map3, product } from '../model/levels.ts';

/**
 * How one level is cut into blocks, the pieces that are held in memory. A block is a whole number of the output's files
 * long, or the whole axis; its voxels are reduced into exactly one block of the next level, so that the blocks of all
 * levels form trees.
 */
export interface Grid {
  /** Lengths of a block along (Z, Y, X), in voxels; blocks at the far edges are shorter. */
  size: Shape;
  /** Blocks along (Z, Y, X). */
  count: Shape;
  /** Blocks of the next finer level that are reduced into one of these, along (Z, Y, X): 1 or 2. */
  children: Shape;
}

/**
 * Smallest block: as long as what a file of the output holds (a chunk or a shard), or as two where that length is odd,
 * so that no averaging window straddles blocks.
 */
export const blockUnit = (file: Shape): Shape => map3(file, n => (n % 2 ? 2 * n : n));

/**
 * Grids of all levels for blocks of `leaf` voxels at level 0. Along each axis `leaf` is a power of two times the unit,
 * or at least the axis. Further down a block is half as long as the one above as long as it is then a unit at least;
 * after that two make one. Along an axis that is not halved it stays as it is.
 */
export function blockGrids(levels: Level[], file: Shape, leaf: Shape): Grid[] {
  const unit = blockUnit(file);
  const whole = map3(leaf, (n, axis) => n >= levels[0].shape[axis]);
  const grids: Grid[] = [];
  let size = leaf;
  let children: Shape = [1, 1, 1];
  levels.forEach(({ shape }, k) => {
    grids.push({
      size: map3(size, (n, axis) => (whole[axis] ? shape[axis] : n)),
      count: map3(shape, (n, axis) => (whole[axis] ? 1 : Math.ceil(n / size[axis]))),
      children
    });
    const reduction = levels[k + 1]?.reduction ?? [1, 1, 1];
    children = map3(size, (n, axis) => (whole[axis] || n / reduction[axis] >= unit[axis] ? 1 : 2));
    size = map3(size, (n, axis) => Math.max(n / reduction[axis], unit[axis]));
  });
  return grids;
}

/** Lengths of the block at `index`, cut at the level's edge. */
export const blockExtent = (level: Level, grid: Grid, index: Shape): Shape =>
  map3(index, (i, axis) => Math.min(grid.size[axis], level.shape[axis] - i * grid.size[axis]));

/** First voxel of the block at `index`. */
export const blockStart = (grid: Grid, index: Shape): Shape => map3(index, (i, axis) => i * grid.size[axis]);

/** Index of the block one level down into which the block at `index` is reduced. */
export const parentIndex = (parents: Grid, index: Shape): Shape =>
  map3(index, (i, axis) => Math.floor(i / parents.children[axis]));

/** The blocks one level up that are reduced into the block at `index`, half-open index ranges along (Z, Y, X). */
export function childRange(parents: Grid, children: Grid, index: Shape): { start: Shape; end: Shape } {
  const start = map3(index, (i, axis) => i * parents.children[axis]);
  return { start, end: map3(start, (i, axis) => Math.min(i + parents.children[axis], children.count[axis])) };
}

/** Number of a block of a volume within its level. */
export const blockNumber = ({ count }: Grid, volume: number, [z, y, x]: Shape): number =>
  ((volume * count[0] + z) * count[1] + y) * count[2] + x;

/** A block from which the ones under it in the pyramid are to be made. */
export interface Leaf {
  volume: number;
  level: number;
  index: Shape;
  /** Whether its chunks are in the output already, so that it is only to be reduced; always of level 0 otherwise. */
  stored: boolean;
}

/** A block of the last level, with all that is reduced into it. */
export type Root = Pick<Leaf, 'volume' | 'index'>;

/** Whether a block is in the output already. */
export type IsStored = (volume: number, level: number, index: Shape) => boolean;

/** Blocks of the last level of so many volumes, in the order of their numbers; of numbers from `from` to `to`. */
export function* rootsOf(
  grids: Grid[],
  volumes: number,
  [from, to]: readonly number[] = [0, Infinity]
): Generator<Root> {
  const grid = grids[grids.length - 1];
  const count = product(grid.count);
  for (let number = from; number < Math.min(to, volumes * count); number++)
    yield { volume: Math.floor(number / count), index: blockIndex(grid, number) };
}

/**
 * The blocks to begin with, all those under one block before those of the next, at every level: every level-0 block
 * under the `roots`, except that a stored block stands for all that was reduced into it, and that nothing stands for a
 * stored block of the last level.
 */
export function* depthFirst(grids: Grid[], roots: Iterable<Root>, isStored: IsStored = () => false): Generator<Leaf> {
  const last = grids.length - 1;
  function* under(volume: number, level: number, index: Shape): Generator<Leaf> {
    const stored = isStored(volume, level, index);
    if (stored && level === last) return;
    if (stored || level === 0) {
      yield { volume, level, index, stored };
      return;
    }
    const { start, end } = childRange(grids[level], grids[level - 1], index);
    yield* within(volume, level - 1, start, end);
  }
  function* within(volume: number, level: number, start: Shape, end: Shape): Generator<Leaf> {
    for (const index of indices(start, end)) yield* under(volume, level, index);
  }
  for (const { volume, index } of roots) yield* under(volume, last, index);
}

/** Index triples from `start` up to `end`, in C order. */
export function* indices(start: Shape, end: Shape): Generator<Shape> {
  for (let z = start[0]; z < end[0]; z++)
    for (let y = start[1]; y < end[1]; y++) for (let x = start[2]; x < end[2]; x++) yield [z, y, x];
}

/** Index, within its volume, of the block with a number as `blockNumber` gives it. */
export const blockIndex = ({ count: [nz, ny, nx] }: Grid, number: number): Shape => [
  Math.floor(number / (ny * nx)) % nz,
  Math.floor(number / nx) % ny,
  number % nx
];

/** How many level-0 blocks a volume has. */
export const leafCount = (grids: Grid[]): number => product(grids[0].count);
