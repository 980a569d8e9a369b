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

/**
 * Gives the memory of a conversion that has ended back to the system; for a process that lives on, and before it
 * converts again. Left alone, the collector would not know what a shared memory weighs.
 */
export async function freeMemory(): Promise<void> {
  // Ended threads let go of it in a later turn of the event loop.
  await new Promise(resolve => setImmediate(resolve));
  collector()();
}

/**
 * Frees what a thread's decoders and compressors have thrown away lately. Their buffers lie outside the heap, which
 * hardly grows, so that left alone it would be 64 MiB a thread before anything were freed.
 */
export const collectRecent = (): void => collector()({ type: 'minor', execution: 'sync' });
