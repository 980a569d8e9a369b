import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { adviceOnPath } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import { isObject } from '../model/json.ts';
import {
  BARE_ARRAY,
  BARE_GROUP,
  type GroupDocument,
  type Several,
  seriesIn,
  severalIn,
  severalInWords
} from '../model/ome-zarr/group.ts';
import { type ImageMetadata, MetadataError, namesImage, parseImage } from '../model/ome-zarr/image.ts';
import { option } from '../model/words.ts';
import { isThere, listFolder } from './files.ts';
import { readGroup } from './group.ts';
import { isOmeZarr } from './ome-zarr.ts';
import { PLAN } from './owner.ts';

/** Metadata of an OME-Zarr image in a folder, read back. */
export interface StoredImage extends ImageMetadata {
  /** The file that holds it. */
  document: string;
  /** Whether a copy of all metadata under it lies at its root. */
  consolidated: boolean;
}

/**
 * Reads the metadata of an OME-Zarr image, 0.1 to 0.6.
 *
 * @throws ConvertError `not-found`, `unreadable`, `corrupt`, `output-not-ome-zarr`, `unsupported`
 */
export function readImage(folder: string): StoredImage {
  if (folder.endsWith('.partial'))
    throw new ConvertError(
      'output-not-ome-zarr',
      existsSync(join(folder, PLAN))
        ? `${folder}: is converted in parts, which are not finished: finish them first (microct-io-vis finish)`
        : `${folder}: is what an unfinished conversion has written so far: finish it with ${option('resume')} first`,
      'output'
    );
  if (!isThere(folder))
    throw new ConvertError(
      'not-found',
      `${folder}: there is no such folder: ${adviceOnPath(folder) ?? 'give the path of an OME-Zarr'}`,
      'output'
    );
  const { path, ...group } = readGroup(folder);
  const several = namesImage(group) ? null : allIn(folder, group);
  if (!several?.kind && !isOmeZarr(folder)) throw noImage(folder, group);
  if (several) throw new ConvertError('unsupported', `${path}: ${severalInWords(several)}`, 'output');
  const { zarrFormat, json } = group;
  const consolidated = zarrFormat === 3 ? isObject(json.consolidated_metadata) : isThere(join(folder, '.zmetadata'));
  try {
    return { document: path, consolidated, ...parseImage(group) };
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    throw new ConvertError(error.code, error.message, 'output', { about: path });
  }
}

/** The images of a group that holds several: those of a collection by its group OME, or by their numbers. */
function allIn(folder: string, group: GroupDocument): Several {
  const several = severalIn(group);
  if (several.paths) return several;
  let listed: string[] | null = null;
  try {
    listed = seriesIn(readGroup(join(folder, 'OME')));
  } catch {
    // The numbers tell as much.
  }
  const numbered = () => listFolder(folder).flatMap(({ name }) => (/^\d+$/.test(name) ? [name] : []));
  return { ...several, paths: listed ?? numbered().sort((a, b) => Number(a) - Number(b)) };
}

/** Error about a folder that is no OME-Zarr, by what it is instead. */
function noImage(folder: string, { json }: GroupDocument): ConvertError {
  const fail = (message: string) => new ConvertError('output-not-ome-zarr', `${folder}: ${message}`, 'output');
  if (json.node_type === 'array' || isThere(join(folder, '.zarray'))) {
    const image = [dirname(folder), dirname(dirname(folder))].find(isOmeZarr);
    return fail(image ? `is an array of the OME-Zarr ${image}: give the path of that` : BARE_ARRAY);
  }
  if (json.node_type === 'group' || isThere(join(folder, '.zgroup')) || isThere(join(folder, '.zattrs')))
    return fail(
      basename(folder) === 'labels' && isOmeZarr(dirname(folder))
        ? 'is a group of labels that names none of them: give the path of the image above'
        : BARE_GROUP
    );
  return fail('is not an OME-Zarr: neither zarr.json nor .zattrs in it names an image');
}
