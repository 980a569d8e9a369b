import { shownAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import type { RemoteState } from '../model/layout.ts';
import { type ArchiveEntry, fetchDirectory, localBytes, startOf } from '../zip/directory.ts';
import { type Found, type RemoteFiles, type Wanted, changed } from './files.ts';
import { remoteFile } from './reach.ts';
import type { RemoteFile } from './remote-file.ts';
import { S3Error } from './s3-error.ts';

/** Bytes of the extra field of a local header that are read ahead, with the file. */
const EXTRA = 64;

interface Opened {
  state: RemoteState;
  entries: Map<string, ArchiveEntry>;
  /** Where files begin of which that is known. */
  starts: Map<string, number>;
}

/** Files of an OME-Zarr in one file (`.ozx`) on a server of the web, or in a bucket. */
export class ArchiveFiles implements RemoteFiles {
  readonly name: string;
  readonly #file: RemoteFile;
  readonly #most: number;
  #opened: Promise<Opened> | null = null;

  private constructor(address: string, most: number) {
    this.name = shownAddress(address);
    this.#file = remoteFile(address);
    this.#most = most;
  }

  /**
   * @param most bytes that are read at a time
   * @throws ConvertError where there is no archive that can be read
   */
  static async open(address: string, most: number): Promise<ArchiveFiles> {
    const files = new ArchiveFiles(address, most);
    try {
      await files.#open();
    } catch (error) {
      files.close();
      throw error;
    }
    return files;
  }

  close(): void {
    this.#file.close();
  }

  /** Names and sizes of all files. */
  async list(): Promise<[name: string, bytes: number][]> {
    const { entries } = await this.#open();
    return [...entries.values()].map(({ name, size }) => [name, size]);
  }

  async read(key: string, { offset = 0, length }: Wanted, signal?: AbortSignal): Promise<Found | null> {
    const opened = await this.#open();
    const entry = opened.entries.get(key);
    if (!entry) return null;
    const { size } = entry;
    const start = offset < 0 ? Math.max(0, size + offset) : Math.min(size, offset);
    const count = Math.min(size - start, length ?? Infinity);
    if (count > this.#most) {
      const what = `${count} bytes are too many for one answer (${this.#most})`;
      throw new ConvertError('unsupported', `${this.name}/${key}: ${what}`, 'source');
    }
    const bytes = count === 0 ? new Uint8Array(0) : await this.#bytes(opened, entry, start, count, signal);
    return { size, offset: start, bytes, version: opened.state.version };
  }

  /** Bytes of a file; where it begins is found out in the same request if they are its first. */
  async #bytes(
    opened: Opened,
    entry: ArchiveEntry,
    start: number,
    count: number,
    signal?: AbortSignal
  ): Promise<Uint8Array> {
    const { starts, state } = opened;
    let begin = starts.get(entry.name);
    if (begin === undefined) {
      const header = localBytes(entry);
      const ahead = start === 0 ? header + EXTRA + count : header;
      const found = await this.#read(state, entry.header, Math.min(ahead, state.size - entry.header), signal);
      begin = startOf(this.name, entry, Buffer.from(found.buffer, found.byteOffset, found.byteLength));
      starts.set(entry.name, begin);
      const from = begin - entry.header;
      if (start === 0 && from + count <= found.length) return found.subarray(from, from + count);
    }
    return this.#read(state, begin + start, count, signal);
  }

  async #read(state: RemoteState, from: number, count: number, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      return await this.#file.read(state, from, count, signal);
    } catch (error) {
      if (!isChange(error)) throw error;
      this.#opened = null;
      throw changed(this.name);
    }
  }

  #open(): Promise<Opened> {
    if (!this.#opened) {
      const opening = this.#look();
      this.#opened = opening;
      opening.catch(() => (this.#opened = null));
    }
    return this.#opened;
  }

  async #look(): Promise<Opened> {
    const { state } = await this.#file.look(1);
    const read = (from: number, to: number): Promise<Uint8Array> => this.#read(state, from, to - from);
    const found = await fetchDirectory(this.name, state.size, read);
    return { state, entries: new Map(found.map(entry => [entry.name, entry])), starts: new Map() };
  }
}

/** Whether another file has taken the name of the one that was opened. */
const isChange = (error: unknown): boolean =>
  (error instanceof S3Error && error.status === 412) || (error instanceof ConvertError && error.code === 'truncated');
