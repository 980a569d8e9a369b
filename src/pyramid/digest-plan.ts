import { chunkCounts } from '../model/levels.ts';
import type { Shape } from '../model/volume.ts';

/** How the voxels of level 0 are digested. */
export interface DigestPlan {
  /** Most planes of a layer. */
  depth: number;
  /** Of all digests. */
  bytes: number;
}

/** Of SHA-256. */
export const DIGEST_BYTES = 32;
/** Layers that there are for each thread at least, where there are planes enough. */
const LAYERS_EACH = 4;

/** Layers of a volume: the planes of its chunks are one each, or several. */
export class Layers {
  readonly #shape: Shape;
  readonly #chunk: Shape;
  readonly #depth: number;
  /** Of a chunk. */
  readonly #each: number;

  constructor(shape: Shape, chunk: Shape, depth: number) {
    this.#shape = shape;
    this.#chunk = chunk;
    this.#depth = depth;
    this.#each = Math.ceil(Math.min(chunk[0], shape[0]) / depth);
  }

  get count(): number {
    return this.#each * Math.ceil(this.#shape[0] / this.#chunk[0]);
  }

  /** The layer of a plane. */
  of(z: number): number {
    const [length] = this.#chunk;
    return Math.floor(z / length) * this.#each + Math.floor((z % length) / this.#depth);
  }

  /** The planes of a layer, half-open. */
  planes(layer: number): [from: number, to: number] {
    const [length] = this.#chunk;
    const chunk = Math.floor(layer / this.#each) * length;
    const from = chunk + (layer % this.#each) * this.#depth;
    return [from, Math.min(from + this.#depth, chunk + length, this.#shape[0])];
  }
}

/** `threads`: how many are to have something to do. */
export function planDigests(shape: Shape, chunk: Shape, volumes: number, threads: number): DigestPlan {
  const planes = Math.min(chunk[0], shape[0]);
  const each = Math.ceil((LAYERS_EACH * threads) / (volumes * Math.ceil(shape[0] / chunk[0])));
  const depth = Math.ceil(planes / Math.min(each, planes));
  const [, rows, columns] = chunkCounts(shape, chunk);
  return { depth, bytes: volumes * new Layers(shape, chunk, depth).count * rows * columns * DIGEST_BYTES };
}
