import { ConvertError } from '../model/errors.ts';

/** Part of a file: `length` bytes, or all, from `offset` on, which counts from the end where it is negative. */
export interface Wanted {
  offset?: number;
  /** 0 asks for the size alone. */
  length?: number;
  /** Hears that it is taken for missing because access to it is denied, as it is for both where nobody may list. */
  onDenied?: () => void;
}

export interface Found {
  /** Of the whole file. */
  size: number;
  offset: number;
  bytes: Uint8Array;
  /** Tells it from what takes its name, as far as the server says. */
  version: string | null;
}

/** Error of a file that has changed since it was last read. Said once: who reloads the volume has it as it is then. */
export const changed = (name: string): ConvertError =>
  new ConvertError(
    'unsupported',
    `${name}: it has been written anew since it was last read: reload the volume`,
    'source'
  );

/** Files below an address. */
export interface RemoteFiles {
  /** The address as people may see it: without credentials. */
  readonly name: string;
  /** The wanted part of a file; null where there is certainly none. @throws ConvertError */
  read(key: string, wanted: Wanted, signal?: AbortSignal): Promise<Found | null>;
  /** Names and sizes of all files, where there is a list of them. */
  list?(): Promise<[name: string, bytes: number][]>;
  /** Lets connections go; who reads on has new ones. */
  close(): void;
}
