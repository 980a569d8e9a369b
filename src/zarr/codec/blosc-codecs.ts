import type { VoxelBytes } from '../../model/volume.ts';
import { type BloscSettings, bloscEncoder } from './blosc.ts';
import type { Codec, WritingCodec } from './codec.ts';
import { bloscDecoder } from './unblosc.ts';

/** A frame says which shuffle it has; the metadata names the usual one. */
const SHUFFLES = ['noshuffle', 'shuffle', 'bitshuffle'] as const;
/** C-Blosc's middle compression level. A frame says itself how it is read; only a rewrite would use this. */
const CLEVEL = 5;

/** Blosc frames with what this program writes inside. */
export const bloscZstdCodec = written('zstd', ['zstd'], { always: 8 << 20, perByte: 0 });
export const bloscLz4Codec = written('lz4', ['lz4', 'lz4hc'], { always: 1 << 20, perByte: 0 });

/** Blosc frames with anything else inside that can be read. */
export const bloscCodec: Codec = {
  stored: { name: 'blosc', cname: ['blosclz', 'zlib'] },
  processBytes: { always: 8 << 20, perByte: 0 },
  decoder: bloscDecoder
};

function written(cname: 'lz4' | 'zstd', names: readonly string[], processBytes: Codec['processBytes']): WritingCodec {
  return {
    stored: { name: 'blosc', cname: names },
    processBytes,
    encoder: (bytesPerVoxel, simd, memory) =>
      bloscEncoder(bloscSettings(cname, bytesPerVoxel), bytesPerVoxel, simd, memory),
    decoder: bloscDecoder,
    v3(bytesPerVoxel) {
      const { shuffles, blockBytes } = bloscSettings(cname, bytesPerVoxel);
      const settings = { cname, clevel: CLEVEL, shuffle: SHUFFLES[shuffles[0]], typesize: bytesPerVoxel };
      return { name: 'blosc', configuration: { ...settings, blocksize: blockBytes } };
    },
    v2(bytesPerVoxel) {
      const { shuffles, blockBytes } = bloscSettings(cname, bytesPerVoxel);
      return { id: 'blosc', cname, clevel: CLEVEL, shuffle: shuffles[0], blocksize: blockBytes };
    }
  };
}

/**
 * As measured on scans. zstd: streams of bytes beat streams of bits where voxels have several bytes, and higher levels
 * cost much for little. LZ4 has no entropy coder and mostly needs bits; bytes win on clean or masked volumes. Voxels of
 * one byte may go either way with both.
 */
export function bloscSettings(cname: 'lz4' | 'zstd', bytesPerVoxel: VoxelBytes): BloscSettings {
  const bytes = bytesPerVoxel > 1 ? 1 : 0;
  return cname === 'lz4'
    ? { cname, level: 5, shuffles: [2, bytes], blockBytes: 2 ** 19, split: true }
    : bytesPerVoxel > 1
      ? { cname, level: 1, shuffles: [1], blockBytes: 2 ** 20, split: true }
      : { cname, level: 1, shuffles: [2, 0], blockBytes: 2 ** 21, split: true };
}
