import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { type: 'minor' | 'major'; execution: 'sync' }) => void;
let found: Collect | null = null;

/** Node's own collector, which it shows only when asked. */
function collector(): Collect {
  if (!found) {
    setFlagsFromString('--expose-gc');
    found = runInNewContext('gc') as Collect;
  }
  return found;
}

/** Frees everything that nothing refers to: a shared memory goes back to the system only then, and the next conversion must not find it there. */
export const collectAll = (): void => collector()();

/**
 * Frees what a thread's decoders and compressors have thrown away lately. Their buffers lie outside the heap, which hardly grows, so that
 * left alone it would be 64 MiB a thread before anything were freed.
 */
export const collectRecent = (): void => collector()({ type: 'minor', execution: 'sync' });
