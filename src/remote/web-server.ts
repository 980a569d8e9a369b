import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { isOfWeb, shownAddress, unescaped } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import { BUSY_STATUS, CONNECTION, CutOff, SILENT, waitBefore } from './attempts.ts';
import { proxies } from './proxies.ts';
import { wholeAddress } from './stand-ins.ts';
import { unreached } from './unreached.ts';

/** The answer of a busy server, as an error. */
class Busy extends Error {
  override readonly name = 'Busy';
}

/** The error that nothing came for `SILENT` ms. */
class Silent extends Error {
  override readonly name = 'Silent';

  constructor() {
    super(`nothing came for ${SILENT / 1000} s`);
  }
}

const REDIRECTIONS = [301, 302, 303, 307, 308];
/** Redirections that are followed. */
const MOST_HOPS = 10;
/** Bytes of an answer up to which its rest is let come, so that its connection serves the next. */
const SHORT = 1 << 16;

/** A server's answer, of which the body is still to come. */
export class WebAnswer {
  readonly status: number;
  /** The status, as people know it. */
  readonly said: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether another address has answered than was asked. */
  readonly redirected: boolean;
  readonly #message: IncomingMessage;
  readonly #length: number;

  constructor(message: IncomingMessage, redirected: boolean, method: string) {
    const { statusCode = 0, statusMessage = '', headers } = message;
    this.status = statusCode;
    this.said = `${statusCode} ${statusMessage}`.trim();
    this.headers = headers;
    this.redirected = redirected;
    this.#message = message;
    this.#length = method === 'HEAD' ? 0 : Number(headers['content-length'] ?? NaN);
  }

  /** Whether it is a web page, such as one that asks for a login. */
  get isPage(): boolean {
    return /^(text\/html|application\/xhtml)/i.test(this.headers['content-type'] ?? '');
  }

  /** Why the body is not the file as it is, though that was asked for; null: it is. */
  get coded(): string | null {
    const coding = this.headers['content-encoding'] ?? 'identity';
    return coding === 'identity' ? null : `the server sends it compressed (${coding}), where it was asked for as it is`;
  }

  /** Tells the file from what takes its name, as far as the server says. */
  get version(): string | null {
    return this.headers.etag ?? this.headers['last-modified'] ?? null;
  }

  /** Which part of the file it says to be: its first and last byte, and the length of all. */
  get part(): { first: number; last: number; size: number } | null {
    const numbers = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(this.headers['content-range'] ?? '');
    if (!numbers) return null;
    const [first, last, size] = numbers.slice(1).map(Number);
    return { first, last, size };
  }

  /** How long the file is of which no such part is there (416); NaN where that is not said. */
  get sizeAlone(): number {
    return Number(/^bytes \*\/(\d+)$/.exec(this.headers['content-range'] ?? '')?.[1] ?? NaN);
  }

  /** The body, as it comes. */
  get body(): AsyncIterable<Buffer> {
    return this.#message;
  }

  /** The first few KiB of the body, as text. */
  async text(): Promise<string> {
    let text = '';
    for await (const piece of this.body) if ((text += piece.toString()).length > 4096) break;
    return text.slice(0, 4096);
  }

  /** @throws Busy where the same request may do better a little later */
  checkNotBusy(): void {
    if (BUSY_STATUS.includes(this.status)) throw new Busy(`the server answered ${this.said}`);
  }

  /** Lets no more of it come. */
  end(): void {
    if (this.#message.complete || this.#length <= SHORT) this.#message.resume();
    else this.#message.destroy();
  }
}

/** Node's own for a protocol, loaded with the first server: all threads and commands would wait for it otherwise. */
const module = (protocol: 'http:' | 'https:') =>
  protocol === 'https:' ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');

/** A server of the web, by an address that may hold a login. */
export class WebServer {
  /** Without login and fragment. */
  readonly address: URL;
  readonly #authorization: string | null;
  /** By protocol. Not `fetch`, which takes twice the time and thrice the memory for thousands of small parts. */
  readonly #agents = {
    'http:': new (module('http:').Agent)({ keepAlive: true, ...proxies() }),
    'https:': new (module('https:').Agent)({ keepAlive: true, ...proxies() })
  };

