import { AsyncLocalStorage } from 'node:async_hooks';

/** Files and folders from which something was learnt. */
export interface Touched {
  /** States of files as they were before the first byte was read; null where there was none. */
  readonly files: Map<string, string | null>;
  /** Names that folders had, in the order they were listed. */
  readonly folders: Map<string, readonly string[]>;
  /** When the most recently changed file was written to, in milliseconds since 1970. */
  newest: number;
}

const recording = new AsyncLocalStorage<Touched>();

/**
 * Says that a file is about to be read, or that there is none: `state` is null.
 *
 * @param modified when it was written to, in milliseconds since 1970
 */
export function noteFile(path: string, state: string | null, modified = 0): void {
  const touched = recording.getStore();
  if (!touched) return;
  touched.newest = Math.max(touched.newest, modified);
  const before = touched.files.get(path);
  // A file that changes while it is read gets a state that no file has.
  touched.files.set(path, before === undefined || before === state ? state : 'changed');
}

export function noteFolder(path: string, names: readonly string[]): void {
  recording.getStore()?.folders.set(path, names);
}

/** Does `work`, and tells which files and folders it read, as far as that is noted. */
export async function touching<T>(work: () => Promise<T>): Promise<{ result: T; touched: Touched }> {
  const touched: Touched = { files: new Map(), folders: new Map(), newest: 0 };
  const result = await recording.run(touched, work);
  return { result, touched };
}
