import { BYTES_PER_VOXEL, type Dtype, type OuterShape, type Shape } from './volume.ts';

/**
 * Content of a decoded segment, and how it becomes voxels. A row of samples begins with a whole byte; samples of other
 * than whole bytes have their highest bit first.
 */
export interface Packing {
  /** Bits of a stored sample; 16 with a dtype of float32 is a half float (IEEE 754 binary16). */
  bits: number;
  /** Samples of a pixel that lie side by side in a segment; 1 where each has segments of its own. */
  samples: number;
  /** TIFF tag 266 is 2: the bits of every stored byte, before it is decompressed, are in reverse. */
  reversedBits: boolean;
  /**
   * Unsigned values of MinIsWhite: a voxel is the greatest number of as many bits, less what is stored. Of sample 0
   * only.
   */
  inverted: boolean;
  /** Voxel values by index, one table for each sample of a palette; null where stored values are the voxels'. */
  palettes: (Uint8Array | Uint16Array)[] | null;
}

/** Stored as voxels are. */
export const plainPacking = (dtype: Dtype): Packing => ({
  bits: 8 * BYTES_PER_VOXEL[dtype],
  samples: 1,
  reversedBits: false,
  inverted: false,
  palettes: null
});

/** Whether a row of stored samples is a row of voxels, once its bytes are in order. */
export const isPlain = ({ packing: { bits, samples, palettes }, dtype }: Pick<Layout, 'packing' | 'dtype'>): boolean =>
  samples === 1 && bits === 8 * BYTES_PER_VOXEL[dtype] && palettes === null;

export const NOT_FLIPPED: Layout['flip'] = { rows: false, columns: false };

/** Bytes of `pixels` stored pixels that begin with a whole byte. */
export const storedBytes = ({ bits, samples }: Pick<Packing, 'bits' | 'samples'>, pixels: number): number =>
  Math.ceil((pixels * samples * bits) / 8);

/** Compression of a segment; `bmp`: none, but rows and colours are as a Windows bitmap has them. */
export type SegmentCoding =
  'none' | 'lzw' | 'packbits' | 'deflate' | 'zstd' | 'jpeg' | 'lerc' | 'png' | 'bmp' | 'bmp-top-down';

/** Data that a decoder needs beside the bytes of a segment. */
export interface DecoderTables {
  /** TIFF tag 347. */
  jpegTables?: Uint8Array;
  /** Whether JPEG's components are YCbCr. */
  yCbCr?: boolean;
  /** TIFF tag 50674: version, and compression around it (0 none, 1 deflate, 2 zstd). */
  lercParameters?: number[];
}

/** How a page is stored. A *segment* is a strip or a tile: the smallest piece that can be decoded alone. */
export interface Encoding {
  littleEndian: boolean;
  coding: SegmentCoding;
  /** TIFF tag 317; 1 is none. */
  predictor: number;
  /**
   * Rows and columns of a segment. For strips the width is the volume's; the last strip of a page may have fewer rows.
   */
  segmentHeight: number;
  segmentWidth: number;
  /** Segments down and across a page. */
  segmentRows: number;
  segmentColumns: number;
  decoderTables: DecoderTables;
}

/** Marks that tell the file at an address from another that takes its place. */
export interface RemoteState {
  size: number;
  /** Its ETag, or when it was written where there is none; null where the server says neither. */
  version: string | null;
  /** When it was written, in ms since 1970; 0 where the server does not say. */
  modified: number;
}

/**
 * Where the voxels of files lie on disk: plain data that worker threads receive once.
 * The tables sit in SharedArrayBuffers, so that 20,000 pages cost one copy and not one a worker.
 */
export interface Layout {
  kind: 'segments';
  /** Absolute paths; a single file, or one file a slice. Of a source with an address that alone. */
  files: string[];
  /** State of the file at an address when it was opened; null: files on disks. */
  remote: RemoteState | null;
  /** Shape (Z, Y, X) of one volume. */
  shape: Shape;
  /** How many volumes there are: plane z of channel c at time t is number (t · C + c) · Z + z. */
  outerShape: OuterShape;
  /** As read, whatever the stored samples are: see `packing`. */
  dtype: Dtype;
  packing: Packing;
  /** Whether its values, as they are, are to be shown with the least of them brightest. */
  shownInverted?: boolean;
  /** The ways in which its pages are stored: one, unless slices were saved by several programs. */
  encodings: Encoding[];
  /** Which of these each plane has (Uint16Array over a SharedArrayBuffer). */
  planeEncoding: Uint16Array;
  /** Index into `files` of each plane, length T · C · Z (Uint32Array over a SharedArrayBuffer). */
  pageFile: Uint32Array;
  /** Sample of its page that each plane is (Uint16Array over a SharedArrayBuffer); null where pages have one. */
  planeSample: Uint16Array | null;
  /** Index of each plane's first segment in the tables of these (Float64Array over a SharedArrayBuffer). */
  firstSegment: Float64Array;
  /**
   * Byte offset of each segment in its file, plane-major, then row, then column (Float64Array over a
   * SharedArrayBuffer).
   */
  offsets: Float64Array;
  /** Byte length of each segment as stored, in the same order; 0 of one that is in no file. */
  byteCounts: Float64Array;
  /** Whether planes are stored upside down, or from right to left. */
  flip: { rows: boolean; columns: boolean };
  /** The stored number of every pixel in such a segment. */
  fill: number | bigint;
  /** True when a signed 16-bit volume is stored as unsigned with 32,768 added (ImageJ): the reader subtracts it. */
  signedOffset: boolean;
}

/** A layout and one of its encodings: all that there is to know of the planes that have it. */
export type EncodedLayout = Layout & Encoding;

export const encodedAs = (layout: Layout, encoding: number): EncodedLayout => ({
  ...layout,
  ...layout.encodings[encoding]
});

/** Whether planes are compressed, some of them at least. */
export const isCompressed = ({ encodings }: Pick<Layout, 'encodings'>): boolean =>
  encodings.some(({ coding }) => coding !== 'none');

/** Most rows and columns that are decoded together; null where nothing is compressed. */
export function decodedTogether({ encodings }: Pick<Layout, 'encodings'>): { rows: number; columns: number } | null {
  const compressed = encodings.filter(({ coding }) => coding !== 'none');
  if (compressed.length === 0) return null;
  return {
    rows: Math.max(...compressed.map(({ segmentHeight }) => segmentHeight)),
    columns: Math.max(...compressed.map(({ segmentWidth }) => segmentWidth))
  };
}

/** The encoding of uncompressed little-endian pages, each of them in one piece. */
export const plainEncoding = ([, height, width]: Shape): Encoding => ({
  littleEndian: true,
  coding: 'none',
  predictor: 1,
  segmentHeight: height,
  segmentWidth: width,
  segmentRows: 1,
  segmentColumns: 1,
  decoderTables: {}
});
