import { setTimeout as sleep } from 'node:timers/promises';
import { ConvertError } from '../model/errors.ts';
import { type Found, MARKS, type RemoteFiles, type Wanted } from './files.ts';

/** How often what may pass by itself is asked again, and milliseconds that an answer may let wait for its next byte. */
const ATTEMPTS = 4;
const PATIENCE = 60_000;
const BUSY = [408, 425, 429, 500, 502, 503, 504];

/**
 * Files of an OME-Zarr on a server of the web. Only what is certainly not there is missing: a login page, another part
 * of a file than was asked for and a body of another length are errors.
 */
export class WebFiles implements RemoteFiles {
  readonly name: string;
  readonly #root: URL;
  readonly #authorization: string | null;
  readonly #most: number;

  /**
   * @param most bytes that are read of a file at a time
   * @throws ConvertError `bad-option` for what is no address
   */
  constructor(address: string, most: number) {
    let root: URL;
    try {
      root = new URL(address);
    } catch {
      throw new ConvertError(
        'bad-option',
        `${address}: this is no address such as https://HOST/NAME.ome.zarr`,
        'source'
      );
    }
    const { username, password } = root;
    this.#authorization =
      username === '' ? null : `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`;
    root.username = root.password = root.hash = '';
    if (!root.pathname.endsWith('/')) root.pathname += '/';
    this.#root = root;
    this.#most = most;
    this.name = `${root.origin}${root.pathname.replace(/\/+$/, '')}`;
  }

