import { basename, dirname, join, resolve } from 'node:path';
import {
  addressName,
  adviceOnPath,
  bucketAddress,
  isAddress,
  isBucketAddress,
  noBucket,
  shownAddress
} from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import { actualPath, onDisk } from '../reader/common/file-name.ts';
import { imageKind, withoutEnding } from '../model/file-endings.ts';
import { outputName, volumeName } from '../model/output-name.ts';
import { type ConversionSource, isSent } from '../model/source-layout.ts';
import { named } from '../model/words.ts';
import { readable } from '../model/readable.ts';
import { labelsPath } from '../zarr/labels-group.ts';
import { statSync } from 'node:fs';

/** Whether a path is one name alone, and says nothing of where. */
export const isName = (path: string): boolean => !/[\\/]/.test(path) && path !== '.' && path !== '..';

const isFolder = (path: string): boolean => statSync(onDisk(path), { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * A new OME-Zarr that is called as files of voxels are would be taken for one. What is there already is something else
 * to say of.
 *
 * @throws ConvertError `bad-option`
 */
function checkEnding(name: string): void {
  const kind = imageKind(name);
  if (kind && (isAddress(name) || !statSync(onDisk(resolve(name)), { throwIfNoEntry: false })))
    throw new ConvertError(
      'bad-option',
      `${shownAddress(name)}: this is the name of a ${kind} file, and an OME-Zarr is a folder: give a name such as ${outputName(withoutEnding(basename(name)))}`,
      'output'
    );
}

/** An address of a kind that nothing is written to is no path of a new folder. @throws ConvertError `bad-option` */
function checkKind(name: string): void {
  const advice = isAddress(name) ? null : adviceOnPath(name);
  if (advice !== null && !isFolder(dirname(resolve(name))))
    throw new ConvertError('bad-option', `${name}: ${advice}`, 'output');
}

/** The address of an output in a bucket. @throws ConvertError `bad-option` */
function bucketPath(name: string, parent: string | null): string {
  const fail = (message: string) => new ConvertError('bad-option', `${shownAddress(name)}: ${message}`, 'output');
  if (parent !== null && !isBucketAddress(parent))
    throw fail(
      `labels are written into the folder of their image, and not to a bucket: give a name alone, or leave ${named('parent')} out`
    );
  const found = bucketAddress(name);
  if (!found) throw fail(noBucket(name));
  return `s3://${found.bucket}/${found.key}`;
}

/**
 * Absolute path of the output: as given, or `<stem>.ome.zarr` beside the source (`scan.ome.tif` and `scan.tif` give
 * `scan.ome.zarr`, a folder gives `<folder>.ome.zarr` beside it, and a list of slices what all names begin with), or,
 * where that has an address, in the current folder. Of labels of the image `parent`: a name, or `<stem>`, in its
 * `labels` folder.
 */
export function outputPath(given: string | null, source: ConversionSource, parent: string | null): string {
  if (given !== null) {
    const name = readable(given);
    checkKind(name);
    checkEnding(name);
    if (isBucketAddress(name)) return bucketPath(name, parent);
    if (isAddress(name))
      throw new ConvertError(
        'bad-option',
        `${shownAddress(name)}: nothing is written to a server of the web: give a path, or a place in a bucket (s3://BUCKET/NAME.ome.zarr)`,
        'output'
      );
    return parent !== null && isName(name) ? labelsPath(parent, name) : resolve(name);
  }
  if (isSent(source)) throw new ConvertError('bad-option', `${named('output')} must be given`, 'output');
  const [first] = [source].flat();
  if (isAddress(first)) {
    const volume = volumeName(readable(addressName(first)), '');
    return parent !== null ? labelsPath(parent, volume) : resolve(outputName(volume));
  }
  const path = actualPath(resolve(first));
  const folder = readable(dirname(path));
  const name = typeof source === 'string' ? readable(basename(path)) : source.map(each => readable(basename(each)));
  const volume = volumeName(name, basename(folder), typeof source === 'string' && isFolder(path));
  if (parent !== null) return labelsPath(parent, volume);
  if (folder !== dirname(path))
    throw new ConvertError(
      'bad-option',
      `it lies in ${dirname(path)}, whose name is not UTF-8, and no output is written there: rename that folder, or give an output elsewhere`,
      'output'
    );
  return join(folder, outputName(volume));
}
