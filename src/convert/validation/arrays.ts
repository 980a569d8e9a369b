// Arrays of the levels: how many there are, and their chunks, shards and checksums.
import { formatBytes } from '../../model/bytes.ts';
import { chunkCounts, map3, product } from '../../model/levels.ts';
import {
  CHECKSUMS,
  type Checksum,
  type ConvertOptions,
  DEFAULT_OPTIONS,
  type OmeZarrVersion,
  zarrFormatOf
} from '../../model/options.ts';
import type { Settings } from '../../model/settings.ts';
import { BYTES_PER_VOXEL, type Shape } from '../../model/volume.ts';
import { named } from '../../model/words.ts';
import { bad, isWhole, oneOf, show, tuple } from './given.ts';

/** Blosc's limit, less room for its header; the other codecs have room above it. */
const MAX_CHUNK_BYTES = 2 ** 31 - 65536;
const MAX_SHARD_CHUNKS = 65536;

/** So few chunks cost no time, and leave work for every thread. */
const FEW_CHUNKS = 64;

export function levels(value: number | 'auto'): number | 'auto' {
  if (value !== 'auto' && !(isWhole(value) && value >= 1 && value <= 64))
    throw bad('levels', `${named('levels')} must be "auto" or a whole number from 1 to 64, found ${show(value)}`);
  return value;
}

/**
 * The usual lengths, cut to the volume's. Many flat or narrow chunks are made longer along the other axes, up to as
 * many voxels as usual, if each is a file: what a file costs would be most of the time.
 */
function usualChunk(volume: Shape, isSharded: boolean): Shape {
  const usual = DEFAULT_OPTIONS.chunkSize;
  let chunk = map3(usual, (n, axis) => Math.min(n, volume[axis]));
  while (!isSharded && product(chunkCounts(volume, chunk)) > FEW_CHUNKS) {
    const longer = map3(chunk, (n, axis) => Math.min(2 * n, volume[axis]));
    if (product(longer) > product(usual)) break;
    chunk = longer;
  }
  return chunk;
}

/** As given, also where a chunk is longer than the volume. */
export function chunkSize(value: Shape | undefined, volume: Shape, isSharded: boolean): Shape {
  if (value === undefined) return usualChunk(volume, isSharded);
  if (!tuple(value, 3, isWhole) || value.some(n => n < 1))
    throw bad(
      'chunkSize',
      `${named('chunkSize')} must be three whole numbers of voxels from 1 up (Z Y X), found ${show(value)}`
    );
  return value;
}

/**
 * A shard has whole chunks, so few that readers fetch its index quickly. Along an axis where the chunk was cut to the
 * volume's length it is one chunk long, and may be given as a multiple of the uncut one.
 */
export function shardSize(
  given: ConvertOptions['shard'],
  chunk: Shape,
  uncut: Shape,
  version: OmeZarrVersion
): Shape | null {
  if (given === null) return null;
  const fits = (n: number, axis: number) => n % chunk[axis] === 0 || n % uncut[axis] === 0;
  if (!tuple(given, 3, isWhole) || !given.every((n, axis) => n >= 1 && fits(n, axis)))
    throw bad(
      'shard',
      `${named('shard')} must be three whole numbers of voxels (Z Y X), each a multiple of the chunk's ${chunk.join(' ')}, found ${show(given)}`
    );
  const value = map3(given as Shape, (n, axis) => (chunk[axis] < uncut[axis] ? chunk[axis] : n));
  if (zarrFormatOf(version) === 2)
    throw bad(
      'shard',
      `shards are there from OME-Zarr 0.5 on, not in ${version}: set ${named('omeZarr')} to 0.5 or leave ${named('shard')} out`
    );
  const chunks = product(value) / product(chunk);
  if (chunks > MAX_SHARD_CHUNKS)
    throw bad(
      'shard',
      `a shard of ${value.join(' × ')} voxels would hold ${chunks} chunks, and ${MAX_SHARD_CHUNKS} are the most: choose a smaller shard`
    );
  return value;
}

export function checksum(value: ConvertOptions['checksum'], version: OmeZarrVersion): Checksum {
  const found = oneOf('checksum', value, CHECKSUMS);
  if (found !== 'none' && zarrFormatOf(version) === 2)
    throw bad(
      'checksum',
      `checksums of chunks are there from OME-Zarr 0.5 on, not in ${version}: set ${named('omeZarr')} to 0.5, or ${named('checksum')} to none`
    );
  return found;
}

/** @throws ConvertError where a chunk is longer than codecs take */
export function checkChunkBytes({ chunk, dtype }: Pick<Settings, 'chunk' | 'dtype'>): void {
  const chunkBytes = product(chunk) * BYTES_PER_VOXEL[dtype];
  if (chunkBytes > MAX_CHUNK_BYTES)
    throw bad(
      'chunkSize',
      `a chunk of ${chunk.join(' × ')} ${dtype} voxels would take ${formatBytes(chunkBytes)}, and a chunk must stay under 2 GiB: choose a smaller ${named('chunkSize')}`
    );
}
