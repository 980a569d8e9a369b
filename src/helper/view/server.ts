import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import type { Store, StoredFile } from '../store.ts';
import { storedFile } from '../store.ts';
import { parseRange } from './range.ts';

export interface ViewSource {
  name: string;
  store: Store;
}

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

/** By this header the page asks for 204 where there is no file: of each 404 browsers note an error. */
const ABSENT = 'x-absent';

/**
 * A server of some OME-Zarrs and of the viewer's page, for this machine's own browser alone: everything lies under a path that
 * cannot be guessed, no other site may read an answer (no CORS), and a Host that is not this machine is refused, so that a name
 * that an attacker's DNS points here is of no use.
 *
 * Under that path: `sources.json`, `data/N/KEY` with N as in `sources.json`, and the files of `page`.
 */
export function createViewServer(sources: readonly ViewSource[], page: string): { server: Server; path: string } {
  const path = `/${randomBytes(24).toString('base64url')}/`;
  const listing = JSON.stringify({ sources: sources.map(({ name }, i) => ({ name, url: `data/${i}/` })) });
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) {
        // Cut the connection: a body that ends early must not look whole.
        response.destroy();
      } else {
        const refused = error instanceof ConvertError && error.code === 'bad-option';
        refuse(response, refused ? 403 : 500, (error as Error).message);
      }
    });
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
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return refuse(response, 405, 'Only GET and HEAD are answered.');
    }
    const asked = pathOf(request);
    if (asked === null || !asked.startsWith(path)) {
      return refuse(response, asked === null ? 400 : 403, 'Open the address that microct-io-vis printed.');
    }
    const name = asked.slice(path.length) || 'index.html';
    if (name === 'sources.json') {
      response.setHeader('Content-Type', TYPES['.json']);
      response.end(request.method === 'HEAD' ? undefined : listing);
      return;
    }
    const data = /^data\/(\d+)\/(.+)$/s.exec(name);
    const file = data ? await sources[Number(data[1])]?.store.find(data[2]) : await pageFile(page, name);
    if (!file && data && request.headers[ABSENT] === '204') {
      response.setHeader(ABSENT, '204');
      response.statusCode = 204;
      response.end();
      return;
    }
    if (!file) {
      return refuse(response, 404, 'There is no such file.');
    }
    await send(request, response, file, data ? 'application/octet-stream' : TYPES[extname(file.path)]);
  }

  return { server, path };
}

/** The path that was asked for, decoded; null when it cannot be decoded. */
function pathOf(request: IncomingMessage): string | null {
  try {
    return decodeURIComponent((request.url ?? '/').replace(/[?#].*$/s, ''));
  } catch {
    return null;
  }
}

/** A file of the viewer's page. */
async function pageFile(page: string, name: string): Promise<StoredFile | null> {
  const root = await realpath(page);
  const path = await realpath(join(root, name)).catch(() => null);
  if (path === null || !path.startsWith(root + sep)) {
    return null;
  }
  return storedFile(path);
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: StoredFile,
  type = 'application/octet-stream'
): Promise<void> {
  const range = parseRange(request.headers.range, file.size);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', type);
  // The page asks by it whether it still shows what is here.
  response.setHeader('ETag', `"${file.version}-${file.size}"`);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${file.size}`);
    return refuse(response, 416, `The file has ${file.size} bytes.`);
  }
  const { start, length } = range ?? { start: 0, length: file.size };
  if (range) {
    response.setHeader('Content-Range', `bytes ${start}-${start + length - 1}/${file.size}`);
  }
  response.setHeader('Content-Length', length);
  response.statusCode = range ? 206 : 200;
  if (request.method === 'HEAD' || length === 0) {
    response.end();
    return;
  }
  const stream = createReadStream(file.path, { start, end: start + length - 1 });
  await new Promise<void>((done, fail) => {
    stream.on('error', fail);
    stream.on('end', () => {
      if (stream.bytesRead < length) {
        fail(new Error(`${file.path} has become shorter`));
      }
    });
    response.on('close', () => {
      stream.destroy();
      done();
    });
    stream.pipe(response);
  });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.removeHeader('Content-Length');
  response.end(`${message}\n`);
}
