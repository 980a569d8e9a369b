import { withoutEnding } from './file-endings.ts';
import { readable } from './readable.ts';

/** Start that all names share. */
export function commonStart(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}

/**
 * Name of a volume, after its source: a file's name without its ending (`scan` of `scan.ome.tif`), a folder's name, or
 * the start that the names of a list of slices share, without the numbers at its end; where that is empty, the name of
 * their folder.
 *
 * @param source the name of a file or folder, or those of slices; no paths
 * @param folder the name of the folder that they lie in
 * @param isFolder whether a single name is that of a folder, where that is known
 */
export function volumeName(source: string | readonly string[], folder: string, isFolder = false): string {
  if (typeof source === 'string') return (isFolder ? source : withoutEnding(source)) || source || 'volume';
  // Numbers that slices happen to share (`raw_000`) are no part of the name.
  return commonStart(source.map(withoutEnding)).replace(/[\s_.\-0]*\d*$/, '') || folder || 'volume';
}

/** Whether a name is that of an OME-Zarr in one file (RFC-9 of NGFF), also while another takes its name. */
export const isArchiveName = (name: string): boolean => /\.ozx(\.previous-\d+)?$/i.test(name);

/** The name of an output after that of its volume. */
export const outputName = (volume: string): string => `${readable(volume)}.ome.zarr`;
