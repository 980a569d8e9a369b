// In place of Neuroglancer's decoders of chunks: each says of a chunk that is cut off or damaged that it is. That all
// of them together make exactly one chunk is seen by the last of them, Neuroglancer's own `bytes`.
import { decodeBlosc } from 'neuroglancer/unstable/async_computation/decode_blosc_request.js';
import { decodeZstd } from 'neuroglancer/unstable/async_computation/decode_zstd_request.js';
import { requestAsyncComputation } from 'neuroglancer/unstable/async_computation/request.js';
import { registerCodec } from 'neuroglancer/unstable/datasource/zarr/codec/decode.js';
import { CodecKind } from 'neuroglancer/unstable/datasource/zarr/codec/index.js';
import { decodeGzip } from 'neuroglancer/unstable/util/gzip.js';
import type { Decoding } from '../../simd/decoding.ts';
import { CRC32C_TABLE, MEMORY_START, createDecoding } from '../../simd/decoding.ts';
import { STORED, type Stored, asShown } from '../volume/storedVoxels.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Decode = (encoded: Bytes, signal: AbortSignal) => Bytes | Promise<Bytes>;

const CHECKSUM = 4;
let decoding: Decoding | undefined;

const DECODERS: Record<string, Decode> = {
  blosc: (encoded, signal) => requestAsyncComputation(decodeBlosc, signal, [encoded.buffer], encoded),
  zstd: (encoded, signal) => requestAsyncComputation(decodeZstd, signal, [encoded.buffer], encoded),
  gzip: async (encoded, signal) => new Uint8Array(await decodeGzip(encoded, 'gzip', signal)),
  zlib: async (encoded, signal) => new Uint8Array(await decodeGzip(encoded, 'deflate', signal)),
  crc32c(encoded) {
    const length = encoded.length - CHECKSUM;
    if (length < 0) throw new Error(`it has ${encoded.length} bytes, fewer than its checksum`);
    decoding ??= createDecoding();
    decoding.heap(CRC32C_TABLE + length).set(encoded.subarray(0, length), MEMORY_START + CRC32C_TABLE);
    const found = decoding.crc32c(MEMORY_START + CRC32C_TABLE, length, MEMORY_START);
    const said = new DataView(encoded.buffer, encoded.byteOffset + length).getUint32(0, true);
    if (found !== said) throw new Error(`its checksum (CRC-32C) is ${hex(found)} in place of ${hex(said)}`);
    return encoded.subarray(0, length);
  }
};

const hex = (number: number): string => number.toString(16).padStart(8, '0');

for (const [name, decode] of Object.entries(DECODERS)) {
  registerCodec({
    name,
    kind: CodecKind.bytesToBytes,
    async decode(_: unknown, encoded: Bytes, signal: AbortSignal) {
      const length = encoded.byteLength;
      try {
        return await decode(encoded, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw new Error(
          `A chunk of ${length} bytes came cut short or is damaged: ${name} cannot be decoded, ${(error as Error).message}.`
        );
      }
    }
  });
}

registerCodec({
  name: STORED,
  kind: CodecKind.arrayToBytes,
  decode: (stored: Stored, { chunkShape }, encoded) => Promise.resolve(asShown(encoded, stored, chunkShape))
});
