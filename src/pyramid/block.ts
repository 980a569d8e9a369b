import type { Shape, VoxelBytes } from '../model/volume.ts';
import { map3 } from '../model/levels.ts';

/** Address and strides of a box of voxels in the shared memory, as the loops take them; its rows are contiguous. */
export type Box = [address: number, planeBytes: number, rowBytes: number];

/** A box of voxels within a block. */
export interface Part {
  start: Shape;
  shape: Shape;
}

/**
 * A block in the shared memory. It is cut along (Y, X) into tiles as long as a chunk, as deep as the block, one after
 * another in C order: a chunk that no edge cuts lies in one piece, in C order, and is encoded from there.
 */
export class Block {
  readonly extent: Shape;
  readonly #address: number;
  readonly #height: number;
  readonly #width: number;
  readonly #bytes: VoxelBytes;

  /** `extent`: lengths along (Z, Y, X); `chunk`: those of a chunk. */
  constructor(address: number, extent: Shape, chunk: Shape, bytes: VoxelBytes) {
    this.extent = extent;
    this.#address = address;
    // No averaging window straddles tiles.
    [, this.#height, this.#width] = map3(chunk, n => (n % 2 ? 2 * n : n));
    this.#bytes = bytes;
  }

  /** Where the voxel at `start` is, and the strides of its tile. */
  at([z, y, x]: Shape): Box {
    const [nz, ny, nx] = this.extent;
    const top = y - (y % this.#height);
    const left = x - (x % this.#width);
    const height = Math.min(this.#height, ny - top);
    const rowBytes = Math.min(this.#width, nx - left) * this.#bytes;
    const tile = this.#address + nz * (top * nx * this.#bytes + left * height * this.#bytes);
    const planeBytes = height * rowBytes;
    return [tile + z * planeBytes + (y - top) * rowBytes + (x - left) * this.#bytes, planeBytes, rowBytes];
  }

  /** Whether a part of one tile lies in one piece, in C order. */
  isDense({ shape: [nz, ny, nx] }: Part, [, planeBytes, rowBytes]: Box): boolean {
    const row = nx * this.#bytes;
    return (nz * ny === 1 || rowBytes === row) && (nz === 1 || planeBytes === ny * row);
  }

  /** A part of the block, cut into those of single tiles. */
  *parts(
    { start: [z, top, left], shape: [nz, ny, nx] }: Part = { start: [0, 0, 0], shape: this.extent }
  ): Generator<Part> {
    for (let y = top; y < top + ny;) {
      const height = Math.min(this.#height - (y % this.#height), top + ny - y);
      for (let x = left; x < left + nx;) {
        const width = Math.min(this.#width - (x % this.#width), left + nx - x);
        yield { start: [z, y, x], shape: [nz, height, width] };
        x += width;
      }
      y += height;
    }
  }
}
