import type { Checksum, Compression } from '../../model/options.ts';
import type { VoxelBytes } from '../../model/volume.ts';
import { bloscSettings, GZIP_LEVEL, ZSTD_LEVEL } from './settings.ts';

/** A codec in a Zarr v3 array's metadata. */
export interface CodecV3 {
  name: string;
  configuration?: Record<string, number | string | boolean>;
}

/** The `compressor` of a Zarr v2 array, in numcodecs' words. */
export type CompressorV2 = { id: string } & Record<string, number | string | boolean>;

/** A frame says which shuffle it has; the metadata names the usual one. */
const SHUFFLES = ['noshuffle', 'shuffle', 'bitshuffle'] as const;
/**
 * What C-Blosc calls its middle way; a frame says itself how to read it, so this only names what a rewrite would use.
 */
const CLEVEL = 5;

/** The codecs that follow `bytes` in a Zarr v3 array's `codecs`. */
export function codecsV3(compression: Compression, bytesPerVoxel: VoxelBytes, checksum: Checksum = 'none'): CodecV3[] {
  return [...compressors(compression, bytesPerVoxel), ...(checksum === 'crc32c' ? [{ name: 'crc32c' }] : [])];
}

function compressors(compression: Compression, bytesPerVoxel: VoxelBytes): CodecV3[] {
  switch (compression) {
    case 'none':
      return [];
    case 'gzip':
      return [{ name: 'gzip', configuration: { level: GZIP_LEVEL } }];
    case 'zstd':
      return [{ name: 'zstd', configuration: { level: ZSTD_LEVEL, checksum: false } }];
    default: {
      const { cname, shuffles, blockBytes } = bloscSettings(
        compression === 'blosc-lz4' ? 'lz4' : 'zstd',
        bytesPerVoxel
      );
      const settings = { cname, clevel: CLEVEL, shuffle: SHUFFLES[shuffles[0]], typesize: bytesPerVoxel };
      return [{ name: 'blosc', configuration: { ...settings, blocksize: blockBytes } }];
    }
  }
}

/** The `compressor` of a Zarr v2 array's `.zarray`; null for none. */
export function compressorV2(compression: Compression, bytesPerVoxel: VoxelBytes): CompressorV2 | null {
  switch (compression) {
    case 'none':
      return null;
    case 'gzip':
      return { id: 'gzip', level: GZIP_LEVEL };
    case 'zstd':
      return { id: 'zstd', level: ZSTD_LEVEL };
    default: {
      const { cname, shuffles, blockBytes } = bloscSettings(
        compression === 'blosc-lz4' ? 'lz4' : 'zstd',
        bytesPerVoxel
      );
      return { id: 'blosc', cname, clevel: CLEVEL, shuffle: shuffles[0], blocksize: blockBytes };
    }
  }
}
