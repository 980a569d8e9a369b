import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { ConvertError } from '../model/errors.ts';
import { type EncodedLayout, storedBytes } from '../model/layout.ts';
import { BYTES_PER_VOXEL } from '../model/volume.ts';
import { type ByteOrder, byteOrder, invertsInPlace, reverseBits, swapBytes, toValues } from './decode/byte-order.ts';
import { decodeBmp } from './images/bmp.ts';
import { fail } from './common/fail.ts';
import { decodeJpeg } from './decode/jpeg.ts';
import { decodeLerc } from './decode/lerc.ts';
import type { LzwDecoder } from './decode/lzw.ts';
import { unpackBits } from './decode/packbits.ts';
import { decodePng } from './images/png.ts';
import { PHOTOMETRIC } from './tiff/pixel-format.ts';
import { undoPredictor } from './decode/predictor.ts';
import { COMPRESSION, TAG } from './tiff/tags.ts';
import type { Unpack } from './decode/unpack.ts';

/** Turns the stored bytes of a compressed segment into native voxels. */
export class SegmentDecoder {
  readonly #layout: EncodedLayout;
  readonly #order: ByteOrder;
  /** Of stored samples. */
  readonly #rowBytes: number;
  readonly #unpack: Unpack | null;
  readonly #lzw: LzwDecoder;

  /** `unpack`: null where samples are stored as voxels are. */
  constructor(layout: EncodedLayout, unpack: Unpack | null, lzw: LzwDecoder) {
    this.#layout = layout;
    this.#rowBytes = storedBytes(layout.packing, layout.segmentWidth);
    this.#order = byteOrder(layout, false);
    this.#unpack = unpack;
    this.#lzw = lzw;
  }

  /**
   * @param data the segment as stored; its bytes are not kept
   * @param rows rows that it must hold
   * @param sample which of the page's samples the voxels are
   * @param spare memory that may be used for the result
   * @param where page and segment, for messages
   * @throws ConvertError `corrupt`
   */
  async decode(
    data: Uint8Array,
    rows: number,
    sample: number,
    spare: Uint8Array | null,
    where: () => { file: string; name: string }
  ): Promise<Uint8Array> {
    const { compression, packing } = this.#layout;
    const length = rows * this.#rowBytes;
    let bytes: Uint8Array;
    try {
      if (packing.reversedBits && compression !== COMPRESSION.jpeg) reverseBits(data, 0, data.length);
      bytes = await this.#decompress(data, rows, this.#unpack ? null : spare);
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
    bytes = this.#toSamples(bytes);
    toValues(bytes, 0, bytes.length, { ...this.#order, inverted: invertsInPlace(this.#layout, sample) });
    return this.#unpack ? this.#toVoxels(bytes, this.#unpack, rows, sample, spare) : bytes;
  }

  /** Bytes that come out of the compression; more than `rows` hold, where a writer has filled up the last strip. */
  async #decompress(data: Uint8Array, rows: number, spare: Uint8Array | null): Promise<Uint8Array> {
    const { compression, decoderTags, segmentWidth, packing, dtype, littleEndian } = this.#layout;
    const size: [number, number] = [rows, segmentWidth];
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
        return decodeJpeg(
          data,
          decoderTags[TAG.jpegTables] as Uint8Array | undefined,
          size,
          packing.samples,
          decoderTags[TAG.photometric]?.[0] === PHOTOMETRIC.yCbCr
        );
      case COMPRESSION.lerc: {
        const stored = packing.palettes ? (packing.bits === 8 ? 'uint8' : 'uint16') : dtype;
        return decodeLerc(data, decoderTags[TAG.lercParameters] ?? [], stored, littleEndian, size);
      }
      case COMPRESSION.png:
        return decodePng(data, rows, packing, segmentWidth);
      case COMPRESSION.bmp:
      case COMPRESSION.bmpTopDown:
        return decodeBmp(data, rows, packing, segmentWidth, compression === COMPRESSION.bmpTopDown, spare);
      default:
        throw new Error(`compression ${compression}`);
    }
  }

  /** Room for what is expected in one piece, and an end to what claims to be far more. */
  #limit(length: number): { chunkSize: number; maxOutputLength: number } {
    const full = this.#layout.segmentHeight * this.#rowBytes;
    return { chunkSize: Math.max(64, length + 64), maxOutputLength: 2 * full + 65536 };
  }

  /** Native samples, without predictor. */
  #toSamples(bytes: Uint8Array): Uint8Array {
    const { predictor, packing } = this.#layout;
    const { bytes: size, swap } = this.#order;
    // The floating-point predictor has a byte order of its own.
    if (swap && predictor !== 3) swapBytes(bytes, 0, bytes.length, size);
    if (predictor !== 1) {
      if (bytes.byteOffset % size) bytes = Uint8Array.from(bytes);
      undoPredictor(bytes, predictor, size, packing.samples, this.#rowBytes);
    }
    return bytes;
  }

  #toVoxels(bytes: Uint8Array, unpack: Unpack, rows: number, sample: number, spare: Uint8Array | null): Uint8Array {
    const { segmentWidth, dtype } = this.#layout;
    const rowBytes = segmentWidth * BYTES_PER_VOXEL[dtype];
    const length = rows * rowBytes;
    const voxels = spare && spare.length >= length ? spare.subarray(0, length) : new Uint8Array(length);
    for (let row = 0; row < rows; row++) {
      const stored = bytes.subarray(row * this.#rowBytes, (row + 1) * this.#rowBytes);
      voxels.set(unpack(stored, 0, segmentWidth, sample), row * rowBytes);
    }
    return voxels;
  }
}
