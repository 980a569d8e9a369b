import { addressName, isBucketAddress } from '../../model/address.ts';
import { isDocument } from '../../model/document.ts';
import { ConvertError } from '../../model/errors.ts';
import { isArchiveName } from '../../model/output-name.ts';
import { RemoteStore } from '../../remote/remote-store.ts';
import { type BucketSide, isDenied } from '../../remote/s3-error.ts';
import { S3Bucket } from '../../remote/s3.ts';
import { Courier } from './courier.ts';
import { MOST_DOCUMENT, bringDocuments } from './documents.ts';
import { Fetcher, ofSide } from './fetcher.ts';
import { AddressFolder } from './way.ts';

/** Bytes of files that stay on the disk though nobody reads them just now: another block of a shard may be next. */
const KEPT = 512 * 2 ** 20;

/** Brings files of an OME-Zarr into a folder, and takes them away. */
type Carrier = Pick<Courier, 'files' | 'sizeOf' | 'fetch' | 'drop' | 'stop'> &
  Partial<Pick<Fetcher, 'denied' | 'hasOne'>>;

/**
 * An OME-Zarr at an address as a folder, for whoever reads folders: with all its metadata, and with the files of chunks
 * that somebody asks for, as long as they are used.
 */
export class Mirror {
  readonly #folder: AddressFolder;
  readonly #courier: Carrier;
  readonly #letGo: () => void;
  /** By name: how many use it, and what has it brought. */
  readonly #used = new Map<string, { users: number; here: Promise<void>; bytes: number }>();
  #bytes = 0;

  /** Whether all its files are known; if not, labels are that its list has, and chunks as they are asked for. */
  readonly isListed: boolean;

  private constructor(folder: AddressFolder, courier: Carrier, isListed: boolean, letGo: () => void) {
    this.isListed = isListed;
    this.#folder = folder;
    this.#courier = courier;
    this.#letGo = letGo;
  }

  /** @throws ConvertError `not-found` where there is nothing, and what keeps it from being read */
  static async open(given: string, side: BucketSide): Promise<Mirror> {
    if (!isBucketAddress(given) || isArchiveName(addressName(given))) return Mirror.#ofStore(given, side);
    return Mirror.#ofBucket(given, side).catch((error: unknown) => {
      // One that may be read, as public ones may, and not listed.
      if (isDenied(error)) return Mirror.#ofStore(given, side);
      throw error;
    });
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
    return Mirror.#begin(address, begin, true, () => bucket.close());
  }

  /** By what is read of it alone, where nobody lists it. */
  static async #ofStore(given: string, side: BucketSide): Promise<Mirror> {
    const store = await RemoteStore.open(given, MOST_DOCUMENT).catch((error: unknown) => {
      throw ofSide(error, side);
    });
    const files = await store.list().catch((error: unknown) => {
      store.close();
      throw ofSide(error, side);
    });
    const begin = async (folder: string): Promise<Carrier> => new Fetcher(store, folder, files, side);
    return Mirror.#begin(store.name, begin, files !== null, () => store.close());
  }

  static async #begin(
    address: string,
    begin: (folder: string) => Promise<Carrier>,
    isListed: boolean,
    letGo: () => void
  ): Promise<Mirror> {
    const folder = folderOf(address, letGo);
    let carrier: Carrier | null = null;
    try {
      carrier = await begin(folder.path);
      const { files } = carrier;
      if (isListed) await carrier.fetch(files.map(([name]) => name).filter(isDocument));
      else await bringDocuments(folder.path, carrier.fetch.bind(carrier));
      return new Mirror(folder, carrier, isListed, letGo);
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

  /**
   * Names of chunks below a folder that are taken for missing because access to them is denied, which is what a bucket
   * that may not be listed answers for both; and whether another one has been there.
   */
  deniedOf(path: string): { names: string[]; hasOthers: boolean } {
    const isChunk = (name: string) => name.startsWith(`${path}/`) && !isDocument(name);
    const names = [...(this.#courier.denied ?? [])].filter(isChunk);
    return { names, hasOthers: names.length === 0 || this.#courier.hasOne?.(isChunk) !== false };
  }

  /** Result or error of work with the folder, in which the folder has the name that people know. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    return this.#folder.within(work).finally(() => this.close());
  }

  /** Removes what was brought, where nothing is done within it. */
  async close(): Promise<void> {
    await end(this.#folder, this.#courier, this.#letGo);
  }

  /** Brings files that are there, and keeps them until they are released. */
  async use(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async name => {
        if (this.isListed && this.#courier.sizeOf(name) === null) return;
        const file = this.#used.get(name) ?? { users: 0, here: this.#bring(name), bytes: 0 };
        file.users++;
        // The last of those that are used.
        this.#used.delete(name);
        this.#used.set(name, file);
        await file.here;
      })
    );
  }

  async #bring(name: string): Promise<void> {
    await this.#courier.fetch([name]);
    const bytes = this.#courier.sizeOf(name) ?? 0;
    this.#bytes += bytes;
    const file = this.#used.get(name);
    if (file) file.bytes = bytes;
  }

  async release(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const file = this.#used.get(name);
      if (!file || --file.users > 0) continue;
      // Of what is not there nothing is kept.
      if (this.#courier.sizeOf(name) === null) this.#used.delete(name);
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

function folderOf(address: string, letGo: () => void): AddressFolder {
  try {
    return new AddressFolder(address);
  } catch (error) {
    letGo();
    throw error;
  }
}
