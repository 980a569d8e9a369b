import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { Archive } from '../convert/index.ts';
import { adviceOnPath } from '../model/address.ts';
import { MARKS } from '../model/document.ts';
import { ConvertError } from '../model/errors.ts';
import { isArchiveName } from '../model/output-name.ts';
import { readUpTo } from '../model/read-up-to.ts';

/** Errors of the file system that mean that there is no such file, and not that it could not be read. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

export interface StoredFile {
  /** Absolute, with all links resolved; that of the archive for a file in one. */
  path: string;
  /** Where it begins there. */
  start: number;
  /** In bytes. */
  size: number;
  /** Another one for whatever takes the file's name, and for the same file after a change. */
  version: string;
}

/** Where a file of a store is: `place` in an archive, or all of what has the path. */
export interface FilePlace {
  path: string;
  place: { start: number; size: number } | null;
}

/** The files of one OME-Zarr and no others: what is outside cannot be named, neither by `..` nor by a link. */
export class Store {
  readonly root: string;
  readonly #prefix: string;
  /** Whether it is one file. */
  readonly #isArchive: boolean;

  private constructor(root: string, isArchive: boolean) {
    this.root = root;
    this.#isArchive = isArchive;
    this.#prefix = root.endsWith(sep) ? root : root + sep;
  }

  /** @throws ConvertError `not-found`, `unreadable` or `output-not-ome-zarr` */
  static async open(path: string): Promise<Store> {
    const absolute = resolve(path);
    const root = await missingAsNull(realpath(absolute), path);
    if (root === null) {
      const beside = await omeZarrsBeside(absolute);
      const otherwise = adviceOnPath(path) ?? 'give the path of an OME-Zarr';
      const there = beside.length > 0 ? `beside it would be ${beside.join(', ')}` : otherwise;
      throw new ConvertError('not-found', `${path}: there is no such folder; ${there}`, 'source');
    }
    const found = await missingAsNull(stat(root), path);
    if (found?.isFile() && isArchiveName(root)) {
      if (MARKS.some(mark => archived(root, mark))) return new Store(root, true);
      throw new ConvertError(
        'output-not-ome-zarr',
        `${path}: this is no OME-Zarr in one file: there is no zarr.json at its root`,
        'source'
      );
    }
    if (!found?.isDirectory()) {
      const what = 'this is a file, and neither an OME-Zarr, which is a folder or an .ozx, nor a TIFF';
      throw new ConvertError('output-not-ome-zarr', `${path}: ${what}`, 'source');
    }
    for (const mark of MARKS) {
      const found = await missingAsNull(stat(resolve(root, mark)), path);
      if (found?.isFile()) {
        return new Store(root, false);
      }
    }
    throw new ConvertError(
      'output-not-ome-zarr',
      `${path}: this is no OME-Zarr: neither ${MARKS.slice(0, 2).join(' nor ')} is in it`,
      'source'
    );
  }

  /**
   * The file of a key such as `0/c/1/2/3`; null when there is none.
   * @throws ConvertError `bad-option` when the key leads out, `unreadable` when the file system refuses
   */
  async find(key: string): Promise<StoredFile | null> {
    const place = await this.locate(key);
    return place === null ? null : missingAsNull(storedFile(place), key);
  }

  /** The place of a key's file alone: whoever opens it sees what is there. */
  async locate(key: string): Promise<FilePlace | null> {
    const segments = key.split('/');
    const odd = process.platform === 'win32' ? /[\0\\:]/ : /[\0\\]/;
    if (odd.test(key) || segments.some(segment => segment === '' || segment === '.' || segment === '..')) {
      throw new ConvertError('bad-option', `${key}: this key names no file inside ${this.root}`);
    }
    if (this.#isArchive) {
      const place = archived(this.root, key);
      return place && { path: this.root, place };
    }
    const path = await missingAsNull(realpath(resolve(this.root, ...segments)), key);
    if (path === null) {
      return null;
    }
    if (!path.startsWith(this.#prefix)) {
      throw new ConvertError('bad-option', `${key}: a link leads out of ${this.root}`);
    }
    return { path, place: null };
  }
}

/** Where a file is in an archive; null where it, or the archive, is not there. */
function archived(path: string, key: string): FilePlace['place'] {
  try {
    return Archive.of(path).placeOf(key);
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Most names that a refusal has room for. */
const FEW = 5;

/** Suggestions to a person: the OME-Zarrs in the folder of a path that names nothing, where they are few. */
async function omeZarrsBeside(path: string): Promise<string[]> {
  const names = (await readdir(dirname(path)).catch(() => [])).filter(name => name.endsWith('.zarr')).sort();
  return names.length > FEW ? [] : names;
}

/** Description of a file; null of what is none. */
async function storedFile(place: FilePlace): Promise<StoredFile | null> {
  return describe(place, await stat(place.path, { bigint: true }));
}

export interface OpenFile {
  file: StoredFile;
  handle: FileHandle;
}

/** The `version` of an open file, as it is now. */
export async function versionOf(handle: FileHandle): Promise<string> {
  return version(await handle.stat({ bigint: true }));
}

/** Flags for a file whose name something else may have taken: a link is not followed, a pipe not waited for. */
const OPEN = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file that was found, and says what is known of the very file that was opened; null when there is none any
 * more.
 * @throws ConvertError `unreadable` when the file system refuses
 */
export async function openStored(place: FilePlace): Promise<OpenFile | null> {
  const { path } = place;
  const handle = await missingAsNull(open(path, OPEN), path);
  if (!handle) {
    return null;
  }
  try {
    const file = describe(place, await handle.stat({ bigint: true }));
    if (file) {
      return { file, handle };
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return null;
}

function describe({ path, place }: FilePlace, found: BigIntStats): StoredFile | null {
  const { start, size } = place ?? { start: 0, size: Number(found.size) };
  return found.isFile() ? { path, start, size, version: version(found) } : null;
}

const version = ({ ino, mtimeNs }: BigIntStats): string => `${ino}-${mtimeNs}`;

/**
 * Bytes `offset` to `offset + length` of a file.
 * @throws ConvertError `truncated` when the file has become shorter meanwhile
 */
export async function readBytes(file: StoredFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const handle = await open(file.path, OPEN);
  try {
    const done = await readUpTo(handle, bytes, file.start + offset);
    if (done < length)
      throw new ConvertError('truncated', `${file.path}: it ended at byte ${offset + done}, before ${offset + length}`);
  } finally {
    await handle.close();
  }
  return bytes;
}

async function missingAsNull<T>(work: Promise<T>, name: string): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && MISSING.has(code)) {
      return null;
    }
    throw new ConvertError('unreadable', `${name}: it cannot be read (${message})`, 'source');
  }
}
