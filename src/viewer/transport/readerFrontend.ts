import { frontendOnlyKvStoreProviderRegistry } from 'neuroglancer/unstable/kvstore/frontend.js';
import { ProxyKvStore } from 'neuroglancer/unstable/kvstore/proxy.js';
import { registerPromiseRPC } from 'neuroglancer/unstable/worker_rpc.js';
import type { SharedKvStoreContext } from 'neuroglancer/unstable/kvstore/frontend.js';
import { handedOver } from './handedOver.ts';
import { registerStrictHttp } from './httpStore.ts';
import type { ReadRequest } from './readerScheme.ts';
import { READER_SCHEME, READ_RPC, parseReaderUrl, readerUrl } from './readerScheme.ts';
import type { ByteReader, ByteRangeResponse } from './source.ts';

const readers = new Map<string, ByteReader>();
let count = 0;

/** Gives a function an address, until `dispose` is called. */
export function addReader(reader: ByteReader): { url: string; dispose: () => void } {
  const id = `r${++count}`;
  readers.set(id, reader);
  return { url: readerUrl(id, ''), dispose: () => readers.delete(id) };
}

registerPromiseRPC(READ_RPC, async ({ reader, key, wanted }: ReadRequest, { signal }: { signal?: AbortSignal }) => {
  const read = readers.get(reader);
  if (!read) throw new Error('The viewer that asked is closed.');
  const found = await read(key, wanted, signal);
  if (found === null) return { value: undefined };
  const { size, offset } = found;
  // The bytes may be a part of a message that others look at: what goes to the worker is a copy of its own.
  const bytes = found.bytes.byteLength === found.bytes.buffer.byteLength ? found.bytes : found.bytes.slice();
  return { value: { size, offset, bytes } satisfies ByteRangeResponse, transfers: [bytes.buffer] };
});

interface Store {
  getUrl(key: string): string;
  read(key: string, options: unknown): Promise<unknown>;
}

/** In the page Neuroglancer reads metadata: of our volumes in the words that it knows, whatever version they are. */
function inKnownWords<T extends Store>(store: T): T {
  const read = store.read.bind(store);
  store.read = async (key, options) => (await handedOver(store.getUrl(key))) ?? read(key, options);
  return store;
}

/** In the page Neuroglancer reads through its worker. */
class ReaderProxyStore extends ProxyKvStore {
  readonly supportsOffsetReads = true;
  readonly supportsSuffixReads = true;
  readonly #id: string;

  constructor(context: SharedKvStoreContext, id: string) {
    super(context);
    this.#id = id;
  }

  override getUrl(key: string): string {
    return readerUrl(this.#id, key);
  }
}

frontendOnlyKvStoreProviderRegistry.registerBaseKvStoreProvider(context => ({
  scheme: READER_SCHEME,
  description: 'read by the page',
  getKvStore(parsed) {
    const { id, path } = parseReaderUrl(parsed.suffix);
    return { store: inKnownWords(new ReaderProxyStore(context, id)), path };
  }
}));
registerStrictHttp(frontendOnlyKvStoreProviderRegistry, inKnownWords);
