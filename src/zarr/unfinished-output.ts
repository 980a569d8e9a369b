import type { OmeZarrVersion } from '../model/options.ts';
import type { Documents } from './metadata.ts';
import type { Courier } from './bucket/courier.ts';

/** An output in the making, which nobody else writes, and that gets its name when it is whole. */
export interface UnfinishedOutput {
  readonly output: string;
  /** The output's name until it is whole. */
  readonly partial: string;
  /** The folder that files are written to. */
  readonly folder: string;
  /** Carries the files to where they belong; null: they are written there. */
  readonly courier: Courier | null;
  /** Whether the output is one file. */
  readonly isArchive: boolean;
  /** Writes metadata files. Returns their bytes. */
  writeDocuments(documents: Documents): Promise<number>;
  /** Makes one file of what was written; see `Destination`. */
  pack(version: OmeZarrVersion, check: () => void): Promise<void>;
  /** Gives the whole output its name. Returns warnings for a person. */
  finish(): Promise<string[]>;
  /** Leaves what was written to be resumed. Returns whether it is there. */
  keep(): boolean | Promise<boolean>;
  /** Removes what was written. */
  discard(): Promise<void>;
}
