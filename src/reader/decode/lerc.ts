import { inflateSync, zstdDecompressSync } from 'node:zlib';
// @ts-expect-error The package brings no types.
import Lerc from 'lerc';
import type { Dtype } from '../../model/volume.ts';
import type { SegmentCodec } from './segment-codec.ts';

interface Decoded {
  pixels: ArrayLike<number>[];
  mask: Uint8Array | null;
}

/** Arrays of what can be read. */
const ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array
};
export const isLercType = (dtype: string): dtype is keyof typeof ARRAYS => Object.hasOwn(ARRAYS, dtype);

/**
 * What the decoder has of a segment beside its result, by whether it lies in deflate or zstd, which grow their output
 * by halves; measured.
 */
const COPIES = { plain: 1, wrapped: 4 };

export const lerc: SegmentCodec = {
  workingBytes: ({ decoderTables }, bytes) => COPIES[decoderTables.lercParameters?.[1] ? 'wrapped' : 'plain'] * bytes,
  createDecoder:
    () =>
    ({ data, rows, layout: { decoderTables, packing, dtype, littleEndian, segmentWidth } }) => {
      const stored = packing.palettes ? (packing.bits === 8 ? 'uint8' : 'uint16') : dtype;
      return decodeLerc(data, decoderTables.lercParameters ?? [], stored, littleEndian, [rows, segmentWidth]);
    }
};

/** Height and width that a LERC blob claims, read before its decoder makes room for them. */
function claimedShape(blob: Uint8Array): [number, number] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const lerc1 = view.getUint8(0) === 0x43;
  const at = lerc1 ? 18 : view.getInt32(6, true) >= 3 ? 14 : 10;
  return [view.getInt32(at, true), view.getInt32(at + 4, true)];
}

/**
 * Decodes a segment of LERC (Esri's Limited Error Raster Compression, versions 1 and 2, inside deflate or zstd where
 * the file says so) to voxels in the file's byte order: libtiff, which alone writes big-endian files of this kind,
 * swaps bytes before it encodes. A floating-point voxel that LERC marks as not valid becomes NaN, as libtiff has it;
 * whole numbers have nothing to mark it with.
 *
 * @param parameters TIFF's LercParameters: version, and compression around it (0 none, 1 deflate, 2 zstd)
 * @throws Error, or a string of the decoder's
 */
function decodeLerc(
  data: Uint8Array,
  parameters: ArrayLike<number>,
  dtype: Dtype,
  littleEndian: boolean,
  [rows, columns]: [number, number]
): Uint8Array {
  const limit = { maxOutputLength: 8 * rows * columns + 65536 };
  const around = parameters[1] ?? 0;
  if (around > 2) throw new Error(`LERC inside compression ${around} is not known`);
  const blob = around === 1 ? inflateSync(data, limit) : around === 2 ? zstdDecompressSync(data, limit) : data;
  const [height, width] = claimedShape(blob);
  if (height !== rows || width !== columns)
    throw new Error(`LERC holds ${height} × ${width} pixels, where ${rows} × ${columns} were expected`);
  const { pixels, mask } = Lerc.decode(Uint8Array.from(blob).buffer) as Decoded;
  if (pixels.length !== 1) throw new Error(`LERC holds ${pixels.length} bands, where one was expected`);
  if (!isLercType(dtype)) throw new Error(`LERC of ${dtype}`);
  const out = new ARRAYS[dtype](rows * columns);
  out.set(pixels[0]);
  if (mask)
    for (let i = 0; i < mask.length; i++)
      if (mask[i] === 0) {
        if (!dtype.startsWith('float') || !littleEndian)
          throw new Error('LERC marks some voxels as not valid, and there is no value for that');
        out[i] = NaN;
      }
  return new Uint8Array(out.buffer);
}
