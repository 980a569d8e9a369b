import { CONFIRM_RPC } from './rpc.ts';

interface Store {
  getUrl(key: string): string;
  read(key: string, options: { signal?: AbortSignal }): Promise<unknown>;
}
export interface WorkerContext {
  rpc: { promiseInvoke<T>(name: string, message: unknown, options: { signal?: AbortSignal }): Promise<T> };
}

/** Confirmations still due for a chunk that is being decoded, by the signal of its download. */
const due = new WeakMap<AbortSignal, Promise<void>[]>();

/**
 * In the worker: has the page confirm, of all that a store reads, that the volume is still the one that is shown. A
 * missing chunk means its fill value only while the volume is there; and a chunk that is there may belong to another
 * volume that has taken its place.
 */
export function confirmed<T extends Store>(store: T, { rpc }: WorkerContext): T {
  const read = store.read.bind(store);
  store.read = async (key, options) => {
    const found = await read(key, options);
    const message = { url: store.getUrl(key), missing: found === undefined };
    const confirming = rpc.promiseInvoke<void>(CONFIRM_RPC, message, { signal: options.signal });
    const later = options.signal && due.get(options.signal);
    if (later) {
      // It is looked at when the chunk has been decoded.
      confirming.catch(() => undefined);
      later.push(confirming);
    } else {
      await confirming;
    }
    return found;
  };
  return store;
}

/**
 * A download of chunks that decodes a chunk while the page, which may be busy drawing, confirms it. It ends when both
 * are done; a chunk that is not confirmed has failed by that, whatever came of its bytes.
 */
export function confirmedAtLast<This, Of extends { data?: unknown }>(
  download: (this: This, chunk: Of, signal: AbortSignal) => Promise<void>
): typeof download {
  return async function (chunk, signal) {
    const confirming: Promise<void>[] = [];
    due.set(signal, confirming);
    const [done] = await Promise.allSettled([download.call(this, chunk, signal)]);
    try {
      await Promise.all(confirming);
    } catch (error) {
      chunk.data = null;
      throw error;
    }
    if (done.status === 'rejected') throw done.reason;
  };
}
