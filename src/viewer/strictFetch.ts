/** What a server that does not have the file answers; only this may be taken for an empty chunk. */
export class MissingError extends Error {
  readonly status = 404;
}

const ATTEMPTS = 4;
const BUSY = [408, 429, 500, 502, 503, 504];

const sleep = (milliseconds: number) => new Promise(done => setTimeout(done, milliseconds));

/** JupyterHub asks for its cookie's token on requests that scripts make. A worker has no cookies to look at: the page tells it. */
let xsrfToken: string | null = null;
export function setXsrfToken(token: string | null): void {
  xsrfToken = token;
}

/**
 * Fetches a whole body, and fails unless it got it: a login page, a connection that drops or a body that ends early are errors and never data.
 * What may pass by itself is tried again.
 *
 * @throws MissingError for 404; Error with what to do for everything else
 */
export async function strictFetch(url: string, init: RequestInit = {}): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    init.signal?.throwIfAborted();
    const failure = await tryOnce(url, init).catch((error: Error) => {
      if (init.signal?.aborted || error instanceof MissingError || error instanceof RefusedError) throw error;
      return error;
    });
    if (failure instanceof Response) return failure;
    if (attempt === ATTEMPTS) throw failure;
    await sleep(200 * 2 ** attempt * (0.75 + Math.random() / 2));
  }
}

/** The server said no, and would again. */
class RefusedError extends Error {}

async function tryOnce(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (xsrfToken !== null) headers.set('X-XSRFToken', xsrfToken);
  const response = await fetch(url, {
    ...init,
    headers,
    cache: 'no-store',
    redirect: 'manual',
    credentials: 'same-origin'
  }).catch(error => {
    throw new Error(`The server could not be reached (${(error as Error).message}).`);
  });
  if (response.status === 404) throw new MissingError(`${url} is missing`);
  if (response.type === 'opaqueredirect' || response.status === 401 || response.status === 403) {
    const found = response.type === 'opaqueredirect' ? 'it sends to another page' : String(response.status);
    throw new RefusedError(
      `The server refuses to send the data (${found}): the login has expired. Log in again, then retry.`
    );
  }
  if (!response.ok) {
    const message = `The server answered ${response.status} ${response.statusText}.`;
    throw BUSY.includes(response.status) ? new Error(message) : new RefusedError(message);
  }
  if (response.headers.get('Content-Type')?.startsWith('text/html')) {
    throw new RefusedError(
      'The server sent a web page in place of the data: the login has expired. Log in again, then retry.'
    );
  }
  if (init.method === 'HEAD') return response;
  const body = await response.arrayBuffer().catch(error => {
    throw new Error(`The connection dropped in the middle (${(error as Error).message}).`);
  });
  const length = response.headers.get('Content-Length');
  if (length !== null && !response.headers.has('Content-Encoding') && Number(length) !== body.byteLength) {
    throw new Error(`The server sent ${body.byteLength} of ${length} bytes.`);
  }
  const whole = new Response(body, { status: response.status, headers: response.headers });
  // Who reads it compares where it came from.
  Object.defineProperty(whole, 'url', { value: response.url });
  return whole;
}

/** A reader of the files under `url`, for the page itself. */
export function httpReader(url: string) {
  const base = url.endsWith('/') ? url : `${url}/`;
  return async (key: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> => {
    try {
      const path = key.split('/').map(encodeURIComponent).join('/');
      return new Uint8Array(await (await strictFetch(base + path, { signal })).arrayBuffer());
    } catch (error) {
      if (error instanceof MissingError) return null;
      throw error;
    }
  };
}
