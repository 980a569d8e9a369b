import { extname, join } from 'node:path';
import { fileKind } from '../common/file-kinds.ts';
import { HeaderBytes } from '../common/header-bytes.ts';

/** Names in a folder. */
export interface Entry {
  name: string;
  isDirectory: boolean;
}

/**
 * What a folder without slices holds, and what to do about it, in words that follow `a folder without TIFF …`: most of
 * its files, by their ending, with what the first of them is; or else its folders.
 */
export async function adviceOnOthers(folder: string, entries: readonly Entry[]): Promise<string> {
  const seen = entries.filter(({ name }) => !name.startsWith('.'));
  const files = seen.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name);
  const folders = seen.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  if (files.length === 0 && folders.length === 0) return ', and empty: choose the folder that holds the slices';
  if (files.length === 0)
    return `, but with folders (${folders.sort()[0]}${folders.length > 1 ? `, and ${folders.length - 1} more` : ''}): choose the folder that holds the slices`;
  const byEnding = Map.groupBy(files, name => extname(name).toLowerCase());
  const [ending, most] = [...byEnding].reduce((a, b) => (b[1].length > a[1].length ? b : a));
  const [first] = most.sort();
  const kind = await kindOf(join(folder, first));
  const what = `${most.length} ${ending === '' ? 'without an ending' : ending}`;
  return kind === null
    ? `, but with ${what} (${first}): choose the folder that holds the slices`
    : `, but with ${what} (${first} is ${kind}): save the slices as TIFF, as ImageJ does of many kinds, or choose the folder that holds them`;
}

async function kindOf(path: string): Promise<string | null> {
  try {
    const file = await HeaderBytes.open(path);
    const kind = fileKind(file);
    file.close();
    return kind;
  } catch {
    return null;
  }
}
