import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DOCUMENTS, isDocument } from '../model/document.ts';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import { isObject } from '../model/json.ts';
import { omeOf } from '../model/ome-zarr/group.ts';
import { listFolder } from './files.ts';
import { findGroup } from './group.ts';
import { readJson } from './json.ts';
import { isOmeZarr } from './ome-zarr.ts';
import { taken } from './ownership.ts';

/** Most names that a sentence lists; the others are counted. */
const MOST_NAMED = 5;
/** Errors of an output whose name something has. */
export const IN_THE_WAY: readonly ErrorCode[] = ['output-exists', 'output-not-ome-zarr'];

/** Some names, and how many more there are. */
export const someOf = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '');

/** Names in a folder, of which there are none where it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return listFolder(folder)
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/** Whether anything has that name, also a symbolic link that leads nowhere. */
export const isTaken = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Whether there is nothing but an empty folder of that name. */
function isEmptyFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory() && readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

/** Target of a symbolic link; null for all else. */
export function linkTarget(path: string): string | null {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return null;
  }
}

/**
 * Says whether the name is free, or what has it may be replaced. An empty folder is nothing.
 *
 * @throws ConvertError `output-exists` where that was not said; `output-not-ome-zarr` where it may not be
 */
export function checkReplaceable(output: string, overwrite: boolean): void {
  if (!isTaken(output) || isEmptyFolder(output)) return;
  if (isSurelyOmeZarr(output)) {
    if (overwrite) return;
    throw taken(output);
  }
  const unread = unreadIn(output);
  const target = linkTarget(output);
  const is = target === null ? 'is' : `is a symbolic link to ${target}, which is`;
  throw new ConvertError(
    'output-not-ome-zarr',
    unread === null
      ? `exists already, and ${is} not an OME-Zarr, so it is not overwritten: choose another output, or remove it yourself`
      : `exists already, and is not overwritten, since it cannot be seen whether it is an OME-Zarr (${unread}): choose another output`,
    'output',
    { about: output }
  );
}

/** Whether there is an OME-Zarr whose metadata can be read. */
function isSurelyOmeZarr(output: string): boolean {
  try {
    return isOmeZarr(output);
  } catch (error) {
    if (error instanceof ConvertError) return false;
    throw error;
  }
}

/** What keeps the metadata of a group from being read; null where there is none, or nothing does. */
function unreadIn(output: string): string | null {
  for (const name of ['zarr.json', '.zattrs'])
    try {
      readJson(join(output, name));
    } catch (error) {
      if (!(error instanceof ConvertError)) throw error;
      if (error.code !== 'not-found') return error.said;
    }
  return null;
}

/**
 * Losses beside the image when an OME-Zarr is replaced: a sentence each. Of a symbolic link to one only the link goes.
 *
 * @param output what has the output's name, if anything has
 */
export function goesWith(output: string): string[] {
  if (!isSurelyOmeZarr(output)) return [];
  const target = linkTarget(output);
  if (target !== null)
    return [
      `${output} is a symbolic link: the link is replaced by the new OME-Zarr, and ${target}, to which it points, stays as it is.`
    ];
  const { levels, kind } = describe(output);
  const labels = namesIn(join(output, 'labels')).filter(name => !isDocument(name));
  const inLevels = levels.flatMap(level =>
    namesIn(join(output, level))
      .filter(name => !isDocument(name) && name !== 'c' && !/^\d+(\.\d+)*$/.test(name))
      .map(name => `${level}/${name}`)
  );
  const known = new Set([...DOCUMENTS, 'labels', ...levels.map(level => level.split('/')[0])]);
  const others = [...namesIn(output).filter(name => !known.has(name)), ...inLevels];
  return [
    ...(kind ? [`${output} is a ${kind}, and is replaced with all that is in it: ${someOf(others)}.`] : []),
    ...(labels.length > 0 ? [`${output} is replaced with all that is in it, its labels too: ${someOf(labels)}.`] : []),
    ...(!kind && others.length > 0
      ? [`${output} is replaced with all that is in it, also with what is no part of its image: ${someOf(others)}.`]
      : [])
  ];
}

/** The arrays of an OME-Zarr's image, and what it is if it holds several images. */
function describe(output: string): { levels: string[]; kind: string | null } {
  const ome = omeOf(findGroup(output));
  const { multiscales, plate, well } = ome;
  const levels = (Array.isArray(multiscales) ? multiscales : [])
    .flatMap(image => (isObject(image) && Array.isArray(image.datasets) ? (image.datasets as unknown[]) : []))
    .map(dataset => (isObject(dataset) ? dataset.path : null))
    .filter(path => typeof path === 'string');
  const isSeveral = 'bioformats2raw.layout' in ome || 'series' in ome || levels.length === 0;
  return { levels, kind: plate ? 'plate' : well ? 'well of a plate' : isSeveral ? 'collection of images' : null };
}
