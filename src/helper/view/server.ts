import { randomBytes, timingSafeEqual } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parse } from 'range-parser';
import { ConvertError } from '../../model/errors.ts';
import { PASSING } from '../../protocol/index.ts';
import type { Wanted } from '../../remote/files.ts';
import type { RemoteStore } from '../../remote/remote-store.ts';
import { S3Error } from '../../remote/s3-error.ts';
import type { FilePlace, OpenFile, Store } from '../store.ts';
import { openStored, versionOf } from '../store.ts';

/** A volume of the page: an OME-Zarr, or what reads another source as though it were one (null: no such file). */
export type ViewSource = {
  name: string;
  /** Whether its voxels are shown as numbers of segments. */
  asLabels?: boolean;
} & (
  | { store: Store; remote?: undefined; look?: undefined }
  | { store?: undefined; remote: RemoteStore; look?: undefined }
  | {
      store?: undefined;
      remote?: undefined;
      look: (key: string, signal: AbortSignal) => Promise<{ bytes: Uint8Array; version: string } | null>;
    }
);

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm'
};

/** Bytes that are read at a time. */
const PIECE = 2 ** 16;

/** By this header the page asks for 204 where there is no file: of each 404 browsers note an error. */
const ABSENT = 'x-absent';

export interface Patience {
  /** Milliseconds in which a request has to be whole: who sends a byte now and then holds a connection. */
  request: number;
  /** Milliseconds after which a client that takes nothing of what waits for it is cut off. */
  stalled: number;
}

const PATIENCE: Patience = { request: 10_000, stalled: 30_000 };

/**
 * A server of some volumes and of the viewer's page, for this machine's own browser alone: everything lies under a
 * path that cannot be guessed, no other site may read an answer (no CORS), and a Host that is not this machine is
 * refused, so that a name that an attacker's DNS points here is of no use.
 *
 * Under that path: `sources.json`, `data/N/KEY` with N as in `sources.json`, and the files of `page`.
 */
