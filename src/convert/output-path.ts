import { basename, dirname, join, resolve } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import { actualPath, onDisk } from '../reader/common/file-name.ts';
import { readable } from '../model/readable.ts';
import { labelsFolder } from '../zarr/labels-group.ts';
import { statSync } from 'node:fs';

/** Endings that come off a file's name to leave its stem; `.ome.tif` before `.tif`. */
const ENDING = /(\.ome)?\.(tiff?|btf|tf2|tf8|bmp|png)$/i;

/** Whether a path is one name alone, and says nothing of where. */
export const isName = (path: string): boolean => !/[\\/]/.test(path) && path !== '.' && path !== '..';

const isFolder = (path: string): boolean => statSync(onDisk(path), { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Absolute path of the output: as given, or `<stem>.ome.zarr` beside the source (`scan.ome.tif` and `scan.tif` give `scan.ome.zarr`,
 * a folder gives `<folder>.ome.zarr` beside it, and a list of slices goes by its first). Of labels of the image `parent`: a name, or `<stem>`,
 * in its `labels` folder.
 */
export function outputPath(given: string | null, source: string | string[], parent: string | null): string {
  if (given !== null) {
    const name = readable(given);
    return parent !== null && isName(name) ? join(labelsFolder(parent), name) : resolve(name);
  }
  const path = actualPath(resolve(typeof source === 'string' ? source : source[0]));
  const name = readable(basename(path));
  const stem = isFolder(path) ? name : name.replace(ENDING, '');
  if (parent === null && readable(dirname(path)) !== dirname(path))
    throw new ConvertError(
      'bad-option',
      `it lies in ${dirname(path)}, whose name is not UTF-8, and no output is written there: rename that folder, or give an output elsewhere`,
      'output'
    );
  return parent === null
    ? join(dirname(path), `${stem || 'volume'}.ome.zarr`)
    : join(labelsFolder(parent), stem || 'volume');
}
