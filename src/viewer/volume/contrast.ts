import { atOnce } from '../../model/at-once.ts';
import type { ByteReader } from '../transport/source.ts';
import type { Channel, Image } from './image.ts';
import { chunkOf, eachRow, openLevel } from './levelArray.ts';
import { Percentiles } from './percentiles.ts';
import { BLACK, WHITE } from './shares.ts';

const MiB = 2 ** 20;
/** Decoded bytes and chunks that are looked at: all of a usual coarsest level, the middle of a larger one. */
const MOST_BYTES = 32 * MiB;
const MOST_CHUNKS = 128;
/** A larger chunk is not read for this. */
const LARGEST_CHUNK = 256 * MiB;
/** Milliseconds that a picture may wait for its contrast. */
const PATIENCE = 15_000;
/** Who asks for a chunk in the milliseconds after that waits with this for it, and not anew. */
const SHARED = 5000;
/** Chunks that are read at once. */
const AT_ONCE = 8;

/**
 * Sets a window for channels whose metadata has none: from the 1st to the 99th percentile of the coarsest level, which
 * is small, or of its middle. NaN, infinities, missing chunks and a fill value other than 0 are not counted.
 *
 * @param most channels that are looked at
 * @throws Error where the voxels cannot be read; the channels are then as they were
 */
export async function chooseContrastLimits(image: Image, read: ByteReader, most: number): Promise<void> {
  const wanted = image.channels.slice(0, most).flatMap(({ window }, n) => (window ? [] : [n]));
  if (wanted.length === 0) return;
  const late = AbortSignal.timeout(PATIENCE);
  const given = new Promise<never>((_, fail) => {
    const why = new Error(`its voxels were not there within ${PATIENCE / 1000} s.`);
    late.addEventListener('abort', () => fail(why), { once: true });
  });
  await Promise.race([choose(image, read, wanted, late), given]);
}

async function choose(image: Image, read: ByteReader, wanted: number[], late: AbortSignal): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE + SHARED);
  const array = await openLevel(image, image.levels.length - 1, read, signal);
  const channelAxis = image.channelAxis === null ? -1 : image.allAxes.findIndex(({ kind }) => kind === 'channel');
  const found = wanted.map(() => new Percentiles(image.dtype));
  const fill = Number(array.fillValue);
  const cells = cellsOf(array.shape, array.chunks, channelAxis, wanted, bytesOf(image.dtype));
  const visit = async (cell: number[]): Promise<void> => {
    const chunk = await chunkOf(array, cell, signal);
    if (!chunk.found) return;
    const { data, stride } = chunk;
    const last = array.shape.length - 1;
    eachRow(array, cell, stride, (row, place, count) => {
      for (let index = 0; index < count; index++) {
        const n = channelAxis < 0 ? 0 : wanted.indexOf(channelAxis === last ? place[last] + index : place[channelAxis]);
        const value = Number(data[row + index * stride[last]]);
        if (n >= 0 && (value !== fill || fill === 0)) found[n].add(value);
      }
    });
  };
  await atOnce(AT_ONCE, cells, async cell => {
    if (!late.aborted) await visit(cell);
  });
  if (late.aborted) return;
  wanted.forEach((channel, n) => {
    image.channels[channel].window = contrastLimitsOf(found[n], image.dtype);
  });
}

const bytesOf = (dtype: string): number => Number(/\d+$/.exec(dtype)?.[0] ?? 8) / 8;

/** The chunks to look at, those in the middle first: of each place those of all channels that are wanted. */
function cellsOf(
  shape: readonly number[],
  chunks: readonly number[],
  channelAxis: number,
  wanted: number[],
  voxel: number
): number[][] {
  const size = chunks.reduce((a, b) => a * b, voxel);
  if (size > LARGEST_CHUNK) throw new Error(`its chunks have ${Math.round(size / MiB)} MiB each.`);
  const grid = shape.map((length, axis) => Math.ceil(length / chunks[axis]));
  const channels = [...new Set(wanted.map(n => (channelAxis < 0 ? 0 : Math.floor(n / chunks[channelAxis]))))];
  const places = Math.max(1, Math.floor(Math.min(MOST_BYTES / size, MOST_CHUNKS) / channels.length));
  const cells = nearestToMiddle(
    grid.map((count, axis) => (axis === channelAxis ? 1 : count)),
    places
  );
  if (channelAxis < 0) return cells;
  return cells.flatMap(cell => channels.map(n => cell.map((index, axis) => (axis === channelAxis ? n : index))));
}

/** Up to `most` places of a grid, none further from its middle than one that is left out. */
function nearestToMiddle(grid: number[], most: number): number[][] {
  // A box that is grown evenly holds them, however many places the grid has.
  let reach = 1;
  const boxAt = (by: number) =>
    grid.map(count => {
      const middle = (count - 1) / 2;
      return [Math.max(0, Math.ceil(middle - by / 2)), Math.min(count - 1, Math.floor(middle + by / 2))];
    });
  const volumeAt = (by: number): number => boxAt(by).reduce((n, [low, high]) => n * (high - low + 1), 1);
  const all = grid.reduce((a, b) => a * b, 1);
  while (volumeAt(reach) < Math.min(most, all)) reach++;
  let places: number[][] = [[]];
  for (const [low, high] of boxAt(reach)) {
    places = places.flatMap(place => Array.from({ length: high - low + 1 }, (_, n) => [...place, low + n]));
  }
  const distance = (place: number[]): number =>
    Math.max(...place.map((index, axis) => Math.abs(index - (grid[axis] - 1) / 2)));
  return places.sort((a, b) => distance(a) - distance(b)).slice(0, most);
}

/** The window of some values; null where there are none. */
function contrastLimitsOf(values: Percentiles, dtype: string): Channel['window'] {
  const isInteger = dtype.includes('int');
  const [min, black, white, max] = values.at([0, BLACK, WHITE, 1]);
  if (min === undefined) return null;
  if (min === max) {
    // One value only: in the middle of a window that begins or ends with 0.
    const ends = min === 0 ? [0, 1] : [Math.min(0, 2 * min), Math.max(0, 2 * min)];
    return { start: ends[0], end: ends[1], min: ends[0], max: ends[1] };
  }
  // Where nearly all have one value, the others are what is to be seen.
  const [start, end] = black < white ? [black, white] : [min, max];
  return isInteger ? { start: Math.floor(start), end: Math.ceil(end), min, max } : { start, end, min, max };
}
