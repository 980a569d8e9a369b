import { shownAddress } from '../model/address.ts';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import type { RemoteState } from '../model/layout.ts';
import { ATTEMPTS, CutOff } from './attempts.ts';
import type { RemoteFile } from './remote-file.ts';
import { type WebAnswer, WebServer, attempting } from './web-server.ts';

interface Part {
  bytes: Uint8Array;
  state: RemoteState;
}

const DOWNLOAD = 'download it, and give the path of the file';

/** A file on a server of the web that is read by parts (RFC 9110, section 14). */
export class WebFile implements RemoteFile {
  /** As people may see it. */
  readonly #name: string;
  readonly #server: WebServer;

  constructor(address: string) {
    this.#server = new WebServer(address, 'https://HOST/NAME.tif');
    this.#name = shownAddress(address);
  }

  async look(length: number): Promise<{ state: RemoteState; first: Uint8Array }> {
    const { state, bytes } = await this.#ask(null, 0, length);
    return { state, first: bytes };
  }

  async read(state: RemoteState, position: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.#ask(state, position, length, signal)).bytes;
  }

  close(): void {
    this.#server.close();
  }

  /** `state`: what it must be; null: to be found out. */
  #ask(state: RemoteState | null, position: number, length: number, signal?: AbortSignal): Promise<Part> {
    const once = (): Promise<Part> => this.#try(state, position, length, signal);
    const fail = (why: string): ConvertError =>
      this.#odd(`it cannot be read (${why}): check the address and the connection, and try again later`);
    return attempting(this.#server.address.host, ATTEMPTS, state !== null, once, fail, signal);
  }

  async #try(state: RemoteState | null, position: number, length: number, signal?: AbortSignal): Promise<Part> {
    const range = `bytes=${position}-${position + length - 1}`;
    const answer = await this.#server.ask(this.#server.address, { Range: range }, signal);
    try {
      const part = this.#check(answer, state, position, length);
      return { state: part.state, bytes: await bodyOf(answer, part.length) };
    } finally {
      // Of what was not asked for no more need come.
      answer.end();
    }
  }

  /** State and length that an answer's headers tell. @throws ConvertError where they are not what was asked for */
  #check(
    answer: WebAnswer,
    state: RemoteState | null,
    position: number,
    length: number
  ): { state: RemoteState; length: number } {
    const { status, headers } = answer;
    if (status === 401 || status === 403)
      throw this.#odd(
        `the server refuses to send it (${answer.said}): it needs a login, which an address such as https://NAME:PASSWORD@HOST/… may have, or a key in the address has expired; otherwise ${DOWNLOAD}`
      );
    if (status === 404 || status === 410)
      throw this.#odd(`there is no such file (${answer.said}): check the address`, 'not-found');
    if (status === 416) {
      const size = answer.sizeAlone;
      if (state && size !== state.size) throw this.#changed(`has ${size} bytes, and had ${state.size}`);
      throw this.#odd(
        size === 0
          ? 'it is empty: check the address'
          : `the server answered 416 when asked for bytes ${position} to ${position + length - 1}: ${DOWNLOAD}`
      );
    }
    answer.checkNotBusy();
    if (status !== 200 && status !== 206)
      throw this.#odd(`the server answered ${answer.said}, where 206 was expected: check the address`);
    if (answer.isPage)
      throw this.#odd(
        `the server ${answer.redirected ? 'leads to a web page' : 'sent a web page'} in its place: it asks for a login, or this is the address of a page about the file; give that of the file itself, or ${DOWNLOAD}`
      );
    if (status === 200)
      throw this.#odd(
        `the server sends all of it (200) when asked for bytes ${position} to ${position + length - 1}, where that part alone was expected (206): it serves no parts of files; ${DOWNLOAD}`
      );
    if (answer.coded !== null) throw this.#odd(`${answer.coded}: ${DOWNLOAD}`);
    const { first = NaN, last = NaN, size = NaN } = answer.part ?? {};
    const now: RemoteState = {
      size,
      version: answer.version,
      modified: Date.parse(headers['last-modified'] ?? '') || 0
    };
    if (state && answer.part && size !== state.size) throw this.#changed(`has ${size} bytes, and had ${state.size}`);
    if (state && now.version !== state.version)
      throw this.#changed(`is ${now.version ?? 'of no version'}, and was ${state.version ?? 'of none'}`);
    const wanted = Math.min(position + length, size) - position;
    if (first !== position || last !== position + wanted - 1)
      throw this.#odd(
        `the server sent another part (${headers['content-range'] ?? 'it does not say which'}) than bytes ${position} to ${position + length - 1}, which were asked for: ${DOWNLOAD}`
      );
    return { state: now, length: wanted };
  }

  #odd(what: string, code: ErrorCode = 'unreadable'): ConvertError {
    return new ConvertError(code, `${this.#name}: ${what}`, 'source');
  }

  #changed(how: string): ConvertError {
    return this.#odd(`it has been written anew since it was opened (it ${how}): start again`, 'truncated');
  }
}

/** A body of `length` bytes. @throws CutOff where others came */
async function bodyOf({ body }: WebAnswer, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const piece of body) {
    if (at + piece.length <= length) bytes.set(piece, at);
    at += piece.length;
    if (at > length) break;
  }
  if (at !== length) throw new CutOff(`${at} of ${length} bytes came`);
  return bytes;
}
