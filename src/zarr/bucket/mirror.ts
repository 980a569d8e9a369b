import { addressName } from '../../model/address.ts';
import { ConvertError } from '../../model/errors.ts';
import { isArchiveName } from '../../model/output-name.ts';
import { RemoteStore } from '../../remote/remote-store.ts';
import { type BucketSide } from '../../remote/s3-error.ts';
import { PART_BYTES } from '../../remote/s3-uploads.ts';
import { S3Bucket } from '../../remote/s3.ts';
import { Unpacker } from '../archive/unpacker.ts';
import { Courier } from './courier.ts';
import { AddressFolder } from './way.ts';

/** Bytes of files that stay on the disk though nobody reads them just now: another block of a shard may be next. */
const KEPT = 512 * 2 ** 20;
const DOCUMENT = /(^|\/)(zarr\.json|\.zattrs|\.zgroup|\.zarray|\.zmetadata)$/;

/** Brings files of an OME-Zarr into a folder, and takes them away. */
type Carrier = Pick<Courier, 'files' | 'sizeOf' | 'fetch' | 'drop' | 'stop'>;

/**
 * An OME-Zarr in a bucket, or in one file at an address, as a folder, for whoever reads folders: with all its metadata,
 * and with the files of chunks that somebody asks for, as long as they are used.
 */
export class Mirror {
  readonly #folder: AddressFolder;
  readonly #courier: Carrier;
  readonly #letGo: () => void;
  /** By name: how many use it, and what has it brought. */
  readonly #used = new Map<string, { users: number; here: Promise<void>; bytes: number }>();
  #bytes = 0;

  private constructor(folder: AddressFolder, courier: Carrier, letGo: () => void) {
    this.#folder = folder;
    this.#courier = courier;
    this.#letGo = letGo;
  }

  /** @throws ConvertError `not-found` where there is nothing, and what keeps it from being read */
  static async open(given: string, side: BucketSide): Promise<Mirror> {
    const isArchive = isArchiveName(addressName(given));
    return isArchive ? Mirror.#ofArchive(given) : Mirror.#ofBucket(given, side);
  }

  static async #ofBucket(given: string, side: BucketSide): Promise<Mirror> {
    const bucket = await S3Bucket.open(given, side);
    const { key } = bucket.address;
    const address = bucket.nameOf(key);
    if (key === '') throw new ConvertError('bad-option', `${address}: is a whole bucket: name what is in it`, side);
    const begin = async (folder: string): Promise<Carrier> => {
      const courier = new Courier(bucket, folder, `${key}/`);
      await courier.look();
      if (courier.files.length > 0) return courier;
      throw new ConvertError(
        'not-found',
        `${address}: nothing is there: give the address of an OME-Zarr, such as s3://BUCKET/NAME.ome.zarr`,
        side
      );
    };
    return Mirror.#begin(address, begin, () => bucket.close());
  }

  static async #ofArchive(given: string): Promise<Mirror> {
    const store = await RemoteStore.open(given, PART_BYTES);
    const begin = async (folder: string): Promise<Carrier> => new Unpacker(store, folder, (await store.list()) ?? []);
    return Mirror.#begin(store.name, begin, () => store.close());
  }

  static async #begin(
    address: string,
    begin: (folder: string) => Promise<Carrier>,
    letGo: () => void
  ): Promise<Mirror> {
    const folder = new AddressFolder(address);
    let carrier: Carrier | null = null;
    try {
      carrier = await begin(folder.path);
      const names = carrier.files.map(([name]) => name);
      await carrier.fetch(names.filter(name => DOCUMENT.test(name)));
      return new Mirror(folder, carrier, letGo);
    } catch (error) {
      await end(folder, carrier, letGo);
      throw error;
    }
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** Names and sizes of all files. */
  get files(): [name: string, bytes: number][] {
    return this.#courier.files;
  }

  /** Result or error of work with the folder, in which the folder has the name that people know. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    return this.#folder.within(work).finally(() => end(this.#folder, this.#courier, this.#letGo));
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
}

/** Removes the folder, into which nothing comes any more. */
async function end(folder: AddressFolder, carrier: Carrier | null, letGo: () => void): Promise<void> {
  await carrier?.stop();
  folder.remove();
  letGo();
}
