import { MARKS } from '../model/document.ts';
import { ConvertError } from '../model/errors.ts';
import { FEW_ATTEMPTS } from './attempts.ts';
import type { Found, RemoteFiles, Wanted } from './files.ts';
import { S3Bucket } from './s3.ts';
import { S3Error } from './s3-error.ts';

/** Files of an OME-Zarr in a bucket. */
export class BucketFiles implements RemoteFiles {
  readonly name: string;
  readonly #bucket: S3Bucket;
  readonly #prefix: string;
  readonly #most: number;

  private constructor(bucket: S3Bucket, key: string, most: number) {
    this.#bucket = bucket;
    this.#prefix = `${key}/`;
    this.#most = most;
    this.name = bucket.nameOf(key);
  }

  /**
   * @param most bytes that are read of an object at a time
   * @throws ConvertError `bad-option` for what is no address
   */
  static async open(address: string, most: number): Promise<BucketFiles> {
    const bucket = await S3Bucket.open(address, 'source', FEW_ATTEMPTS);
    const { key } = bucket.address;
    if (key !== '') return new BucketFiles(bucket, key, most);
    bucket.close();
    const what = 'is a whole bucket: name what is in it, as in s3://BUCKET/NAME.ome.zarr';
    throw new ConvertError('bad-option', `${address}: ${what}`, 'source');
  }

  close(): void {
    this.#bucket.close();
  }

  async read(key: string, wanted: Wanted, signal?: AbortSignal): Promise<Found | null> {
    try {
      return await this.#read(this.#prefix + key, wanted, signal);
    } catch (error) {
      if (await this.#isMissing(key, wanted, error, signal)) return null;
      throw error;
    }
  }

  async #read(key: string, { offset = 0, length }: Wanted, signal?: AbortSignal): Promise<Found | null> {
    const bucket = this.#bucket;
    const end = async (): Promise<Found | null> => {
      const found = await bucket.head(key, signal);
      if (!found) return null;
      const { size, etag: version } = found;
      const start = offset < 0 ? Math.max(0, size + offset) : Math.min(size, offset);
      return { size, offset: length === 0 ? start : size, bytes: new Uint8Array(0), version };
    };
    if (length === 0) return end();
    try {
      const part = offset < 0 ? { start: offset } : { start: offset, length };
      const found = await bucket.get(key, { ...part, most: this.#most }, signal);
      if (!found) return null;
      const { size, etag: version } = found;
      const bytes = offset < 0 && length !== undefined ? found.bytes.subarray(0, length) : found.bytes;
      return { size, offset: offset < 0 ? Math.max(0, size + offset) : offset, bytes, version };
    } catch (error) {
      // It ends before that.
      if (error instanceof S3Error && error.status === 416) return end();
      throw error;
    }
  }

  /**
   * Whether an object is not there. Who may not list a bucket is denied access to what is not there: that is told from
   * a refusal by the metadata, which is there for who may read.
   */
  async #isMissing(key: string, { length, onDenied }: Wanted, error: unknown, signal?: AbortSignal): Promise<boolean> {
    if (!isForbidden(error)) return false;
    // Of what is asked for without its body, nobody says why.
    if (error.reason !== 'AccessDenied' && length !== 0) return false;
    if (error.action !== null && error.action !== 's3:ListBucket') return false;
    const bucket = this.#bucket;
    try {
      for await (const found of bucket.list(this.#prefix + key, signal, 1)) return found.key !== this.#prefix + key;
      return true;
    } catch (error) {
      if (!isForbidden(error)) throw error;
    }
    for (const mark of MARKS) {
      if (mark === key) continue;
      const known = await bucket.get(this.#prefix + mark, { most: this.#most }, signal).catch(() => null);
      if (!known) continue;
      onDenied?.();
      return true;
    }
    return false;
  }
}

const isForbidden = (error: unknown): error is S3Error => error instanceof S3Error && error.status === 403;
