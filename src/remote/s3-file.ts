import { bucketAddress, noBucket, shownAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import type { RemoteState } from '../model/layout.ts';
import { ONE_TIFF, type RemoteFile } from './remote-file.ts';
import { S3Error } from './s3-error.ts';
import { S3Bucket } from './s3.ts';

/** An object of a bucket that is read by parts. */
export class S3File implements RemoteFile {
  readonly #address: string;
  readonly #key: string;
  #bucket: Promise<S3Bucket> | null = null;

  constructor(address: string) {
    const found = bucketAddress(address);
    if (!found || found.key === '')
      throw new ConvertError('bad-option', `${shownAddress(address)}: ${noBucket(address, 'NAME.tif')}`, 'source');
    this.#address = address;
    this.#key = found.key;
  }

  async look(length: number): Promise<{ state: RemoteState; first: Uint8Array }> {
    const found = await (await this.#open()).head(this.#key);
    if (!found) throw await this.#missing();
    const state = { size: found.size, version: found.etag, modified: found.modified };
    const most = Math.min(length, found.size);
    return { state, first: most === 0 ? new Uint8Array(0) : await this.read(state, 0, most) };
  }

  async read(state: RemoteState, position: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const bucket = await this.#open();
    const found = await bucket.get(this.#key, { start: position, length, etag: state.version ?? undefined }, signal);
    if (!found) throw await this.#missing();
    return found.bytes;
  }

  close(): void {
    void this.#bucket?.then(bucket => bucket.close()).catch(() => undefined);
  }

  #open(): Promise<S3Bucket> {
    return (this.#bucket ??= S3Bucket.open(this.#address, 'source'));
  }

  /** Without a list too, which not everybody may ask for and not every store makes. @throws S3Error for no bucket */
  async #missing(): Promise<ConvertError> {
    let what = 'there is no such object: check the address';
    try {
      for await (const _ of (await this.#open()).list(`${this.#key}/`, undefined, 1))
        what = `it is a folder, where ${ONE_TIFF}`;
    } catch (error) {
      if (error instanceof S3Error && error.reason === 'NoSuchBucket') throw error;
    }
    return new ConvertError('not-found', `${this.#address}: ${what}`, 'source');
  }
}
