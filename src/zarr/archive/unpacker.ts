import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { atOnce } from '../../model/at-once.ts';
import { cancelled } from '../../model/errors.ts';
import type { RemoteStore } from '../../remote/remote-store.ts';
import { PART_BYTES } from '../../remote/s3-uploads.ts';

/** Requests that are on their way at once. */
const AT_ONCE = 24;

/** Brings files of an OME-Zarr in one file at an address into a folder, and takes them away. */
export class Unpacker {
  readonly files: [name: string, bytes: number][];
  readonly #store: RemoteStore;
  readonly #folder: string;
  readonly #sizes: Map<string, number>;
  readonly #end = new AbortController();
  readonly #fetching = new Set<Promise<unknown>>();

  constructor(store: RemoteStore, folder: string, files: [name: string, bytes: number][]) {
    this.files = files;
    this.#store = store;
    this.#folder = folder;
    this.#sizes = new Map(files);
  }

  /** Null where there is no such file. */
  sizeOf(name: string): number | null {
    return this.#sizes.get(name) ?? null;
  }

  async fetch(names: readonly string[]): Promise<void> {
    const all = atOnce(AT_ONCE, names, name => this.#bring(name));
    const settled: Promise<unknown> = Promise.allSettled([all]).then(() => this.#fetching.delete(settled));
    this.#fetching.add(settled);
    await all;
  }

  /** Removes files that were brought. */
  async drop(names: readonly string[]): Promise<void> {
    await Promise.all(names.map(name => rm(join(this.#folder, name), { force: true })));
  }

  /** Nothing is fetched any more, nor gets into the folder, when this ends. */
  async stop(): Promise<void> {
    this.#end.abort(cancelled());
    await Promise.all(this.#fetching);
  }

  async #bring(name: string): Promise<void> {
    this.#end.signal.throwIfAborted();
    const size = this.#sizes.get(name) ?? 0;
    const path = join(this.#folder, name);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w');
    try {
      for (let offset = 0; offset < size; offset += PART_BYTES) {
        const found = await this.#store.read(name, { offset, length: PART_BYTES }, this.#end.signal);
        if (found) await file.write(found.bytes, 0, found.bytes.length, offset);
      }
    } finally {
      await file.close();
    }
  }
}
