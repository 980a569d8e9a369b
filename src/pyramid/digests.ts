import { chunkCounts, product } from '../model/levels.ts';
import { BYTES_PER_VOXEL, type Shape, type VoxelBytes } from '../model/volume.ts';
import type { Box, Part } from './block.ts';
import { DIGEST_BYTES, Layers } from './digest-plan.ts';
import { slabs } from './slabs.ts';
import type { BlockJob, DigestJob } from './task.ts';
import type { ThreadContext } from './thread-context.ts';

const NOTHING = new Uint8Array(DIGEST_BYTES);

/**
 * Digests of what the chunks of level 0 should hold. Where segments are larger than what fits the memory, each is
 * decoded once for these, and not again for every block that it reaches into. Each layer of a chunk has one, of its
 * pieces of planes: SHA-256 of the digest of those before and of the next one's voxels.
 */
export class Digests {
  readonly #context: ThreadContext;
  readonly #address: number;
  readonly #layers: Layers;
  /** Chunks along (Z, Y, X). */
  readonly #count: Shape;
  readonly #chunk: Shape;
  readonly #bytes: VoxelBytes;
  /** First rows of pieces: none has rows of two chunks, or of two slabs that the source is read in. */
  readonly #tops: number[];
  readonly #hash = process.getBuiltinModule('node:crypto').hash;

  constructor(context: ThreadContext, { levels, chunk, dtype, plan, source }: BlockJob, { address, depth }: DigestJob) {
    const [{ shape }] = levels;
    const [, height, width] = shape;
    this.#context = context;
    this.#address = address;
    this.#layers = new Layers(shape, chunk, depth);
    this.#count = chunkCounts(shape, chunk);
    this.#chunk = chunk;
    this.#bytes = BYTES_PER_VOXEL[dtype];
    const tops = new Set(Array.from({ length: this.#count[1] }, (_, n) => n * chunk[1]));
    for (const { y } of slabs(source!.layout, source!.start[1], [1, height, width], plan.slab)) tops.add(y);
    this.#tops = [...tops].sort((a, b) => a - b);
  }

  planes(layer: number): [from: number, to: number] {
    return this.#layers.planes(layer);
  }

  /** Pieces of a part of one plane that begins where pieces do, in the order in which they are digested. */
  *pieces({ start: [z, y, x], shape: [, ny, nx] }: Part): Generator<Part> {
    const [, , length] = this.#chunk;
    const tops = this.#tops.filter(top => top >= y && top < y + ny);
    for (const [n, top] of tops.entries()) {
      const height = (tops[n + 1] ?? y + ny) - top;
      for (let left = x; left < x + nx; left += length)
        yield { start: [z, top, left], shape: [1, height, Math.min(length, x + nx - left)] };
    }
  }

  /** Where the voxels of a piece are brought to be digested. */
  room({ shape: [, ny, nx] }: Part): Box {
    const rowBytes = nx * this.#bytes;
    return [this.#context.areas.encoded[0] + DIGEST_BYTES, ny * rowBytes, rowBytes];
  }

  /** Notes the piece in the room, which comes after those of its layer that were noted. */
  note(volume: number, piece: Part): void {
    const noted = this.#noted(volume, piece.start);
    noted.set(this.#after(noted, piece));
  }

  /** Whether a chunk's voxels are those that were noted; `bring` brings those of a piece to the room. */
  isAsNoted(volume: number, { start, shape }: Part, bring: (piece: Part, room: Box) => void): boolean {
    const [first, y, x] = start;
    let digest: Uint8Array = NOTHING;
    for (let z = first; z < first + shape[0]; z++) {
      for (const piece of this.pieces({ start: [z, y, x], shape })) {
        bring(piece, this.room(piece));
        digest = this.#after(digest, piece);
      }
      const isLast = z + 1 === first + shape[0] || this.#layers.of(z + 1) !== this.#layers.of(z);
      if (!isLast) continue;
      if (Buffer.compare(digest, this.#noted(volume, [z, y, x])) !== 0) return false;
      digest = NOTHING;
    }
    return true;
  }

  /** Where the digest of a voxel's layer of its chunk is. */
  #noted(volume: number, [z, y, x]: Shape): Uint8Array {
    const [, rows, columns] = this.#count;
    const [, height, width] = this.#chunk;
    const row = (volume * this.#layers.count + this.#layers.of(z)) * rows + Math.floor(y / height);
    const at = this.#address + (row * columns + Math.floor(x / width)) * DIGEST_BYTES;
    return this.#context.heap.subarray(at, at + DIGEST_BYTES);
  }

  /** The digest of what has the digest `before`, and the piece in the room after it. */
  #after(before: Uint8Array, { shape }: Part): Uint8Array {
    const { heap, areas } = this.#context;
    const [address] = areas.encoded;
    heap.set(before, address);
    return this.#hash(
      'sha256',
      heap.subarray(address, address + DIGEST_BYTES + product(shape) * this.#bytes),
      'buffer'
    );
  }
}
