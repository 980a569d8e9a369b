import { fail } from '../common/fail.ts';
import type { HeaderBytes } from '../common/header-bytes.ts';
import { imagePage, paletteMap } from './image-page.ts';
import type { Page } from '../tiff/page.ts';
import { PHOTOMETRIC } from '../tiff/pixel-format.ts';
import { type Resolution, resolutionOf } from '../voxel-size/resolution.ts';

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
    coding: 'png',
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
