import { type Layout, storedBytes } from '../model/layout.ts';
import type { Range } from './common/brought.ts';

type Triple = readonly [z: number, y: number, x: number];

/** Rows of which parts are wanted are brought each by itself where more than this lies between. */
const APART = 16 << 10;

/** Where a box begins as rows and columns are stored. */
export function asStored({ flip, shape }: Layout, [z, y, x]: Triple, [, ny, nx]: Triple): Triple {
  const [, height, width] = shape;
  return [z, flip.rows ? height - y - ny : y, flip.columns ? width - x - nx : x];
}

/**
 * Where all that a box is read from lies in a file: of compressed segments all of each, of others the rows.
 *
 * @param start as rows and columns are stored
 * @param has whether the segment of a number is there already, decoded
 */
export function storedRanges(layout: Layout, start: Triple, shape: Triple, has: (segment: number) => boolean): Range[] {
  const { planeEncoding, firstSegment, offsets, byteCounts, packing } = layout;
  const [z0, y0, x0] = start;
  const [nz, ny, nx] = shape;
  const found: Range[] = [];
  for (let z = z0; z < z0 + nz; z++) {
    const { coding, segmentHeight, segmentWidth, segmentColumns } = layout.encodings[planeEncoding[z]];
    const rowBytes = storedBytes(packing, segmentWidth);
    for (let row = Math.floor(y0 / segmentHeight); row * segmentHeight < y0 + ny; row++)
      for (let column = Math.floor(x0 / segmentWidth); column * segmentWidth < x0 + nx; column++) {
        const segment = firstSegment[z] + row * segmentColumns + column;
        if (byteCounts[segment] === 0) continue;
        if (coding !== 'none') {
          if (!has(segment)) found.push({ position: offsets[segment], length: byteCounts[segment] });
          continue;
        }
        const top = Math.max(y0, row * segmentHeight) - row * segmentHeight;
        const bottom = Math.min(y0 + ny, (row + 1) * segmentHeight) - row * segmentHeight;
        const left = Math.max(x0, column * segmentWidth) - column * segmentWidth;
        const right = Math.min(x0 + nx, (column + 1) * segmentWidth) - column * segmentWidth;
        // Packed samples are read from whole bytes on.
        const first = storedBytes(packing, left - (left % 8));
        const width = storedBytes(packing, right) - first;
        const position = offsets[segment] + top * rowBytes + first;
        if (rowBytes - width <= APART) found.push({ position, length: (bottom - top - 1) * rowBytes + width });
        else for (let n = 0; n < bottom - top; n++) found.push({ position: position + n * rowBytes, length: width });
      }
  }
  return found;
}

/** Two boxes that one falls into between what is read alone; null where nothing lies between. */
export function halves(layout: Layout, start: Triple, shape: Triple): { start: Triple; shape: Triple }[] | null {
  const { coding, segmentHeight, segmentWidth } = layout.encodings[layout.planeEncoding[start[0]]];
  const units = [1, coding === 'none' ? 1 : segmentHeight, segmentWidth];
  for (let axis = 0; axis < 3; axis++) {
    const [from, length, unit] = [start[axis], shape[axis], units[axis]];
    const next = Math.floor(from / unit) * unit + unit;
    if (next >= from + length) continue;
    const middle = Math.max(next, Math.floor((from + length / 2) / unit) * unit);
    const put = (triple: Triple, value: number) => triple.map((n, a) => (a === axis ? value : n)) as unknown as Triple;
    return [
      { start, shape: put(shape, middle - from) },
      { start: put(start, middle), shape: put(shape, from + length - middle) }
    ];
  }
  return null;
}
