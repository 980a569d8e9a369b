import { type Layout, isCompressed, decodedTogether as togetherOf } from '../model/layout.ts';
import type { SourceLayout, StreamLayout } from '../model/source-layout.ts';
import type { BoxReader } from './box-reader.ts';
import { BlockReader, readerBytes as segmentReaderBytes } from './block-reader.ts';
import { StreamReader } from './stream-reader.ts';

/** A kind of source, as far as the engine must know it. */
interface SourceKind<L extends SourceLayout> {
  /** `check` runs where it waits for others, and throws to end the work. */
  createReader(layout: L, check: () => void): BoxReader;
  /** Most memory that such a reader holds beside its target, in bytes. */
  readerBytes(layout: L): number;
  /** Bytes of what all threads share to read it. */
  tableBytes(layout: L): number;
  /** Most rows and columns that are decoded together; null where nothing is decoded. */
  decodedTogether(layout: L): { rows: number; columns: number } | null;
  /** Whether decoders or connections leave memory behind that must be collected. */
  leavesMemory(layout: L): boolean;
  /** How many rows before row `top` those begin that are decoded together with it. */
  phase(layout: L, together: number, top: number): number;
  /** Whether its voxels can be had once only, in C order. */
  isSequential: boolean;
}

/** TIFFs and images: segments of files. */
const segments: SourceKind<Layout> = {
  createReader: layout => new BlockReader(layout),
  readerBytes: segmentReaderBytes,
  tableBytes: ({ offsets, byteCounts, pageFile, planeEncoding, firstSegment }) =>
    [offsets, byteCounts, pageFile, planeEncoding, firstSegment].reduce((sum, table) => sum + table.byteLength, 0),
  decodedTogether: togetherOf,
  leavesMemory: layout => layout.remote !== null || isCompressed(layout),
  phase: ({ flip, shape }, together, top) =>
    flip.rows ? (((top - shape[1]) % together) + together) % together : top % together,
  isSequential: false
};

const stream: SourceKind<StreamLayout> = {
  createReader: (layout, check) => new StreamReader(layout, check),
  readerBytes: () => 0,
  tableBytes: () => 0,
  decodedTogether: () => null,
  leavesMemory: () => false,
  phase: () => 0,
  isSequential: true
};

const KINDS = { segments, stream };

const kindOf = <L extends SourceLayout>({ kind }: L): SourceKind<L> => KINDS[kind] as unknown as SourceKind<L>;

export const createReader = (layout: SourceLayout, check: () => void): BoxReader =>
  kindOf(layout).createReader(layout, check);
export const readerBytes = (layout: SourceLayout): number => kindOf(layout).readerBytes(layout);
export const tableBytes = (layout: SourceLayout): number => kindOf(layout).tableBytes(layout);
export const decodedTogether = (layout: SourceLayout): { rows: number; columns: number } | null =>
  kindOf(layout).decodedTogether(layout);
export const leavesMemory = (layout: SourceLayout): boolean => kindOf(layout).leavesMemory(layout);
export const phase = (layout: SourceLayout, together: number, top: number): number =>
  kindOf(layout).phase(layout, together, top);
export const isSequential = (layout: SourceLayout): boolean => kindOf(layout).isSequential;
