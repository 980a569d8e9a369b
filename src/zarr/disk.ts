import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Encoder } from './codec/index.ts';
import { type Level, chunkCounts, map3, product } from '../model/levels.ts';
import type { Settings } from '../model/settings.ts';
import { BYTES_PER_VOXEL, type OuterShape, type Shape, volumeCount } from '../model/volume.ts';
import { aligned } from './chunk-writer.ts';
import { indexBytes } from './shard.ts';
import { writeError } from './system-errors.ts';

/** Most bytes that a file system takes for a name in a folder, and for a folder. */
const NAME_BYTES = 64;
const FOLDER_BYTES = 4096;
/** Bytes of the journal for each block, of which there is at most one to a file of the output. */
const ENTRY_BYTES = 512;
/** Bytes of metadata: of the image, and of each of its channels and levels; a channel's statistics are most of it. */
const DOCUMENT_BYTES = 65536;
const CHANNEL_BYTES = 16384;

type Stored = Pick<Settings, 'chunk' | 'shard' | 'dtype'>;

/** Bytes of a level before compression. Without compression, chunks that reach beyond its end are stored whole. */
export function levelBytes({ chunk, dtype }: Stored, { shape }: Level, outerShape: OuterShape, plain: boolean): number {
  const voxels = plain ? product(chunkCounts(shape, chunk)) * product(chunk) : product(shape);
  return volumeCount(outerShape) * voxels * BYTES_PER_VOXEL[dtype];
}

/**
 * Bytes of disk that an output takes at most while it is made, however its voxels compress: chunks, indices of shards,
 * metadata, the journal and what file systems add to files.
 *
 * @param encoder null: chunks are stored as they are
 */
export function mostDiskBytes(
  { chunk, shard, dtype }: Stored,
  levels: readonly Level[],
  outerShape: OuterShape,
  encoder: Pick<Encoder, 'encodedBound'> | null
): number {
  const length = product(chunk) * BYTES_PER_VOXEL[dtype];
  const plane = length / chunk[0];
  const file = shard ?? chunk;
  const index = shard ? indexBytes(product(map3(shard, (n, axis) => n / chunk[axis]))) : 0;
  const bound = (depth: number) => encoder?.encodedBound(length, depth * plane) ?? length;
  const ofFile = shard ? (bytes: number) => bytes : aligned;
  let bytes = DOCUMENT_BYTES + (levels.length + outerShape.c) * CHANNEL_BYTES;
  for (const { shape } of levels) {
    const across = product(chunkCounts(shape, chunk).slice(1));
    const [whole, rest] = [Math.floor(shape[0] / chunk[0]), shape[0] % chunk[0]];
    const chunks = across * (whole * ofFile(bound(chunk[0])) + (rest ? ofFile(bound(rest)) : 0));
    const counts: Shape = chunkCounts(shape, file);
    const files = product(counts);
    const folders = 2 + counts[0] * (1 + counts[1]);
    bytes +=
      volumeCount(outerShape) *
      (chunks +
        files * ((shard ? aligned(index) + FOLDER_BYTES : 0) + NAME_BYTES + ENTRY_BYTES) +
        folders * FOLDER_BYTES);
  }
  return Math.ceil(bytes);
}

/** Bytes that the file system of `path`'s folder has left for this user. */
export function freeDisk(path: string): number {
  let folder = dirname(path);
  for (;;) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch (error) {
      if (dirname(folder) === folder) throw writeError(error, path);
      folder = dirname(folder);
    }
  }
}
