import { type SegmentCodec, roomFor } from './segment-codec.ts';

export const lzw: SegmentCodec = {
  createDecoder() {
    const decoder = new LzwDecoder();
    return segment => {
      const out = roomFor(segment);
      return out.subarray(0, decoder.decode(segment.data, out));
    };
  }
};

const CLEAR = 256;
const END = 257;
const FIRST = 258;
const MAX_CODES = 4096;

/**
 * Decodes TIFF's LZW (TIFF 6.0 section 13: codes of 9 to 12 bits, the highest bit first, widened one code early), and
 * that of programs before TIFF 6.0, as libtiff does: the lowest bit first, and widened when they must be. A strip
 * begins with the code that clears the table, by which the two are told apart.
 *
 * A string of the table is always a piece of what was already written, so the table keeps where each begins and how
 * long it is: the string of a new code is the one before it and the byte that followed it there.
 *
 * @returns bytes written to `out`; less than its length when the data end early
 * @throws Error for a code that cannot be
 */
class LzwDecoder {
  /** Start and length of each code's string in the output. */
  readonly #table = new Int32Array(2 * MAX_CODES + 2);

  decode(data: Uint8Array, out: Uint8Array): number {
    const old = data.length >= 2 && data[0] === 0 && (data[1] & 1) === 1;
    /** How many codes before the last of its width the next one is wider. */
    const early = old ? 0 : 1;
    const table = this.#table;
    const end = out.length;
    const dataEnd = data.length;
    let bits = 0;
    let held = 0;
    let at = 0;
    let width = 9;
    let mask = 0x1ff;
    /** Twice the next free code, so that it points into the table; and where the width grows. */
    let next = 2 * FIRST;
    let grow = 2 * (mask - early);
    let written = 0;
    let before = -1;
    let beforeLength = 0;
    while (written < end) {
      if (held < width) {
        if (old) {
          if (at >= dataEnd) return written;
          bits |= data[at++] << held;
          held += 8;
          if (held < width) continue;
        } else if (at + 1 < dataEnd) {
          bits = (bits << 16) | (data[at] << 8) | data[at + 1];
          at += 2;
          held += 16;
        } else {
          if (at >= dataEnd) return written;
          bits = (bits << 8) | data[at++];
          held += 8;
          if (held < width) return written;
        }
      }
      held -= width;
      const code = (old ? bits : bits >>> held) & mask;
      if (old) bits >>>= width;
      if (code === CLEAR) {
        width = 9;
        mask = 0x1ff;
        next = 2 * FIRST;
        grow = 2 * (mask - early);
        before = -1;
        continue;
      }
      if (code === END) return written;
      if (before >= 0) {
        table[next] = before;
        table[next + 1] = beforeLength + 1;
        // A full table stays as it is until it is cleared.
        if (next < 2 * MAX_CODES) next += 2;
      } else if (code > END) throw new Error(`LZW code ${code} follows a cleared table`);
      before = written;
      if (code < CLEAR) {
        out[written++] = code;
        beforeLength = 1;
      } else {
        if (2 * code >= next) throw new Error(`LZW code ${code} is not in a table of ${next / 2}`);
        let from = table[2 * code];
        const length = Math.min(table[2 * code + 1], end - written);
        beforeLength = length;
        if (length < 32) {
          const to = written + length;
          do out[written++] = out[from++];
          while (written < to);
        } else written = copy(out, from, length, written);
      }
      if (next > grow && width < 12) {
        width++;
        mask = 2 * mask + 1;
        grow = 2 * (mask - early);
      }
    }
    return written;
  }
}

/** Copies within `out`; a string may overlap what it becomes by its last byte only. */
function copy(out: Uint8Array, from: number, length: number, to: number): number {
  const whole = Math.min(length, to - from);
  out.copyWithin(to, from, from + whole);
  for (let i = whole; i < length; i++) out[to + i] = out[from + i];
  return to + length;
}
