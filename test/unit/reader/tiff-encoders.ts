import { deflateSync, zstdCompressSync } from 'node:zlib';

/** LZW as TIFF 6.0 section 13 describes its writer. */
export function lzw(data: Uint8Array): Buffer {
  const out: number[] = [];
  let [held, bits, width] = [0, 0, 9];
  const emit = (code: number) => {
    bits = (bits << width) | code;
    for (held += width; held >= 8; held -= 8) out.push((bits >>> (held - 8)) & 255);
    bits &= (1 << held) - 1;
  };
  let table = new Map<string, number>();
  const clear = () => {
    emit(256);
    table = new Map();
    width = 9;
  };
  const codeOf = (text: string): number => (text.length === 1 ? text.charCodeAt(0) : table.get(text)!);
  clear();
  let word = '';
  for (const byte of data) {
    const longer = word + String.fromCharCode(byte);
    if (longer.length === 1 || table.has(longer)) {
      word = longer;
      continue;
    }
    emit(codeOf(word));
    const next = 258 + table.size;
    table.set(longer, next);
    if (next === 511 || next === 1023 || next === 2047) width++;
    if (next === 4094) clear();
    word = longer.slice(-1);
  }
  if (word) emit(codeOf(word));
  emit(257);
  if (held) out.push((bits << (8 - held)) & 255);
  return Buffer.from(out);
}

/** PackBits, with runs of three and more. */
export function packBits(data: Uint8Array): Buffer {
  const out: number[] = [];
  for (let at = 0; at < data.length;) {
    let run = 1;
    while (run < 128 && at + run < data.length && data[at + run] === data[at]) run++;
    if (run >= 3) {
      out.push(257 - run, data[at]);
      at += run;
    } else {
      const from = at;
      while (at < data.length && at - from < 128 && !(data[at] === data[at + 1] && data[at] === data[at + 2])) at++;
      out.push(at - from - 1, ...data.subarray(from, at));
    }
  }
  return Buffer.from(out);
}

/** TIFF's numbers of the compressions that can be written here. */
export const ENCODERS: Record<number, (data: Uint8Array) => Uint8Array> = {
  1: data => data,
  5: lzw,
  8: data => deflateSync(data),
  32946: data => deflateSync(data, { level: 1 }),
  32773: packBits,
  50000: data => zstdCompressSync(data)
};

/**
 * Applies predictor 2 or 3 to rows of native voxels of `samples` each, and writes them in the byte order of the file.
 */
export function store(
  native: Uint8Array,
  bytes: number,
  rowBytes: number,
  predictor: number,
  little: boolean,
  samples = 1
): Buffer {
  const out = Buffer.from(native);
  const width = rowBytes / bytes;
  for (let row = 0; row < out.length; row += rowBytes) {
    if (predictor === 2) {
      const number = (i: number) => {
        let value = 0n;
        for (let b = bytes - 1; b >= 0; b--) value = (value << 8n) | BigInt(out[row + i * bytes + b]);
        return value;
      };
      for (let i = width - 1; i >= samples; i--) {
        const difference = number(i) - number(i - samples);
        for (let b = 0; b < bytes; b++) out[row + i * bytes + b] = Number((difference >> BigInt(8 * b)) & 255n);
      }
    }
    if (predictor === 3) {
      const planes = Buffer.alloc(rowBytes);
      for (let i = 0; i < width; i++)
        for (let b = 0; b < bytes; b++) planes[(bytes - 1 - b) * width + i] = out[row + bytes * i + b];
      for (let i = rowBytes - 1; i >= samples; i--) planes[i] = planes[i] - planes[i - samples];
      planes.copy(out, row);
    }
  }
  if (!little && predictor !== 3 && bytes === 2) out.swap16();
  if (!little && predictor !== 3 && bytes === 4) out.swap32();
  if (!little && predictor !== 3 && bytes === 8) out.swap64();
  return out;
}
