import { CRC32C_TABLE, type Simd } from '../../simd/index.ts';
import type { Decoder } from './decoder.ts';
import type { Encoder } from './encoder.ts';

/** Length of a checksum, which follows what it is of. */
const CHECKSUM_BYTES = 4;

/**
 * Has each encoded chunk followed by its CRC-32C, as Zarr's codec of that name does
 * (https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/). Null stands for chunks as they are.
 */
export function checksummed(encoder: Encoder | null, simd: Simd, memory: WebAssembly.Memory): Encoder {
  const view = new DataView(memory.buffer);
  return {
    leavesGarbage: encoder?.leavesGarbage ?? false,
    scratchBytes: length => Math.max(encoder?.scratchBytes(length) ?? 0, CRC32C_TABLE),
    encodedBound: (length, used) => (encoder?.encodedBound(length, used) ?? length) + CHECKSUM_BYTES,
    encode(source, length, target, scratch, used = length) {
      let encoded = length;
      if (encoder) {
        encoded = encoder.encode(source, length, target, scratch, used);
      } else {
        simd.copyBox(source, used, used, target, used, used, 1, 1, used);
        simd.fill(target + used, 0, length - used);
      }
      view.setUint32(target + encoded, simd.crc32c(target, encoded, scratch), true);
      return encoded + CHECKSUM_BYTES;
    }
  };
}

/**
 * The length of what `length` bytes at `source` are the checksum of, at their end.
 * @throws Error where it is another one's
 */
export function lengthChecked(
  simd: Simd,
  memory: WebAssembly.Memory,
  source: number,
  length: number,
  scratch: number
): number {
  const content = length - CHECKSUM_BYTES;
  if (
    content < 0 ||
    simd.crc32c(source, content, scratch) !== new DataView(memory.buffer).getUint32(source + content, true)
  )
    throw new Error('has another CRC-32C than it says');
  return content;
}

/** Decodes what `checksummed` encodes. */
export function checking(decoder: Decoder | null, simd: Simd, memory: WebAssembly.Memory): Decoder {
  return (source, length, target, size, scratch, scratchLength) => {
    const content = lengthChecked(simd, memory, source, length, scratch);
    if (decoder) return decoder(source, content, target, size, scratch, scratchLength);
    if (content !== size) throw new Error(`has ${content} bytes in place of ${size}`);
    simd.copyBox(source, size, size, target, size, size, 1, 1, size);
  };
}
