import { type DecoderTables, type SegmentCoding, storedBytes } from '../../model/layout.ts';
import { readTables } from './decoder-tables.ts';
import type { Directory } from './directory.ts';
import { fail } from '../common/fail.ts';
import { FAR } from '../common/header-bytes.ts';
import { otherJpeg } from '../decode/jpeg.ts';
import { isLercType } from '../decode/lerc.ts';
import { PHOTOMETRIC, type PixelFormat, readPixelFormat, storedType } from './pixel-format.ts';
import { TAG, codingOf, otherCompressionName } from './tags.ts';

/** A page's size and pixels, which all pages of a volume have in common, and how it is stored. */
export interface PageFormat {
  width: number;
  height: number;
  pixel: PixelFormat;
  littleEndian: boolean;
  coding: SegmentCoding;
  predictor: number;
  tiled: boolean;
  /** Columns of a segment; a strip's are the page's. */
  segmentWidth: number;
  /** Rows of a segment, no more than the page's for strips. */
  segmentHeight: number;
}

/** A page and the places of its segments, in row-major order; of planar samples one after the other. */
export interface Page {
  format: PageFormat;
  offsets: ArrayLike<number>;
  /** NaN where the sizes are not told. */
  byteCounts: ArrayLike<number>;
  decoderTables: DecoderTables;
  /** Value of pixels that have none, by the file's GDAL_NODATA; empty where there is no such tag. */
  nodata: string;
  /** Where the first row and column are (tag 274), 1 where they are at the top and on the left. */
  orientation: number;
}

/** How often a page's segments cover it: once, or once for each planar sample. */
export const segmentGroups = ({ pixel: { planar, samples } }: PageFormat): number => (planar ? samples : 1);

/** Bytes of a row of a segment. */
export const segmentRowBytes = ({ pixel: { bits, samples, planar }, segmentWidth }: PageFormat): number =>
  storedBytes({ bits, samples: planar ? 1 : samples }, segmentWidth);

/** Bytes of a segment as decoded, or as the voxels made of it, whichever are more. */
const decodedBytes = (format: PageFormat): number =>
  format.segmentHeight * Math.max(segmentRowBytes(format), format.segmentWidth * Math.ceil(format.pixel.bits / 8) * 2);

const PREDICTABLE: readonly SegmentCoding[] = ['lzw', 'deflate', 'zstd'];

/** Segments of one page, above which a header is taken to be hostile. */
const MAX_SEGMENTS = 1 << 24;
/** Bytes of a segment that must be decoded whole. */
const MAX_SEGMENT_BYTES = 2 ** 31 - 65536;
const MAX_SIDE = 2 ** 31 - 1;
const MAX_NODATA = 256;

/**
 * Whether a page of the main chain is a smaller copy or a mask of another (NewSubfileType bits 0 and 2), and so no
 * slice.
 */
export const isAuxiliary = (directory: Directory): boolean =>
  (directory.integer(TAG.newSubfileType, 0) & 5) !== 0 || directory.integer(TAG.subfileType, 1) === 2;

/** Rows a strip that are 0, or -1 in a signed field, are all of the page's. */
const positive = (value: number): number | null => (value > 0 ? value : null);

function checkDepth(directory: Directory): void {
  const depth = directory.integer(TAG.imageDepth, 1);
  if (depth !== 1)
    throw fail(
      'unsupported',
      directory.file.path,
      `a page of it is a volume of ${depth} slices (ImageDepth), where pages were expected to be slices: save it as one page a slice`
    );
}

function predictorOf(directory: Directory, coding: SegmentCoding, pixel: PixelFormat): number {
  const predictor = directory.integer(TAG.predictor, 1);
  // JPEG has none, whatever the tag says, as in other programs.
  if (predictor === 1 || coding === 'jpeg') return 1;
  const whole = [8, 16, 32, 64].includes(pixel.bits);
  if (PREDICTABLE.includes(coding) && whole && (predictor === 2 || (predictor === 3 && pixel.kind === 'float')))
    return predictor;
  throw fail(
    'unsupported-compression',
    directory.file.path,
    `predictor ${predictor} of ${storedType(pixel)} voxels with compression ${coding} is not understood: save it again without a predictor`
  );
}

/** Of the first strip or tile. */
function firstBytes(directory: Directory): Uint8Array {
  const at = directory.integer(TAG.tileOffsets, directory.integer(TAG.stripOffsets, 0));
  return directory.file.bytes(at, Math.max(0, Math.min(FAR, directory.file.size - at))) ?? new Uint8Array(0);
}