export function createViewServer(
  sources: readonly ViewSource[],
  page: string,
  { request, stalled }: Patience = PATIENCE
): { server: Server; path: string } {
  const token = randomBytes(24).toString('base64url');
  const listing = JSON.stringify({
    sources: sources.map(({ name, look, asLabels }, i) => ({
      name,
      url: `data/${i}/`,
      ...(asLabels && { asLabels }),
      ...(look && { sampled: true })
    }))
  });
  /** Connections whose request is being answered, and whether another one has come before the answer. */
  const answering = new Map<Socket, { ahead: boolean }>();
  const server = createServer(
    { headersTimeout: request, requestTimeout: request, connectionsCheckingInterval: Math.min(1_000, request) },
    (request, response) => {
      const { socket } = request;
      const before = answering.get(socket);
      if (before) {
        // No browser asks ahead. Thousands of questions with nobody reading the answers would fill the memory: the
        // connection ends with the answer that is due, and who asked ahead has to ask again.
        before.ahead = true;
        socket.pause();
        return;
      }
      const state = { ahead: false };
      answering.set(socket, state);
      response.once('close', () => {
        answering.delete(socket);
        if (state.ahead) {
          socket.destroySoon();
        }
      });
      answer(request, response).catch((error: unknown) => {
        if (response.headersSent || response.destroyed) {
          // Cut the connection: a body that ends early must not look whole.
          response.destroy();
        } else {
          refuse(response, statusOf(error), (error as Error).message);
        }
      });
    }
  );
  server.timeout = stalled;
  server.on('timeout', (socket: Socket) => {
    // A disk may be slower than that; where nothing waits to be taken, it is not the client.
    if (!answering.has(socket) || socket.writableLength > 0) {
      socket.destroy();
    }
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    response.setHeader('Referrer-Policy', 'same-origin');
    response.setHeader('Cache-Control', 'no-store');
    const port = request.socket.localPort;
    if (request.headers.host !== `127.0.0.1:${port}` && request.headers.host !== `localhost:${port}`) {
      return refuse(response, 403, 'This server answers to 127.0.0.1 and localhost only.');
    }
    if (isForOtherSite(request)) {
      return refuse(response, 403, 'This server answers to its own page only.');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return refuse(response, 405, 'Only GET and HEAD are answered.');
    }
    const asked = pathOf(request);
    const end = asked?.indexOf('/', 1) ?? -1;
    if (asked === null || end < 0 || !isSame(asked.slice(0, end), `/${token}`)) {
      return refuse(response, asked === null ? 400 : 403, 'Open the address that microct-io-vis printed.');
    }
    const name = asked.slice(end + 1) || 'index.html';
    if (name === 'sources.json') {
      response.setHeader('Content-Type', TYPES['.json']);
      response.end(request.method === 'HEAD' ? undefined : listing);
      return;
    }
    const data = /^data\/(\d+)\/(.+)$/s.exec(name);
    const source = data && sources[Number(data[1])];
    const look = source?.look;
    if (data && look && (await sendMade(request, response, signal => look(data[2], signal)))) {
      return;
    }
    const remote = source?.remote;
    if (data && remote && (await passOn(request, response, remote, data[2]))) {
      return;
    }
    const place = data ? ((await source?.store?.locate(data[2])) ?? null) : await pagePath(page, name);
    // The page's workers load the same parts, one after another; no other server has this address.
    if (place !== null && !data && extname(name) === '.js') {
      response.setHeader('Cache-Control', 'private, max-age=86400, immutable');
    }
    if (place !== null && (await send(request, response, place, data ? undefined : TYPES[extname(place.path)]))) {
      return;
    }
    if (data && request.headers[ABSENT] === '204') {
      response.setHeader(ABSENT, '204');
      response.statusCode = 204;
      response.end();
      return;
    }
    refuse(response, 404, 'There is no such file.');
  }

  return { server, path: `/${token}/` };
}

/** Whether another site's page asks, or shows this in a frame. Opening the address from there is a person's link. */
function isForOtherSite({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'] ?? 'none';
  return site !== 'none' && site !== 'same-origin' && headers['sec-fetch-dest'] !== 'document';
}

/** Whether two texts are the same, in a time that does not tell how far they are. */
function isSame(found: string, expected: string): boolean {
  const [a, b] = [Buffer.from(found), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The path that was asked for, decoded; null when it cannot be decoded. */
function pathOf(request: IncomingMessage): string | null {
  try {
    return decodeURIComponent((request.url ?? '/').replace(/[?#].*$/s, ''));
  } catch {
    return null;
  }
}

/** The path of a file of the viewer's page. */
async function pagePath(page: string, name: string): Promise<FilePlace | null> {
  const root = await realpath(page);
  const path = await realpath(join(root, name)).catch(() => null);
  return path?.startsWith(root + sep) ? { path, place: null } : null;
}

/** Sends a file, or the range of it that is asked for; false when there is none. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  place: FilePlace,
  type = 'application/octet-stream'
): Promise<boolean> {
  const opened = await openStored(place);
  if (!opened) {
    return false;
  }
  const { file, handle } = opened;
  try {
    const range = rangeOf(request.headers.range, file.size);
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Content-Type', type);
    // The page asks by it whether it still shows what is here.
    response.setHeader('ETag', `"${file.version}-${file.size}"`);
    if (range === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${file.size}`);
      refuse(response, 416, `The file has ${file.size} bytes.`);
      return true;
    }
    const { start, end } = range ?? { start: 0, end: file.size - 1 };
    const length = end + 1 - start;
    if (range) {
      response.setHeader('Content-Range', `bytes ${start}-${end}/${file.size}`);
    }
    response.setHeader('Content-Length', length);
    response.statusCode = range ? 206 : 200;
    if (request.method !== 'HEAD' && length > 0) {
      await pipeline(pieces(opened, start, length), response);
    } else {
      response.end();
    }
    return true;
  } finally {
    await handle.close();
  }
}

/** Sends what `make` makes, or the range of it that is asked for; false when there is nothing. */
async function sendMade(
  request: IncomingMessage,
  response: ServerResponse,
  make: (signal: AbortSignal) => Promise<{ bytes: Uint8Array; version: string } | null>
): Promise<boolean> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const made = await make(gone.signal).catch((error: unknown) => {
    // A volume that is there no more has no files.
    if (error instanceof ConvertError && error.code === 'not-found') return null;
    throw error;
  });
  if (!made) return false;
  const { bytes, version } = made;
  const range = rangeOf(request.headers.range, bytes.length);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('ETag', `"${version}-${bytes.length}"`);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${bytes.length}`);
    refuse(response, 416, `The file has ${bytes.length} bytes.`);
    return true;
  }
  const { start, end } = range ?? { start: 0, end: bytes.length - 1 };
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${bytes.length}`);
  response.setHeader('Content-Length', end + 1 - start);
  response.statusCode = range ? 206 : 200;
  response.end(request.method === 'HEAD' ? undefined : bytes.subarray(start, end + 1));
  return true;
}

/** Sends what another server has, or the range of it that is asked for; false when it has no such file. */
async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  remote: RemoteStore,
  key: string
): Promise<boolean> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const wanted = request.method === 'HEAD' ? { length: 0 } : wantedOf(request.headers.range);
  const found = await remote.read(key, wanted ?? {}, gone.signal).catch((error: unknown) => {
    // What a server of the web refuses, and says nothing of the volume.
    if (!(error instanceof ConvertError && error.code === 'unsupported')) throw error;
    refuse(response, 424, error.message);
    return undefined;
  });
  if (!found) return found === undefined;
  const { size, offset, bytes, version } = found;
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', 'application/octet-stream');
  if (version !== null) response.setHeader('ETag', `"${Buffer.from(version).toString('base64url')}-${size}"`);
  if (wanted && request.method !== 'HEAD') {
    if (bytes.length === 0) {
      response.setHeader('Content-Range', `bytes */${size}`);
      refuse(response, 416, `The file has ${size} bytes.`);
      return true;
    }
    response.setHeader('Content-Range', `bytes ${offset}-${offset + bytes.length - 1}/${size}`);
    response.statusCode = 206;
  }
  response.setHeader('Content-Length', request.method === 'HEAD' ? size : bytes.length);
  response.end(bytes);
  return true;
}

/** The part of a file, of whatever size, that a Range header asks for; null: all. */
function wantedOf(header: string | undefined): Wanted | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return null;
  if (first === '') return { offset: -Number(last) };
  if (last === '') return { offset: Number(first) };
  return Number(last) < Number(first) ? null : { offset: Number(first), length: Number(last) + 1 - Number(first) };
}

/**
 * 403 for a key that leads out; what need not be asked for again: 422 where what is there cannot be read as a volume,
 * by which the page knows that it is another one, and 424 where another server refuses.
 */
function statusOf(error: unknown): number {
  if (!(error instanceof ConvertError)) return 500;
  if (error.code === 'bad-option') return 403;
  // 412: it has been written anew.
  if (error instanceof S3Error && error.status !== null && error.status < 500) return error.status === 412 ? 422 : 424;
  return PASSING.includes(error.code) ? 500 : 422;
}

/**
 * The bytes of an open file. The last ones are kept back until it is known that the file is still the one that the
 * headers tell of: an answer that is whole has no bytes of another.
 */
async function* pieces({ file, handle }: OpenFile, start: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length;) {
    const wanted = Math.min(PIECE, length - done);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, file.start + start + done);
    done += bytesRead;
    if (bytesRead === 0 || (done === length && (await versionOf(handle)) !== file.version)) {
      throw new Error(`${file.path} has been changed meanwhile`);
    }
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * The one range that a Range header asks for; null when the whole file is to be sent: no header, several, or not
 * understood.
 */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | null {
  const { code, type, ranges } = parse(size, header ?? '');
  if (type !== 'bytes' || code === 1 || code === 3 || ranges.length > 1) {
    return null;
  }
  return ranges[0] ?? (code === 2 ? 'unsatisfiable' : null);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  // The page has no more to tell a person by.
  if (status >= 422) response.statusMessage = message.replace(/[^\x20-\x7e]/g, '?');
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  if (status !== 404 && status !== 416) {
    // Who is refused may have more to send, and is not listened to.
    response.setHeader('Connection', 'close');
  }
  response.end(`${message}\n`);
}
