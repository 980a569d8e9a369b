// Files of OME-Zarrs, in folders or in one file: a path leads on into an archive as it does into a folder.
import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, sep } from 'node:path';
import { isArchiveName } from '../model/output-name.ts';
import { Archive, type ArchiveName } from './archive/archive.ts';

/** The archive that a path leads to or into, and the way in it; null where it is about none. */
function archiveIn(path: string): { archive: string; inside: string } | null {
  if (!/\.ozx/i.test(path)) return null;
  for (let at = path; dirname(at) !== at; at = dirname(at))
    if (isArchiveName(basename(at)) && statSync(at, { throwIfNoEntry: false })?.isFile())
      return {
        archive: at,
        inside: path
          .slice(at.length + 1)
          .split(sep)
          .join('/')
      };
  return null;
}

/** Whether there is a file or a folder of that path. */
export function isThere(path: string): boolean {
  const found = archiveIn(path);
  if (!found) return existsSync(path);
  const archive = Archive.of(found.archive);
  return archive.sizeOf(found.inside) !== null || archive.namesIn(found.inside) !== null;
}

/** Names in a folder. @throws what `readdirSync` does */
export function listFolder(path: string): ArchiveName[] {
  const found = archiveIn(path);
  const names = found && Archive.of(found.archive).namesIn(found.inside);
  if (names) return names;
  return readdirSync(path, { withFileTypes: true }).map(entry => ({ name: entry.name, isFolder: entry.isDirectory() }));
}

/** Names and sizes of all files under a folder of an archive; null for a path that leads into none. */
export function archivedUnder(path: string): [name: string, bytes: number][] | null {
  const found = archiveIn(path);
  if (!found) return null;
  const prefix = found.inside === '' ? '' : `${found.inside}/`;
  const files = Archive.of(found.archive).files();
  return files.flatMap(
    ({ name, size }) =>
      (name.startsWith(prefix) ? [[name.slice(prefix.length), size] as const] : []) as [string, number][]
  );
}

/** A file to be read: its bytes are the `size` ones from `start` of what is open as `file`. */
export interface ReadableFile {
  file: number;
  start: number;
  size: number;
  /** Whether it is a file, and not a pipe or a folder. */
  isFile: boolean;
}

/** Opens a file to be read; `file` is to be closed. @throws what `openSync` does, as ENOENT where there is none */
export function openFile(path: string): ReadableFile {
  const found = archiveIn(path);
  if (found && found.inside !== '') {
    const opened = Archive.of(found.archive).open(found.inside);
    if (opened) return { ...opened, isFile: true };
    throw Object.assign(new Error(`${path} is not there`), { code: 'ENOENT' });
  }
  // Of a pipe, nobody may ever write to the other end.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const status = fstatSync(file);
    return { file, start: 0, size: status.size, isFile: status.isFile() };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
