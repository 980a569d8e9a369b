import type { Simd } from '../../simd/index.ts';
import type { Checksum, Compression } from '../../model/options.ts';
import type { VoxelBytes } from '../../model/volume.ts';
import { checking, checksummed } from './checksum.ts';
import type { CodecV3, CompressorV2 } from './codec.ts';
import type { Decoder } from './decoder.ts';
import type { Encoder } from './encoder.ts';
import { CODECS, type StoredCompression, WRITTEN } from './registry.ts';

export type { CodecV3, CompressorV2 } from './codec.ts';
export type { Encoder } from './encoder.ts';
export type { Decoder } from './decoder.ts';
export { lengthChecked } from './checksum.ts';
export { type StoredCompression, readCodecs, storedCompression } from './registry.ts';

/** The encoder of chunks, or null where their own bytes are written. `memory` is the one that `simd` works on. */
export function createEncoder(
  compression: Compression,
  bytesPerVoxel: VoxelBytes,
  simd: Simd,
  memory: WebAssembly.Memory,
  checksum: Checksum = 'none'
): Encoder | null {
  const encoder = WRITTEN[compression]?.encoder(bytesPerVoxel, simd, memory) ?? null;
  return checksum === 'none' ? encoder : checksummed(encoder, simd, memory);
}

/** Decoder of what `createEncoder` encodes; null where there is nothing to decode. */
export function createDecoder(
  compression: StoredCompression,
  simd: Simd,
  memory: WebAssembly.Memory,
  checksum: Checksum = 'none'
): Decoder | null {
  const decoder = CODECS[compression]?.decoder(simd, memory) ?? null;
  return checksum === 'none' ? decoder : checking(decoder, simd, memory);
}

/** The codecs that follow `bytes` in a Zarr v3 array's `codecs`. */
export function codecsV3(compression: Compression, bytesPerVoxel: VoxelBytes, checksum: Checksum = 'none'): CodecV3[] {
  const codec = WRITTEN[compression];
  return [...(codec ? [codec.v3(bytesPerVoxel)] : []), ...(checksum === 'crc32c' ? [{ name: 'crc32c' }] : [])];
}

/** The `compressor` of a Zarr v2 array's `.zarray`; null for none. */
export const compressorV2 = (compression: Compression, bytesPerVoxel: VoxelBytes): CompressorV2 | null =>
  WRITTEN[compression]?.v2(bytesPerVoxel) ?? null;

/** Bytes of the process's own memory that a worker's codec takes for chunks of `chunk` bytes. */
export function codecBytes(compression: StoredCompression, chunk: number): number {
  const { always, perByte } = CODECS[compression]?.processBytes ?? { always: 0, perByte: 0 };
  return always + perByte * chunk;
}
