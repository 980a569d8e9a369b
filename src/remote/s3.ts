import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type {
  ListMultipartUploadsCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  MultipartUpload,
  S3Client,
  S3ClientConfig
} from '@aws-sdk/client-s3';
import { type BucketAddress, bucketAddress, noBucket, shownAddress } from '../model/address.ts';
import { atOnce } from '../model/at-once.ts';
import { ConvertError } from '../model/errors.ts';
import { ATTEMPTS, SILENT, waitBefore } from './attempts.ts';
import { proxies } from './proxies.ts';
import { addHeaders, hearDates } from './s3-headers.ts';
import type * as SdkModule from './sdk.ts';
import { Searched } from './searched.ts';
import {
  type BucketSide,
  CutOff,
  type Doing,
  S3Error,
  isPassing,
  isStale,
  reasonOf,
  s3Error,
  statusOf
} from './s3-error.ts';

type Sdk = typeof SdkModule;

/** How long a connection may take to come about, in ms. */
const CONNECTING = 10_000;
/** Requests that are on their way at once. */
const SOCKETS = 48;
/** Keys that one request deletes. */
const TOGETHER = 1000;

/** Bytes of a part of an upload in parts, and from how many up an object is sent so. S3 wants 5 MiB at least. */
export const PART_BYTES = 8 << 20;
export const MULTIPART_FROM = 16 << 20;
/** Parts that one upload may have. */
const MOST_PARTS = 10_000;
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
}

/** How long it takes, in ms, until all have written who looked before one of them had. */
const ALONE = 2_000;

/** That a condition does not hold. */
export const PRECONDITION = 'PreconditionFailed';
/** Whether an object was not written because its condition does not hold. */
export const isRefusedByCondition = (error: unknown): boolean =>
  error instanceof S3Error && (error.reason === PRECONDITION || error.reason === 'ConditionalRequestConflict');
/** Whether it was not written because the store knows no conditions, as not every one does. */
const isUnknownCondition = (error: unknown): boolean =>
  error instanceof S3Error && (error.status === 501 || error.reason === 'NotImplemented');

/** Whether requests are not signed, as for public buckets: `AWS_NO_SIGN_REQUEST=YES`, as GDAL and others have it. */
const isAnonymous = (): boolean => /^(1|yes|true|on)$/i.test(process.env.AWS_NO_SIGN_REQUEST ?? '');

const unquoted = (etag: string | undefined): string => (etag ?? '').replace(/^"|"$/g, '');
const quoted = (etag: string): string => `"${etag}"`;
/** By a module that is loaded only here, since every thread would wait for it otherwise. */
const md5 = (bytes: Uint8Array) => process.getBuiltinModule('node:crypto').createHash('md5').update(bytes);

/** Whether a request was refused because whoever asks has no right to it. */
export const isDenied = (error: unknown): boolean =>
  error instanceof S3Error && error.status === 403 && error.reason === 'AccessDenied';

/** All of a body. @throws also where the connection ends before it does */
async function bodyOf(body: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}

/**
 * A bucket of S3, or of what speaks as it does. Credentials, region and endpoint are found where the tools of AWS find
 * them (https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
 */
export class S3Bucket {
  readonly bucket: string;
  readonly #side: BucketSide;
  readonly #sdk: Sdk;
  readonly #attempts: number;
  readonly #searched: Searched;
  #client: S3Client;
  /** By how much the server's clock is ahead of this machine's, in ms. */
  #ahead = 0;
  /** Names of buckets that have answered this process, or another one before it. */
  static readonly #answered = new Set<string>();
  /** Ceph finds no ETag that is written with its quotes where an object is to be replaced. */
  #wantsBare = false;

