import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, rmdirSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import type { OmeZarrVersion } from '../model/options.ts';
import { isArchiveName } from '../model/output-name.ts';
import { TOOL } from '../model/version.ts';
import { writeArchive } from './archive/write.ts';
import { JOURNAL } from './journal.ts';
import type { Documents } from './metadata.ts';
import { besideName, clearLeftovers, previousName, remove } from './leftovers.ts';
import { checkReplaceable, isTaken } from './occupied.ts';
import { MARKER, PARTS, PLAN, SCRATCH, active, givingSigns, marker, ownerOf } from './owner.ts';
import { refuseUnlessStale } from './ownership.ts';
import { refuseWhatIsReplaced } from './replaced.ts';
import { syncFolder, writeSynced } from './sync.ts';
import { writeError } from './system-errors.ts';
import type { UnfinishedOutput } from './unfinished-output.ts';
import { withdraw } from './withdraw.ts';

/** The output as one file, in the making. */
const ARCHIVE = `.${TOOL}.archive`;

/** Whether a name in an output in the making is no part of the output. */
const isOurs = (name: string): boolean =>
  [JOURNAL, SCRATCH, ARCHIVE, PLAN, PARTS].includes(name) || name.startsWith(MARKER);

/**
 * An output in the making: a folder `<output>.partial` that nobody else writes, and that gets its name when it is
 * whole.
 */
export class Destination implements UnfinishedOutput {
  readonly output: string;
  readonly partial: string;
  readonly courier = null;
  readonly #overwrite: boolean;
  readonly #labels: boolean;
  readonly #signs: NodeJS.Timeout;

  private constructor(output: string, partial: string, overwrite: boolean, labels: boolean) {
    this.output = output;
    this.partial = partial;
    this.#overwrite = overwrite;
    this.#labels = labels;
    active.add(partial);
    this.#signs = givingSigns(join(partial, MARKER));
  }

  /**
   * Takes over what an ended conversion has left; `planned`: or what is converted in parts. `discards`: to remove it.
   *
   * @throws ConvertError where it is no longer there, or another conversion has taken it over
   */
  static async takeOver(
    output: string,
    overwrite: boolean,
    labels = false,
    { planned = false, discards = false } = {}
  ): Promise<Destination> {
    const partial = `${output}.partial`;
    const at = join(partial, MARKER);
    const own = `${at}-${randomUUID()}`;
    const taken = `${own}-old`;
    try {
      const stale = readIfThere(at);
      refuseUnlessStale(partial, ownerOf(partial), planned);
      await writeSynced(own, marker());
      if (stale !== null) {
        // Of several that try it at once, one moves the old marker away; the others find none, or the new one.
        renameSync(at, taken);
        if (readFileSync(taken, 'latin1') !== stale) {
          place(taken, at);
          throw justTaken(partial);
        }
        rmSync(taken);
      }
      place(own, at);
    } catch (error) {
      withdraw(own);
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'ENOENT' || code === 'EEXIST' ? justTaken(partial) : writeError(error, partial);
    }
    const destination = new Destination(output, partial, overwrite, labels);
    await destination.#begin(false, discards);
    return destination;
  }

  /** Makes the folder, and the one around it for `labels`. What an ended conversion left of that name is removed. */
  static async claim(output: string, overwrite: boolean, labels = false): Promise<Destination> {
    const partial = `${output}.partial`;
    // The folder comes into being with its marker in it: a rename onto a folder that is not empty fails, so that one
    // conversion gets it.
    const made = besideName(output);
    active.add(made);
    try {
      if (labels) mkdirSync(dirname(output), { recursive: true });
      mkdirSync(made);
      await writeSynced(join(made, MARKER), marker());
      await syncFolder(made);
      for (let attempt = 0; !isRenamed(made, partial, attempt); attempt++) {
        refuseUnlessStale(partial, ownerOf(partial));
        // Moved away before it is removed, and looked at again: another conversion may have claimed the name in
        // between.
        const aside = `${made}-old`;
        renameSync(partial, aside);
        const owner = ownerOf(aside);
        if (owner !== 'stale') {
          renameSync(aside, partial);
          refuseUnlessStale(partial, owner);
        }
        await remove(aside, output);
      }
    } catch (error) {
      withdraw(made);
      throw writeError(error, output);
    } finally {
      active.delete(made);
    }
    const destination = new Destination(output, partial, overwrite, labels);
    await destination.#begin(true);
    return destination;
  }

  /**
   * Clears up after runs that ended in between, and puts on the disk what tells the next one whose this is, before
   * there is anything in it. `isNew`: there is nothing in it to be kept; `discards`: it is to be removed.
   */
  async #begin(isNew: boolean, discards = false): Promise<void> {
    try {
      // Of two that begin at once each sees the other's marker now, if its own did not come first.
      if (!discards) refuseWhatIsReplaced(this.output, this.#labels);
      await clearLeftovers(this.output);
      await this.#syncAround(this.partial);
    } catch (error) {
      this.#release();
      if (isNew) await this.discard().catch(() => undefined);
      throw writeError(error, this.output);
    }
  }

