import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { decode, load } from 'lerc';
import type { Dtype } from '../../model/volume.ts';
import { VOXEL_ARRAYS } from '../../model/voxel-arrays.ts';
import type { SegmentCodec } from './segment-codec.ts';

/** Voxels that LERC has: no integers of 64 bits. */
type LercType = Exclude<Dtype, 'uint64' | 'int64'>;
export const isLercType = (dtype: string): dtype is LercType =>
  Object.hasOwn(VOXEL_ARRAYS, dtype) && dtype !== 'uint64' && dtype !== 'int64';

/**
 * Memory of the decoder for a segment beside its result: in copies of the result, by whether the segment lies in
 * deflate or zstd, which grow their output by halves; its masks, in bytes a pixel; measured.
 */
const COPIES = { plain: 3, wrapped: 6 };
const MASK_BYTES = 3;

export const lerc: SegmentCodec = {
  prepare: load,
  workingBytes: ({ decoderTables, segmentWidth, segmentHeight }, bytes) =>
    COPIES[decoderTables.lercParameters?.[1] ? 'wrapped' : 'plain'] * bytes + MASK_BYTES * segmentWidth * segmentHeight,
  createDecoder:
    () =>
    ({ data, rows, layout: { decoderTables, packing, dtype, littleEndian, segmentWidth } }) => {
      const stored = packing.palettes ? (packing.bits === 8 ? 'uint8' : 'uint16') : dtype;
      return decodeLerc(data, decoderTables.lercParameters ?? [], stored, littleEndian, [rows, segmentWidth]);
    }
};

/** Height, width and values a pixel that a LERC blob claims, read before its decoder makes room for them. */
function claimed(blob: Uint8Array): [number, number, number] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const lerc1 = view.getUint8(0) === 0x43;
  const version = lerc1 ? 1 : view.getInt32(6, true);
  const at = lerc1 ? 18 : version >= 3 ? 14 : 10;
  return [view.getInt32(at, true), view.getInt32(at + 4, true), version >= 4 ? view.getInt32(at + 8, true) : 1];
}

/**
 * Decodes a segment of LERC (Esri's Limited Error Raster Compression, versions 1 and 2, inside deflate or zstd where
 * the file says so) to voxels in the file's byte order: libtiff, which alone writes big-endian files of this kind,
 * swaps bytes before it encodes. A floating-point voxel that LERC marks as not valid becomes NaN, as libtiff has it;
 * whole numbers have nothing to mark it with.
 *
 * @param parameters TIFF's LercParameters: version, and compression around it (0 none, 1 deflate, 2 zstd)
 * @throws Error
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
  if (!isLercType(dtype)) throw new Error(`LERC of ${dtype}`);
  const [height, width, values] = claimed(blob);
  if (height !== rows || width !== columns || values !== 1)
    throw new Error(
      `LERC holds ${height} × ${width} pixels of ${values} values, where ${rows} × ${columns} of one were expected`
    );
  const { pixels, mask } = decode(blob);
  if (pixels.length !== 1) throw new Error(`LERC holds ${pixels.length} bands, where one was expected`);
  const [out] = pixels;
  if (!(out instanceof VOXEL_ARRAYS[dtype]))
    throw new Error(`LERC holds a ${out.constructor.name}, where ${dtype} was expected`);
  if (mask)
    for (let i = 0; i < mask.length; i++)
      if (mask[i] === 0) {
        if (!dtype.startsWith('float') || !littleEndian)
          throw new Error('LERC marks some voxels as not valid, and there is no value for that');
        out[i] = NaN;
      }
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}
