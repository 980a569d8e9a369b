import { CONFIRM_RPC } from './readerScheme.ts';

interface Store {
  getUrl(key: string): string;
  read(key: string, options: { signal?: AbortSignal }): Promise<unknown>;
}
export interface WorkerContext {
  rpc: { promiseInvoke<T>(name: string, message: unknown, options: { signal?: AbortSignal }): Promise<T> };
}

/**
 * In the worker: has the page confirm, of all that a store reads, that the volume is still the one that is shown. That
 * a chunk is missing means its fill value only while the volume is there; and what is there may be a chunk of another
 * one that has taken its place.
 */
export function confirmed<T extends Store>(store: T, { rpc }: WorkerContext): T {
  const read = store.read.bind(store);
  store.read = async (key, options) => {
    const found = await read(key, options);
    const message = { url: store.getUrl(key), missing: found === undefined };
    await rpc.promiseInvoke(CONFIRM_RPC, message, { signal: options.signal });
    return found;
  };
  return store;
}
