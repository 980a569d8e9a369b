import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { ConvertError } from '../errors.ts';
import type { Layout } from '../layout.ts';
import { BYTES_PER_VOXEL } from '../volume.ts';
import { type ByteOrder, toNative } from './byte-order.ts';
import { fail } from './fail.ts';
import { decodeJpeg } from './jpeg.ts';
import { decodeLerc } from './lerc.ts';
import { LzwDecoder } from './lzw.ts';
import { unpackBits } from './packbits.ts';
import { undoPredictor } from './predictor.ts';
import { COMPRESSION, TAG } from './tags.ts';

/** Turns the stored bytes of a compressed segment into native voxels. */
export class SegmentDecoder {
  readonly #layout: Layout;
  readonly #order: ByteOrder;
  readonly #bytesPerVoxel: number;
  readonly #rowBytes: number;
  readonly #lzw = new LzwDecoder();

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#bytesPerVoxel = BYTES_PER_VOXEL[layout.dtype];
    this.#rowBytes = layout.segmentWidth * this.#bytesPerVoxel;
    this.#order = { bytesPerVoxel: this.#bytesPerVoxel, swap: !layout.littleEndian, signedOffset: layout.signedOffset };
  }

  /**
   * @param data the segment as stored
   * @param rows rows that it must hold
   * @param spare memory that may be used for the result
   * @param where page and segment, for messages
   * @throws ConvertError `corrupt`
   */
  async decode(
    data: Uint8Array,
    rows: number,
    spare: Uint8Array | null,
    where: () => { file: string; name: string }
  ): Promise<Uint8Array> {
    const length = rows * this.#rowBytes;
    let bytes: Uint8Array;
    try {
      bytes = await this.#decompress(data, rows, spare);
    } catch (error) {
      if (error instanceof ConvertError) throw error;
      const { file, name } = where();
      throw fail(
        'corrupt',
        file,
        `${name} cannot be decoded (${error instanceof Error ? error.message : error}): export it again`
      );
    }
    if (bytes.length < length) {
      const { file, name } = where();
      throw fail(
        'corrupt',
        file,
        `${name} holds ${bytes.length} bytes, where ${length} were expected: export it again`
      );
    }
    if (bytes.length > length) bytes = bytes.subarray(0, length);
    return this.#finish(bytes);
  }

  /** Bytes that come out of the compression; more than `rows` hold, where a writer has filled up the last strip. */
  async #decompress(data: Uint8Array, rows: number, spare: Uint8Array | null): Promise<Uint8Array> {
    const { compression, decoderTags, segmentWidth, dtype, littleEndian } = this.#layout;
    const length = rows * this.#rowBytes;
    switch (compression) {
      case COMPRESSION.deflate:
      case COMPRESSION.oldDeflate:
        return inflateSync(data, this.#limit(length));
      case COMPRESSION.zstd:
        return zstdDecompressSync(data, this.#limit(length));
      case COMPRESSION.lzw:
      case COMPRESSION.packbits: {
        const out = spare && spare.length >= length ? spare.subarray(0, length) : new Uint8Array(length);
        const written = compression === COMPRESSION.lzw ? this.#lzw.decode(data, out) : unpackBits(data, out);
        return out.subarray(0, written);
      }
      case COMPRESSION.jpeg:
        return decodeJpeg(data, decoderTags[TAG.jpegTables] as Uint8Array | undefined, [rows, segmentWidth]);
      case COMPRESSION.lerc:
        return decodeLerc(data, decoderTags[TAG.lercParameters] ?? [], dtype, littleEndian, [rows, segmentWidth]);
      default:
        throw new Error(`compression ${compression}`);
    }
  }

  /** Room for what is expected in one piece, and an end to what claims to be far more. */
  #limit(length: number): { chunkSize: number; maxOutputLength: number } {
    const full = this.#layout.segmentHeight * this.#rowBytes;
    return { chunkSize: Math.max(64, length + 64), maxOutputLength: 2 * full + 65536 };
  }

  #finish(bytes: Uint8Array): Uint8Array {
    const { predictor } = this.#layout;
    // The floating-point predictor has a byte order of its own.
    if (predictor !== 3) toNative(bytes, 0, bytes.length, { ...this.#order, signedOffset: false });
    if (predictor !== 1) {
      if (bytes.byteOffset % this.#bytesPerVoxel) bytes = Uint8Array.from(bytes);
      undoPredictor(bytes, predictor, this.#bytesPerVoxel, this.#rowBytes);
    }
    if (this.#order.signedOffset) toNative(bytes, 0, bytes.length, { ...this.#order, swap: false });
    return bytes;
  }
}
