import { AsyncLocalStorage } from 'node:async_hooks';
import { shownAddress } from '../../model/address.ts';
import type { RemoteState } from '../../model/layout.ts';
import { remoteFile } from '../../remote/reach.ts';
import { remoteStateOf } from '../../model/file-state.ts';
import { Brought, type FilePiece } from './brought.ts';

/** Bytes that are brought when a file is opened: most have their first page there. */
const FIRST = 1 << 16;
/** Bytes more that are brought each time the work must be done again, at first and at most. */
const MORE = 1 << 16;
const MOST = 1 << 23;
/** Requests for directories that are on their way at a time, and bytes that are kept. */
const AT_ONCE = 64;
const KEPT = 64 << 20;

const opened = new AsyncLocalStorage<{ address: string; brought: Brought }>();

/** What the headers of a remote file were read from, for others who are to read them. */
export interface RemoteHeaders {
  /** See `remoteStateOf`. */
  state: string;
  pieces: readonly FilePiece[];
}

const handedOn = new AsyncLocalStorage<{ known: RemoteHeaders | null; read: RemoteHeaders | null }>();

/**
 * Does `work`, which need not ask for what is `known` of the headers of its source while that has the same state; with
 * what it read them from, null where that is no remote file, or one that does not tell its versions apart.
 */
export async function handingOnHeaders<T>(
  known: RemoteHeaders | null,
  work: () => Promise<T>
): Promise<{ result: T; headers: RemoteHeaders | null }> {
  const store = { known, read: null };
  const result = await handedOn.run(store, work);
  return { result, headers: store.read };
}

/** Parts of a file brought by the work under way. */
export function remoteHeaders(address: string): Brought {
  const { brought, address: of } = opened.getStore() ?? {};
  if (!brought || of !== address) throw new Error(`${shownAddress(address)} is read without waiting for it`);
  return brought;
}

/** The present state of the file of an address. @throws ConvertError */
export async function remoteState(address: string): Promise<RemoteState> {
  const file = remoteFile(address);
  try {
    return (await file.look(1)).state;
  } finally {
    file.close();
  }
}

/**
 * Runs `work`, which reads the headers of the file of an address as if all of it were there: again from the beginning,
 * each time that it asked for bytes that had not been brought. It must allow for that.
 *
 * @throws ConvertError
 */
export async function withRemoteHeaders<T>(
  address: string,
  work: () => Promise<T>
): Promise<{ result: T; state: RemoteState }> {
  const file = remoteFile(address);
  const others = handedOn.getStore();
  const known = others?.known;
  try {
    const { state, first } = await file.look(known ? 1 : FIRST);
    const brought = new Brought(file, state, AT_ONCE, KEPT);
    const isKnown = known?.state === remoteStateOf(state);
    brought.add(isKnown ? known.pieces : [{ position: 0, bytes: first }]);
    for (let more = MORE; ; more = Math.min(MOST, 2 * more)) {
      brought.takeMissed();
      brought.forgetNotes();
      let outcome: () => T;
      try {
        const result = await opened.run({ address, brought }, work);
        outcome = () => result;
      } catch (error) {
        outcome = () => {
          throw error;
        };
      }
      // Also where the work took the missing bytes for something else.
      const missed = brought.takeMissed();
      if (missed === null) {
        const result = outcome();
        if (others && state.version !== null) others.read = { state: remoteStateOf(state), pieces: brought.read() };
        return { result, state };
      }
      await brought.bring([{ position: missed.position, length: Math.max(missed.length, more) }]);
    }
  } finally {
    file.close();
  }
}
