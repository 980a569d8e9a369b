import { inflateSync } from 'node:zlib';
import { storedBytes } from '../../model/layout.ts';
import type { SegmentCodec } from './segment-codec.ts';

/** A PNG without its signature. */
export const png: SegmentCodec = {
  createDecoder:
    () =>
    ({ data, rows, layout: { packing, segmentWidth } }) =>
      decodePng(data, rows, packing, segmentWidth)
};

/**
 * Decodes what follows a PNG's signature (PNG specification, 5 and 9) to `rows` rows of packed samples. Node inflates
 * it, with an end to what claims to be more than there can be; filters are undone in place. Libraries do either in
 * several copies of the image.
 *
 * @param data is written to
 * @throws Error
 */
function decodePng(
  data: Uint8Array,
  rows: number,
  { bits, samples }: { bits: number; samples: number },
  width: number
): Uint8Array {
  const rowBytes = storedBytes({ bits, samples }, width);
  const filtered = inflateSync(gatherImageData(data), {
    chunkSize: rows * (rowBytes + 1) + 64,
    maxOutputLength: rows * (rowBytes + 1) + 65536
  });
  if (filtered.length < rows * (rowBytes + 1)) throw new Error(`its image data end after ${filtered.length} bytes`);
  undoFilters(filtered, rows, rowBytes, Math.max(1, (bits * samples) >> 3));
  return filtered.subarray(0, rows * rowBytes);
}

/** Brings the contents of the IDAT chunks together at the start of `data`. */
function gatherImageData(data: Uint8Array): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let gathered = 0;
  for (let at = 0; at + 12 <= data.length;) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === 0x49454e44) return data.subarray(0, gathered);
    if (at + 12 + length > data.length) break;
    if (type === 0x49444154) {
      data.copyWithin(gathered, at + 8, at + 8 + length);
      gathered += length;
    }
    at += 12 + length;
  }
  throw new Error('it ends before its last chunk (IEND)');
}

/**
 * Rows with a byte before each that names its filter become rows one behind the other; `step` bytes to the pixel on the
 * left.
 */
function undoFilters(bytes: Uint8Array, rows: number, rowBytes: number, step: number): void {
  let above: Uint8Array = new Uint8Array(rowBytes);
  for (let y = 0; y < rows; y++) {
    const from = y * (rowBytes + 1);
    const filter = bytes[from];
    bytes.copyWithin(y * rowBytes, from + 1, from + 1 + rowBytes);
    const row = bytes.subarray(y * rowBytes, (y + 1) * rowBytes);
    switch (filter) {
      case 0:
        break;
      case 1:
        for (let i = step; i < rowBytes; i++) row[i] += row[i - step];
        break;
      case 2:
        for (let i = 0; i < rowBytes; i++) row[i] += above[i];
        break;
      case 3:
        for (let i = 0; i < rowBytes; i++) row[i] += ((i < step ? 0 : row[i - step]) + above[i]) >> 1;
        break;
      case 4:
        for (let i = 0; i < step; i++) row[i] += above[i];
        for (let i = step; i < rowBytes; i++) row[i] += paeth(row[i - step], above[i], above[i - step]);
        break;
      default:
        throw new Error(`row ${y + 1} has filter ${filter}, which is not known`);
    }
    above = row;
  }
}

function paeth(left: number, above: number, corner: number): number {
  const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}
