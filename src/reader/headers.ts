import type { RemoteState } from '../model/layout.ts';
import type { VolumeInfo } from '../model/volume.ts';
import type { SourceDescription } from './source-description.ts';
import type { Stack } from './common/stack.ts';
import type { SampleInterpretation } from './tiff/pixel-format.ts';
import type { SegmentTable } from './tiff/segment-table.ts';

/** A source whose headers have been read. */
export interface Opened {
  format: VolumeInfo['format'];
  /** Absolute paths, or an address. */
  files: string[];
  /** State of the file of an address when its headers were read. */
  remote?: RemoteState;
  /** Of the files together. */
  bytes: number;
  table: SegmentTable;
  description: SourceDescription;
  stack: Stack;
}

/** The contents of a source's headers. */
export interface Headers {
  source: string;
  folder: boolean;
  opened: Opened;
  interpretation: SampleInterpretation;
}
