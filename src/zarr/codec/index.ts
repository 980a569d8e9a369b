import type { Simd } from '../../simd/index.ts';
import type { Checksum, Compression } from '../../model/options.ts';
import type { VoxelBytes } from '../../model/volume.ts';
import { bloscEncoder } from './blosc.ts';
import { checking, checksummed } from './checksum.ts';
import type { Decoder, StoredCompression } from './decoder.ts';
import { plainDecoder } from './decoders.ts';
import type { Encoder } from './encoder.ts';
import { bloscSettings, GZIP_LEVEL, ZSTD_LEVEL } from './settings.ts';
import { gzipEncoder, zstdEncoder } from './zlib.ts';

export type { Encoder } from './encoder.ts';
export type { Decoder, StoredCompression } from './decoder.ts';
export { lengthChecked } from './checksum.ts';
export { codecsV3, compressorV2, type CodecV3, type CompressorV2 } from './metadata.ts';

/** The encoder of chunks, or null where their own bytes are written. `memory` is the one that `simd` works on. */
export function createEncoder(
  compression: Compression,
  bytesPerVoxel: VoxelBytes,
  simd: Simd,
  memory: WebAssembly.Memory,
  checksum: Checksum = 'none'
): Encoder | null {
  const encoder = plainEncoder(compression, bytesPerVoxel, simd, memory);
  return checksum === 'none' ? encoder : checksummed(encoder, simd, memory);
}

/** What undoes what `createEncoder` does, or null where that is nothing. */
export function createDecoder(
  compression: StoredCompression,
  simd: Simd,
  memory: WebAssembly.Memory,
  checksum: Checksum = 'none'
): Decoder | null {
  const decoder = plainDecoder(compression, simd, memory);
  return checksum === 'none' ? decoder : checking(decoder, simd, memory);
}

function plainEncoder(
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
