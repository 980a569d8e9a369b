import { isDocument, tooLong } from '../../model/document.ts';
import { Patience } from './patience.ts';
import { sleep } from './sleep.ts';
import type { ByteReader, ByteRangeResponse, ByteRangeRequest } from './source.ts';
import { OtherError } from './source.ts';

/** The server does not have the file; only this may be taken for an empty chunk. */
export class MissingError extends Error {
  readonly status = 404;
}

const ATTEMPTS = 4;
const BUSY = [408, 429, 500, 502, 503, 504];

/**
 * JupyterHub asks for its cookie's token on requests that scripts make. A worker has no cookies to look at: the page
 * tells it.
 */
let xsrfToken: string | null = null;
export function setXsrfToken(token: string | null): void {
  xsrfToken = token;
}

/** Called with the seconds without an answer to any request here; null: there is one. */
let sayWaiting: (seconds: number | null) => void = () => undefined;
export function onWaiting(say: typeof sayWaiting): void {
  sayWaiting = say;
}
export const patience = new Patience(seconds => sayWaiting(seconds));

/**
 * Fetches a whole body, or the range of it that the headers ask for, and fails unless it got exactly that: a login
 * page, a connection that drops, a body that ends early or another part of the file are errors and never data. What may
 * pass by itself is tried again.
 *
 * @throws MissingError for 404, and for our server's way to say it; Error with what to do for everything else
 */
export async function strictFetch(url: string, init: RequestInit = {}): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    init.signal?.throwIfAborted();
    const failure = await tryOnce(url, init).catch((error: Error) => {
      const isFinal = [MissingError, RefusedError, OtherError].some(kind => error instanceof kind);
      if (init.signal?.aborted || isFinal) throw error;
      return error;
    });
    if (failure instanceof Response) return failure;
    if (attempt === ATTEMPTS) throw failure;
    await sleep(200 * 2 ** attempt * (0.75 + Math.random() / 2));
  }
}

/** The server refused, and would again. */
class RefusedError extends Error {}

function tryOnce(url: string, init: RequestInit): Promise<Response> {
  return patience.wait((heard, given) => {
    const signal = init.signal ? AbortSignal.any([init.signal, given]) : given;
    return fetchOnce(url, { ...init, signal }, heard);
  });
}

async function fetchOnce(url: string, init: RequestInit, heard: () => void): Promise<Response> {
  const headers = new Headers(init.headers);
  if (isOwn(url)) {
    if (xsrfToken !== null) headers.set('X-XSRFToken', xsrfToken);
    headers.set(ABSENT, '204');
  }
  const response = await fetch(url, {
    ...init,
    headers,
    cache: 'no-store',
    redirect: 'manual',
    credentials: 'same-origin'
  }).catch(error => {
    throw new Error(`${serverOf(url)} could not be reached (${(error as Error).message}).`);
  });
  heard();
  if (response.status === 404 || (response.status === 204 && response.headers.has(ABSENT)))
    throw new MissingError(`${url} is missing`);
  if (response.type === 'opaqueredirect' || response.status === 401 || response.status === 403) {
    const found = response.type === 'opaqueredirect' ? 'it sends to another page' : String(response.status);
    throw new RefusedError(`${serverOf(url)} refuses to send the data (${found}): ${wayIn(url)}`);
  }
  if (response.status !== 200 && response.status !== 206) {
    const message = `${serverOf(url)} answered ${response.status} ${response.statusText}.`;
    // Only the server of `microct-io-vis view` answers so.
    if (response.status === 422) throw new OtherError(message);
    throw BUSY.includes(response.status) ? new Error(message) : new RefusedError(message);
  }
  if (response.headers.get('Content-Type')?.startsWith('text/html')) {
    throw new RefusedError(`${serverOf(url)} sent a web page in place of the data: ${wayIn(url)}`);
  }
  if (init.method === 'HEAD') return response;
  const range = rangeOf(headers);
  const body = await bodyOf(response, range, heard);
  // The answer of a server without ranges is made like that of one with them.
  const whole = new Response(body, { status: range ? 206 : 200, headers: response.headers });
  if (range && response.status === 200) {
    whole.headers.set('Content-Range', `bytes ${range.start}-${range.end}/*`);
    whole.headers.delete('Content-Length');
  }
  // Readers compare where it came from.
  Object.defineProperty(whole, 'url', { value: response.url });
  return whole;
}

/**
 * Header that asks our own server to answer 204 for a missing file: browsers report each 404 as an error. Jupyter's
 * server does not know it.
 */
const ABSENT = 'X-Absent';

/** Whether an address is on the page's own server: others need not know a token, and may allow no headers of ours. */
export function isOwn(url: string): boolean {
  const { location } = globalThis as { location?: Location };
  return location === undefined || new URL(url, location.href).origin === location.origin;
}

/** Of another server than the page's own nobody knows whether it has logins. */
const serverOf = (url: string): string => (isOwn(url) ? 'The server' : new URL(url).host);
const wayIn = (url: string): string =>
  isOwn(url)
    ? 'the login has expired. Log in again, then retry.'
    : 'it may ask for a login, or give it to nobody any more. Open the address in another tab of the browser, then retry.';

