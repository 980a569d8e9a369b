import type { SourceLayout } from '../model/source-layout.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape } from '../model/volume.ts';
import { decodedTogether, isSequential, phase } from '../reader/index.ts';

/** Some rows of some planes of a box, full width: what is read in one go, so that a cancelled conversion ends soon. */
export interface Slab {
  /** Planes and rows, relative to the box. */
  z: number;
  y: number;
  depth: number;
  height: number;
}

/** Rows that are decoded together, and so must not be read apart. */
const rowsTogether = (layout: SourceLayout): number => decodedTogether(layout)?.rows ?? 1;

/**
 * Slabs of about `bytes` that cover a box of `shape` (Z, Y, X) whose first row is row `top` of the source. Rows that
 * are decoded together stay together, even where they exceed `bytes`; others are taken two by two, in two planes, so
 * that no averaging window straddles slabs. A source that comes in one order only is taken in that.
 */
export function* slabs(layout: SourceLayout, top: number, [nz, ny, nx]: Shape, bytes: number): Generator<Slab> {
  const rowBytes = nx * BYTES_PER_VOXEL[layout.dtype];
  const together = rowsTogether(layout);
  const pairs = Math.floor(bytes / (2 * rowBytes * ny));
  if (pairs > 0) {
    for (let z = 0; z < nz; z += 2 * pairs) yield { z, y: 0, depth: Math.min(2 * pairs, nz - z), height: ny };
    return;
  }
  const [depth, step, over] =
    together > 1 ? [1, together, phase(layout, together, top)] : isSequential(layout) ? [1, 1, 0] : [2, 2, 0];
  const rows = step * Math.max(1, Math.floor(bytes / (depth * step * rowBytes)));
  for (let z = 0; z < nz; z += depth)
    for (let y = 0; y < ny;) {
      const height = Math.min(rows - ((over + y) % step), ny - y);
      yield { z, y, depth: Math.min(depth, nz - z), height };
      y += height;
    }
}

/** Upper bound of a slab's bytes. */
export const slabBytes = (layout: SourceLayout, shape: Shape, bytes: number): number =>
  mostBytes(layout.dtype, rowsTogether(layout), shape, bytes);

/** The same of voxels that lie in a file as they are. */
export const plainSlabBytes = (dtype: Dtype, shape: Shape, bytes: number): number => mostBytes(dtype, 1, shape, bytes);

function mostBytes(dtype: Dtype, together: number, [nz, ny, nx]: Shape, bytes: number): number {
  const rowBytes = nx * BYTES_PER_VOXEL[dtype];
  const least = rowBytes * (together > 1 ? Math.min(ny, together) : 4);
  return Math.min(rowBytes * ny * nz, Math.max(bytes, least));
}
