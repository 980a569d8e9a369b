import { inflateSync } from 'node:zlib';
import { storedBytes } from '../../model/layout.ts';
import { fail } from '../common/fail.ts';
import type { HeaderBytes } from '../common/header-bytes.ts';
import { imagePage, paletteMap } from './image-page.ts';
import type { Page } from '../tiff/page.ts';
import { PHOTOMETRIC } from '../tiff/pixel-format.ts';
import { type Resolution, resolutionOf } from '../voxel-size/resolution.ts';
import { COMPRESSION } from '../tiff/tags.ts';

const SIGNATURE = '\x89PNG\r\n\x1a\n';
/** Colour types (PNG specification, 11.2.1): samples of a pixel, what they are, and whether the last one is alpha. */
const COLOUR_TYPES: Partial<Record<number, { samples: number; photometric: number; alpha: boolean }>> = {
  0: { samples: 1, photometric: PHOTOMETRIC.blackIsZero, alpha: false },
  2: { samples: 3, photometric: PHOTOMETRIC.rgb, alpha: false },
  3: { samples: 1, photometric: PHOTOMETRIC.palette, alpha: false },
  4: { samples: 2, photometric: PHOTOMETRIC.blackIsZero, alpha: true },
  6: { samples: 4, photometric: PHOTOMETRIC.rgb, alpha: true }
};

/**
 * Reads the header of a PNG. All that follows its signature counts as one compressed segment.
 *
 * @throws ConvertError `corrupt`, `unsupported`
 */
export function readPng(file: HeaderBytes): Page {
  const at = file.locate(0, 33);
  const text = at < 0 ? '' : file.buffer.toString('latin1', at, at + 16);
  if (!text.startsWith(SIGNATURE) || !text.endsWith('IHDR'))
    throw fail('corrupt', file.path, 'not a PNG, though its name ends so: take it out, or export it again');
  const [width, height] = [file.buffer.readUInt32BE(at + 16), file.buffer.readUInt32BE(at + 20)];
  const [bits, type, , , interlace] = file.buffer.subarray(at + 24, at + 29);
  const colour = COLOUR_TYPES[type];
  if (!colour || ![1, 2, 4, 8, 16].includes(bits))
    throw fail('corrupt', file.path, `it has ${bits} bits of colour type ${type}, which no PNG has: export it again`);
  if (interlace !== 0)
    throw fail(
      'unsupported',
      file.path,
      'it is interlaced, where rows one after another were expected: save it without'
    );
  const { samples, photometric, alpha } = colour;
  return imagePage(file, {
    width,
    height,
    compression: COMPRESSION.png,
    pixel: {
      kind: 'uint',
      bits,
      samples,
      planar: false,
      reversedBits: false,
      photometric,
      extra: alpha ? [2] : [],
      colorMap: photometric === PHOTOMETRIC.palette ? paletteMap(bits, readPalette(file), [0, 1, 2], 3) : null
    },
    littleEndian: false,
    offset: SIGNATURE.length,
    byteCount: file.size - SIGNATURE.length
  });
}

/** Chunks before the image data, above which a file is taken to be hostile. */
const MAX_CHUNKS = 10_000;

/**
 * The content of the first chunk of a type before the image data, if it is no longer than `most`; null where there is
 * none.
 */
function readChunk(file: HeaderBytes, wanted: string, most: number): Buffer | null {
  for (let at = SIGNATURE.length, chunks = 0; chunks <= MAX_CHUNKS; chunks++) {
    const head = file.bytes(at, 8);
    const type = head?.toString('latin1', 4) ?? '';
    if (!head || type === 'IDAT' || type === 'IEND') return null;
    const length = head.readUInt32BE(0);
    if (type === wanted && length <= most) return file.bytes(at + 8, length);
    at += length + 12;
  }
  return null;
}

function readPalette(file: HeaderBytes): Buffer {
  const entries = readChunk(file, 'PLTE', 768);
  if (!entries)
    throw fail('corrupt', file.path, 'it has no palette, though its pixels are indices into one: export it again');
  return entries;
}

/** The pixels per metre, or their proportions, of a PNG (PNG specification, 11.3.4.3). */
export function pngResolution(file: HeaderBytes): Resolution | null {
  const chunk = readChunk(file, 'pHYs', 9);
  if (chunk?.length !== 9) return null;
  const [perX, perY] = [chunk.readUInt32BE(0), chunk.readUInt32BE(4)];
  const unit = chunk[8] === 1 ? 'meter' : null;
  // Square pixels of no size are nothing.
  return unit === null && perX === perY ? null : resolutionOf([perY, perX], unit, "The PNG's pHYs says");
}

/**
 * Decodes what follows a PNG's signature (PNG specification, 5 and 9) to `rows` rows of packed samples. Node inflates
 * it, with an end to what claims to be more than there can be; filters are undone in place. Libraries do either in
 * several copies of the image.
 *
 * @param data is written to
 * @throws Error
 */
export function decodePng(
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
