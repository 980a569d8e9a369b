import { zstdDecompressSync } from 'node:zlib';
import { type SegmentCodec, inflatedTo } from './segment-codec.ts';

export const zstd: SegmentCodec = {
  createDecoder: () => segment => zstdDecompressSync(segment.data, inflatedTo(segment))
};
