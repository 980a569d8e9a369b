import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import type { Json } from '../model/json.ts';
import { omeOf } from '../model/ome-zarr/group.ts';
import { type OmeZarrVersion, zarrFormatOf } from '../model/options.ts';
import { isThere, listFolder } from './files.ts';
import { readImage } from './image.ts';
import { findJson } from './json.ts';
import { isProcess } from './owner.ts';
import { replaceSynced } from './sync.ts';
import { writeError } from './system-errors.ts';

/** The folder of an image's label images, which may have an address. */
export const labelsFolder = (parent: string): string =>
  isAddress(parent) ? `${parent}/labels` : join(parent, 'labels');

/** The place of one of them. */
export const labelsPath = (parent: string, name: string): string =>
  isAddress(parent) ? `${labelsFolder(parent)}/${name}` : join(labelsFolder(parent), name);

export type ZarrFormat = 2 | 3;

/** The file of the group that lists them. */
export const listFile = (zarrFormat: ZarrFormat): string => (zarrFormat === 3 ? 'zarr.json' : '.zattrs');

const fileOf = (parent: string, zarrFormat: ZarrFormat): string => labelsPath(parent, listFile(zarrFormat));

/**
 * The metadata of an image's label images as they stand in its file; null where there is none.
 *
 * @throws ConvertError at field `parent` where they cannot be understood, and so not be added to
 */
export function readLabels(parent: string, zarrFormat: ZarrFormat): Json | null {
  const path = fileOf(parent, zarrFormat);
  if (!isThere(path)) return null;
  return checkedList(path, findJson(path), zarrFormat);
}

/** Such metadata, if there is a list in them. @throws ConvertError at field `parent` */
export function checkedList(path: string, document: Json | null, zarrFormat: ZarrFormat): Json {
  if (document && Array.isArray(listed(document, zarrFormat))) return document;
  throw new ConvertError('bad-option', `${path}: has no list of labels to add to: mend it, or remove it`, 'parent');
}

/** The `labels` of such metadata, empty where none are named yet. */
const listed = (json: Json, zarrFormat: ZarrFormat): unknown => omeOf({ zarrFormat, json }).labels ?? [];

/** The same of metadata that were checked. */
export const listedIn = (group: Json | null, zarrFormat: ZarrFormat): string[] =>
  group ? (listed(group, zarrFormat) as string[]) : [];

/** The files of the group, in the order in which they are written, with another list. */
export function listDocuments(
  before: Json | null,
  version: OmeZarrVersion,
  labels: string[]
): [name: string, json: Json][] {
  const zarrFormat = zarrFormatOf(version);
  const file = listFile(zarrFormat);
  if (zarrFormat === 2)
    return [
      ['.zgroup', { zarr_format: 2 }],
      [file, { ...before, labels }]
    ];
  const attributes = (before?.attributes ?? {}) as Json;
  const ome = { ...(attributes.ome as Json | undefined), version, labels };
  const group = { zarr_format: 3, node_type: 'group', ...before };
  return [[file, { ...group, attributes: { ...attributes, ome } }]];
}

/** Metadata as they stand in a file. */
export const asText = (json: Json): string => `${JSON.stringify(json, null, 2)}\n`;

/** Whether a name in the folder may be that of a label image, and not of one that is being written or removed. */
export const isLabelsName = (name: string): boolean => !/^\.|\.partial(-|$)|\.previous-\d+$/.test(name);

/**
 * Names all whole label images of an image in its `labels` group, which comes into being with the first. What else the
 * group says stays, and so do names of what is not here. Where several conversions do this at once, the last to write
 * sees what all have made.
 *
 * @param parent folder of the image
 * @returns the names that were not listed before
 * @throws ConvertError
 */
export async function listLabels(parent: string, version: OmeZarrVersion): Promise<string[]> {
  clearReplacing(labelsFolder(parent));
  const zarrFormat = zarrFormatOf(version);
  for (const added = new Set<string>(); ;) {
    const before = readLabels(parent, zarrFormat);
    const missing = unlisted(before, parent, zarrFormat);
    if (before && missing.length === 0) return [...added];
    for (const name of missing) added.add(name);
    const labels = [...listedIn(before, zarrFormat), ...missing];
    for (const [name, json] of listDocuments(before, version, labels)) await replace(labelsPath(parent, name), json);
  }
}

/** Names that an image's `labels` group has. @throws ConvertError */
export const namesOfLabels = (parent: string, zarrFormat: ZarrFormat): string[] =>
  listedIn(readLabels(parent, zarrFormat), zarrFormat);

/**
 * Names of whole label images of an image that its `labels` group does not have: a conversion may have been ended just
 * before. @throws ConvertError
 */
export const unlistedLabels = (parent: string, zarrFormat: ZarrFormat): string[] =>
  isThere(labelsFolder(parent)) ? unlisted(readLabels(parent, zarrFormat), parent, zarrFormat) : [];

function unlisted(group: Json | null, parent: string, zarrFormat: ZarrFormat): string[] {
  const names = listedIn(group, zarrFormat);
  return whole(labelsFolder(parent)).filter(name => !names.includes(name));
}

/** Names of the label images in a folder that are not being written or removed. */
function whole(folder: string): string[] {
  return listFolder(folder)
    .filter(entry => entry.isFolder && isLabelsName(entry.name))
    .map(({ name }) => name)
    .filter(name => isLabelImage(join(folder, name)))
    .sort();
}

function isLabelImage(folder: string): boolean {
  try {
    return readImage(folder).labels;
  } catch {
    return false;
  }
}

/** See `replaceSynced`. */
async function replace(path: string, value: Json, attempt = 0): Promise<void> {
  try {
    await replaceSynced(path, `${path}-${process.pid}-${randomUUID()}`, asText(value));
  } catch (error) {
    // Another machine may have taken it for what an ended run left.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && attempt < 3) return replace(path, value, attempt + 1);
    throw writeError(error, path);
  }
}

/** Removes what runs that were ended while they replaced a file have left of it. */
function clearReplacing(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [found, pid] =
      /^(?:zarr\.json|\.zattrs|\.zgroup)-(?:(\d+)-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.exec(name) ?? [];
    if (found && !isProcess(Number(pid ?? NaN))) rmSync(join(folder, name), { force: true });
  }
}