function readCoding(directory: Directory, pixel: PixelFormat): SegmentCoding {
  const compression = directory.integer(TAG.compression, 1);
  const { path } = directory.file;
  const type = storedType(pixel);
  const { photometric, planar, samples, kind, bits } = pixel;
  const refuse = (problem: string) => fail('unsupported-compression', path, problem);
  const coding = codingOf(compression);
  if (coding === null)
    throw refuse(
      `compressed with ${otherCompressionName(compression)}, where none, LZW, deflate, PackBits, zstd, JPEG or LERC was expected: save it with one of these`
    );
  if (photometric === PHOTOMETRIC.yCbCr && (coding !== 'jpeg' || planar || samples !== 3))
    throw refuse('its colours are YCbCr, which can be read in JPEG only: save it as RGB or grey values');
  const other = coding === 'jpeg' && directory.number === 1 ? otherJpeg(firstBytes(directory)) : null;
  if (other)
    throw refuse(
      `compressed with ${other}, where sequential or progressive JPEG was expected: save it with deflate or LZW`
    );
  if (coding === 'jpeg' && (kind !== 'uint' || bits !== 8))
    throw refuse(`JPEG of ${type} voxels cannot be read: save it with deflate or LZW`);
  if (coding === 'lerc') {
    // It has neither integers of 64 bits nor packed ones.
    if (!isLercType(type)) throw refuse(`${type} voxels in LERC cannot be read: save it with zstd, deflate or LZW`);
    if (samples > 1 && !planar)
      throw refuse(`LERC of ${samples} samples a pixel cannot be read: save it with zstd, deflate or LZW`);
  }
  return coding;
}

/**
 * Checks that a page is one that can be read, and reads where its segments lie; no voxel.
 *
 * @throws ConvertError `unsupported`, `unsupported-compression`, `corrupt`, `truncated`
 */
export function readPage(directory: Directory): Page {
  const { file, number } = directory;
  const { littleEndian } = directory.encoding;
  const width = directory.integer(TAG.imageWidth, 0);
  const height = directory.integer(TAG.imageLength, 0);
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE)
    throw fail('corrupt', file.path, `page ${number} is ${height} × ${width} pixels, which cannot be: export it again`);
  checkDepth(directory);
  const pixel = readPixelFormat(directory);
  const coding = readCoding(directory, pixel);
  const predictor = predictorOf(directory, coding, pixel);
  // As in libtiff: lengths of tiles make tiles, and where these are may stand in the tags of either.
  const tiled = directory.has(TAG.tileWidth) || directory.has(TAG.tileLength);
  const segmentWidth = tiled ? directory.integer(TAG.tileWidth, 0) : width;
  const segmentHeight = tiled
    ? directory.integer(TAG.tileLength, 0)
    : Math.min(height, positive(directory.integer(TAG.rowsPerStrip, height)) ?? height);
  if (segmentWidth < 1 || segmentHeight < 1 || segmentWidth > MAX_SIDE || segmentHeight > MAX_SIDE)
    throw fail(
      'corrupt',
      file.path,
      `page ${number} has tiles of ${segmentHeight} × ${segmentWidth} pixels, which cannot be: export it again`
    );
  const kind = tiled ? 'tiles' : 'strips';
  const format = { width, height, pixel, littleEndian, coding, predictor, tiled, segmentWidth, segmentHeight };
  if (coding !== 'none' && decodedBytes(format) > MAX_SEGMENT_BYTES)
    throw fail(
      'unsupported',
      file.path,
      `page ${number} has compressed ${kind} of ${segmentHeight} × ${segmentWidth} pixels, where at most 2 GiB were expected: save it with smaller ones`
    );
  const columns = Math.ceil(width / segmentWidth);
  const rows = Math.ceil(height / segmentHeight);
  const segments = rows * columns * segmentGroups(format);
  const own = (tag: number, other: number) => (directory.has(tag) || !directory.has(other) ? tag : other);
  const [offsetsTag, countsTag] = tiled
    ? [own(TAG.tileOffsets, TAG.stripOffsets), own(TAG.tileByteCounts, TAG.stripByteCounts)]
    : [own(TAG.stripOffsets, TAG.tileOffsets), own(TAG.stripByteCounts, TAG.tileByteCounts)];
  const places = directory.count(offsetsTag);
  if (places < segments)
    throw fail(
      'corrupt',
      file.path,
      `page ${number} needs ${segments} ${kind}, but says where ${places} are: export it again`
    );
  if (segments > MAX_SEGMENTS)
    throw fail(
      'unsupported',
      file.path,
      `page ${number} has ${segments} ${kind}, where at most ${MAX_SEGMENTS} were expected: save it with larger ones`
    );
  const raw = coding === 'none';
  const sizes = directory.count(countsTag);
  if (!raw && sizes < segments)
    throw fail(
      'corrupt',
      file.path,
      `page ${number} has ${segments} compressed ${kind}, but the sizes of ${sizes}: export it again`
    );
  const offsets = directory.integers(offsetsTag, segments);
  const byteCounts =
    raw && sizes < segments ? new Float64Array(segments).fill(NaN) : directory.integers(countsTag, segments);
  const nodata = directory.bytes(TAG.gdalNodata, MAX_NODATA)?.toString('latin1').split('\0')[0] ?? '';
  const orientation = directory.integer(TAG.orientation, 1);
  const decoderTables = readTables(directory, coding);
  return { format, offsets, byteCounts, decoderTables, nodata, orientation };
}
