import { closeSync, openSync, statSync } from 'node:fs';
import { type ArchiveEntry, bytesAt, localBytes, readDirectory, startOf } from '../../zip/directory.ts';
import { stateOf } from '../../model/file-state.ts';

/** A name in a folder of an archive. */
export interface ArchiveName {
  name: string;
  isFolder: boolean;
}

/** An OME-Zarr in one file (`.ozx`), whose files are found by their names. */
export class Archive {
  readonly path: string;
  readonly #files = new Map<string, ArchiveEntry>();
  /** By a folder's name, which is empty for the root: whether its names are folders. */
  readonly #folders = new Map<string, Map<string, boolean>>([['', new Map<string, boolean>()]]);

  /** @throws ConvertError as `readDirectory` does */
  private constructor(path: string, entries: readonly ArchiveEntry[]) {
    this.path = path;
    for (const entry of entries) {
      this.#files.set(entry.name, entry);
      const parts = entry.name.split('/');
      for (let depth = 0; depth < parts.length; depth++) {
        const folder = parts.slice(0, depth).join('/');
        const names = this.#folders.get(folder) ?? new Map<string, boolean>();
        this.#folders.set(folder, names);
        names.set(parts[depth], depth < parts.length - 1);
      }
    }
  }

  /** The archive of that path as it is now; it is read again where it has changed. */
  static of(path: string): Archive {
    const state = stateOf(statSync(path, { bigint: true }));
    const kept = OPENED.get(path);
    if (kept?.state === state) return kept.archive;
    OPENED.delete(path);
    const file = openSync(path, 'r');
    try {
      const archive = new Archive(path, readDirectory(path, file));
      OPENED.set(path, { state, archive });
      if (OPENED.size > MOST_OPENED) OPENED.delete(OPENED.keys().next().value!);
      return archive;
    } finally {
      closeSync(file);
    }
  }

  /** The size of a file; null where there is none of that name. */
  sizeOf(name: string): number | null {
    return this.#files.get(name)?.size ?? null;
  }

  files(): ArchiveEntry[] {
    return [...this.#files.values()];
  }

  /** Names in a folder; null where there is no such folder. */
  namesIn(folder: string): ArchiveName[] | null {
    const names = this.#folders.get(folder);
    return names ? [...names].map(([name, isFolder]) => ({ name, isFolder })) : null;
  }

  /** Where the bytes of a file are in the archive; null where there is none. @throws ConvertError as `open` does */
  placeOf(name: string): { start: number; size: number } | null {
    const opened = this.open(name);
    if (!opened) return null;
    const { file, start, size } = opened;
    closeSync(file);
    return { start, size };
  }

  /**
   * Opens the archive at a file in it, whose bytes are the `size` ones from `start`; null where there is none.
   *
   * @throws ConvertError `corrupt` where something else lies there
   */
  open(name: string): { file: number; start: number; size: number } | null {
    const entry = this.#files.get(name);
    if (!entry) return null;
    const file = openSync(this.path, 'r');
    try {
      const header = bytesAt(file, entry.header, entry.header + localBytes(entry));
      return { file, start: startOf(this.path, entry, header), size: entry.size };
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }
}

const OPENED = new Map<string, { state: string; archive: Archive }>();
/** An image's, and those that it is compared with. */
const MOST_OPENED = 4;
