import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, readFailure } from './fail.ts';

const SLICE = /\.(tiff?|btf|tf2|tf8)$/i;

/**
 * Paths of the TIFF files of a folder in natural order (`slice_9` before `slice_10`). Hidden files and others are left out.
 *
 * @throws ConvertError `unreadable`, `no-pages` when there is none
 */
export async function listSlices(folder: string): Promise<string[]> {
  let names: string[];
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    names = entries
      .filter(entry => !entry.isDirectory() && !entry.name.startsWith('.') && SLICE.test(entry.name))
      .map(entry => entry.name);
  } catch (error) {
    throw readFailure(error, folder);
  }
  if (names.length === 0)
    throw fail(
      'no-pages',
      folder,
      'a folder without TIFF files (.tif, .tiff, .btf, .tf2, .tf8): choose the folder that holds the slices'
    );
  const { compare } = new Intl.Collator('en', { numeric: true });
  names.sort((a, b) => compare(a, b) || (a < b ? -1 : 1));
  return names.map(name => join(folder, name));
}
