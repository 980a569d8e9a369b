import { ConvertError } from '../model/errors.ts';
import { MARKS } from '../model/document.ts';
import { CutOff, FEW_ATTEMPTS } from './attempts.ts';
import type { Found, RemoteFiles, Wanted } from './files.ts';
import { type WebAnswer, WebServer, attempting } from './web-server.ts';

/**
 * Files of an OME-Zarr on a server of the web. Only what is certainly not there is missing: a login page, another part
 * of a file than was asked for and a body of another length are errors.
 */
export class WebFiles implements RemoteFiles {
  readonly name: string;
  readonly #server: WebServer;
  readonly #root: URL;
  readonly #most: number;

  /**
   * @param most bytes that are read of a file at a time
   * @throws ConvertError `bad-option` for what is no address
   */
  constructor(address: string, most: number) {
    this.#server = new WebServer(address, 'https://HOST/NAME.ome.zarr');
    this.#root = this.#server.address;
    if (!this.#root.pathname.endsWith('/')) this.#root.pathname += '/';
    this.#most = most;
    this.name = `${this.#root.origin}${this.#root.pathname.replace(/\/+$/, '')}`;
  }

  close(): void {
    this.#server.close();
  }

  read(key: string, wanted: Wanted, signal?: AbortSignal): Promise<Found | null> {
    const once = (): Promise<Found | null> => this.#try(key, wanted, signal);
    const fail = (why: string): ConvertError =>
      new ConvertError(
        'unreadable',
        `${this.name}/${key}: it cannot be read (${why}): check the address and the connection, and try again later`,
        'source'
      );
    return attempting(this.#root.host, FEW_ATTEMPTS, true, once, fail, signal);
  }

  #address(key: string): URL {
    const address = new URL(this.#root);
    address.pathname += key.split('/').map(encodeURIComponent).join('/');
    return address;
  }

  #ask(key: string, range: string | null, signal?: AbortSignal, method: 'GET' | 'HEAD' = 'GET'): Promise<WebAnswer> {
    const headers = { 'Cache-Control': 'no-cache', ...(range && { Range: range }) };
    return this.#server.ask(this.#address(key), headers, signal, method);
  }

  async #try(key: string, wanted: Wanted, signal?: AbortSignal): Promise<Found | null> {
    const { offset = 0, length } = wanted;
    const isAll = offset === 0 && length === undefined;
    const isSize = length === 0;
    const last = length === undefined || offset < 0 ? '' : String(offset + length - 1);
    const range = isAll || isSize ? null : offset < 0 ? `bytes=${offset}` : `bytes=${offset}-${last}`;
    const answer = await this.#ask(key, range, signal, isSize ? 'HEAD' : 'GET');
    try {
      const { version } = answer;
      if (answer.status === 416 && range) {
        const size = answer.sizeAlone;
        if (Number.isNaN(size)) throw this.#odd(key, 'it has no such part, and does not say how long it is');
        return { size, offset: size, bytes: new Uint8Array(0), version };
      }
      if (await this.#isMissing(key, wanted, answer, signal)) return null;
      this.#check(key, answer);
      const said = answer.headers['content-length'] ?? null;
      if (isSize) {
        if (said === null) throw this.#odd(key, 'the server does not say how long it is');
        const size = Number(said);
        return { size, offset: Math.min(size, Math.max(0, offset)), bytes: new Uint8Array(0), version };
      }
      const part = answer.status === 206 ? this.#partOf(key, answer, offset, length) : null;
      if (range && !part) {
        // Of a server that knows no ranges, the part out of all; what lies behind need not come.
        const size = said === null ? NaN : Number(said);
        if (Number.isNaN(size)) throw this.#odd(key, 'the server sends no parts of files, nor says how long they are');
        const start = Math.min(size, offset < 0 ? Math.max(0, size + offset) : offset);
        const count = Math.min(size - start, offset < 0 ? Math.min(-offset, length ?? Infinity) : (length ?? Infinity));
        const bytes = await this.#bytes(key, answer, start, count, false);
        return { size, offset: start, bytes, version };
      }
      const count = part ? part.last + 1 - part.first : said === null ? null : Number(said);
      const bytes = await this.#bytes(key, answer, 0, count, true);
      const kept = offset < 0 && length !== undefined ? bytes.subarray(0, length) : bytes;
      return { size: part?.size ?? bytes.length, offset: part?.first ?? 0, bytes: kept, version };
    } finally {
      answer.end();
    }
  }

  /** Whether who asks may list the bucket, of which either the host's name or the path begins with the name. */
  async #mayList(key: string, signal?: AbortSignal): Promise<boolean> {
    const { origin, pathname } = this.#address(key);
    for (const bucket of [`${origin}/`, `${origin}/${pathname.split('/')[1]}/`]) {
      const listed = await this.#server.ask(new URL(`${bucket}?list-type=2&max-keys=1`), {}, signal);
      const said = await listed.text();
      if (listed.status === 200 && said.includes('<ListBucketResult')) return true;
    }
    return false;
  }