  /**
   * @param example what an address looks like
   * @throws ConvertError `bad-option` for what is no address
   */
  constructor(address: string, example: string) {
    const fail = (what: string) => new ConvertError('bad-option', `${shownAddress(address)}: ${what}`, 'source');
    if (!isWhole(address)) throw fail(`this is no address such as ${example}`);
    // All that parse addresses leave these out, or make slashes of them: it would be that of another file.
    if (/[\t\n\r]|^[^?#]*\\/.test(address.trim()))
      throw fail('an address has no line breaks, tabs and backslashes: write those of a name as %0A, %09 and %5C');
    this.address = new URL(wholeAddress(address));
    const { username, password } = this.address;
    const login = `${unescaped(username)}:${unescaped(password)}`;
    this.#authorization = username === '' ? null : `Basic ${Buffer.from(login).toString('base64')}`;
    this.address.username = this.address.password = this.address.hash = '';
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  /** Asks once, and again where it leads on. */
  async ask(
    address: URL,
    headers: Record<string, string>,
    signal?: AbortSignal,
    method: 'GET' | 'HEAD' = 'GET'
  ): Promise<WebAnswer> {
    for (let hops = 0; ; hops++) {
      const answer = new WebAnswer(await this.#request(address, headers, method, signal), hops > 0, method);
      const { location } = answer.headers;
      if (!REDIRECTIONS.includes(answer.status) || location === undefined) return answer;
      answer.end();
      if (hops === MOST_HOPS) throw new Error('it leads on to ever other addresses');
      if (!URL.canParse(location, address) || !isWhole(new URL(location, address).href))
        throw new Error(`it leads on to ${shownAddress(location)}, which is no address of the web`);
      address = new URL(location, address);
    }
  }

  #request(
    address: URL,
    given: Record<string, string>,
    method: string,
    signal?: AbortSignal
  ): Promise<IncomingMessage> {
    const protocol = address.protocol as 'http:' | 'https:';
    return new Promise((resolve, reject) => {
      const headers: OutgoingHttpHeaders = { 'Accept-Encoding': 'identity', ...given };
      // For the server that it was given for, and no other.
      if (this.#authorization !== null && address.origin === this.address.origin)
        headers.Authorization = this.#authorization;
      const asked = module(protocol).request(address, {
        agent: this.#agents[protocol],
        method,
        headers,
        signal,
        timeout: SILENT
      });
      asked.on('timeout', () => asked.destroy(new Silent()));
      asked.on('error', reject);
      asked.on('response', resolve);
      asked.end();
    });
  }
}

const isWhole = (address: string): boolean => isOfWeb(address) && URL.canParse(address);

/**
 * Does what asks a server, and again where that may do better a little later.
 *
 * @param host of the server
 * @param wasThere whether the server has answered before
 * @throws ConvertError of `work`; of all else what `fail` makes of the reason
 */
export async function attempting<T>(
  host: string,
  attempts: number,
  wasThere: boolean,
  work: () => Promise<T>,
  fail: (why: string) => ConvertError,
  signal?: AbortSignal
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ConvertError) throw error;
      if (!isPassing(error, wasThere) || attempt === attempts) throw fail(reasonOf(error));
      await waitBefore(attempt + 1, { host, reason: reasonOf(error) }, signal);
    }
  }
}

const isWorded = (error: unknown): boolean =>
  error instanceof Busy || error instanceof Silent || error instanceof CutOff;

function isPassing(error: unknown, wasThere: boolean): boolean {
  if (isWorded(error)) return true;
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? wasThere : CONNECTION.test(code);
}

function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return isWorded(error) ? message : (unreached(error) ?? message);
}
