import { BYTES_PER_VOXEL, type Dtype } from '../volume.ts';
import type { Directory } from './directory.ts';
import { fail } from './fail.ts';
import { COMPRESSION, compressionName, otherCompressionName, TAG } from './tags.ts';

/** What all pages of a volume have in common. */
export interface PageFormat {
  width: number;
  height: number;
  dtype: Dtype;
  littleEndian: boolean;
  compression: number;
  predictor: number;
  tiled: boolean;
  /** Columns of a segment; a strip's are the page's. */
  segmentWidth: number;
  /** Rows of a segment, no more than the page's for strips. */
  segmentHeight: number;
}

/** A page and the places of its segments, in row-major order. */
export interface Page {
  format: PageFormat;
  offsets: ArrayLike<number>;
  byteCounts: ArrayLike<number>;
}

/** Segments of one page, above which a header is taken to be hostile. */
const MAX_SEGMENTS = 1 << 24;
/** Bytes of a segment that must be decoded whole. */
const MAX_SEGMENT_BYTES = 2 ** 31 - 65536;
const MAX_SIDE = 2 ** 31 - 1;

const PHOTOMETRIC = [
  'inverted grey (MinIsWhite)',
  'grey',
  'RGB',
  'palette',
  'a transparency mask',
  'CMYK',
  'YCbCr',
  '',
  'CIELab'
];

/** Whether a page of the main chain is a smaller copy or a mask of another (NewSubfileType bits 0 and 2), and so no slice. */
export const isAuxiliary = (directory: Directory): boolean =>
  (directory.integer(TAG.newSubfileType, 0) & 5) !== 0 || directory.integer(TAG.subfileType, 1) === 2;

function dtypeOf(directory: Directory): Dtype {
  const bits = directory.integer(TAG.bitsPerSample, 1);
  const format = directory.integer(TAG.sampleFormat, 1);
  const kind = { 1: 'uint', 2: 'int', 3: 'float', 4: 'uint', 5: 'complex int', 6: 'complex float' }[format];
  const name = `${kind}${bits}`;
  if (Object.hasOwn(BYTES_PER_VOXEL, name)) return name as Dtype;
  throw fail(
    'unsupported',
    directory.file.path,
    `its voxels are ${kind ? `${bits}-bit ${kind}` : `of sample format ${format}`}, where uint8, uint16, uint32, int8, int16, int32 or float32 were expected: convert it to one of these first`
  );
}

function checkGrey(directory: Directory): void {
  const { path } = directory.file;
  const samples = directory.integer(TAG.samplesPerPixel, 1);
  const photometric = directory.integer(TAG.photometric, 1);
  const colour = photometric > 1 ? (PHOTOMETRIC[photometric] ?? `photometric interpretation ${photometric}`) : null;
  if (samples !== 1)
    throw fail(
      'unsupported',
      path,
      `it has ${samples} samples a pixel${colour ? ` (${colour})` : ''}, where one grey value was expected: colour comes later; save it as grey values`
    );
  if (colour)
    throw fail(
      'unsupported',
      path,
      `its pixels are ${colour}, where grey values were expected: colour comes later; save it as grey values (in ImageJ, with the Grays lookup table)`
    );
  if (photometric === 0)
    throw fail(
      'unsupported',
      path,
      'its grey values are inverted (MinIsWhite), where 0 as black was expected: save it without inversion'
    );
  if (directory.integer(TAG.fillOrder, 1) !== 1)
    throw fail('unsupported', path, 'its bits are stored in reverse (FillOrder 2): save it again with FillOrder 1');
  const depth = directory.integer(TAG.imageDepth, 1);
  if (depth !== 1)
    throw fail(
      'unsupported',
      path,
      `a page of it is a volume of ${depth} slices (ImageDepth), where pages were expected to be slices: save it as one page a slice`
    );
}

