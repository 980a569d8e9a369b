import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { type BucketAddress, bucketAddress, noBucket, shownAddress } from '../model/address.ts';
import { atOnce } from '../model/at-once.ts';
import { ConvertError } from '../model/errors.ts';
import { ATTEMPTS, CutOff } from './attempts.ts';
import { S3Connection } from './s3-connection.ts';
import {
  type BucketSide,
  PRECONDITION,
  S3Error,
  isMissing,
  isRefusedByCondition,
  isUnknownCondition
} from './s3-error.ts';
import { md5, quoted, unquoted } from './s3-etag.ts';
import { S3Uploads } from './s3-uploads.ts';

/** Keys that one request deletes. */
const TOGETHER = 1000;

/** Bytes that are copied within a store by one request, at most. */
const MOST_COPIED = 5 * 2 ** 30;

/** An object of a bucket. */
export interface StoredObject {
  key: string;
  size: number;
  /** Without quotes. */
  etag: string;
  /** When it was written, by the server's clock, in ms since 1970. */
  modified: number;
}

/**
 * Part of an object: from `start`, which counts from the end where it is negative, `length` bytes or all; `etag`: of
 * that version alone; `most`: bytes that may come.
 */
export interface Piece {
  start?: number;
  length?: number;
  etag?: string;
  most?: number;
}

export interface Body {
  bytes: Buffer;
  /** Of the whole object. */
  size: number;
  etag: string;
}

/** Condition on which an object is written. */
export interface Condition {
  /** That there is none of its key. */
  isNew?: boolean;
  /** That the one there is has this ETag. */
  etag?: string;
  /** Whether it was refused as not new once, and nothing was there. */
  isGone?: boolean;
  /** Whether it is written to see what the store makes of the condition, so that every refusal is one. */
  isProbe?: boolean;
}

/** How long it takes, in ms, until all have written who looked before one of them had. */
const ALONE = 2_000;

/** All of a body. @throws also where the connection ends before it does */
async function bodyOf(body: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}

/** A bucket of S3, or of what speaks as it does. */
export class S3Bucket {
  /** What is too large to be written by one request. */
  readonly uploads: S3Uploads;
  readonly #connection: S3Connection;
  /** Ceph finds no ETag that is written with its quotes where an object is to be replaced. */
  #wantsBare = false;
  /** Those that know no conditions, so that it is looked before something is written, and after that. */
  static readonly #blind = new Set<string>();

  private constructor(connection: S3Connection) {
    this.#connection = connection;
    this.uploads = new S3Uploads(connection, this.head.bind(this));
  }

  /**
   * Asks nothing of the bucket yet. `attempts`: how often what may pass by itself is asked.
   * @throws ConvertError `bad-option` for what is no address
   */
  static async open(
    address: string,
    side: BucketSide,
    attempts = ATTEMPTS
  ): Promise<S3Bucket & { readonly address: BucketAddress }> {
    const found = bucketAddress(address);
    if (!found) throw new ConvertError('bad-option', `${shownAddress(address)}: ${noBucket(address)}`, side);
    const bucket = new S3Bucket(await S3Connection.open(found.bucket, side, attempts));
    return Object.assign(bucket, { address: found });
  }

  get bucket(): string {
    return this.#connection.bucket;
  }

