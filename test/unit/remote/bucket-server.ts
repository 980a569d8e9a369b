// A store of objects in memory, which speaks as much of S3 as an output in a bucket asks for.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export class BucketServer {
  /** By key, of the one bucket that there is. */
  readonly objects = new Map<string, Buffer>();
  /** Hears of each request before it is answered. */
  onRequest: (method: string, url: URL) => void = () => {};
  readonly #server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://x');
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const method = request.method!;
    this.onRequest(method, url);
    const refuse = (status: number, code: string) =>
      void response.writeHead(status, { 'Content-Type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
    const there = this.objects.get(key);
    if (method === 'POST' && url.searchParams.has('delete')) {
      for (const [, name] of String(body).matchAll(/<Key>([^<]*)<\/Key>/g)) this.objects.delete(name);
      return void response.end('<DeleteResult></DeleteResult>');
    }
    if (method === 'GET' && url.searchParams.has('uploads'))
      return void response.end('<ListMultipartUploadsResult></ListMultipartUploadsResult>');
    if (method === 'GET' && url.searchParams.has('list-type')) {
      const keys = [...this.objects.keys()].filter(name => name.startsWith(url.searchParams.get('prefix') ?? ''));
      const listed = keys.sort().map(name => {
        const bytes = this.objects.get(name)!;
        return `<Contents><Key>${name}</Key><Size>${bytes.length}</Size><ETag>${etagOf(bytes)}</ETag></Contents>`;
      });
      return void response.end(`<ListBucketResult>${listed.join('')}</ListBucketResult>`);
    }
    if (method === 'PUT') {
      const { 'if-none-match': isNew, 'if-match': etag } = request.headers;
      if ((isNew && there) || (etag && (!there || etag !== etagOf(there)))) return refuse(412, 'PreconditionFailed');
      this.objects.set(key, body);
      return void response.setHeader('ETag', etagOf(body)).end();
    }
    if (method === 'DELETE') return void (this.objects.delete(key), response.writeHead(204).end());
    if (!there) return refuse(404, 'NoSuchKey');
    const said = { ETag: etagOf(there), 'Content-Length': there.length, 'Last-Modified': new Date().toUTCString() };
    response.writeHead(200, said).end(method === 'HEAD' ? undefined : there);
  });

  /** Starts it, and has this process's requests go there. */
  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_REGION: 'eu-central-1'
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const etagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;
