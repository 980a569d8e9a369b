import type { RemoteState } from '../model/layout.ts';

/** Advice on the address of something else. */
export const ONE_TIFF = 'the address of one TIFF file was expected: download it, or give the address of a TIFF';

/** A file of which parts are read by an address. */
export interface RemoteFile {
  /** Its present state, and its first `length` bytes, or as many as there are. @throws ConvertError */
  look(length: number): Promise<{ state: RemoteState; first: Uint8Array }>;
  /**
   * `length` bytes at `position`, of the file that has `state`.
   *
   * @throws ConvertError `truncated` where it has been changed, `not-found`, `unreadable`
   */
  read(state: RemoteState, position: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  close(): void;
}
