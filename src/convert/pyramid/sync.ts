import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Puts the names that a folder holds on the disk. */
export function syncFolder(folder: string): void {
  // Windows opens no folders, and keeps their entries safe by itself.
  if (process.platform !== 'win32') sync(folder, 'r');
}

function sync(path: string, flags: 'r' | 'r+'): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Puts every file under a folder on the disk, and the folders that name them; `check` runs before each file. */
export function syncTree(folder: string, check: () => void): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    check();
    const path = join(folder, entry.name);
    if (entry.isDirectory()) syncTree(path, check);
    else sync(path, 'r+');
  }
  syncFolder(folder);
}