  private constructor(
    bucket: string,
    side: BucketSide,
    sdk: Sdk,
    client: S3Client,
    searched: Searched,
    attempts: number
  ) {
    this.bucket = bucket;
    this.#side = side;
    this.#sdk = sdk;
    this.#client = this.#heard(client);
    this.#searched = searched;
    this.#attempts = attempts;
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
    const sdk = await import('./sdk.ts');
    const searched = new Searched();
    const bucket = new S3Bucket(found.bucket, side, sdk, await newClient(sdk, searched), searched, attempts);
    return Object.assign(bucket, { address: found });
  }

  /** As people know an object. */
  nameOf(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  close(): void {
    this.#client.destroy();
  }

  /** In ms since 1970, by the server's clock as far as it has told of that. */
  get now(): number {
    return Date.now() + this.#ahead;
  }

  #heard(client: S3Client): S3Client {
    hearDates(client, date => (this.#ahead = date - Date.now()));
    return client;
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
    try {
      const found = await this.#ask(key, 'read', signal, options =>
        this.#client.send(new this.#sdk.HeadObjectCommand({ Bucket: this.bucket, Key: key }), options)
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
    const isPart = start !== 0 || length !== undefined;
    if (length === 0) throw new RangeError('no bytes are asked for');
    const end = start < 0 ? '' : `-${length === undefined ? '' : start + length - 1}`;
    const range = isPart ? `bytes=${start}${end}` : undefined;
    try {
      return await this.#ask(key, 'read', signal, async options => {
        const found = await this.#client.send(
          new this.#sdk.GetObjectCommand({
            Bucket: this.bucket,
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
          throw this.#odd(key, `${wanted} bytes are too many for one answer (${most})`);
        }
        const bytes = await bodyOf(body);
        if (isPart && (!said || first !== from || last !== from + wanted - 1))
          throw this.#odd(key, `the server sent another part (${found.ContentRange ?? 'all of it'}) than ${range}`);
        if (bytes.length !== wanted) throw new CutOff(`${bytes.length} of ${wanted} bytes came`);
        const version = unquoted(found.ETag);
        if (etag !== undefined && version !== etag) throw this.#changed(key);
        return { bytes, size, etag: version };
      });
    } catch (error) {
      if (isMissing(error)) return null;
      if (error instanceof S3Error && error.status === 412) throw this.#changed(key);
      throw error;
    }
  }

