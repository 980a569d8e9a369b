import { storedBytes } from '../../model/layout.ts';
import { fail } from '../common/fail.ts';
import type { HeaderBytes } from '../common/header-bytes.ts';
import type { Page, PageFormat } from '../tiff/page.ts';

/** Bytes of an image that is decoded whole. */
const MAX_BYTES = 2 ** 31 - 65536;

/**
 * The one page of an image file that is no TIFF, in the terms of one that is: a single compressed segment.
 *
 * @throws ConvertError `corrupt`, `unsupported`
 */
export function imagePage(
  file: HeaderBytes,
  {
    offset,
    byteCount,
    ...format
  }: Pick<PageFormat, 'width' | 'height' | 'coding' | 'pixel' | 'littleEndian'> & {
    offset: number;
    byteCount: number;
  }
): Page {
  const { width, height, pixel } = format;
  if (width < 1 || height < 1)
    throw fail('corrupt', file.path, `it is ${height} × ${width} pixels, which cannot be: export it again`);
  if (height * storedBytes(pixel, width) > MAX_BYTES)
    throw fail(
      'unsupported',
      file.path,
      `it is ${height} × ${width} pixels, where at most 2 GiB were expected: save it as TIFF`
    );
  return {
    format: { ...format, predictor: 1, tiled: false, segmentWidth: width, segmentHeight: height },
    offsets: [offset],
    byteCounts: [byteCount],
    decoderTables: {},
    nodata: '',
    orientation: 1
  };
}

/**
 * A palette as a TIFF's ColorMap has it: all reds, all greens, all blues, of 16 bits. Entries that are not there are
 * never used, and get the value of their index.
 *
 * @param order places of red, green and blue in an entry of `size` bytes
 */
export function paletteMap(
  bits: number,
  entries: Uint8Array,
  order: [number, number, number],
  size: number
): Uint16Array {
  const count = 2 ** bits;
  const map = new Uint16Array(3 * count);
  const there = Math.floor(entries.length / size);
  for (const [n, place] of order.entries())
    for (let i = 0; i < count; i++) map[n * count + i] = 257 * (i < there ? entries[i * size + place] : i);
  return map;
}
