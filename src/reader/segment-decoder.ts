import { ConvertError } from '../model/errors.ts';
import { type EncodedLayout, storedBytes } from '../model/layout.ts';
import { BYTES_PER_VOXEL } from '../model/volume.ts';
import { type ByteOrder, byteOrder, invertsInPlace, reverseBits, swapBytes, toValues } from './decode/byte-order.ts';
import { fail } from './common/fail.ts';
import { undoPredictor } from './decode/predictor.ts';
import type { DecodeSegment, SegmentCodec } from './decode/segment-codec.ts';
import type { Unpack } from './decode/unpack.ts';

/** Turns the stored bytes of a compressed segment into native voxels. */
export class SegmentDecoder {
  readonly #layout: EncodedLayout;
  readonly #order: ByteOrder;
  /** Of stored samples. */
  readonly #rowBytes: number;
  readonly #unpack: Unpack | null;
  readonly #decode: DecodeSegment;
  readonly #ignoresBitOrder: boolean;

  /** `unpack`: null where samples are stored as voxels are. */
  constructor(layout: EncodedLayout, codec: SegmentCodec, unpack: Unpack | null) {
    this.#layout = layout;
    this.#rowBytes = storedBytes(layout.packing, layout.segmentWidth);
    this.#order = byteOrder(layout, false);
    this.#unpack = unpack;
    this.#decode = codec.createDecoder();
    this.#ignoresBitOrder = codec.ignoresBitOrder ?? false;
  }

  /**
   * @param data the segment as stored; its bytes are not kept
   * @param rows rows that it must hold
   * @param sample which of the page's samples the voxels are
   * @param spare memory that may be used for the result
   * @param where page and segment, for messages
   * @throws ConvertError `corrupt`
   */
  decode(
    data: Uint8Array,
    rows: number,
    sample: number,
    spare: Uint8Array | null,
    where: () => { file: string; name: string }
  ): Uint8Array {
    const { packing } = this.#layout;
    const length = rows * this.#rowBytes;
    let bytes: Uint8Array;
    try {
      if (packing.reversedBits && !this.#ignoresBitOrder) reverseBits(data, 0, data.length);
      bytes = this.#decode({ data, layout: this.#layout, rows, length, spare: this.#unpack ? null : spare });
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
