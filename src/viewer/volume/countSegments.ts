import { atOnce } from '../../model/at-once.ts';
import { product } from '../../model/levels.ts';
import type { ByteReader } from '../transport/source.ts';
import type { Image } from './image.ts';
import { type LevelArray, chunkOf, eachRow, openLevel } from './levelArray.ts';

/** How many voxels each segment has. */
export interface SegmentCounts {
  /** By the segment's number, without 0, which stands for no segment. */
  counts: Map<bigint, number>;
  /** The level that was counted; 0: the counts are exact. */
  level: number;
  /** Voxels of level 0 for which one of that level stands; the counts are multiplied by it. */
  factor: number;
}

/** Most voxels and chunks that are counted: those of the finest level within both. */
const MOST_VOXELS = 2 ** 25;
const MOST_CHUNKS = 4096;
/** Chunks that are read at once. */
const AT_ONCE = 8;

/**
 * Counts the voxels of each segment at the finest level that is small enough to be read whole.
 *
 * @throws Error where none is, or it cannot be read whole
 */
export async function countSegments(image: Image, read: ByteReader, signal: AbortSignal): Promise<SegmentCounts> {
  const { array, level } = await chooseLevel(image, read, signal);
  const grid = gridOf(array);
  const cells = Array.from({ length: product(grid) }, (_, n) => cellAt(grid, n));
  const counts = new Map<bigint | number, number>();
  const add = (value: bigint | number, count: number): void => void counts.set(value, (counts.get(value) ?? 0) + count);
  await atOnce(AT_ONCE, cells, async cell => {
    const { data, stride, found } = await chunkOf(array, cell, signal);
    if (!found && image.own) throw new Error(`chunk ${cell.join('/')} of level ${level} is not there.`);
    const step = stride[stride.length - 1];
    eachRow(array, cell, stride, (at, _, count) => {
      // Most neighbours belong to one segment.
      let [value, length] = [data[at], 1];
      for (let n = 1; n < count; n++) {
        const here = data[at + n * step];
        if (here === value) {
          length++;
        } else {
          add(value, length);
          [value, length] = [here, 1];
        }
      }
      add(value, length);
    });
  });
  const [finest, counted] = [image.levels[0].scale, image.levels[level].scale];
  const factor = counted.reduce((all, scale, axis) => (all * scale) / finest[axis], 1);
  const segments = [...counts].flatMap(([value, count]): [bigint, number][] =>
    value > 0 ? [[BigInt(value), Math.round(count * factor)]] : []
  );
  return { counts: new Map(segments.sort(([a], [b]) => (a < b ? -1 : 1))), level, factor };
}

async function chooseLevel(
  image: Image,
  read: ByteReader,
  signal: AbortSignal
): Promise<{ array: LevelArray; level: number }> {
  let voxels = 0;
  for (const [level, { path }] of image.levels.entries()) {
    const array = await openLevel(image, level, read, signal);
    voxels = product(array.shape);
    if (voxels <= MOST_VOXELS && product(gridOf(array)) <= MOST_CHUNKS) return { array, level };
    if (level === image.levels.length - 1) {
      throw new Error(
        `its coarsest level, ${path}, has ${voxels.toLocaleString('en')} voxels, too many to be counted.`
      );
    }
  }
  throw new Error('it has no levels.');
}

const gridOf = ({ shape, chunks }: LevelArray): number[] =>
  shape.map((length, axis) => Math.ceil(length / chunks[axis]));

function cellAt(grid: number[], n: number): number[] {
  const cell = grid.map(() => 0);
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    cell[axis] = n % grid[axis];
    n = Math.floor(n / grid[axis]);
  }
  return cell;
}
