import { basename, dirname, join, resolve } from 'node:path';
import { labelsFolder } from './zarr/labels-group.ts';
import { statSync } from 'node:fs';

/** Endings that come off a file's name to leave its stem; `.ome.tif` before `.tif`. */
const ENDING = /(\.ome)?\.(tiff?|btf|tf2|tf8|bmp|png)$/i;

/** Whether a path is one name alone, and says nothing of where. */
export const isName = (path: string): boolean => !/[\\/]/.test(path) && path !== '.' && path !== '..';

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Absolute path of the output: as given, or `<stem>.ome.zarr` beside the source (`scan.ome.tif` and `scan.tif` give `scan.ome.zarr`,
 * a folder gives `<folder>.ome.zarr` beside it, and a list of slices goes by its first). Of labels of the image `parent`: a name, or `<stem>`,
 * in its `labels` folder.
 */
export function outputPath(given: string | null, source: string | string[], parent: string | null): string {
  if (given !== null) return parent !== null && isName(given) ? join(labelsFolder(parent), given) : resolve(given);
  const path = resolve(typeof source === 'string' ? source : source[0]);
  const stem = isFolder(path) ? basename(path) : basename(path).replace(ENDING, '');
  return parent === null
    ? join(dirname(path), `${stem || 'volume'}.ome.zarr`)
    : join(labelsFolder(parent), stem || 'volume');
}