  /**
   * Writes an object; its ETag. What the server has got is checked by its MD5. Where a store knows no conditions, it is
   * written in any case.
   *
   * @throws S3Error; see `isRefusedByCondition`
   */
  async put(
    key: string,
    bytes: Uint8Array,
    { isNew, etag, isGone }: Condition = {},
    signal?: AbortSignal
  ): Promise<string> {
    const digest = md5(bytes);
    const sum = digest.copy().digest('hex');
    let attempts = 0;
    try {
      const { ETag, SSECustomerAlgorithm, ServerSideEncryption } = await this.#ask(key, 'written', signal, options => {
        attempts++;
        return this.#client.send(
          new this.#sdk.PutObjectCommand({
            Bucket: this.bucket,
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
      });
      const stored = unquoted(ETag);
      const isPlain = !SSECustomerAlgorithm && (!ServerSideEncryption || ServerSideEncryption === 'AES256');
      if (isPlain && /^[0-9a-f]{32}$/.test(stored) && stored !== sum)
        throw this.#odd(key, `the server has stored other bytes than were sent (their MD5 is ${stored}, not ${sum})`);
      return stored;
    } catch (error) {
      // The answer to an earlier attempt may have been lost.
      if (attempts > 1 && isRefusedByCondition(error)) {
        const there = await this.get(key, {}, signal);
        if (there?.bytes.equals(bytes)) return there.etag;
      }
      if ((isNew || etag !== undefined) && isUnknownCondition(error)) return this.put(key, bytes, {}, signal);
      const isSaidThere = isNew && error instanceof S3Error && error.reason === PRECONDITION;
      if (isSaidThere && !(await this.head(key, signal)))
        return isGone
          ? this.#putAlone(key, bytes, error, signal)
          : this.put(key, bytes, { isNew, isGone: true }, signal);
      if (etag !== undefined && !this.#wantsBare && isRefusedByCondition(error)) {
        this.#wantsBare = (await this.head(key, signal))?.etag === etag;
        if (this.#wantsBare) return this.put(key, bytes, { etag }, signal);
      }
      throw error;
    }
  }

  /**
   * Writes an object where nothing is and the store says again that something is: in buckets with versions, versitygw
   * takes what was removed for there. Others may write it at the same time, of whom the last one has it.
   */
  async #putAlone(key: string, bytes: Uint8Array, refused: unknown, signal?: AbortSignal): Promise<string> {
    const etag = await this.put(key, bytes, {}, signal);
    await sleep(ALONE, undefined, { signal });
    if ((await this.head(key, signal))?.etag !== etag) throw refused;
    return etag;
  }

  /**
   * Writes an object in parts, which are asked for as they are sent; its ETag. What was sent is removed where it fails.
   *
   * @param read the bytes from `start` on, `length` of them, which are let go of when they are sent
   * @param most parts that are on their way at a time
   */
  async putParts(
    key: string,
    size: number,
    read: (start: number, length: number) => Promise<Uint8Array>,
    most: number,
    signal?: AbortSignal
  ): Promise<string> {
    try {
      return await this.#putParts(key, size, read, most, signal);
    } catch (error) {
      // It may have been completed, which its ETag does not always tell, and the answer lost: it is sent once more.
      if (!(error instanceof S3Error) || error.reason !== 'NoSuchUpload') throw error;
      return this.#putParts(key, size, read, most, signal);
    }
  }

  async #putParts(
    key: string,
    size: number,
    read: (start: number, length: number) => Promise<Uint8Array>,
    most: number,
    signal?: AbortSignal
  ): Promise<string> {
    const sdk = this.#sdk;
    const place = { Bucket: this.bucket, Key: key };
    const length = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS / 2 ** 20) * 2 ** 20);
    const begun = await this.#ask(key, 'written', signal, options =>
      this.#client.send(
        new sdk.CreateMultipartUploadCommand({ ...place, ContentType: 'application/octet-stream' }),
        options
      )
    );
    const UploadId = begun.UploadId!;
    try {
      const parts: { PartNumber: number; ETag: string }[] = [];
      await atOnce(most, Array(Math.ceil(size / length)).keys(), async n => {
        const Body = await read(n * length, Math.min(length, size - n * length));
        const ContentMD5 = md5(Body).digest('base64');
        const sent = await this.#ask(key, 'written', signal, options =>
          this.#client.send(
            new sdk.UploadPartCommand({ ...place, UploadId, PartNumber: n + 1, Body, ContentMD5 }),
            options
          )
        );
        parts[n] = { PartNumber: n + 1, ETag: sent.ETag! };
      });
      return await this.#complete(key, UploadId, size, parts, signal);
    } catch (error) {
      await this.abort(key, UploadId).catch(() => undefined);
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
    try {
      const whole = await this.#ask(key, 'written', signal, options =>
        this.#client.send(
          new this.#sdk.CompleteMultipartUploadCommand({
            Bucket: this.bucket,
            Key: key,
            UploadId,
            MultipartUpload: { Parts }
          }),
          options
        )
      );
      return unquoted(whole.ETag);
    } catch (error) {
      const sums = Buffer.concat(Parts.map(({ ETag }) => Buffer.from(unquoted(ETag), 'hex')));
      const expected = `${md5(sums).digest('hex')}-${Parts.length}`;
      const there = error instanceof S3Error && error.reason === 'NoSuchUpload' ? await this.head(key, signal) : null;
      if (there && there.size === size && there.etag === expected) return there.etag;
      throw error;
    }
  }

  async abort(key: string, UploadId: string): Promise<void> {
    await this.#ask(key, 'removed', undefined, options =>
      this.#client.send(new this.#sdk.AbortMultipartUploadCommand({ Bucket: this.bucket, Key: key, UploadId }), options)
    );
  }

  /**
   * Removes what uploads in parts have left under a prefix. No object comes of that by itself: who may not list it
   * leaves it there.
   */
  async abortUploads(prefix: string): Promise<void> {
    let uploads = await this.#uploads(prefix).catch((error: unknown) => {
      if (isDenied(error)) return [];
      throw error;
    });
    // MinIO finds those of one key, or all.
    if (uploads.length === 0) uploads = await this.#uploads('').catch(() => []);
    for (const { Key, UploadId } of uploads)
      if (Key!.startsWith(prefix)) await this.abort(Key!, UploadId!).catch(() => undefined);
  }

  async #uploads(prefix: string): Promise<MultipartUpload[]> {
    const uploads: MultipartUpload[] = [];
    let more: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
    while (more) {
      const found: ListMultipartUploadsCommandOutput = await this.#ask(prefix, 'read', undefined, options =>
        this.#client.send(
          new this.#sdk.ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix: prefix || undefined, ...more }),
          options
        )
      );
      uploads.push(...(found.Uploads ?? []));
      more = found.IsTruncated ? { KeyMarker: found.NextKeyMarker, UploadIdMarker: found.NextUploadIdMarker } : null;
    }
    return uploads;
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
    let token: string | undefined;
    do {
      const page = await this.#ask(prefix, 'read', signal, options =>
        this.#client.send(
          new this.#sdk.ListObjectsV2Command({
            Bucket: this.bucket,
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
    if (keys.length > 1)
      try {
        const found = await this.#ask(keys[0], 'removed', undefined, options =>
          this.#client.send(
            new this.#sdk.DeleteObjectsCommand({
              Bucket: this.bucket,
              Delete: { Objects: keys.map(Key => ({ Key })), Quiet: true }
            }),
            options
          )
        );
        const [failed] = found.Errors ?? [];
        if (!failed) return;
        if (failed.Code === 'AccessDenied')
          throw s3Error(
            { name: failed.Code, message: failed.Message, $metadata: { httpStatusCode: 403 } },
            this.nameOf(failed.Key ?? keys[0]),
            'removed',
            this.#side
          );
      } catch (error) {
        const reason = error instanceof S3Error ? error.reason : '';
        if (!/NotImplemented|MalformedXML|InvalidRequest|MissingContentMD5|InvalidArgument/.test(reason)) throw error;
      }
    await atOnce(16, keys, Key =>
      this.#ask(Key, 'removed', undefined, options =>
        this.#client.send(new this.#sdk.DeleteObjectCommand({ Bucket: this.bucket, Key }), options)
      )
    );
  }

  /** Copies an object within the bucket; its ETag. */
  async copy({ key: from, size, etag }: StoredObject, to: string, signal?: AbortSignal): Promise<string> {
    if (size > MOST_COPIED)
      throw this.#odd(from, `it has ${size} bytes, more than a store copies at once: choose smaller shards`);
    const copied = await this.#ask(to, 'written', signal, options =>
      this.#client.send(
        new this.#sdk.CopyObjectCommand({
          Bucket: this.bucket,
          Key: to,
          CopySource: `${this.bucket}/${from.split('/').map(encodeURIComponent).join('/')}`,
          CopySourceIfMatch: quoted(etag)
        }),
        options
      )
    );
    return unquoted(copied.CopyObjectResult?.ETag);
  }

  /** Says that it is there: where nothing answers, that may pass. */
  expect(): void {
    S3Bucket.#answered.add(this.bucket);
  }

  /** Has a request answered, again and again where it may do better. @throws S3Error */
  async #ask<T>(
    key: string,
    doing: Doing,
    signal: AbortSignal | undefined,
    request: (options: { abortSignal?: AbortSignal }) => Promise<T>
  ): Promise<T> {
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        const answer = await request({ abortSignal: signal });
        this.expect();
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (statusOf(error) !== null) this.expect();
        const renews = isStale(error) && !isRenewed;
        if (renews) {
          isRenewed = true;
          // The SDK has noted by how much the clock is wrong; credentials are looked for anew.
          if (reasonOf(error) !== 'RequestTimeTooSkewed')
            this.#client = this.#heard(await newClient(this.#sdk, this.#searched));
        }
        if (!renews && (!isPassing(error, S3Bucket.#answered.has(this.bucket)) || attempt >= this.#attempts))
          throw s3Error(error, this.nameOf(key), doing, this.#side, this.#searched.reason);
        await waitBefore(attempt + 1, signal);
      }
    }
  }

  #odd(key: string, what: string): S3Error {
    return new S3Error('unreadable', `${this.nameOf(key)}: ${what}`, this.#side, null, 'Odd');
  }

  #changed(key: string): S3Error {
    return new S3Error(
      'unreadable',
      `${this.nameOf(key)}: it has been written anew since it was first read: begin again`,
      this.#side,
      412,
      PRECONDITION
    );
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof S3Error &&
  error.status === 404 &&
  error.reason !== 'NoSuchBucket' &&
  error.reason !== 'NoSuchUpload';

/** Those that are believed in place of Node's own, as AWS's tools have it. @throws ConvertError `unreadable` */
function authorities(): { ca?: Buffer } {
  const bundle = process.env.AWS_CA_BUNDLE;
  if (!bundle) return {};
  try {
    return { ca: readFileSync(bundle) };
  } catch (error) {
    throw new ConvertError(
      'unreadable',
      `AWS_CA_BUNDLE names ${bundle}, which cannot be read (${(error as NodeJS.ErrnoException).code}): name a file of certificates, or unset it`
    );
  }
}

async function newClient(sdk: Sdk, { logger }: Searched): Promise<S3Client> {
  const region = async (): Promise<string> => {
    const { NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS, loadConfig } = sdk;
    const found =
      process.env.AWS_REGION ||
      process.env.AWS_DEFAULT_REGION ||
      // Stores that are not Amazon's have none, and Amazon's are found from the first one.
      (await loadConfig(NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS)().catch(() => 'us-east-1'));
    if (/^[\w-]+$/.test(found)) return found;
    throw new ConvertError(
      'bad-option',
      `the region of buckets is set to "${found}", where a name such as eu-central-1 was expected: correct AWS_REGION, or the profile`
    );
  };
  const config: S3ClientConfig = {
    region,
    logger,
    followRegionRedirects: true,
    // Others check what is sent by its MD5, as all do.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Asked again by `#ask`, which knows of bodies that end too soon.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECTING,
      socketTimeout: SILENT,
      httpsAgent: { maxSockets: SOCKETS, ...proxies(), ...authorities() },
      httpAgent: { maxSockets: SOCKETS, ...proxies() }
    }
  };
  // Who has signed in again has other files: they are read anew, and not kept by the SDK.
  Object.assign(config, { ignoreCache: true });
  if (isAnonymous())
    Object.assign(config, {
      signer: { sign: async <T>(request: T): Promise<T> => request },
      credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' }
    });
  const client = new sdk.S3Client(config);
  addHeaders(client);
  // Names of buckets lead to hosts only with Amazon.
  const isForeign = async (): Promise<boolean> => {
    const endpoint = await client.config.serviceConfiguredEndpoint?.();
    if (endpoint === undefined) return false;
    const isWeb = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
    if (isWeb) return !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
    throw new ConvertError(
      'bad-option',
      `the endpoint of buckets is set to "${endpoint}", where an address such as https://HOST was expected: correct AWS_ENDPOINT_URL, or endpoint_url of the profile`
    );
  };
  Object.assign(client.config, { forcePathStyle: isForeign });
  return client;
}
