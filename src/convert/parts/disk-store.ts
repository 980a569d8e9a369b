import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Json } from '../../model/json.ts';
import { isArchiveName } from '../../model/output-name.ts';
import { readFailure } from '../../reader/common/fail.ts';
import { Destination, clearFinished } from '../../zarr/destination.ts';
import { FINISHED, finishedPlace } from '../../zarr/finished-place.ts';
import { Journal, type JournalRecord } from '../../zarr/journal.ts';
import { findGroup } from '../../zarr/group.ts';
import { clearBeside } from '../../zarr/leftovers.ts';
import { isOmeZarr } from '../../zarr/ome-zarr.ts';
import { PARTS, PLAN, type Running, givingSigns, isOurs, marker, ownerIn, ownerOf } from '../../zarr/owner.ts';
import { asideName, replaceSynced, syncFolder, writeSynced } from '../../zarr/sync.ts';
import { writeError } from '../../zarr/system-errors.ts';
import type { UnfinishedOutput } from '../../zarr/unfinished-output.ts';
import { withdraw } from '../../zarr/withdraw.ts';
import { settled } from './settled.ts';
import type { PartPlace, PartsRun, PartsStore } from './store.ts';

/** Milliseconds in which parts that run have looked whether they are wanted, and ended. */
const ENDING = 5_000;

const RUN = 'run-';
const JOURNAL = 'journal-';

/**
 * An output in parts on a disk. Nobody locks: each run of a part has files of its own, and gives chunks their names
 * when they are whole, so that several write the same over each other.
 */
export class DiskStore implements PartsStore {
  readonly output: string;
  readonly partial: string;
  /** Text of the plan that was read. */
  #read: string | null = null;

  constructor(output: string) {
    this.output = output;
    this.partial = `${output}.partial`;
  }

  async read(name: string): Promise<string | null> {
    const text = ifThere(this.#path(name), path => readFileSync(path, 'utf8'));
    if (name === PLAN) this.#read = text;
    return text;
  }

  async write(name: string, own: string, text: string): Promise<void> {
    const path = this.#path(name);
    try {
      await replaceSynced(path, `${path}-${own}`, text);
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    try {
      rmSync(path, { force: true });
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async image(): Promise<Json | null> {
    return isOmeZarr(this.output) ? findGroup(this.output).json : null;
  }

  async isPlanned(): Promise<boolean> {
    const text = ifThere(this.#path(PLAN), path => readFileSync(path, 'utf8'));
    return text !== null && (this.#read === null || text === this.#read);
  }

  async isOurs(): Promise<boolean> {
    return isOurs(this.partial);
  }

  async finisher(): Promise<Running | null> {
    const owner = ownerOf(this.partial);
    return typeof owner === 'string' ? null : owner;
  }

  async runs(part?: number): Promise<PartsRun[]> {
    const parts = part === undefined ? namesIn(join(this.partial, PARTS)).map(Number) : [part];
    return parts.flatMap(number => {
      const folder = this.#folderOf(number);
      return namesIn(folder)
        .filter(name => name.startsWith(RUN))
        .map(name => ownerIn(folder, name))
        .flatMap(owner => (owner === null || owner === 'stale' ? [] : [{ part: number, ...owner }]));
    });
  }

  async hadSeveral(part: number): Promise<boolean> {
    return namesIn(this.#folderOf(part)).filter(name => name.startsWith(JOURNAL)).length > 1;
  }

  async claim(parts: number, overwrite: boolean, labels: boolean): Promise<UnfinishedOutput> {
    const destination = await Destination.claim(this.output, overwrite, labels);
    try {
      for (let part = 1; part <= parts; part++) mkdirSync(this.#folderOf(part), { recursive: true });
      await syncFolder(this.partial);
      return destination;
    } catch (error) {
      await destination.discard().catch(() => {});
      throw writeError(error, this.partial);
    }
  }

  async enter(part: number, own: string): Promise<PartPlace> {
    const folder = this.#folderOf(part);
    const run = join(folder, RUN + own);
    const journal = JOURNAL + own;
    try {
      makeAnew(folder);
      await writeSynced(run, marker());
    } catch (error) {
      throw writeError(error, this.partial);
    }
    const signs = givingSigns(run);
    return {
      folder: this.partial,
      aside: asideName(own),
      courier: null,
      own: folder,
      journal,
      journals: async () =>
        namesIn(folder)
          .filter(name => name.startsWith(JOURNAL) && name !== journal)
          .map(name => Journal.read<{ id: string }>(folder, name))
          .filter((record): record is JournalRecord<{ id: string }> => record !== null),
      leave: async () => {
        clearInterval(signs);
        withdraw(run);
      }
    };
  }

  takeOver(overwrite: boolean, labels: boolean): Promise<UnfinishedOutput> {
    return Destination.takeOver(this.output, overwrite, labels, { planned: true });
  }

  async clear(): Promise<void> {
    if (!isOmeZarr(this.output)) return;
    if (!isArchiveName(this.output)) clearFinished(this.output);
    await clearBeside(this.output, false);
  }

  /** Without the plan, parts that run end: they would write into one that takes its place. */
  async discard(labels: boolean): Promise<void> {
    const destination = await Destination.takeOver(this.output, true, labels, { planned: true, discards: true });
    try {
      await this.remove(PLAN);
      await Promise.race([settled(this), wait(ENDING, undefined, { ref: false })]);
    } finally {
      await destination.discard();
    }
  }

  close(): void {
    // Nothing is open.
  }

  #path(name: string): string {
    return name === FINISHED ? finishedPlace(this.output) : join(this.partial, name);
  }

  #folderOf(part: number): string {
    return join(this.partial, PARTS, String(part));
  }
}

/** Makes a part's folder where somebody has removed it, and not the output in the making that they are in. */
function makeAnew(folder: string): void {
  for (const path of [dirname(folder), folder])
    try {
      mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
}

const namesIn = (folder: string): string[] => ifThere(folder, path => readdirSync(path)) ?? [];

/** What is read of a path; null where nothing is there. @throws ConvertError where that is not known */
function ifThere<T>(path: string, read: (path: string) => T): T | null {
  try {
    return read(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw readFailure(error, path).with({ field: 'output' });
  }
}
