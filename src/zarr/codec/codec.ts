import type { Simd } from '../../simd/index.ts';
import type { VoxelBytes } from '../../model/volume.ts';
import type { Decoder } from './decoder.ts';
import type { Encoder } from './encoder.ts';

/** A codec in a Zarr v3 array's metadata. */
export interface CodecV3 {
  name: string;
  configuration?: Record<string, number | string | boolean>;
}

/** The `compressor` of a Zarr v2 array, in numcodecs' words. */
export type CompressorV2 = { id: string } & Record<string, number | string | boolean>;

/** A compression of chunks that can be read. `memory` is the one that `simd` works on. */
export interface Codec {
  /** Name in the metadata of Zarr arrays; `cname`: names of the compressor inside Blosc. */
  readonly stored: { name: string; cname?: readonly string[] };
  /** Bytes of the process's own memory that a worker's codec takes: always, and by byte of a chunk; measured. */
  readonly processBytes: { always: number; perByte: number };
  decoder(simd: Simd, memory: WebAssembly.Memory): Decoder;
}

/** A compression that is written, too. */
export interface WritingCodec extends Codec {
  encoder(bytesPerVoxel: VoxelBytes, simd: Simd, memory: WebAssembly.Memory): Encoder;
  /** Entry in the metadata of a Zarr v3 array, and in that of a v2 one. */
  v3(bytesPerVoxel: VoxelBytes): CodecV3;
  v2(bytesPerVoxel: VoxelBytes): CompressorV2;
}

/** `processBytes` of codecs that work in memory that Node's zlib takes. */
export const ZLIB_BYTES = { always: 8 << 20, perByte: 2 };
