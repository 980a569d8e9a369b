import { closeSync, fstatSync, fsync, fsyncSync, openSync, readdirSync, renameSync, rmSync, stat } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { atOnce } from '../model/at-once.ts';
import { withdraw } from './withdraw.ts';

const syncing = promisify(fsync);
const looking = promisify(stat);

/** Files that are put on the disk at a time: those that wait together wait once. */
const AT_ONCE = 8;

/** Puts the names that a folder holds on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and keeps their entries safe by itself.
  if (process.platform !== 'win32') await sync(folder, 'r');
}

/** The same at once. */
export function syncFolderNow(folder: string): void {
  if (process.platform === 'win32') return;
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes a file and puts it on the disk; not yet its name, which its folder has. */
export async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a file that has its name only when it is whole and on the disk, and is called `made` until then. */
export async function replaceSynced(path: string, made: string, text: string): Promise<void> {
  try {
    await writeSynced(made, text);
    renameSync(made, path);
    await syncFolder(dirname(path));
  } catch (error) {
    withdraw(made);
    throw error;
  }
}

/** Puts a file that is there on the disk; its bytes. */
export const syncFile = (path: string): Promise<number> => sync(path, 'r+');

async function sync(path: string, flags: 'r' | 'r+'): Promise<number> {
  const file = openSync(path, flags);
  try {
    await syncing(file);
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

/**
 * Puts every file under a folder on the disk, unless they are only `looked at`, because they are there, and the folders
 * that name them; `check` runs before each file. What a process left that was killed while it wrote a file is removed.
 * The bytes of the files.
 */
export async function syncTree(folder: string, files: 'put' | 'looked at', check: () => void): Promise<number> {
  let bytes = 0;
  await atOnce(AT_ONCE, tree(folder), async ({ path, isFolder }) => {
    check();
    if (isFolder) await syncFolder(path);
    else if (isAside(path)) rmSync(path, { force: true });
    else {
      const length = files === 'put' ? await syncFile(path) : (await looking(path)).size;
      if (isChunk(path)) bytes += length;
    }
  });
  return bytes;
}

/** Suffix of the names of files that one process has not written whole yet; see `WriteJob`. */
export const asideName = (id: string): string => `.~${id}`;
const isChunk = (path: string): boolean => /^\d+$/.test(basename(path));
const isAside = (path: string): boolean => /\.~[0-9a-f-]+$/.test(path);

function* tree(folder: string): Generator<{ path: string; isFolder: boolean }> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* tree(path);
    else yield { path, isFolder: false };
  }
  yield { path: folder, isFolder: true };
}
