import type { ListMultipartUploadsCommandOutput, MultipartUpload } from '@aws-sdk/client-s3';
import { atOnce } from '../model/at-once.ts';
import type { S3Connection } from './s3-connection.ts';
import { S3Error, isDenied } from './s3-error.ts';
import { md5, unquoted } from './s3-etag.ts';

/** Bytes of a part of an upload in parts, and from how many up an object is sent so. S3 wants 5 MiB at least. */
export const PART_BYTES = 8 << 20;
export const MULTIPART_FROM = 16 << 20;
/** Parts that one upload may have. */
const MOST_PARTS = 10_000;

/** What is known of an object that is there; null: there is none. */
type Head = (key: string, signal?: AbortSignal) => Promise<{ size: number; etag: string } | null>;

/** Reads bytes of what is uploaded, from `start` on, which are let go of when they are sent. */
type ReadPart = (start: number, length: number) => Promise<Uint8Array>;

/** Uploads to a bucket in parts, of objects that are large. */
export class S3Uploads {
  readonly #connection: S3Connection;
  readonly #head: Head;

  constructor(connection: S3Connection, head: Head) {
    this.#connection = connection;
    this.#head = head;
  }

  /**
   * Writes an object in parts, which are asked for as they are sent; its ETag. What was sent is removed where it fails.
   *
   * @param most parts that are on their way at a time
   */
  async put(key: string, size: number, read: ReadPart, most: number, signal?: AbortSignal): Promise<string> {
    try {
      return await this.#put(key, size, read, most, signal);
    } catch (error) {
      // It may have been completed, which its ETag does not always tell, and the answer lost: it is sent once more.
      if (!(error instanceof S3Error) || error.reason !== 'NoSuchUpload') throw error;
      return this.#put(key, size, read, most, signal);
    }
  }

  async #put(key: string, size: number, read: ReadPart, most: number, signal?: AbortSignal): Promise<string> {
    const { bucket, sdk } = this.#connection;
    const place = { Bucket: bucket, Key: key };
    const length = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS / 2 ** 20) * 2 ** 20);
    const begun = await this.#connection.ask(key, 'written', signal, (client, options) =>
      client.send(new sdk.CreateMultipartUploadCommand({ ...place, ContentType: 'application/octet-stream' }), options)
    );
    const UploadId = begun.UploadId!;
    try {
      const parts: { PartNumber: number; ETag: string }[] = [];
      await atOnce(most, Array(Math.ceil(size / length)).keys(), async n => {
        const Body = await read(n * length, Math.min(length, size - n * length));
        const ContentMD5 = md5(Body).digest('base64');
        const sent = await this.#connection.ask(key, 'written', signal, (client, options) =>
          client.send(new sdk.UploadPartCommand({ ...place, UploadId, PartNumber: n + 1, Body, ContentMD5 }), options)
        );
        parts[n] = { PartNumber: n + 1, ETag: sent.ETag! };
      });
      return await this.#complete(key, UploadId, size, parts, signal);
    } catch (error) {
      await this.#abort(key, UploadId).catch(() => undefined);
      throw error;
    }
  }

  /** The answer may get lost: then the upload is gone, and the object there. */
  async #complete(
    key: string,
    UploadId: string,
    size: number,
    Parts: { PartNumber: number; ETag: string }[],
    signal?: AbortSignal
  ): Promise<string> {
    const { bucket, sdk } = this.#connection;
    const upload = { Bucket: bucket, Key: key, UploadId, MultipartUpload: { Parts } };
    try {
      const whole = await this.#connection.ask(key, 'written', signal, (client, options) =>
        client.send(new sdk.CompleteMultipartUploadCommand(upload), options)
      );
      return unquoted(whole.ETag);
    } catch (error) {
      const sums = Buffer.concat(Parts.map(({ ETag }) => Buffer.from(unquoted(ETag), 'hex')));
      const expected = `${md5(sums).digest('hex')}-${Parts.length}`;
      const there = error instanceof S3Error && error.reason === 'NoSuchUpload' ? await this.#head(key, signal) : null;
      if (there && there.size === size && there.etag === expected) return there.etag;
      throw error;
    }
  }

  async #abort(key: string, UploadId: string): Promise<void> {
    const { bucket, sdk } = this.#connection;
    await this.#connection.ask(key, 'removed', undefined, (client, options) =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId }), options)
    );
  }

  /**
   * Removes what uploads have left under a prefix. No object comes of that by itself: who may not list it leaves it
   * there.
   */
  async abortAll(prefix: string): Promise<void> {
    let uploads = await this.#list(prefix).catch((error: unknown) => {
      if (isDenied(error)) return [];
      throw error;
    });
    // MinIO finds those of one key, or all.
    if (uploads.length === 0) uploads = await this.#list('').catch(() => []);
    for (const { Key, UploadId } of uploads)
      if (Key!.startsWith(prefix)) await this.#abort(Key!, UploadId!).catch(() => undefined);
  }

  async #list(prefix: string): Promise<MultipartUpload[]> {
    const { bucket, sdk } = this.#connection;
    const uploads: MultipartUpload[] = [];
    let more: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
    while (more) {
      const asked = { Bucket: bucket, Prefix: prefix || undefined, ...more };
      const found: ListMultipartUploadsCommandOutput = await this.#connection.ask(
        prefix,
        'read',
        undefined,
        (client, options) => client.send(new sdk.ListMultipartUploadsCommand(asked), options)
      );
      uploads.push(...(found.Uploads ?? []));
      more = found.IsTruncated ? { KeyMarker: found.NextKeyMarker, UploadIdMarker: found.NextUploadIdMarker } : null;
    }
    return uploads;
  }
}
