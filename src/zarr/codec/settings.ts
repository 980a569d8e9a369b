import type { BloscSettings } from './blosc.ts';

export const ZSTD_LEVEL = 1;
export const GZIP_LEVEL = 1;

/**
 * As measured on scans. zstd: streams of bytes beat streams of bits where voxels have several bytes, and higher levels
 * cost much for little. LZ4 has no entropy coder and mostly needs bits; bytes win on clean or masked volumes. Voxels of
 * one byte may go either way with both.
 */
export function bloscSettings(cname: 'lz4' | 'zstd', bytesPerVoxel: number): BloscSettings {
  const bytes = bytesPerVoxel > 1 ? 1 : 0;
  return cname === 'lz4'
    ? { cname, level: 5, shuffles: [2, bytes], blockBytes: 2 ** 19, split: true }
    : bytesPerVoxel > 1
      ? { cname, level: 1, shuffles: [1], blockBytes: 2 ** 20, split: true }
      : { cname, level: 1, shuffles: [2, 0], blockBytes: 2 ** 21, split: true };
}
