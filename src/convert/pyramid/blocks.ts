import type { Shape } from '../volume.ts';
import { type Level, map3, product } from './levels.ts';

/**
 * How one level is cut into blocks, the pieces that are held in memory. A block is a whole number of chunks long, or the whole axis;
 * its voxels are reduced into exactly one block of the next level, so that the blocks of all levels form trees.
 */
export interface Grid {
  /** Lengths of a block along (Z, Y, X), in voxels; blocks at the far edges are shorter. */
  size: Shape;
  /** Blocks along (Z, Y, X). */
  count: Shape;
  /** Blocks of the level above (the finer one) that are reduced into one of these, along (Z, Y, X): 1 or 2. */
  children: Shape;
}

/** Smallest block: as long as a chunk, or as two where the chunk's length is odd, so that no averaging window straddles blocks. */
export const blockUnit = (chunk: Shape): Shape => map3(chunk, n => (n % 2 ? 2 * n : n));

/**
 * Grids of all levels for blocks of `leaf` voxels at level 0. Along each axis `leaf` is a power of two times the unit, or at least the
 * axis. Further down a block is half as long as the one above as long as it is then a unit at least; after that two make one.
 */
export function blockGrids(levels: Level[], chunk: Shape, leaf: Shape): Grid[] {
  const unit = blockUnit(chunk);
  const whole = map3(leaf, (n, axis) => n >= levels[0].shape[axis]);
  const grids: Grid[] = [];
  let size = leaf;
  let children: Shape = [1, 1, 1];
  for (const { shape } of levels) {
    grids.push({
      size: map3(size, (n, axis) => (whole[axis] ? shape[axis] : n)),
      count: map3(shape, (n, axis) => (whole[axis] ? 1 : Math.ceil(n / size[axis]))),
      children
    });
    children = map3(size, (n, axis) => (whole[axis] || n / 2 >= unit[axis] ? 1 : 2));
    size = map3(size, (n, axis) => Math.max(n / 2, unit[axis]));
  }
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

/** Number of a block within its level. */
export const blockNumber = (grid: Grid, [z, y, x]: Shape): number => (z * grid.count[1] + y) * grid.count[2] + x;

/** Indices of the level-0 blocks, all those under one block before those of the next, at every level. */
export function* depthFirst(grids: Grid[]): Generator<Shape> {
  function* under(level: number, index: Shape): Generator<Shape> {
    if (level === 0) {
      yield index;
      return;
    }
    const { start, end } = childRange(grids[level], grids[level - 1], index);
    yield* within(level - 1, start, end);
  }
  function* within(level: number, start: Shape, end: Shape): Generator<Shape> {
    for (let z = start[0]; z < end[0]; z++)
      for (let y = start[1]; y < end[1]; y++) for (let x = start[2]; x < end[2]; x++) yield* under(level, [z, y, x]);
  }
  yield* within(grids.length - 1, [0, 0, 0], grids[grids.length - 1].count);
}

/** How many level-0 blocks there are. */
export const leafCount = (grids: Grid[]): number => product(grids[0].count);
