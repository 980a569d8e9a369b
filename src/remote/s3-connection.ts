import type { S3Client } from '@aws-sdk/client-s3';
import { waitBefore } from './attempts.ts';
import { newClient } from './s3-client.ts';
import {
  type BucketSide,
  type Doing,
  PRECONDITION,
  S3Error,
  isPassing,
  isStale,
  reasonOf,
  s3Error,
  statusOf
} from './s3-error.ts';
import { hearDates } from './s3-headers.ts';
import type * as Sdk from './sdk.ts';
import { Searched } from './searched.ts';
import { unreached } from './unreached.ts';

/** A bucket that requests are put to, each again and again where it may do better. */
export class S3Connection {
  readonly bucket: string;
  /** Loaded, as what requests are made of. */
  readonly sdk: typeof Sdk;
  readonly #side: BucketSide;
  readonly #attempts: number;
  readonly #searched: Searched;
  #client: S3Client;
  /** Requests that are under way, by the client that makes them. */
  readonly #underWay = new Map<S3Client, number>();
  /** By how much the server's clock is ahead of this machine's, in ms. */
  #ahead = 0;
  /** Names of buckets that have answered this process, or another one before it. */
  static readonly #answered = new Set<string>();

  private constructor(
    bucket: string,
    side: BucketSide,
    sdk: typeof Sdk,
    client: S3Client,
    searched: Searched,
    attempts: number
  ) {
    this.bucket = bucket;
    this.sdk = sdk;
    this.#side = side;
    this.#client = this.#heard(client);
    this.#searched = searched;
    this.#attempts = attempts;
  }

  /** Asks nothing of the bucket yet. `attempts`: how often what may pass by itself is asked. */
  static async open(bucket: string, side: BucketSide, attempts: number): Promise<S3Connection> {
    const sdk = await import('./sdk.ts');
    const searched = new Searched();
    return new S3Connection(bucket, side, sdk, newClient(sdk, searched), searched, attempts);
  }

  /** Tells this bucket of this endpoint from others. */
  get id(): string {
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_PROFILE } = process.env;
    return JSON.stringify([AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_PROFILE, this.bucket]);
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

  /** Says that the bucket is there: where nothing answers, that may pass. */
  expect(): void {
    S3Connection.#answered.add(this.bucket);
  }

  /** Has a request for an object answered. @throws S3Error */
  async ask<T>(
    key: string,
    doing: Doing,
    signal: AbortSignal | undefined,
    request: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<T>
  ): Promise<T> {
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const client = this.#client;
      try {
        const answer = await this.#request(client, signal, request);
        this.expect();
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (statusOf(error) !== null) this.expect();
        const renews = isStale(error) && !isRenewed;
        if (renews) {
          isRenewed = true;
          // The SDK has noted by how much the clock is wrong; credentials are looked for anew, by the first who hears.
          if (reasonOf(error) !== 'RequestTimeTooSkewed' && client === this.#client) {
            this.#client = this.#heard(newClient(this.sdk, this.#searched));
            if (!this.#underWay.has(client)) client.destroy();
          }
        }
        if (!renews && (!isPassing(error, S3Connection.#answered.has(this.bucket)) || attempt >= this.#attempts))
          throw this.error(error, key, doing);
        const status = statusOf(error);
        const reason =
          status === null ? (unreached(error) ?? (error as Error).message) : `the server answered ${status}`;
        await waitBefore(attempt + 1, { host: this.bucket, reason }, signal);
      }
    }
  }

  /** A client that was renewed meanwhile goes with its last request. */
  async #request<T>(
    client: S3Client,
    signal: AbortSignal | undefined,
    request: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<T>
  ): Promise<T> {
    this.#underWay.set(client, (this.#underWay.get(client) ?? 0) + 1);
    try {
      return await request(client, { abortSignal: signal });
    } finally {
      const left = this.#underWay.get(client)! - 1;
      if (left > 0) this.#underWay.set(client, left);
      else this.#underWay.delete(client);
      if (left === 0 && client !== this.#client) client.destroy();
    }
  }

  /** The error of a request for an object, in words. */
  error(error: unknown, key: string, doing: Doing): unknown {
    return s3Error(error, this.nameOf(key), doing, this.#side, this.#searched.reason);
  }

  /** Of an answer, or an object, that is not as it should be. */
  odd(key: string, what: string): S3Error {
    return new S3Error('unreadable', `${this.nameOf(key)}: ${what}`, this.#side, null, 'Odd');
  }

  /** The error that another one has just written an object. */
  overtaken(key: string): S3Error {
    return new S3Error(
      'output-unwritable',
      `${this.nameOf(key)}: another process has just written it`,
      this.#side,
      412,
      PRECONDITION
    );
  }

  changed(key: string): S3Error {
    return new S3Error(
      'unreadable',
      `${this.nameOf(key)}: it has been written anew since it was first read: begin again`,
      this.#side,
      412,
      PRECONDITION
    );
  }
}
