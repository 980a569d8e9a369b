import { type SegmentCodec, type StoredSegment, roomFor } from './segment-codec.ts';

/** Bytes of a row of a bitmap, which is padded to four. */
export const bmpStride = (rowBytes: number): number => Math.ceil(rowBytes / 4) * 4;

export const bmp: SegmentCodec = { createDecoder: () => segment => decodeBmp(segment, false) };
export const bmpTopDown: SegmentCodec = { createDecoder: () => segment => decodeBmp(segment, true) };

/** Decodes a bitmap's rows to rows of packed samples from the top down, colours in the order red, green, blue. */
function decodeBmp(segment: StoredSegment, topDown: boolean): Uint8Array {
  const { data, rows, length } = segment;
  const { samples } = segment.layout.packing;
  const rowBytes = length / rows;
  const stride = bmpStride(rowBytes);
  const out = roomFor(segment);
  for (let y = 0; y < rows; y++) {
    const from = (topDown ? y : rows - 1 - y) * stride;
    out.set(data.subarray(from, from + rowBytes), y * rowBytes);
  }
  if (samples >= 3)
    for (let i = 0; i < length; i += samples) {
      const blue = out[i];
      out[i] = out[i + 2];
      out[i + 2] = blue;
    }
  return out;
}
