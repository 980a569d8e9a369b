import type { Courier } from '../../zarr/bucket/courier.ts';
import type { Json } from '../../model/json.ts';
import type { JournalRecord } from '../../zarr/journal.ts';
import type { Running } from '../../zarr/owner.ts';
import type { UnfinishedOutput } from '../../zarr/unfinished-output.ts';

/**
 * An output that is converted in parts, while it is in the making: a folder that all machines share, or a bucket. Its
 * documents tell what was planned, and what has become of the parts.
 */
export interface PartsStore {
  /** Absolute path or address. */
  readonly output: string;
  /** As people know it until it is whole. */
  readonly partial: string;
  /**
   * Text of a document; null where there is none. `FINISHED` lies beside the output, all others in what is unfinished.
   */
  read(name: string): Promise<string | null>;
  /** Writes a document, which is there whole or not at all; `own` tells this process from all others. */
  write(name: string, own: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Metadata of the image that has the output's name; null where there is none. */
  image(): Promise<Json | null>;
  /** Whether the plan is there, and is the one that was read here, if one was. */
  isPlanned(): Promise<boolean>;
  /** Whether what is in the making is this program's beyond doubt, whatever its plan says. */
  isOurs(): Promise<boolean>;
  /** Process that finishes it, or removes it; null: none. */
  finisher(): Promise<Running | null>;
  /** Processes that are at parts, or at that one. */
  runs(part?: number): Promise<PartsRun[]>;
  /** Whether what a part has put on the disk may have been written over by another process that was at it. */
  hadSeveral(part: number): Promise<boolean>;
  /** Takes the output's name, and makes ready for so many parts; `labels`: see `Destination`. */
  claim(parts: number, overwrite: boolean, labels: boolean): Promise<UnfinishedOutput>;
  /** Tells others that this process is at a part. `permit` throws where no more is to be written. */
  enter(part: number, own: string, permit: () => Promise<void>): Promise<PartPlace>;
  /** Takes over what is planned, to finish it. */
  takeOver(overwrite: boolean, labels: boolean): Promise<UnfinishedOutput>;
  /** Removes what one has left who finished or discarded it, and was ended when the plan was gone. */
  clear(): Promise<void>;
  /** Removes what is planned, and what is done of it. */
  discard(labels: boolean): Promise<void>;
  close(): void;
}

/** A process that is at a part. */
export interface PartsRun extends Running {
  part: number;
}

/** Where a process that is at a part writes. */
export interface PartPlace {
  /** Of chunks; `aside`, `courier`: see `BlockWork`. */
  readonly folder: string;
  readonly aside: string | null;
  readonly courier: Courier | null;
  /** Folder of what is this part's alone, and the name of the process's journal in it. */
  readonly own: string;
  readonly journal: string;
  /** Journals of earlier runs, and of others at the same time. */
  journals(): Promise<JournalRecord<{ id: string }>[]>;
  /** Tells that nobody is there any more; what is noted is kept. */
  leave(): Promise<void>;
}