  async read(key: string, wanted: Wanted, signal?: AbortSignal): Promise<Found | null> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#try(key, wanted, signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        if (error instanceof ConvertError || attempt === ATTEMPTS) throw this.#unreadable(key, error);
        return error;
      });
      if (found === null || !(found instanceof Error)) return found as Found | null;
      await sleep(100 * 2 ** attempt, undefined, { signal });
    }
  }

  #unreadable(key: string, error: unknown): ConvertError {
    if (error instanceof ConvertError) return error;
    const { message, cause, name } = error as Error;
    const why =
      name === 'TimeoutError' ? `no answer within ${PATIENCE / 1000} s` : ((cause as Error)?.message ?? message);
    return new ConvertError('unreadable', `${this.name}/${key}: it cannot be read (${why}); try again later`, 'source');
  }

  #address(key: string): URL {
    const address = new URL(this.#root);
    address.pathname += key.split('/').map(encodeURIComponent).join('/');
    return address;
  }

  async #fetch(key: string, method: 'GET' | 'HEAD', range: string | null, signal?: AbortSignal): Promise<Response> {
    const headers = new Headers({ 'Accept-Encoding': 'identity', 'Cache-Control': 'no-cache' });
    if (range) headers.set('Range', range);
    if (this.#authorization) headers.set('Authorization', this.#authorization);
    return fetch(this.#address(key), { method, headers, signal });
  }

  async #try(key: string, { offset = 0, length }: Wanted, signal?: AbortSignal): Promise<Found | null> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('late', 'TimeoutError')), PATIENCE);
    const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    const isAll = offset === 0 && length === undefined;
    const isSize = length === 0;
    const last = length === undefined || offset < 0 ? '' : String(offset + length - 1);
    const range = isAll || isSize ? null : offset < 0 ? `bytes=${offset}` : `bytes=${offset}-${last}`;
    try {
      const response = await this.#fetch(key, isSize ? 'HEAD' : 'GET', range, either);
      const end = (): void => void response.body?.cancel().catch(() => undefined);
      if (response.status === 416 && range) {
        const size = Number(/\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1] ?? NaN);
        end();
        if (Number.isNaN(size)) throw this.#odd(key, 'it has no such part, and does not say how long it is');
        return { size, offset: size, bytes: new Uint8Array(0), version: versionOf(response) };
      }
      if (await this.#isMissing(key, response, either)) return null;
      this.#check(key, response, end);
      const version = versionOf(response);
      const said = response.headers.get('Content-Length');
      if (isSize) {
        if (said === null) throw this.#odd(key, 'the server does not say how long it is');
        return {
          size: Number(said),
          offset: Math.min(Number(said), Math.max(0, offset)),
          bytes: new Uint8Array(0),
          version
        };
      }
      const part = response.status === 206 ? this.#partOf(key, response, offset, length) : null;
      if (range && !part) {
        // Of a server that knows no ranges, the part out of all; what lies behind need not come.
        const size = said === null ? NaN : Number(said);
        if (Number.isNaN(size)) throw this.#odd(key, 'the server sends no parts of files, nor says how long they are');
        const start = Math.min(size, offset < 0 ? Math.max(0, size + offset) : offset);
        const count = Math.min(size - start, offset < 0 ? Math.min(-offset, length ?? Infinity) : (length ?? Infinity));
        const bytes = await this.#bytes(key, response, start, count, false, timer);
        return { size, offset: start, bytes, version };
      }
      const size = part?.size ?? null;
      const count = part ? part.end + 1 - part.start : said === null ? null : Number(said);
      const bytes = await this.#bytes(key, response, 0, count, true, timer);
      const kept = offset < 0 && length !== undefined ? bytes.subarray(0, length) : bytes;
      return { size: size ?? bytes.length, offset: part?.start ?? 0, bytes: kept, version };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether who asks may list the bucket, of which either the host's name or the path begins with the name. */
  async #mayList(key: string, signal: AbortSignal): Promise<boolean> {
    const { origin, pathname } = this.#address(key);
    for (const bucket of [`${origin}/`, `${origin}/${pathname.split('/')[1]}/`]) {
      const listed = await fetch(`${bucket}?list-type=2&max-keys=1`, { signal });
      const said = (await listed.text()).slice(0, 4096);
      if (listed.ok && said.includes('<ListBucketResult')) return true;
    }
    return false;
  }

  /**
   * Whether a file is not there. Buckets that may not be listed, and those alone, answer 403 to who asks for what they
   * have not: that is told from a refusal by the metadata, which is there for who may read.
   */
  async #isMissing(key: string, response: Response, signal: AbortSignal): Promise<boolean> {
    const { status } = response;
    if (status !== 404 && status !== 410 && status !== 403) return false;
    const isXml = /\bxml\b/.test(response.headers.get('Content-Type') ?? '');
    const said = (await response.text()).slice(0, 4096);
    if (status !== 403) return true;
    const isBucket = response.headers.has('x-amz-request-id') || (isXml && said.includes('<Code>AccessDenied</Code>'));
    const isDenied = !isXml || said.includes('<Code>AccessDenied</Code>');
    if (!isBucket || !isDenied || (await this.#mayList(key, signal))) return false;
    for (const mark of MARKS) {
      if (mark === key) continue;
      const known = await this.#fetch(mark, 'GET', null, signal);
      await known.body?.cancel();
      if (known.ok && !isPage(known)) return true;
    }
    return false;
  }

  #check(key: string, response: Response, end: () => void): void {
    const { status, statusText, redirected } = response;
    if (status === 401 || status === 403) {
      end();
      throw this.#odd(key, `the server refuses to send it (${status}): it needs a login, or credentials have expired`);
    }
    if (status !== 200 && status !== 206) {
      end();
      const message = `the server answered ${status} ${statusText}`;
      throw BUSY.includes(status) ? new Error(message) : this.#odd(key, message);
    }
    if (isPage(response)) {
      end();
      const page = redirected ? 'sends to another page' : 'sent a web page in its place';
      throw this.#odd(key, `the server ${page}: it asks for a login, or the address is that of a page about the data`);
    }
  }

  #partOf(key: string, { headers }: Response, offset: number, length?: number) {
    const said = headers.get('Content-Range');
    const [start, end, size] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(said ?? '') ?? []).slice(1).map(Number);
    const first = offset < 0 ? Math.max(0, size + offset) : offset;
    const last = Math.min(size, offset < 0 || length === undefined ? Infinity : offset + length) - 1;
    if (start !== first || end !== last) {
      const asked =
        offset < 0 ? `the last ${-offset} bytes` : `bytes ${offset} to ${length === undefined ? 'the end' : last}`;
      throw this.#odd(key, `the server sent another part (${said ?? 'it does not say which'}) than ${asked}`);
    }
    return { start, end, size };
  }

  /** `count` bytes of a body from `start` on, which is all of it where it `ends` there. */
  async #bytes(
    key: string,
    response: Response,
    start: number,
    count: number | null,
    ends: boolean,
    timer: NodeJS.Timeout
  ): Promise<Uint8Array> {
    if ((count ?? 0) > this.#most) {
      void response.body?.cancel();
      throw this.#odd(key, `${count} bytes are too many for one answer (${this.#most})`);
    }
    const pieces: Uint8Array[] = [];
    let [at, found] = [0, 0];
    const reader = response.body?.getReader();
    for (;;) {
      const { done, value: piece } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) break;
      timer.refresh();
      const part = piece.subarray(Math.max(0, start - at), count === null || ends ? undefined : start + count - at);
      at += piece.length;
      found += part.length;
      if (found > (count ?? this.#most)) break;
      pieces.push(part);
      if (!ends && found === count) break;
    }
    void reader?.cancel().catch(() => undefined);
    if (found > this.#most) throw this.#odd(key, `more than ${this.#most} bytes came, too many for one answer`);
    if (count !== null && found !== count) throw new Error(`the server sent ${found} of ${count} bytes`);
    return Buffer.concat(pieces);
  }

  #odd(key: string, what: string): ConvertError {
    return new ConvertError('unsupported', `${this.name}/${key}: ${what}`, 'source');
  }
}

const isPage = ({ headers }: Response): boolean => headers.get('Content-Type')?.startsWith('text/html') ?? false;

const versionOf = ({ headers }: Response): string | null => headers.get('ETag') ?? headers.get('Last-Modified');
