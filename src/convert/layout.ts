import type { Dtype, Frames, Shape } from './volume.ts';

/**
 * Where the voxels of a source lie on disk: plain data that worker threads receive once.
 * The tables sit in SharedArrayBuffers, so that 20,000 pages cost one copy and not one a worker.
 *
 * A *segment* is a strip or a tile: the smallest piece that can be decoded alone.
 */
export interface Layout {
  /** Absolute paths; a single file, or one file a slice. */
  files: string[];
  /** Shape (Z, Y, X) of one volume. */
  shape: Shape;
  /** How many volumes there are: plane z of channel c at time t is number (t · C + c) · Z + z. */
  frames: Frames;
  dtype: Dtype;
  littleEndian: boolean;
  /** TIFF tag 259; 1 is uncompressed. */
  compression: number;
  /** TIFF tag 317; 1 is none. */
  predictor: number;
  /** Rows and columns of a segment. For strips the width is the volume's; the last strip of a page may have fewer rows. */
  segmentHeight: number;
  segmentWidth: number;
  /** Segments down and across a page. */
  segmentRows: number;
  segmentColumns: number;
  /** Index into `files` of each plane, length T · C · Z (Uint32Array over a SharedArrayBuffer). */
  pageFile: Uint32Array;
  /** Byte offset of each segment in its file, plane-major, then row, then column (Float64Array over a SharedArrayBuffer). */
  offsets: Float64Array;
  /** Byte length of each segment as stored, in the same order. */
  byteCounts: Float64Array;
  /** Tables that a decoder needs beside the bytes (JPEGTables, LercParameters), by tag number; the same for all pages. */
  decoderTags: Record<number, Uint8Array | number[]>;
  /** True when a signed 16-bit volume is stored as unsigned with 32,768 added (ImageJ): the reader subtracts it. */
  signedOffset: boolean;
}
