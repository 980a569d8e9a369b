import { inflateSync } from 'node:zlib';
import { type SegmentCodec, inflatedTo } from './segment-codec.ts';

/** TIFF's deflate, old and new: a zlib stream (TIFF Technical Note 3). */
export const deflate: SegmentCodec = {
  createDecoder: () => segment => inflateSync(segment.data, inflatedTo(segment))
};