  /** Writes metadata files and puts them on the disk. Returns their bytes. */
  async writeDocuments(documents: Documents): Promise<number> {
    let bytes = 0;
    try {
      await Promise.all(
        documents.map(async ([path, text]) => {
          const at = join(this.partial, path);
          await mkdir(dirname(at), { recursive: true });
          await writeSynced(at, text);
          bytes += Buffer.byteLength(text);
        })
      );
      const folders = new Set(documents.map(([path]) => dirname(join(this.partial, path))));
      await Promise.all([...folders].map(syncFolder));
    } catch (error) {
      throw writeError(error, this.output);
    }
    return bytes;
  }

  /** Files are written to the folder that gets the name. */
  get folder(): string {
    return this.partial;
  }

  /** Whether the output is one file. */
  get isArchive(): boolean {
    return isArchiveName(this.output);
  }

  /**
   * Makes one file of what was written, which gets its name by `finish`.
   *
   * @param check throws to end the work
   */
  async pack(version: OmeZarrVersion, check: () => void): Promise<void> {
    try {
      await writeArchive(this.partial, join(this.partial, ARCHIVE), version, isOurs, check);
    } catch (error) {
      throw writeError(error, this.output);
    }
  }

  /** Gives the whole output its name. An output that had it is removed after that, never before. */
  async finish(): Promise<string[]> {
    const previous = previousName(this.output);
    const whole = this.isArchive ? join(this.partial, ARCHIVE) : this.partial;
    try {
      checkReplaceable(this.output, this.#overwrite);
      const replaces = isTaken(this.output);
      if (replaces) renameSync(this.output, previous);
      try {
        // An empty folder that appeared meanwhile would be replaced silently; a full one makes the rename fail.
        renameSync(whole, this.output);
      } catch (error) {
        if (replaces) renameSync(previous, this.output);
        throw error;
      }
      this.#release();
      // After the rename, and when that is on the disk: a conversion that dies in between leaves a whole output, and
      // never an unfinished one that nobody owns.
      if (this.isArchive) {
        await syncFolder(dirname(this.output));
        await remove(this.partial, this.output);
      } else {
        await this.#syncAround(this.output);
        clearFinished(this.output);
        await syncFolder(this.output);
      }
      if (replaces) {
        await remove(previous, this.output);
        await syncFolder(dirname(this.output));
      }
      return [];
    } catch (error) {
      throw writeError(error, this.output);
    }
  }

  /** Leaves what was written to be resumed. Returns whether it is there; nothing is thrown in place of why it ended. */
  keep(): boolean {
    this.#release();
    for (const name of [SCRATCH, ARCHIVE]) withdraw(join(this.partial, name));
    try {
      return isTaken(this.partial);
    } catch {
      // The disk does not answer: nobody has removed it.
      return true;
    }
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    this.#release();
    if (isTaken(this.partial)) await remove(this.partial, this.output);
    if (this.#labels) removeIfEmpty(dirname(this.output));
  }

  /** Puts a folder's names on the disk, its own, and that of the folder of labels, which may be new. */
  async #syncAround(folder: string): Promise<void> {
    const folders = [folder, dirname(folder)];
    if (this.#labels) folders.push(dirname(dirname(folder)));
    await Promise.all(folders.map(syncFolder));
  }

  #release(): void {
    clearInterval(this.#signs);
    active.delete(this.partial);
  }
}

/** Removes what one has left in a whole output who was ended when he had just given it its name. */
export function clearFinished(output: string): void {
  for (const name of readdirSync(output))
    if (isOurs(name)) rmSync(join(output, name), { recursive: true, force: true });
}

/** Gives a folder in the making its name; false where that has another one already. */
function isRenamed(made: string, partial: string, attempt: number): boolean {
  if (isTaken(partial)) return false;
  try {
    renameSync(made, partial);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (attempt > 3 || !['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOTDIR'].includes(code ?? '')) throw error;
    return false;
  }
}

/** Gives a file another name if nothing has that; throws EEXIST otherwise. */
function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (
      !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'].includes(
        (error as NodeJS.ErrnoException).code ?? ''
      )
    )
      throw error;
    // A file system without links.
    if (isTaken(to)) throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    renameSync(from, to);
    return;
  }
  rmSync(from);
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const justTaken = (partial: string): ConvertError =>
  new ConvertError(
    'output-exists',
    `${partial}: another conversion has just taken it over: wait for it, or choose another output`,
    'output'
  );

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something is in it.
  }
}
