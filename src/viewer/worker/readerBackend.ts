import { backendOnlyKvStoreProviderRegistry } from 'neuroglancer/unstable/kvstore/backend.js';
import { READER_SCHEME, READ_RPC, parseReaderUrl, readerUrl } from '../transport/readerScheme.ts';
import type { ByteRangeResponse, ByteRangeRequest } from '../transport/source.ts';
import { patience } from '../transport/strictFetch.ts';
import type { WorkerContext } from './confirm.ts';
import { confirmed } from './confirm.ts';

interface Options {
  signal?: AbortSignal;
  throwIfMissing?: boolean;
  byteRange?: { offset: number; length: number } | { suffixLength: number };
}

/** In the worker: asks the page, which holds the function that reads. */
class ReaderStore {
  readonly supportsOffsetReads = true;
  readonly supportsSuffixReads = true;
  readonly #context: WorkerContext;
  readonly #id: string;

  constructor(context: WorkerContext, id: string) {
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
    const wanted: ByteRangeRequest =
      byteRange === undefined
        ? {}
        : 'suffixLength' in byteRange
          ? { suffix: byteRange.suffixLength }
          : { ...byteRange };
    const found = await this.#ask(key, wanted, options);
    if (!found) return undefined;
    const { bytes, offset, size } = found;
    const expected = wanted.length ?? Math.min(size, wanted.suffix ?? size);
    if (bytes.byteLength !== expected || (wanted.offset ?? offset) !== offset)
      throw new Error(
        `${bytes.byteLength} bytes from ${offset} came in place of ${expected} from ${wanted.offset ?? 0}.`
      );
    return { response: new Response(bytes), offset, length: bytes.byteLength, totalSize: size };
  }

  async #ask(
    key: string,
    wanted: ByteRangeRequest,
    { signal, throwIfMissing }: Options
  ): Promise<ByteRangeResponse | undefined> {
    const request = { reader: this.#id, key, wanted };
    const found = await patience.wait((_, given) =>
      this.#context.rpc.promiseInvoke<ByteRangeResponse | undefined>(READ_RPC, request, {
        signal: signal ? AbortSignal.any([signal, given]) : given
      })
    );
    if (found === undefined && throwIfMissing) throw new Error(`${key} is missing`);
    return found;
  }
}

export function registerReaderBackend(): void {
  backendOnlyKvStoreProviderRegistry.registerBaseKvStoreProvider((context: WorkerContext) => ({
    scheme: READER_SCHEME,
    description: 'read by the page',
    getKvStore(parsed: { suffix: string | undefined }) {
      const { id, path } = parseReaderUrl(parsed.suffix);
      return { store: confirmed(new ReaderStore(context, id), context), path };
    }
  }));
}
