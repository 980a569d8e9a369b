import type { EncodedLayout } from '../../model/layout.ts';

/** A segment that is to be decoded. */
export interface StoredSegment {
  /** As stored; may be written to, and is not kept. */
  data: Uint8Array;
  layout: EncodedLayout;
  /** Rows that it must hold, and their bytes once decoded. */
  rows: number;
  length: number;
  /** Memory that may be used for the result. */
  spare: Uint8Array | null;
}

/** Bytes that come out; more than the rows hold, where a writer has filled up the last strip. @throws Error */
export type DecodeSegment = (segment: StoredSegment) => Uint8Array;

/** A compression of segments. */
export interface SegmentCodec {
  /** Whether its bytes are as they are, whatever a file says of the order of their bits. */
  readonly ignoresBitOrder?: true;
  /** Memory that decoding takes for a segment of so many bytes, beside what comes out. */
  workingBytes?(layout: EncodedLayout, bytes: number): number;
  /** Preparation that a thread waits for before it decodes. */
  prepare?(): Promise<void>;
  /** A decoder for one thread. */
  createDecoder(): DecodeSegment;
}

/** Room for the result: the spare bytes, where they are enough. */
export const roomFor = ({ length, spare }: StoredSegment): Uint8Array =>
  spare && spare.length >= length ? spare.subarray(0, length) : new Uint8Array(length);

/** Room for the expected result in one piece, and a limit for data that claim to be far more. */
export function inflatedTo({ layout, rows, length }: StoredSegment): { chunkSize: number; maxOutputLength: number } {
  const full = layout.segmentHeight * (length / rows);
  return { chunkSize: Math.max(64, length + 64), maxOutputLength: 2 * full + 65536 };
}
