import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressName } from '../../model/address.ts';
import { ConvertError } from '../../model/errors.ts';
import { TOOL } from '../../model/version.ts';
import { isProcess } from '../owner.ts';

/** Folders on this machine's disk by way of which files come to a bucket or from it. */
const WAY = `${TOOL}-way-`;

/** A new such folder. Those of processes that have ended are removed. */
export function makeWay(): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(WAY) ? Number(name.slice(WAY.length).split('-')[0]) : 0;
    if (pid > 0 && !isProcess(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  return mkdtempSync(join(tmpdir(), `${WAY}${process.pid}-`));
}

/** Bytes of a name that every disk takes. */
const MOST_NAME = 255;
/** Characters that Windows takes in no name. */
const NO_NAME = /[<>:"|?*\\]|[. ]$/;

const isNameOnDisks = (name: string): boolean =>
  name !== '' && Buffer.byteLength(name) <= MOST_NAME && !(process.platform === 'win32' && NO_NAME.test(name));

/** A folder, in such a one, that has the name of what is at an address, and is filled with some of it. */
export class AddressFolder {
  readonly path: string;
  readonly #address: string;
  readonly #way = makeWay();

  constructor(address: string) {
    this.#address = address;
    const name = addressName(address);
    this.path = join(this.#way, isNameOnDisks(name) ? name : 'image');
    mkdirSync(this.path);
  }

  /** Result or error of work with the folder, in which the folder has the address for a name. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    const named = (_: string, value: unknown): unknown =>
      typeof value === 'string' ? value.replaceAll(this.path, this.#address) : value;
    try {
      return JSON.parse(JSON.stringify(await work()), named) as T;
    } catch (error) {
      throw errorKnownAs(this.path, this.#address, error);
    }
  }

  /** Nothing may come into it any more. */
  remove(): void {
    rmSync(this.#way, { recursive: true, force: true });
  }
}

/** An error of work with such a folder, in which the folder has the name that people know. */
export const errorKnownAs = (folder: string, name: string, error: unknown): unknown =>
  error instanceof ConvertError
    ? error.with({
        about: error.about?.replaceAll(folder, name) ?? null,
        problem: error.problem.replaceAll(folder, name),
        problems: error.problems.map(each => errorKnownAs(folder, name, each) as ConvertError)
      })
    : error;
