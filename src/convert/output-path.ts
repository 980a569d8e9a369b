import { basename, dirname, join, resolve } from 'node:path';
import { statSync } from 'node:fs';

/** Endings that come off a file's name to leave its stem; `.ome.tif` before `.tif`. */
const ENDING = /(\.ome)?\.(tiff?|btf|tf2|tf8)$/i;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Absolute path of the output: as given, or `<stem>.ome.zarr` beside the source (`scan.ome.tif` and `scan.tif` give `scan.ome.zarr`,
 * a folder gives `<folder>.ome.zarr` beside it, and a list of slices goes by its first).
 */
export function outputPath(given: string | null, source: string | string[]): string {
  if (given !== null) return resolve(given);
  const path = resolve(typeof source === 'string' ? source : source[0]);
  const stem = isFolder(path) ? basename(path) : basename(path).replace(ENDING, '');
  return join(dirname(path), `${stem || 'volume'}.ome.zarr`);
}