function predictorOf(directory: Directory, compression: number, dtype: Dtype): number {
  const predictor = directory.integer(TAG.predictor, 1);
  const fits =
    predictor === 1 ||
    ([COMPRESSION.lzw, COMPRESSION.deflate, COMPRESSION.oldDeflate, COMPRESSION.zstd].includes(compression as 5) &&
      (predictor === 2 || (predictor === 3 && dtype === 'float32')));
  if (fits) return predictor;
  throw fail(
    'unsupported-compression',
    directory.file.path,
    `predictor ${predictor} of ${dtype} voxels with compression ${compressionName(compression)} is not understood: save it again without a predictor`
  );
}

function compressionOf(directory: Directory, dtype: Dtype): number {
  const compression = directory.integer(TAG.compression, 1);
  if (compressionName(compression) === null)
    throw fail(
      'unsupported-compression',
      directory.file.path,
      `compressed with ${otherCompressionName(compression)}, where none, LZW, deflate, PackBits, zstd, JPEG or LERC was expected: save it with one of these`
    );
  if (compression === COMPRESSION.jpeg && dtype !== 'uint8')
    throw fail(
      'unsupported-compression',
      directory.file.path,
      `JPEG of ${dtype} voxels cannot be read: save it with deflate or LZW`
    );
  // The decoder (lerc 3.0.0) fails on these.
  if (compression === COMPRESSION.lerc && dtype === 'uint32')
    throw fail(
      'unsupported-compression',
      directory.file.path,
      'uint32 voxels in LERC cannot be read: save it with zstd, deflate or LZW'
    );
  return compression;
}

/**
 * Checks that a page is one that can be read, and reads where its segments lie; no voxel.
 *
 * @throws ConvertError `unsupported`, `unsupported-compression`, `corrupt`, `truncated`
 */
export function readPage(directory: Directory): Page {
  const { file, number } = directory;
  const width = directory.integer(TAG.imageWidth, 0);
  const height = directory.integer(TAG.imageLength, 0);
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE)
    throw fail('corrupt', file.path, `page ${number} is ${height} × ${width} pixels, which cannot be: export it again`);
  checkGrey(directory);
  const dtype = dtypeOf(directory);
  const bytes = BYTES_PER_VOXEL[dtype];
  const compression = compressionOf(directory, dtype);
  const predictor = predictorOf(directory, compression, dtype);
  const tiled = directory.has(TAG.tileOffsets) || directory.has(TAG.tileWidth);
  const segmentWidth = tiled ? directory.integer(TAG.tileWidth, 0) : width;
  const segmentHeight = tiled
    ? directory.integer(TAG.tileLength, 0)
    : Math.min(height, directory.integer(TAG.rowsPerStrip, height) || height);
  if (segmentWidth < 1 || segmentHeight < 1 || segmentWidth > MAX_SIDE || segmentHeight > MAX_SIDE)
    throw fail(
      'corrupt',
      file.path,
      `page ${number} has tiles of ${segmentHeight} × ${segmentWidth} pixels, which cannot be: export it again`
    );
  const kind = tiled ? 'tiles' : 'strips';
  if (compression !== COMPRESSION.none && segmentWidth * segmentHeight * bytes > MAX_SEGMENT_BYTES)
    throw fail(
      'unsupported',
      file.path,
      `page ${number} has compressed ${kind} of ${segmentHeight} × ${segmentWidth} pixels, where at most 2 GiB were expected: save it with smaller ones`
    );
  const columns = Math.ceil(width / segmentWidth);
  const rows = Math.ceil(height / segmentHeight);
  const segments = rows * columns;
  const offsetsTag = tiled ? TAG.tileOffsets : TAG.stripOffsets;
  const countsTag = tiled ? TAG.tileByteCounts : TAG.stripByteCounts;
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
  const raw = compression === COMPRESSION.none;
  const sizes = directory.count(countsTag);
  if (!raw && sizes < segments)
    throw fail(
      'corrupt',
      file.path,
      `page ${number} has ${segments} compressed ${kind}, but the sizes of ${sizes}: export it again`
    );
  const offsets = directory.integers(offsetsTag, segments);
  const byteCounts = raw && sizes < segments ? new Float64Array(segments) : directory.integers(countsTag, segments);
  const { littleEndian } = directory.encoding;
  return {
    format: { width, height, dtype, littleEndian, compression, predictor, tiled, segmentWidth, segmentHeight },
    offsets,
    byteCounts
  };
}
