import * as http from 'node:http';
import * as https from 'node:https';
import { shownAddress } from '../model/address.ts';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import type { RemoteState } from '../model/layout.ts';
import { ATTEMPTS, SILENT, waitBefore } from './attempts.ts';
import type { RemoteFile } from './remote-file.ts';
import { BUSY_STATUS, CONNECTION, CutOff } from './s3-error.ts';

/** What a server that is busy has answered. */
class Busy extends Error {
  override readonly name = 'Busy';
}

/** That nothing came for so long. */
class Silent extends Error {
  override readonly name = 'Silent';

  constructor() {
    super(`nothing came for ${SILENT / 1000} s`);
  }
}

const REDIRECTIONS = [301, 302, 303, 307, 308];

interface Part {
  bytes: Uint8Array;
  state: RemoteState;
}

/** Redirections that are followed. */
const MOST_HOPS = 10;

const DOWNLOAD = 'download it, and give the path of the file';

/** A file on a server of the web that is read by parts (RFC 9110, section 14). */
export class WebFile implements RemoteFile {
  /** As people may see it. */
  readonly #name: string;
  readonly #address: URL;
  readonly #authorization: string | null;
  /** By protocol. Not `fetch`, which takes twice the time and thrice the memory for thousands of small parts. */
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true })
  };

  constructor(address: string) {
    if (!isOfWeb(address))
      throw new ConvertError('bad-option', `${address}: this is no address such as https://HOST/NAME.tif`, 'source');
    this.#name = shownAddress(address);
    this.#address = new URL(address);
    const { username, password } = this.#address;
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#authorization = username === '' ? null : `Basic ${Buffer.from(login).toString('base64')}`;
    this.#address.username = this.#address.password = this.#address.hash = '';
  }

  async look(length: number): Promise<{ state: RemoteState; first: Uint8Array }> {
    const { state, bytes } = await this.#ask(null, 0, length);
    return { state, first: bytes };
  }

  async read(state: RemoteState, position: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.#ask(state, position, length, signal)).bytes;
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  /** `state`: what it must be; null: to be found out. */
  async #ask(state: RemoteState | null, position: number, length: number, signal?: AbortSignal): Promise<Part> {
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        return await this.#try(state, position, length, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ConvertError) throw error;
        if (!isPassing(error, state !== null) || attempt === ATTEMPTS) throw this.#unreadable(error);
        await waitBefore(attempt + 1, signal);
      }
    }
  }

  async #try(state: RemoteState | null, position: number, length: number, signal?: AbortSignal): Promise<Part> {
    const range = `bytes=${position}-${position + length - 1}`;
    let address = this.#address;
    for (let hops = 0; ; hops++) {
      const response = await this.#request(address, range, signal);
      try {
        const { location } = response.headers;
        if (!REDIRECTIONS.includes(response.statusCode!) || location === undefined) {
          const part = this.#check(response, hops > 0, state, position, length);
          return { state: part.state, bytes: await bodyOf(response, part.length) };
        }
        if (hops === MOST_HOPS) throw this.#odd(`it leads on to ever other addresses: check the address`);
        if (!URL.canParse(location, address) || !isOfWeb(new URL(location, address).href))
          throw this.#odd(`it leads on to ${location}, which is no address of the web: check the address`);
        address = new URL(location, address);
      } finally {
        // Of what was not asked for no more need come.
        if (!response.complete) response.destroy();
        else response.resume();
      }
    }
  }

  #request(address: URL, range: string, signal?: AbortSignal): Promise<http.IncomingMessage> {
    const protocol = address.protocol as 'http:' | 'https:';
    return new Promise((resolve, reject) => {
      const headers: http.OutgoingHttpHeaders = { Range: range, 'Accept-Encoding': 'identity' };
      // For the server that it was given for, and no other.
      if (this.#authorization !== null && address.origin === this.#address.origin)
        headers.Authorization = this.#authorization;
      const { request } = protocol === 'https:' ? https : http;
      const asked = request(address, { agent: this.#agents[protocol], headers, signal, timeout: SILENT });
      asked.on('timeout', () => asked.destroy(new Silent()));
      asked.on('error', reject);
      asked.on('response', resolve);
      asked.end();
    });
  }

  /** What an answer holds, by what it says of itself. @throws ConvertError where that is not what was asked for */
  #check(
    { statusCode: status = 0, statusMessage: statusText = '', headers }: http.IncomingMessage,
    redirected: boolean,
    state: RemoteState | null,
    position: number,
    length: number
  ): { state: RemoteState; length: number } {
    const said = headers['content-range'];
    if (status === 401 || status === 403)
      throw this.#odd(
        `the server refuses to send it (${status} ${statusText}): it needs a login, which an address such as https://NAME:PASSWORD@HOST/… may have, or a key in the address has expired; otherwise ${DOWNLOAD}`
      );
    if (status === 404 || status === 410)
      throw this.#odd(`there is no such file (${status} ${statusText}): check the address`, 'not-found');
    if (status === 416) {
      const size = Number(/^bytes \*\/(\d+)$/.exec(said ?? '')?.[1] ?? NaN);
      if (state && size !== state.size) throw this.#changed(`has ${size} bytes, and had ${state.size}`);
      throw this.#odd(
        size === 0
          ? 'it is empty: check the address'
          : `the server answered 416 when asked for bytes ${position} to ${position + length - 1}: ${DOWNLOAD}`
      );
    }
    if (BUSY_STATUS.includes(status)) throw new Busy(`the server answered ${status} ${statusText}`);
    if (status !== 200 && status !== 206)
      throw this.#odd(`the server answered ${status} ${statusText}, where 206 was expected: check the address`);
    if (/^(text\/html|application\/xhtml)/i.test(headers['content-type'] ?? ''))
      throw this.#odd(
        `the server ${redirected ? 'leads to a web page' : 'sent a web page'} in its place: it asks for a login, or this is the address of a page about the file; give that of the file itself, or ${DOWNLOAD}`
      );
    if (status === 200)
      throw this.#odd(
        `the server sends all of it (200) when asked for bytes ${position} to ${position + length - 1}, where that part alone was expected (206): it serves no parts of files; ${DOWNLOAD}`
      );
    const coding = headers['content-encoding'] ?? 'identity';
    if (coding !== 'identity')
      throw this.#odd(`the server sends it compressed (${coding}), where it was asked for as it is: ${DOWNLOAD}`);
    const [first, last, size] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(said ?? '') ?? []).slice(1).map(Number);
    const now: RemoteState = {
      size,
      version: headers.etag ?? headers['last-modified'] ?? null,
      modified: Date.parse(headers['last-modified'] ?? '') || 0
    };
    if (state && size !== undefined && size !== state.size)
      throw this.#changed(`has ${size} bytes, and had ${state.size}`);
    if (state && now.version !== state.version)
      throw this.#changed(`is ${now.version ?? 'of no version'}, and was ${state.version ?? 'of none'}`);
    const wanted = Math.min(position + length, size) - position;
    if (first !== position || last !== position + wanted - 1)
      throw this.#odd(
        `the server sent another part (${said ?? 'it does not say which'}) than bytes ${position} to ${position + length - 1}, which were asked for: ${DOWNLOAD}`
      );
    return { state: now, length: wanted };
  }

  #odd(what: string, code: ErrorCode = 'unreadable'): ConvertError {
    return new ConvertError(code, `${this.#name}: ${what}`, 'source');
  }

  #changed(how: string): ConvertError {
    return this.#odd(`it has been written anew since it was opened (it ${how}): start again`, 'truncated');
  }

  #unreadable(error: unknown): ConvertError {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      error instanceof Busy || error instanceof Silent || error instanceof CutOff ? message : (code ?? message);
    return this.#odd(`it cannot be read (${why}): check the address and the connection, and try again later`);
  }
}

const isOfWeb = (address: string): boolean => /^https?:\/\//i.test(address) && URL.canParse(address);

/** Whether the same request may do better a little later; `wasThere`: whether the server has answered before. */
function isPassing(error: unknown, wasThere: boolean): boolean {
  if (error instanceof Busy || error instanceof Silent || error instanceof CutOff) return true;
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? wasThere : CONNECTION.test(code);
}

/** A body of `length` bytes. @throws CutOff where others came */
async function bodyOf(response: http.IncomingMessage, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    if (at + piece.length <= length) bytes.set(piece, at);
    at += piece.length;
    if (at > length) break;
  }
  if (at !== length) throw new CutOff(`${at} of ${length} bytes came`);
  return bytes;
}
