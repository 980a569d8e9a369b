import type { Simd } from '../../simd/index.ts';
import type { Compression } from '../options.ts';
import type { VoxelBytes } from '../volume.ts';
import { bloscEncoder } from './blosc.ts';
import type { Encoder } from './encoder.ts';
import { bloscSettings, GZIP_LEVEL, ZSTD_LEVEL } from './settings.ts';
import { gzipEncoder, zstdEncoder } from './zlib.ts';

export type { Encoder } from './encoder.ts';
export { createDecoder, type Decoder } from './decoder.ts';
export { codecsV3, compressorV2, type CodecV3, type CompressorV2 } from './metadata.ts';

/** The encoder of a compression, or null for `none`, where the chunk's own bytes are written. `memory` is the one that `simd` works on. */
export function createEncoder(
  compression: Compression,
  bytesPerVoxel: VoxelBytes,
  simd: Simd,
  memory: WebAssembly.Memory
): Encoder | null {
  switch (compression) {
    case 'blosc-lz4':
      return bloscEncoder(bloscSettings('lz4', bytesPerVoxel), bytesPerVoxel, simd, memory);
    case 'blosc-zstd':
      return bloscEncoder(bloscSettings('zstd', bytesPerVoxel), bytesPerVoxel, simd, memory);
    case 'zstd':
      return zstdEncoder(ZSTD_LEVEL, memory);
    case 'gzip':
      return gzipEncoder(GZIP_LEVEL, memory);
    case 'none':
      return null;
  }
}
