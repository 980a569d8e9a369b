import { count } from '../model/count.ts';
import type { VerifyResult } from './index.ts';

/** Most differences that are listed for a person; JSON has more. */
export const LISTED = 20;

/** `READABLE`: every chunk can be decoded, and there was nothing to compare them with. */
export const verdictWord = ({ ok, compared }: Pick<VerifyResult, 'ok' | 'compared'>): string =>
  ok ? (compared === false ? 'READABLE' : 'OK') : 'DIFFERENT';

/** Differences that a verification has found, in words: `2 voxels in 1 chunk differ` */
export function differing(
  { voxelsDiffering, chunksDiffering, differences }: VerifyResult,
  number: (n: number) => string = String
): string {
  const chunks = count(chunksDiffering, 'chunk', number);
  if (chunksDiffering === 0) return `${count(differences.length, 'difference', number)} in the metadata`;
  // Of chunks that are missing or cannot be read no voxel is known.
  return voxelsDiffering > 0
    ? `${count(voxelsDiffering, 'voxel', number)} in ${chunks} differ`
    : `${chunks} missing or damaged`;
}