interface Range {
  start: number;
  /** The last byte's place. */
  end: number;
}

/** The range that is asked for; null: all. */
function rangeOf(headers: Headers): Range | null {
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers.get('Range') ?? '');
  return match && { start: Number(match[1]), end: Number(match[2]) };
}

/** Bytes that were asked for, out of an answer of 200 or 206. */
async function bodyOf(response: Response, range: Range | null, heard: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const said = response.headers.get('Content-Range');
  if (response.status === 200) {
    const length = response.headers.get('Content-Length');
    const whole = length === null || response.headers.has('Content-Encoding') ? null : Number(length);
    return range ? readRange(response, range, heard) : readBody(response, whole, heard, boundOf(response));
  }
  const sent = /^bytes (\d+)-(\d+)\//.exec(said ?? '');
  if (!range || Number(sent?.[1] ?? NaN) !== range.start || Number(sent?.[2] ?? NaN) !== range.end) {
    const asked = range ? `bytes ${range.start}-${range.end}` : 'the whole file';
    throw new Error(`The server sent another part of a file (${said ?? 'it does not say which'}) than ${asked}.`);
  }
  return readBody(response, range.end - range.start + 1, heard);
}

/** Refuses a file of metadata that is longer than any should be: it would fill the memory. */
function boundOf({ url, body }: Response): (bytes: number) => void {
  const name = url.replace(/[?#].*$/, '');
  if (!isDocument(name)) return () => undefined;
  return bytes => {
    const long = tooLong(bytes);
    if (long === null) return;
    if (body?.locked === false) void body.cancel();
    throw new RefusedError(`${name} ${long}.`);
  };
}

/** A body of `length` bytes; null: of any length. `check` is told how many there are, and may throw. */
async function readBody(
  response: Response,
  length: number | null,
  heard: () => void,
  check: (bytes: number) => void = () => undefined
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let found = 0;
  check(length ?? 0);
  await eachPiece(response, heard, piece => {
    pieces.push(piece);
    found += piece.length;
    check(found);
    return true;
  });
  if (length !== null && found !== length) throw new Error(`The server sent ${found} of ${length} bytes.`);
  const body = new Uint8Array(found);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.length;
  }
  return body;
}

/** A range out of a whole file, from a server that knows no ranges; bytes behind it are not waited for. */
async function readRange(
  response: Response,
  { start, end }: Range,
  heard: () => void
): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(end - start + 1);
  let at = 0;
  await eachPiece(response, heard, piece => {
    const part = piece.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at));
    body.set(part, Math.max(0, at - start));
    at += piece.length;
    return at <= end;
  });
  if (at <= end) throw new Error(`The server sent ${at} bytes of a file, where ${start}-${end} were asked for.`);
  return body;
}

/** Hands on the pieces that come, while `take` wants more. */
async function eachPiece(response: Response, heard: () => void, take: (piece: Uint8Array) => boolean): Promise<void> {
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch(error => {
      throw new Error(`The connection dropped in the middle (${(error as Error).message}).`);
    })) ?? { done: true, value: undefined };
    if (done) return;
    heard();
    try {
      if (!take(value)) return reader?.cancel();
    } catch (error) {
      void reader?.cancel();
      throw error;
    }
  }
}

/** Version that tells one writing of a file from another under the same name; null where the server sends none. */
const versionOf = ({ headers }: Response): string | null => headers.get('ETag') ?? headers.get('Last-Modified');

/** A reader of the files under `url`, for the page itself. */
export function httpReader(url: string): ByteReader {
  const base = url.endsWith('/') ? url : `${url}/`;

  async function sizeOf(path: string, signal?: AbortSignal): Promise<{ size: number; version: string | null }> {
    const response = await strictFetch(path, { method: 'HEAD', signal });
    const length = response.headers.get('Content-Length');
    if (length === null) throw new Error(`The server does not say how long ${path} is.`);
    return { size: Number(length), version: versionOf(response) };
  }

  async function read(path: string, wanted: ByteRangeRequest, signal?: AbortSignal): Promise<ByteRangeResponse> {
    const { offset, length, suffix, stat } = wanted;
    if (!stat && offset === undefined && length === undefined && suffix === undefined) {
      const response = await strictFetch(path, { signal });
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { size: bytes.length, offset: 0, bytes, version: versionOf(response) };
    }
    const { size, version } = await sizeOf(path, signal);
    const start = Math.min(size, suffix === undefined ? (offset ?? 0) : Math.max(0, size - suffix));
    const end = stat ? start : Math.min(size, start + (length ?? Infinity));
    const headers = { Range: `bytes=${start}-${end - 1}` };
    const body = end > start ? await (await strictFetch(path, { headers, signal })).arrayBuffer() : new ArrayBuffer(0);
    return { size, offset: start, bytes: new Uint8Array(body), version };
  }

  return async (key, wanted, signal) => {
    try {
      return await read(base + key.split('/').map(encodeURIComponent).join('/'), wanted, signal);
    } catch (error) {
      if (error instanceof MissingError) return null;
      throw error;
    }
  };
}
