import { backendOnlyKvStoreProviderRegistry } from 'neuroglancer/unstable/kvstore/backend.js';
import type { Found, Wanted } from './source.ts';
import { READER_SCHEME, READ_RPC, parseReaderUrl, readerUrl } from './readerScheme.ts';

interface Context {
  rpc: { promiseInvoke<T>(name: string, message: unknown, options: { signal?: AbortSignal }): Promise<T> };
}
interface Options {
  signal?: AbortSignal;
  throwIfMissing?: boolean;
  byteRange?: { offset: number; length: number } | { suffixLength: number };
}

/** In the worker: asks the page, which holds the function that reads. */
class ReaderStore {
  readonly supportsOffsetReads = true;
  readonly supportsSuffixReads = true;
  readonly #context: Context;
  readonly #id: string;

  constructor(context: Context, id: string) {
    this.#context = context;
    this.#id = id;
  }

  getUrl(key: string): string {
    return readerUrl(this.#id, key);
  }

  async stat(key: string, options: Options): Promise<{ totalSize: number } | undefined> {
    const found = await this.#ask(key, { stat: true }, options);
    return found && { totalSize: found.size };
  }

  async read(key: string, options: Options) {
    const { byteRange } = options;
    const wanted =
      byteRange === undefined
        ? {}
        : 'suffixLength' in byteRange
          ? { suffix: byteRange.suffixLength }
          : { ...byteRange };
    const found = await this.#ask(key, wanted, options);
    if (!found) return undefined;
    const { bytes, offset, size } = found;
    return { response: new Response(bytes), offset, length: bytes.byteLength, totalSize: size };
  }

  async #ask(key: string, wanted: Wanted, { signal, throwIfMissing }: Options): Promise<Found | undefined> {
    const found = await this.#context.rpc.promiseInvoke<Found | undefined>(
      READ_RPC,
      { reader: this.#id, key, wanted },
      { signal }
    );
    if (found === undefined && throwIfMissing) throw new Error(`${key} is missing`);
    return found;
  }
}

export function registerReaderBackend(): void {
  backendOnlyKvStoreProviderRegistry.registerBaseKvStoreProvider((context: Context) => ({
    scheme: READER_SCHEME,
    description: 'read by the page',
    getKvStore(parsed: { suffix: string | undefined }) {
      const { id, path } = parseReaderUrl(parsed.suffix);
      return { store: new ReaderStore(context, id), path };
    }
  }));
}
