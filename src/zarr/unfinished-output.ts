import type { OmeZarrVersion } from '../model/options.ts';
import type { Documents } from './metadata.ts';
import type { Courier } from './bucket/courier.ts';

/** An output in the making, which nobody else writes, and that gets its name when it is whole. */
export interface UnfinishedOutput {
  readonly output: string;
  /** What it is called until then. */
  readonly partial: string;
  /** The folder that files are written to. */
  readonly folder: string;
  /** What brings the files to where they belong; null: that is where they are written. */
  readonly courier: Courier | null;
  /** Whether the output is one file. */
  readonly isArchive: boolean;
  /** Writes metadata files. Returns their bytes. */
  writeDocuments(documents: Documents): Promise<number>;
  /** Makes one file of what was written; see `Destination`. */
  pack(version: OmeZarrVersion, check: () => void): Promise<void>;
  /** Gives the whole output its name. */
  finish(): Promise<void>;
  /** Leaves what was written to be resumed. Returns whether it is there. */
  keep(): boolean | Promise<boolean>;
  /** Removes what was written. */
  discard(): Promise<void>;
}
