import type { SharedKvStoreContextBase } from 'neuroglancer/unstable/kvstore/register.js';
import { ReadableHttpKvStore } from 'neuroglancer/unstable/kvstore/http/common.js';
import { getBaseHttpUrlAndPath } from 'neuroglancer/unstable/kvstore/url.js';
import { HttpError } from 'neuroglancer/unstable/util/http_request.js';
import { MissingError, isOwn, strictFetch } from './strictFetch.ts';
import { Versions } from './versions.ts';

interface Registry<C> {
  registerBaseKvStoreProvider(provider: (context: C) => unknown): void;
}

/**
 * Versions on other servers than the page's own, whose ETags are those of the part that it sends. A viewer that is made
 * anew starts with none.
 */
const versions = new Versions();

/** Neuroglancer takes an HttpError of 403 or without status for a missing chunk: it gets one for 404 only. */
async function fetchForNeuroglancer(input: RequestInfo, init?: RequestInit): Promise<Response> {
  const url = typeof input === 'string' ? input : input.url;
  try {
    const response = await strictFetch(url, init);
    if (!isOwn(url)) versions.check(url, response.headers.get('ETag'));
    return response;
  } catch (error) {
    if (error instanceof MissingError) throw new HttpError(url, 404, 'Not Found');
    throw error;
  }
}

/**
 * Takes the place of Neuroglancer's own `http:` and `https:`, which show data that could not be fetched as empty. In
 * the worker, `wrap` has what is read confirmed.
 */
export function registerStrictHttp<C extends SharedKvStoreContextBase>(
  registry: Registry<C>,
  wrap: (store: ReadableHttpKvStore<C>, context: C) => ReadableHttpKvStore<C> = store => store
): void {
  for (const scheme of ['http', 'https']) {
    registry.registerBaseKvStoreProvider(context => ({
      scheme,
      description: `${scheme} (strict)`,
      getKvStore(parsed: { url: string }) {
        const { baseUrl, path } = getBaseHttpUrlAndPath(parsed.url);
        const store = new ReadableHttpKvStore(context, baseUrl, baseUrl, fetchForNeuroglancer);
        return { store: wrap(store, context), path };
      }
    }));
  }
}
