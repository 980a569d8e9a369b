import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import { type BucketSide } from '../../remote/s3-error.ts';
import { S3Bucket } from '../../remote/s3.ts';
import { Courier } from './courier.ts';
import { knownAs, makeWay } from './way.ts';

/** Bytes of files that stay on the disk though nobody reads them just now: another block of a shard may be next. */
const KEPT = 512 * 2 ** 20;
const DOCUMENT = /(^|\/)(zarr\.json|\.zattrs|\.zgroup|\.zarray|\.zmetadata)$/;

/**
 * An OME-Zarr in a bucket as a folder, for whoever reads folders: with all its metadata, and with the files of chunks
 * that somebody asks for, as long as they are used.
 */
export class Mirror {
  readonly folder: string;
  readonly #address: string;
  readonly #bucket: S3Bucket;
  readonly #way: string;
  readonly #courier: Courier;
  /** By name: how many use it, and what has it brought. */
  readonly #used = new Map<string, { users: number; here: Promise<void>; bytes: number }>();
  #bytes = 0;

  private constructor(address: string, bucket: S3Bucket, key: string) {
    this.#address = address;
    this.#bucket = bucket;
    this.#way = makeWay();
    this.folder = join(this.#way, key.split('/').at(-1)!);
    mkdirSync(this.folder);
    this.#courier = new Courier(bucket, this.folder, `${key}/`);
  }

  /** @throws ConvertError `not-found` where there is nothing, and what keeps a bucket from being read */
  static async open(given: string, side: BucketSide): Promise<Mirror> {
    const bucket = await S3Bucket.open(given, side);
    const { key } = bucket.address;
    const address = bucket.nameOf(key);
    if (key === '') throw new ConvertError('bad-option', `${address}: is a whole bucket: name what is in it`, side);
    const mirror = new Mirror(address, bucket, key);
    try {
      await mirror.#courier.look();
      if (mirror.files.length === 0)
        throw new ConvertError(
          'not-found',
          `${address}: nothing is there: give the address of an OME-Zarr, such as s3://BUCKET/NAME.ome.zarr`,
          side
        );
      await mirror.#courier.fetch(mirror.files.flatMap(([name]) => (DOCUMENT.test(name) ? [name] : [])));
      return mirror;
    } catch (error) {
      mirror.close();
      throw error;
    }
  }

  /** Names and sizes of all files. */
  get files(): [name: string, bytes: number][] {
    return this.#courier.files;
  }

  /** What comes of work with the folder, in which that has the name which people know. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    return knownAs(this.folder, this.#address, work).finally(() => this.close());
  }

  /** Brings files that are there, and keeps them until they are released. */
  async use(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async name => {
        const size = this.#courier.sizeOf(name);
        if (size === null) return;
        let file = this.#used.get(name);
        if (!file) {
          file = { users: 0, here: this.#courier.fetch([name]), bytes: size };
          this.#bytes += size;
        }
        file.users++;
        // The last of those that are used.
        this.#used.delete(name);
        this.#used.set(name, file);
        await file.here;
      })
    );
  }

  async release(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const file = this.#used.get(name);
      if (file) file.users--;
    }
    const going: string[] = [];
    for (const [name, { users, bytes }] of this.#used) {
      if (this.#bytes <= KEPT) break;
      if (users > 0) continue;
      this.#used.delete(name);
      this.#bytes -= bytes;
      going.push(name);
    }
    await this.#courier.drop(going);
  }

  close(): void {
    void this.#courier.stop();
    rmSync(this.#way, { recursive: true, force: true });
    this.#bucket.close();
  }
}
