import { addressName, isBucketAddress } from '../model/address.ts';
import { MARKS, isDocument } from '../model/document.ts';
import { ConvertError } from '../model/errors.ts';
import { isArchiveName } from '../model/output-name.ts';
import { ArchiveFiles } from './archive-files.ts';
import { BucketFiles } from './bucket-files.ts';
import { type Found, type RemoteFiles, type Wanted, changed } from './files.ts';
import { WebFiles } from './web-files.ts';

async function filesAt(address: string, most: number, isArchive: boolean): Promise<RemoteFiles> {
  if (isArchive) return ArchiveFiles.open(address, most);
  return isBucketAddress(address) ? BucketFiles.open(address, most) : new WebFiles(address, most);
}

/** Files whose versions are remembered. */
const REMEMBERED = 4096;

/**
 * An OME-Zarr on a server of the web, or in a bucket. What is not there is missing as long as the OME-Zarr is there,
 * and a file that has changed since it was last read is an error.
 */
export class RemoteStore {
  /** As people may see it: without credentials. */
  readonly name: string;
  readonly #files: RemoteFiles;
  readonly #mark: string;
  readonly #versions = new Map<string, string>();
  readonly #documents = new Map<string, string | null>();

  private constructor(files: RemoteFiles, mark: string) {
    this.name = files.name;
    this.#files = files;
    this.#mark = mark;
  }

  /**
   * @param most bytes that are read of a file at a time
   * @throws ConvertError `output-not-ome-zarr` where there is none, `unreadable` and others where that is not known
   */
  static async open(address: string, most: number): Promise<RemoteStore> {
    const isArchive = isArchiveName(addressName(address));
    const files = await filesAt(address, most, isArchive);
    const fail = (what: string) => new ConvertError('output-not-ome-zarr', `${files.name}: ${what}`, 'source');
    try {
      for (const mark of MARKS) if (await files.read(mark, {})) return new RemoteStore(files, mark);
    } catch (error) {
      files.close();
      throw error;
    }
    files.close();
    if (isArchive) throw fail('this is no OME-Zarr in one file: there is no zarr.json at its root');
    throw fail(
      `no OME-Zarr is there: neither ${MARKS.slice(0, 2).join(' nor ')} is found below this address; give that of its folder`
    );
  }

  /** Lets connections go; who reads on has new ones. */
  close(): void {
    this.#files.close();
  }

  /** Names and sizes of all files; null where nobody lists them. */
  async list(): Promise<[name: string, bytes: number][] | null> {
    return (await this.#files.list?.()) ?? null;
  }

  /** The wanted part of a file; null where there is no such file. @throws ConvertError */
  async read(key: string, wanted: Wanted = {}, signal?: AbortSignal): Promise<Found | null> {
    if (key.split('/').some(segment => segment === '' || segment === '.' || segment === '..'))
      throw new ConvertError('bad-option', `${key}: this key names no file inside ${this.name}`);
    const found = await this.#files.read(key, wanted, signal);
    // Documents say of themselves that they are others, or not there. Who has read another one reads all anew.
    if (isDocument(key)) {
      const before = this.#documents.get(key);
      const version = found?.version ?? null;
      if (before !== undefined && before !== version) this.#versions.clear();
      this.#documents.set(key, version);
      return found;
    }
    if (found) this.#checkVersion(key, found.version);
    else if (!(await this.#files.read(this.#mark, {}, signal)))
      throw new ConvertError('not-found', `${this.name}: it is there no more: check its address`, 'source');
    return found;
  }

  #checkVersion(key: string, version: string | null): void {
    const before = this.#versions.get(key);
    this.#versions.delete(key);
    if (version === null) return;
    if (before !== undefined && before !== version) {
      this.#versions.clear();
      throw changed(`${this.name}/${key}`);
    }
    this.#versions.set(key, version);
    if (this.#versions.size > REMEMBERED) this.#versions.delete([...this.#versions.keys()][0]);
  }
}
