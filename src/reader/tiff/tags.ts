import type { SegmentCoding } from '../../model/layout.ts';

/** Tags of TIFF 6.0, its supplements and BigTIFF that decide how voxels are read. */
export const TAG = {
  newSubfileType: 254,
  subfileType: 255,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  imageDepth: 32997,
  metamorphPlanes: 33629,
  gdalNodata: 42113,
  lercParameters: 50674,
  imagejByteCounts: 50838,
  imagejMetadata: 50839
} as const;

/** Bytes of one value, by field type (TIFF 6.0 section 2, BigTIFF 16 to 18); 0 where there is no such type. */
export const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** The compressions (tag 259) that can be read. */
const CODINGS = new Map<number, SegmentCoding>([
  [1, 'none'],
  [5, 'lzw'],
  [7, 'jpeg'],
  [8, 'deflate'],
  // As it was before it had a number.
  [32946, 'deflate'],
  [32773, 'packbits'],
  [34887, 'lerc'],
  // As it was before it had a number, in libtiff 4.0.10's time.
  [34926, 'zstd'],
  [50000, 'zstd']
]);

/** Names of those that cannot, for messages. */
const OTHERS = new Map<number, string>([
  [2, 'CCITT RLE'],
  [3, 'CCITT fax 3'],
  [4, 'CCITT fax 4'],
  [6, 'old-style JPEG'],
  [32766, 'NeXT'],
  [32809, 'ThunderScan'],
  [32908, 'PIXTIFF'],
  [32909, 'PixarLog'],
  [33003, 'JPEG 2000'],
  [33005, 'JPEG 2000'],
  [34661, 'JBIG'],
  [34676, 'SGILog'],
  [34677, 'SGILog24'],
  [34712, 'JPEG 2000'],
  [34892, 'lossy JPEG'],
  [34925, 'LZMA'],
  [34927, 'WebP'],
  [34933, 'PNG'],
  [34934, 'JPEG XR'],
  [50001, 'WebP'],
  [50002, 'JPEG XL'],
  [52546, 'JPEG XL']
]);

/** The coding of a compression, or null when it cannot be read. */
export const codingOf = (compression: number): SegmentCoding | null => CODINGS.get(compression) ?? null;

export const otherCompressionName = (compression: number): string =>
  OTHERS.has(compression) ? `${OTHERS.get(compression)} (${compression})` : `number ${compression}`;