  /**
   * Whether a file is not there. Buckets that may not be listed, and those alone, answer 403 to who asks for what they
   * have not: that is told from a refusal by the metadata, which is there for who may read.
   */
  async #isMissing(key: string, { onDenied }: Wanted, answer: WebAnswer, signal?: AbortSignal): Promise<boolean> {
    const { status, headers } = answer;
    if (status !== 404 && status !== 410 && status !== 403) return false;
    if (status !== 403) return true;
    const isXml = /\bxml\b/.test(headers['content-type'] ?? '');
    const said = await answer.text();
    const isBucket = 'x-amz-request-id' in headers || (isXml && said.includes('<Code>AccessDenied</Code>'));
    const isDenied = !isXml || said.includes('<Code>AccessDenied</Code>');
    if (!isBucket || !isDenied || (await this.#mayList(key, signal))) return false;
    for (const mark of MARKS) {
      if (mark === key) continue;
      const known = await this.#ask(mark, null, signal);
      known.end();
      if (known.status !== 200 || known.isPage) continue;
      onDenied?.();
      return true;
    }
    return false;
  }

  #check(key: string, answer: WebAnswer): void {
    const { status, said, redirected } = answer;
    if (status === 401 || status === 403)
      throw this.#odd(key, `the server refuses to send it (${status}): it needs a login, or credentials have expired`);
    answer.checkNotBusy();
    if (status !== 200 && status !== 206) throw this.#odd(key, `the server answered ${said}`);
    if (answer.isPage) {
      const page = redirected ? 'sends to another page' : 'sent a web page in its place';
      throw this.#odd(key, `the server ${page}: it asks for a login, or the address is that of a page about the data`);
    }
    if (answer.coded !== null) throw this.#odd(key, `${answer.coded}: download it, and give the path of its folder`);
  }

  #partOf(key: string, { part, headers }: WebAnswer, offset: number, length?: number) {
    const { size = NaN } = part ?? {};
    const first = offset < 0 ? Math.max(0, size + offset) : offset;
    const last = Math.min(size, offset < 0 || length === undefined ? Infinity : offset + length) - 1;
    if (part?.first !== first || part.last !== last) {
      const asked =
        offset < 0
          ? `the last ${-offset} bytes`
          : `bytes ${offset} to ${length === undefined ? 'the end' : offset + length - 1}`;
      const sent = headers['content-range'] ?? 'it does not say which';
      throw this.#odd(key, `the server sent another part (${sent}) than ${asked}`);
    }
    return part;
  }

  /** `count` bytes of a body from `start` on, which is all of it where it `ends` there. */
  async #bytes(
    key: string,
    { body }: WebAnswer,
    start: number,
    count: number | null,
    ends: boolean
  ): Promise<Uint8Array> {
    if ((count ?? 0) > this.#most) throw this.#odd(key, `${count} bytes are too many for one answer (${this.#most})`);
    const pieces: Uint8Array[] = [];
    let [at, found] = [0, 0];
    for await (const piece of body) {
      const part = piece.subarray(Math.max(0, start - at), count === null || ends ? undefined : start + count - at);
      at += piece.length;
      found += part.length;
      if (found > (count ?? this.#most)) break;
      pieces.push(part);
      if (!ends && found === count) break;
    }
    if (found > this.#most) throw this.#odd(key, `more than ${this.#most} bytes came, too many for one answer`);
    if (count !== null && found !== count) throw new CutOff(`${found} of ${count} bytes came`);
    return Buffer.concat(pieces);
  }

  #odd(key: string, what: string): ConvertError {
    return new ConvertError('unsupported', `${this.name}/${key}: ${what}`, 'source');
  }
}
