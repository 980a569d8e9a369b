import { type SegmentCodec, roomFor } from './segment-codec.ts';

export const packbits: SegmentCodec = {
  createDecoder: () => segment => {
    const out = roomFor(segment);
    return out.subarray(0, unpackBits(segment.data, out));
  }
};

/**
 * Decodes PackBits (TIFF 6.0 section 9).
 *
 * @returns bytes written to `out`; less than its length when the data end early
 */
function unpackBits(data: Uint8Array, out: Uint8Array): number {
  let written = 0;
  for (let at = 0; at < data.length && written < out.length;) {
    const header = data[at++];
    if (header < 128) {
      const length = Math.min(header + 1, out.length - written, data.length - at);
      for (let i = 0; i < length; i++) out[written++] = data[at++];
    } else if (header > 128) {
      if (at === data.length) break;
      const length = Math.min(257 - header, out.length - written);
      out.fill(data[at++], written, written + length);
      written += length;
    }
  }
  return written;
}
