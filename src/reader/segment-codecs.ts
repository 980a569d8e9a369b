import type { SegmentCoding } from '../model/layout.ts';
import { bmp, bmpTopDown } from './decode/bmp.ts';
import { deflate } from './decode/deflate.ts';
import { jpeg } from './decode/jpeg.ts';
import { lerc } from './decode/lerc.ts';
import { lzw } from './decode/lzw.ts';
import { packbits } from './decode/packbits.ts';
import { png } from './decode/png.ts';
import type { SegmentCodec } from './decode/segment-codec.ts';
import { zstd } from './decode/zstd.ts';

/** Decoders of segments, by coding; null where segments hold voxels as they are. */
export const SEGMENT_CODECS: Record<SegmentCoding, SegmentCodec | null> = {
  none: null,
  lzw,
  packbits,
  deflate,
  zstd,
  jpeg,
  lerc,
  png,
  bmp,
  'bmp-top-down': bmpTopDown
};
