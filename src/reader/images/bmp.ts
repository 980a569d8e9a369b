import { storedBytes } from '../../model/layout.ts';
import { fail } from '../common/fail.ts';
import { bmpStride } from '../decode/bmp.ts';
import type { HeaderBytes } from '../common/header-bytes.ts';
import { imagePage, paletteMap } from './image-page.ts';
import type { Page } from '../tiff/page.ts';
import { PHOTOMETRIC } from '../tiff/pixel-format.ts';
import { type Resolution, resolutionOf } from '../voxel-size/resolution.ts';

/**
 * Reads the header of a Windows bitmap (BITMAPINFOHEADER and its successors): 1, 4 or 8-bit indices into a palette,
 * which for grey values are those themselves, or 24 or 32-bit colours. Its rows count as one compressed segment,
 * because they mostly run from the bottom up.
 *
 * The libraries for bitmaps leave the palette aside or make four bytes of every pixel, so that this reads them itself.
 *
 * @throws ConvertError `corrupt`, `truncated`, `unsupported`, `unsupported-compression`
 */
export function readBmp(file: HeaderBytes): Page {
  const at = file.locate(0, 54);
  const head = at < 0 ? Buffer.alloc(54) : file.buffer.subarray(at, at + 54);
  if (head.toString('latin1', 0, 2) !== 'BM')
    throw fail('corrupt', file.path, 'not a bitmap, though its name ends so: take it out, or export it again');
  const [offset, headerSize] = [head.readUInt32LE(10), head.readUInt32LE(14)];
  const [width, signedHeight] = [head.readInt32LE(18), head.readInt32LE(22)];
  const [bits, encoding, used] = [head.readUInt16LE(28), head.readUInt32LE(30), head.readUInt32LE(46)];
  if (headerSize < 40)
    throw fail(
      'unsupported',
      file.path,
      `its header has ${headerSize} bytes, where 40 or more were expected: save it again`
    );
  if (encoding !== 0)
    throw fail(
      'unsupported-compression',
      file.path,
      `its rows are encoded (BMP compression ${encoding}), where plain ones were expected: save it uncompressed`
    );
  if (![1, 4, 8, 24, 32].includes(bits))
    throw fail(
      'unsupported',
      file.path,
      `it has ${bits} bits a pixel, where 1, 4, 8, 24 or 32 were expected: save it as 8-bit grey`
    );
  const indexed = bits <= 8;
  const samples = indexed ? 1 : bits / 8;
  const pixel = {
    kind: 'uint' as const,
    bits: indexed ? bits : 8,
    samples,
    planar: false,
    reversedBits: false,
    photometric: indexed ? PHOTOMETRIC.palette : PHOTOMETRIC.rgb,
    extra: samples === 4 ? [0] : [],
    colorMap: null as Uint16Array | null
  };
  if (indexed) {
    const entries = Math.min(used || 2 ** bits, 2 ** bits);
    const palette = file.bytes(14 + headerSize, 4 * entries);
    if (!palette) throw fail('truncated', file.path, `its palette of ${entries} colours is not there: export it again`);
    pixel.colorMap = paletteMap(bits, palette, [2, 1, 0], 4);
  }
  const height = Math.abs(signedHeight);
  return imagePage(file, {
    width,
    height,
    coding: signedHeight < 0 ? 'bmp-top-down' : 'bmp',
    pixel,
    littleEndian: true,
    offset,
    byteCount: height * bmpStride(storedBytes(pixel, width))
  });
}

/** The pixels per metre of a bitmap's header. */
export function bmpResolution(file: HeaderBytes): Resolution | null {
  const head = file.bytes(38, 8);
  return head && resolutionOf([head.readInt32LE(4), head.readInt32LE(0)], 'meter', 'The header of the bitmap says');
}
