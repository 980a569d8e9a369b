import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { atOnce } from '../../model/at-once.ts';
import { isDocument } from '../../model/document.ts';
import { ConvertError, cancelled } from '../../model/errors.ts';
import type { RemoteStore } from '../../remote/remote-store.ts';
import type { BucketSide } from '../../remote/s3-error.ts';
import { PART_BYTES } from '../../remote/s3-uploads.ts';
import { Room } from './room.ts';
import { writePieces } from './way.ts';

/** Files of one call that are worked on, or wait for room, at once. */
const AT_ONCE = 24;

/**
 * Brings files of an OME-Zarr at an address into a folder, and takes them away. Where nobody lists them, what is there
 * is known when it is asked for.
 */
export class Fetcher {
  readonly files: [name: string, bytes: number][];
  readonly isListed: boolean;
  /** Names of those that are taken for missing because access to them is denied. */
  readonly denied = new Set<string>();
  readonly #store: RemoteStore;
  readonly #folder: string;
  readonly #side: BucketSide;
  readonly #sizes: Map<string, number>;
  readonly #room = new Room();
  readonly #end = new AbortController();
  readonly #fetching = new Set<Promise<unknown>>();

  /** `files`: names and sizes of all; null: nobody lists them. */
  constructor(store: RemoteStore, folder: string, files: [name: string, bytes: number][] | null, side: BucketSide) {
    this.files = files ?? [];
    this.isListed = files !== null;
    this.#store = store;
    this.#folder = folder;
    this.#side = side;
    this.#sizes = new Map(this.files);
  }

  /** Null where there is no such file, as far as is known. */
  sizeOf(name: string): number | null {
    return this.#sizes.get(name) ?? null;
  }

  /** Whether a file is known to be there of which that holds. */
  hasOne(isWanted: (name: string) => boolean): boolean {
    for (const name of this.#sizes.keys()) if (isWanted(name)) return true;
    return false;
  }

  /** Brings files; where nobody lists them, those that are there. */
  async fetch(names: readonly string[]): Promise<void> {
    const all = atOnce(AT_ONCE, names, name => this.#room.within(this.#heldOf(name), () => this.#bring(name)));
    const settled: Promise<unknown> = Promise.allSettled([all]).then(() => this.#fetching.delete(settled));
    this.#fetching.add(settled);
    await all.catch((error: unknown) => {
      throw ofSide(error, this.#side);
    });
  }

  /** Removes files that were brought. */
  async drop(names: readonly string[]): Promise<void> {
    await Promise.all(names.map(name => rm(join(this.#folder, name), { force: true })));
  }

  /** Nothing is fetched any more, nor gets into the folder, when this ends. */
  async stop(): Promise<void> {
    this.#end.abort(cancelled());
    this.#room.fail(cancelled());
    await Promise.all(this.#fetching);
  }

  /** Bytes of a file that are in memory at once, as far as that is known before. */
  #heldOf(name: string): number {
    const size = this.sizeOf(name) ?? PART_BYTES;
    return isDocument(name) ? size : Math.min(size, PART_BYTES);
  }

  async #bring(name: string): Promise<void> {
    const { signal } = this.#end;
    signal.throwIfAborted();
    const onDenied = () => void this.denied.add(name);
    // Metadata comes whole, as all who read it ask for it.
    const length = isDocument(name) ? undefined : PART_BYTES;
    const read = (offset: number) => this.#store.read(name, { offset, length, onDenied }, signal);
    const first = this.sizeOf(name) === 0 ? null : await read(0);
    if (!first && !this.isListed) return;
    const size = first?.size ?? 0;
    this.#sizes.set(name, size);
    const gone = `${this.#store.name}/${name}: it was removed meanwhile: start over`;
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      if (first) yield first.bytes;
      for (let offset = length ?? size; offset < size; offset += length ?? size) {
        const piece = await read(offset);
        if (!piece) throw new ConvertError('not-found', gone);
        yield piece.bytes;
      }
    };
    await writePieces(join(this.#folder, name), pieces());
  }
}

/** An error of reading, which takes all that is read for a source, as that of the side that it is on. */
export const ofSide = (error: unknown, side: BucketSide): unknown =>
  error instanceof ConvertError && error.field === 'source' && side !== 'source' ? error.with({ field: side }) : error;
