import { type Difference, MOST_TOLD } from '../../model/difference.ts';
import type { Comparison } from '../../pyramid/findings.ts';

/** Findings so far: all of them counted, the first differences kept. */
export class Findings {
  #differences: Difference[] = [];
  readonly notes: string[] = [];
  chunksRead = 0;
  bytesRead = 0;
  voxelsCompared = 0;
  chunksDiffering = 0;
  voxelsDiffering = 0;
  voxelsRounded = 0;
  #any = false;

  get ok(): boolean {
    return !this.#any;
  }

  /** The first ones: the image's own, then level by level in the order of their chunks. */
  get differences(): Difference[] {
    return this.#differences.sort(inOrder).slice(0, MOST_TOLD);
  }

  /** A difference that is not about voxels, in the metadata file at `path`. */
  metadata(level: number | null, path: string, message: string): void {
    this.#add({ level, voxel: null, expected: null, found: null, voxels: null, path, message });
  }

  add(comparison: Comparison): void {
    this.chunksRead += comparison.chunks;
    this.bytesRead += comparison.bytes;
    this.voxelsCompared += comparison.voxels;
    this.chunksDiffering += comparison.differingChunks;
    this.voxelsDiffering += comparison.differingVoxels;
    this.voxelsRounded += comparison.roundedVoxels;
    comparison.differences.forEach(difference => this.#add(difference));
  }

  #add(difference: Difference): void {
    this.#any = true;
    this.#differences.push(difference);
    // Blocks are done in any order: those that come first are known only at the end.
    if (this.#differences.length > 10 * MOST_TOLD) this.#differences = this.differences;
  }
}

const paths = new Intl.Collator('en', { numeric: true });

function inOrder(a: Difference, b: Difference): number {
  const level = (a.level ?? -1) - (b.level ?? -1);
  if (level !== 0) return level;
  if (a.voxel === null || b.voxel === null)
    return (
      Number(a.voxel !== null) - Number(b.voxel !== null) ||
      paths.compare(a.path, b.path) ||
      // Several chunks of a shard.
      paths.compare(a.message, b.message)
    );
  for (let axis = 0; axis < a.voxel.length; axis++)
    if (a.voxel[axis] !== b.voxel[axis]) return a.voxel[axis] - b.voxel[axis];
  return 0;
}
