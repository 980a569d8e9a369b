import { closeSync, fsync, openSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const syncing = promisify(fsync);

/** Files that are put on the disk at a time: those that wait together wait once. */
const AT_ONCE = 8;

/** Puts the names that a folder holds on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and keeps their entries safe by itself.
  if (process.platform !== 'win32') await sync(folder, 'r');
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

async function sync(path: string, flags: 'r' | 'r+'): Promise<void> {
  const file = openSync(path, flags);
  try {
    await syncing(file);
  } finally {
    closeSync(file);
  }
}

/** Puts every file under a folder on the disk, and the folders that name them; `check` runs before each file. */
export async function syncTree(folder: string, check: () => void): Promise<void> {
  const left = tree(folder);
  const work = async () => {
    for (const { path, isFolder } of left) {
      check();
      await (isFolder ? syncFolder(path) : sync(path, 'r+'));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function* tree(folder: string): Generator<{ path: string; isFolder: boolean }> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* tree(path);
    else yield { path, isFolder: false };
  }
  yield { path: folder, isFolder: true };
}
