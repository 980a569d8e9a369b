import { type Layout, type SegmentCoding, decodedTogether } from '../../model/layout.ts';
import { type Level, map3, pyramid } from '../../model/levels.ts';
import { BYTES_PER_VOXEL, type Shape } from '../../model/volume.ts';

/** A level as it is looked at: a voxel of it is the source's voxel at its index times the factor. */
export interface LookLevel extends Pick<Level, 'shape' | 'factor'> {
  chunk: Shape;
}

/** Levels that can be looked at, and the factors along (Y, X) of those that are left out. */
export interface LookGrid {
  levels: LookLevel[];
  leftOut: number[];
}

/** Voxels of a chunk, about: small enough for views across the planes, of which each has a chunk of its own. */
const CHUNK_VOXELS = 1 << 15;
const CHUNK_WIDTH = 256;
/** Bytes that are read or decoded for one chunk of several planes, about. */
const CHUNK_COST = 4 << 20;
/** A coarsest level, which is read whole for the first picture, is made coarser while it costs more. */
const COARSEST_COST = 96 << 20;
/** How many times as long the bytes of some codings take: a first picture is waited for. */
const SLOWNESS: Partial<Record<SegmentCoding, number>> = { lzw: 3, deflate: 2, png: 2 };
const COARSEST_LENGTH = 64;
const TINY_LENGTH = 16;
/** A source of less is read whole without being noticed. */
const SMALL = 512 << 20;
/** How coarse a level may be to take the place of finer ones that are left out. */
const NEAR = 8;
/** Least bytes that a disk reads for one row. */
const PAGE = 4096;

/** Levels and chunks that are cheap in a source: a view asks for little that it does not show. */
export function lookGrid(layout: Layout, voxelSize: Shape | null): LookGrid {
  const wholes = [COARSEST_LENGTH, COARSEST_LENGTH, COARSEST_LENGTH] as Shape;
  const slowness = Math.max(...layout.encodings.map(({ coding }) => SLOWNESS[coding] ?? 1));
  // Ever coarser ones, down to a single voxel.
  const all = pyramid(layout.shape, wholes, voxelSize, 64);
  const isCoarse = ({ shape, factor }: Level) =>
    Math.max(...shape) <= COARSEST_LENGTH &&
    (Math.max(...shape) <= TINY_LENGTH || slowness * levelCost(layout, factor) <= COARSEST_COST);
  const last = all.findIndex(isCoarse);
  const levels = all.slice(0, last < 0 ? all.length : last + 1);
  const whole = levelCost(layout, [1, 1, 1]);
  const needsAll = ({ factor }: Level) =>
    whole > SMALL && decodedTogether(layout) !== null && levelCost(layout, factor) >= whole;
  // Where none that is cheaper is near, a view of much would take the finest in their place, which is dearer still.
  const cheaper = levels.findIndex((level, k) => k > 0 && !needsAll(level));
  const isReplaced = cheaper > 0 && Math.max(...levels[cheaper].factor) <= NEAR;
  const isDear = (level: Level, k: number) => isReplaced && k > 0 && k < cheaper && needsAll(level);
  return {
    levels: levels
      .filter((level, k) => !isDear(level, k))
      .map(({ shape, factor }) => ({ shape, factor, chunk: chunkOf(layout, shape, factor) })),
    leftOut: levels.filter(isDear).map(({ factor }) => Math.max(factor[1], factor[2]))
  };
}

/** Bytes that are read, or come out of a decoder, for all voxels of a level of one volume. */
const levelCost = (layout: Layout, factor: Shape): number =>
  Math.ceil(layout.shape[0] / factor[0]) * planeCost(layout, factor, layout.shape[1], layout.shape[2]);

/** The same for one plane, or for `height` × `width` voxels of it. */
function planeCost(layout: Layout, [, fy, fx]: Shape, height: number, width: number): number {
  const bytes = BYTES_PER_VOXEL[layout.dtype];
  const together = decodedTogether(layout);
  if (!together) {
    const rows = Math.ceil(height / fy);
    return Math.min(rows * Math.max(PAGE, width * bytes), Math.max(PAGE, height * layout.shape[2] * bytes));
  }
  const { rows, columns } = together;
  const touched = (length: number, segment: number, step: number) =>
    Math.min(Math.ceil(length / step), Math.ceil(length / segment)) * segment;
  return touched(height, rows, fy) * touched(width, columns, fx) * bytes;
}

/** Flat chunks, as long as tiles where there are some; deep only where planes are small or cost little. */
function chunkOf(layout: Layout, shape: Shape, factor: Shape): Shape {
  const together = decodedTogether(layout);
  const isTiled = together !== null && together.columns < layout.shape[2];
  const tile = ([together?.rows, together?.columns] as const).map(n => multipleOf(n ?? 1, CHUNK_WIDTH));
  const wanted = isTiled && factor[1] === 1 ? tile : [CHUNK_VOXELS / CHUNK_WIDTH, CHUNK_WIDTH];
  const width = Math.min(shape[2], wanted[1]);
  const height = Math.min(shape[1], isTiled ? wanted[0] : Math.max(wanted[0], Math.floor(CHUNK_VOXELS / width)));
  const cost = planeCost(layout, factor, height * factor[1], width * factor[2]);
  const depth = Math.floor(Math.min(CHUNK_VOXELS / (height * width), CHUNK_COST / cost));
  return map3([Math.max(1, depth), height, width] as Shape, (n, axis) => Math.max(1, Math.min(n, shape[axis])));
}

/** The greatest multiple of a length that is no longer than `most`, or the length itself. */
const multipleOf = (length: number, most: number): number => length * Math.max(1, Math.floor(most / length));
