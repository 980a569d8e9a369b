import type { VolumeInfo } from '../model/volume.ts';
import type { About } from './about.ts';
import type { Stack } from './common/stack.ts';
import type { Meaning } from './tiff/pixel-format.ts';
import type { SegmentTable } from './tiff/segment-table.ts';

/** A source whose headers have been read. */
export interface Opened {
  format: VolumeInfo['format'];
  /** Absolute paths. */
  files: string[];
  /** Of the files together. */
  bytes: number;
  table: SegmentTable;
  about: About;
  stack: Stack;
}

/** What the headers of a source say. */
export interface Headers {
  source: string;
  folder: boolean;
  opened: Opened;
  meaning: Meaning;
}