  get #isBlind(): boolean {
    return S3Bucket.#blind.has(this.#connection.id);
  }

  #noteBlind(): void {
    S3Bucket.#blind.add(this.#connection.id);
  }

  /** As people know an object. */
  nameOf(key: string): string {
    return this.#connection.nameOf(key);
  }

  /** In ms since 1970, by the server's clock as far as it has told of that. */
  get now(): number {
    return this.#connection.now;
  }

  /** Says that it is there: where nothing answers, that may pass. */
  expect(): void {
    this.#connection.expect();
  }

  close(): void {
    this.#connection.close();
  }

  /** Null where there is no such object. */
  async head(key: string, signal?: AbortSignal): Promise<StoredObject | null> {
    try {
      return await this.#head(key, signal);
    } catch (error) {
      if (!(error instanceof S3Error) || error.reason !== 'Unknown') throw error;
      // Answers to HEAD have no body that says why: the same is asked so that it is said, or mended.
      await this.get(key, { length: 1 }, signal).catch((said: unknown) => {
        // Of no bytes there is no first one.
        if (!(said instanceof S3Error) || said.status !== 416) throw said;
      });
      return this.#head(key, signal);
    }
  }

  async #head(key: string, signal?: AbortSignal): Promise<StoredObject | null> {
    const { bucket, sdk } = this.#connection;
    try {
      const found = await this.#connection.ask(key, 'read', signal, (client, options) =>
        client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), options)
      );
      const { ContentLength: size, ETag: etag, LastModified: modified } = found;
      return { key, size: size ?? 0, etag: unquoted(etag), modified: modified?.getTime() ?? 0 };
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /**
   * Reads an object, or a piece of one; null where there is none. What comes is as long as was asked for, and of the
   * same object as its ETag says.
   */
  async get(
    key: string,
    { start = 0, length, etag, most = Infinity }: Piece = {},
    signal?: AbortSignal
  ): Promise<Body | null> {
    const { bucket, sdk } = this.#connection;
    const isPart = start !== 0 || length !== undefined;
    if (length === 0) throw new RangeError('no bytes are asked for');
    const end = start < 0 ? '' : `-${length === undefined ? '' : start + length - 1}`;
    const range = isPart ? `bytes=${start}${end}` : undefined;
    try {
      return await this.#connection.ask(key, 'read', signal, async (client, options) => {
        const found = await client.send(
          new sdk.GetObjectCommand({
            Bucket: bucket,
            Key: key,
            Range: range,
            IfMatch: etag === undefined ? undefined : quoted(etag)
          }),
          options
        );
        const said = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(found.ContentRange ?? '');
        const [first, last, whole] = (said ?? []).slice(1).map(Number);
        const size = said ? whole : (found.ContentLength ?? NaN);
        const from = start < 0 ? Math.max(0, size + start) : start;
        const wanted = isPart ? Math.min(size, length === undefined ? size : from + length) - from : size;
        const body = found.Body as Readable;
        if (wanted > most) {
          body.destroy();
          throw this.#connection.odd(key, `${wanted} bytes are too many for one answer (${most})`);
        }
        const bytes = await bodyOf(body);
        if (isPart && (!said || first !== from || last !== from + wanted - 1))
          throw this.#connection.odd(
            key,
            `the server sent another part (${found.ContentRange ?? 'all of it'}) than ${range}`
          );
        if (bytes.length !== wanted) throw new CutOff(`${bytes.length} of ${wanted} bytes came`);
        const version = unquoted(found.ETag);
        if (etag !== undefined && version !== etag) throw this.#connection.changed(key);
        return { bytes, size, etag: version };
      });
    } catch (error) {
      if (isMissing(error)) return null;
      if (error instanceof S3Error && error.status === 412) throw this.#connection.changed(key);
      throw error;
    }
  }

  /**
   * Writes an object; its ETag. What the server has got is checked by its MD5. Where a store knows no conditions, see
   * `#putLooking`.
   *
   * @throws S3Error; see `isRefusedByCondition`
   */
  async put(key: string, bytes: Uint8Array, condition: Condition = {}, signal?: AbortSignal): Promise<string> {
    const { isNew, etag, isGone, isProbe } = condition;
    const hasCondition = isNew === true || etag !== undefined;
    if (hasCondition && this.#isBlind) return this.#putLooking(key, bytes, { isNew, etag }, signal);
    const { bucket, sdk } = this.#connection;
    const digest = md5(bytes);
    const sum = digest.copy().digest('hex');
    let attempts = 0;
    try {
      const { ETag, SSECustomerAlgorithm, ServerSideEncryption } = await this.#connection.ask(
        key,
        'written',
        signal,
        (client, options) => {
          attempts++;
          return client.send(
            new sdk.PutObjectCommand({
              Bucket: bucket,
              Key: key,
              Body: bytes,
              ContentLength: bytes.length,
              ContentMD5: digest.copy().digest('base64'),
              ContentType: /\.(json|zattrs|zgroup|zarray)$/.test(key) ? 'application/json' : 'application/octet-stream',
              IfNoneMatch: isNew ? '*' : undefined,
              IfMatch: etag === undefined || this.#wantsBare ? etag : quoted(etag)
            }),
            options
          );
        }
      );
      const stored = unquoted(ETag);
      const isPlain = !SSECustomerAlgorithm && (!ServerSideEncryption || ServerSideEncryption === 'AES256');
      if (isPlain && /^[0-9a-f]{32}$/.test(stored) && stored !== sum)
        throw this.#connection.odd(
          key,
          `the server has stored other bytes than were sent (their MD5 is ${stored}, not ${sum})`
        );
      return stored;
    } catch (error) {
      // The answer to an earlier attempt may have been lost.
      if (attempts > 1 && !isProbe && isRefusedByCondition(error)) {
        const there = await this.get(key, {}, signal);
        if (there?.bytes.equals(bytes)) return there.etag;
      }
      if (hasCondition && isUnknownCondition(error)) {
        this.#noteBlind();
        return this.#putLooking(key, bytes, { isNew, etag }, signal);
      }
      const isSaidThere = isNew && error instanceof S3Error && error.reason === PRECONDITION;
      if (isSaidThere && !(await this.head(key, signal)))
        return isGone
          ? this.#putAlone(key, bytes, signal)
          : this.put(key, bytes, { ...condition, isGone: true }, signal);
      if (etag !== undefined && !this.#wantsBare && isRefusedByCondition(error)) {
        this.#wantsBare = (await this.head(key, signal))?.etag === etag;
        if (this.#wantsBare) return this.put(key, bytes, condition, signal);
      }
      throw error;
    }
  }

  /**
   * As `put` with a condition, where several may want to write the same object: some stores write it whatever the
   * condition is, which is tried by the same request once more.
   */
  async putContested(key: string, bytes: Uint8Array, condition: Condition, signal?: AbortSignal): Promise<string> {
    const etag = await this.put(key, bytes, condition, signal);
    if (this.#isBlind) return etag;
    let again: string;
    try {
      again = await this.put(key, bytes, { ...condition, isProbe: true }, signal);
    } catch (error) {
      if (isRefusedByCondition(error)) return etag;
      throw error;
    }
    this.#noteBlind();
    return this.#checkAlone(key, again, signal);
  }

  /** As `put` with a condition, for a store that knows none: of several at once, the last one has it. */
  async #putLooking(key: string, bytes: Uint8Array, { isNew, etag }: Condition, signal?: AbortSignal): Promise<string> {
    const there = await this.head(key, signal);
    if (isNew ? there : there?.etag !== etag) throw this.#connection.overtaken(key);
    return this.#putAlone(key, bytes, signal);
  }

  /**
   * Writes an object where nothing keeps others from writing it at the same time, of whom the last one has it. So it is
   * where a store says that something is there, and nothing is: in buckets with versions, versitygw takes what was
   * removed for there.
   */
  async #putAlone(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
    return this.#checkAlone(key, await this.put(key, bytes, {}, signal), signal);
  }

  async #checkAlone(key: string, etag: string, signal?: AbortSignal): Promise<string> {
    await sleep(ALONE, undefined, { signal });
    if ((await this.head(key, signal))?.etag !== etag) throw this.#connection.overtaken(key);
    return etag;
  }

  /** Objects whose keys begin with `prefix`; `most`: no more than so many. */
  async *list(prefix: string, signal?: AbortSignal, most = Infinity): AsyncGenerator<StoredObject> {
    let left = most;
    for await (const { Contents } of this.#pages(prefix, () => ({ MaxKeys: Math.min(left, 1000) }), signal))
      for (const { Key, Size, ETag, LastModified } of Contents ?? []) {
        yield { key: Key!, size: Size ?? 0, etag: unquoted(ETag), modified: LastModified?.getTime() ?? 0 };
        if (--left <= 0) return;
      }
  }

  /** Names that follow a prefix in keys, up to a slash, once each. */
  async folders(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { CommonPrefixes } of this.#pages(prefix, () => ({ Delimiter: '/' })))
      for (const { Prefix } of CommonPrefixes ?? []) found.push(Prefix!.slice(prefix.length, -1));
    return found;
  }

  /** Pages of a list of keys; `how`: of the next page. */
  async *#pages(
    prefix: string,
    how: () => Pick<ListObjectsV2CommandInput, 'Delimiter' | 'MaxKeys'>,
    signal?: AbortSignal
  ): AsyncGenerator<ListObjectsV2CommandOutput> {
    const { bucket, sdk } = this.#connection;
    let token: string | undefined;
    do {
      const page = await this.#connection.ask(prefix, 'read', signal, (client, options) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ContinuationToken: token,
            ...how()
          }),
          options
        )
      );
      yield page;
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Removes objects; those that are not there are no matter. */
  async delete(keys: Iterable<string>): Promise<void> {
    let some: string[] = [];
    const flush = async (): Promise<void> => {
      const batch = some;
      some = [];
      if (batch.length > 0) await this.#deleteTogether(batch);
    };
    for (const key of keys) {
      some.push(key);
      if (some.length === TOGETHER) await flush();
    }
    await flush();
  }

  /** Not every store removes several at once. */
  async #deleteTogether(keys: string[]): Promise<void> {
    const { bucket, sdk } = this.#connection;
    if (keys.length > 1)
      try {
        const found = await this.#connection.ask(keys[0], 'removed', undefined, (client, options) =>
          client.send(
            new sdk.DeleteObjectsCommand({
              Bucket: bucket,
              Delete: { Objects: keys.map(Key => ({ Key })), Quiet: true }
            }),
            options
          )
        );
        const [failed] = found.Errors ?? [];
        if (!failed) return;
        const { Code, Message, Key = keys[0] } = failed;
        const denied = { name: Code, message: Message, $metadata: { httpStatusCode: 403 } };
        if (Code === 'AccessDenied') throw this.#connection.error(denied, Key, 'removed');
      } catch (error) {
        const reason = error instanceof S3Error ? error.reason : '';
        if (!/NotImplemented|MalformedXML|InvalidRequest|MissingContentMD5|InvalidArgument/.test(reason)) throw error;
      }
    await atOnce(16, keys, Key =>
      this.#connection.ask(Key, 'removed', undefined, (client, options) =>
        client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key }), options)
      )
    );
  }

  /** Copies an object within the bucket; its ETag. */
  async copy({ key: from, size, etag }: StoredObject, to: string, signal?: AbortSignal): Promise<string> {
    const { bucket, sdk } = this.#connection;
    if (size > MOST_COPIED)
      throw this.#connection.odd(from, `it has ${size} bytes, more than a store copies at once: choose smaller shards`);
    const copied = await this.#connection.ask(to, 'written', signal, (client, options) =>
      client.send(
        new sdk.CopyObjectCommand({
          Bucket: bucket,
          Key: to,
          CopySource: `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`,
          CopySourceIfMatch: quoted(etag)
        }),
        options
      )
    );
    return unquoted(copied.CopyObjectResult?.ETag);
  }
}
