import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addressName } from '../../model/address.ts';
import { errorName } from '../../model/error-name.ts';
import { ConvertError } from '../../model/errors.ts';
import { TOOL } from '../../model/version.ts';
import { isProcess } from '../owner.ts';
import { writeError } from '../system-errors.ts';
import { withdraw } from '../withdraw.ts';

/** Folders on this machine's disk by way of which files come to a bucket or from it. */
const WAY = `${TOOL}-way-`;

/**
 * A new such folder. Those of processes that have ended are removed: of this machine alone, since several may have one
 * folder for temporary files, and as far as they may be.
 *
 * @throws ConvertError where none can be made
 */
export function makeWay(): string {
  const own = `${WAY}${hostname()}-`;
  for (const name of namesIn(tmpdir())) {
    const [, pid] = (name.startsWith(own) && /^(\d+)-[^-]+$/.exec(name.slice(own.length))) || [];
    if (pid !== undefined && !isProcess(Number(pid))) withdraw(join(tmpdir(), name));
  }
  try {
    return mkdtempSync(join(tmpdir(), `${own}${process.pid}-`));
  } catch (error) {
    throw wayError(error);
  }
}

/** What is there is seen by who may list it. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The error to throw when the file system refuses a write to such a folder. */
export function wayError(error: unknown): unknown {
  const refused = writeError(error, tmpdir());
  if (refused === error) return error;
  return new ConvertError(
    (refused as ConvertError).code,
    `${tmpdir()}: temporary files cannot be written there (${errorName(error)}): free some space there, or set TMPDIR (on Windows TEMP) to another folder`
  );
}

/** Writes a file of such a folder, as its pieces come. @throws what keeps a piece from coming, or from the disk */
export async function writePieces(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const refuse = (error: unknown): never => {
    throw wayError(error);
  };
  await mkdir(dirname(path), { recursive: true }).catch(refuse);
  const file = await open(path, 'w').catch(refuse);
  try {
    // All of it: a disk that is full takes some.
    for await (const piece of pieces) await file.appendFile(piece).catch(refuse);
  } finally {
    await file.close().catch(refuse);
  }
}

/** Bytes of a name that every disk takes. */
const MOST_NAME = 255;
/** Characters that Windows takes in no name. */
const NO_NAME = /[<>:"|?*\\]|[. ]$/;

const isNameOnDisks = (name: string): boolean =>
  name !== '' && Buffer.byteLength(name) <= MOST_NAME && !(process.platform === 'win32' && NO_NAME.test(name));

/**
 * Whether a name that a store has for something below a prefix is that of a file in a folder, and of that file alone:
 * keys may have `..` in them, or nothing between two slashes, which would lead elsewhere on a disk.
 */
export function isBelow(name: string): boolean {
  const isWindows = process.platform === 'win32';
  if (isWindows && name.includes(':')) return false;
  return name.split(isWindows ? /[\\/]/ : '/').every(each => each !== '' && each !== '.' && each !== '..');
}

/** A folder, in such a one, that has the name of what is at an address, and is filled with some of it. */
export class AddressFolder {
  readonly path: string;
  readonly #address: string;
  readonly #way = makeWay();

  constructor(address: string) {
    this.#address = address;
    const name = addressName(address);
    this.path = join(this.#way, isNameOnDisks(name) ? name : 'image');
    try {
      mkdirSync(this.path);
    } catch (error) {
      withdraw(this.#way);
      throw wayError(error);
    }
  }

  /** Result or error of work with the folder, in which the folder has the address for a name. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    // By a function: in a text to replace with, `$$` and the like mean something else.
    const named = (_: string, value: unknown): unknown =>
      typeof value === 'string' ? value.replaceAll(this.path, () => this.#address) : value;
    try {
      return JSON.parse(JSON.stringify(await work()), named) as T;
    } catch (error) {
      throw errorKnownAs(this.path, this.#address, error);
    }
  }

  /** Nothing may come into it any more. */
  remove(): void {
    withdraw(this.#way);
  }
}

/** An error of work with such a folder, in which the folder has the name that people know. */
export const errorKnownAs = (folder: string, name: string, error: unknown): unknown =>
  error instanceof ConvertError
    ? error.with({
        about: error.about?.replaceAll(folder, () => name) ?? null,
        problem: error.problem.replaceAll(folder, () => name),
        problems: error.problems.map(each => errorKnownAs(folder, name, each) as ConvertError)
      })
    : error;
