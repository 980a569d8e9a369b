import { type Layout, decodedTogether } from '../model/layout.ts';
import { BYTES_PER_VOXEL, type Shape } from '../model/volume.ts';

/** Some rows of some planes of a box, full width: what is read in one go, so that a cancelled conversion ends soon. */
export interface Slab {
  /** Planes and rows, relative to the box. */
  z: number;
  y: number;
  depth: number;
  height: number;
}

/** Rows that are decoded together, and so must not be read apart. */
const rowsTogether = (layout: Layout): number => decodedTogether(layout)?.rows ?? 1;

/** How many rows before row `top` those begin that are decoded together with it. */
function phase({ flip, shape }: Layout, together: number, top: number): number {
  if (!flip.rows) return top % together;
  return (((top - shape[1]) % together) + together) % together;
}

/**
 * Slabs of about `bytes` that cover a box of `shape` (Z, Y, X) whose first row is row `top` of the source. Rows that
 * are decoded together stay together, even where they exceed `bytes`; others are taken two by two, in two planes, so
 * that no averaging window straddles slabs.
 */
export function* slabs(layout: Layout, top: number, [nz, ny, nx]: Shape, bytes: number): Generator<Slab> {
  const rowBytes = nx * BYTES_PER_VOXEL[layout.dtype];
  const together = rowsTogether(layout);
  const pairs = Math.floor(bytes / (2 * rowBytes * ny));
  if (pairs > 0) {
    for (let z = 0; z < nz; z += 2 * pairs) yield { z, y: 0, depth: Math.min(2 * pairs, nz - z), height: ny };
    return;
  }
  const [depth, step, over] = together > 1 ? [1, together, phase(layout, together, top)] : [2, 2, 0];
  const rows = step * Math.max(1, Math.floor(bytes / (depth * step * rowBytes)));
  for (let z = 0; z < nz; z += depth)
    for (let y = 0; y < ny;) {
      const height = Math.min(rows - ((over + y) % step), ny - y);
      yield { z, y, depth: Math.min(depth, nz - z), height };
      y += height;
    }
}

/** Upper bound of a slab's bytes. */
export function slabBytes(layout: Layout, [nz, ny, nx]: Shape, bytes: number): number {
  const rowBytes = nx * BYTES_PER_VOXEL[layout.dtype];
  const together = rowsTogether(layout);
  const least = rowBytes * (together > 1 ? Math.min(ny, together) : 4);
  return Math.min(rowBytes * ny * nz, Math.max(bytes, least));
}
