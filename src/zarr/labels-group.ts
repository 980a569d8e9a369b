import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import type { Json } from '../model/json.ts';
import { omeOf } from '../model/ome-zarr/group.ts';
import { type OmeZarrVersion, zarrFormatOf } from '../model/options.ts';
import { isThere, listFolder } from './files.ts';
import { readImage } from './image.ts';
import { findJson } from './json.ts';
import { isProcess } from './owner.ts';
import { syncFolder, writeSynced } from './sync.ts';
import { writeError } from './system-errors.ts';

/** The folder of an image's label images. */
export const labelsFolder = (parent: string): string => join(parent, 'labels');

type ZarrFormat = 2 | 3;

const fileOf = (parent: string, zarrFormat: ZarrFormat): string =>
  join(labelsFolder(parent), zarrFormat === 3 ? 'zarr.json' : '.zattrs');

/**
 * The metadata of an image's label images as they stand in its file; null where there is none.
 *
 * @throws ConvertError at field `parent` where they cannot be understood, and so not be added to
 */
export function readLabels(parent: string, zarrFormat: ZarrFormat): Json | null {
  const path = fileOf(parent, zarrFormat);
  if (!isThere(path)) return null;
  const document = findJson(path);
  if (document && Array.isArray(listed(document, zarrFormat))) return document;
  throw new ConvertError('bad-option', `${path}: has no list of labels to add to: mend it, or remove it`, 'parent');
}

/** The `labels` of such metadata, empty where none are named yet. */
const listed = (json: Json, zarrFormat: ZarrFormat): unknown => omeOf({ zarrFormat, json }).labels ?? [];

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
    const names = before ? (listed(before, zarrFormat) as string[]) : [];
    const missing = unlisted(before, parent, zarrFormat);
    if (before && missing.length === 0) return [...added];
    for (const name of missing) added.add(name);
    const labels = [...names, ...missing];
    if (zarrFormat === 3) {
      const attributes = (before?.attributes ?? {}) as Json;
      const ome = { ...(attributes.ome as Json | undefined), version, labels };
      const group = { zarr_format: 3, node_type: 'group', ...before };
      await replace(fileOf(parent, zarrFormat), { ...group, attributes: { ...attributes, ome } });
    } else {
      await replace(join(labelsFolder(parent), '.zgroup'), { zarr_format: 2 });
      await replace(fileOf(parent, zarrFormat), { ...before, labels });
    }
  }
}

/** Names that an image's `labels` group has. @throws ConvertError */
export function namesOfLabels(parent: string, zarrFormat: ZarrFormat): string[] {
  const group = readLabels(parent, zarrFormat);
  return group ? (listed(group, zarrFormat) as string[]) : [];
}

/**
 * Names of whole label images of an image that its `labels` group does not have: a conversion may have been ended just
 * before. @throws ConvertError
 */
export const unlistedLabels = (parent: string, zarrFormat: ZarrFormat): string[] =>
  isThere(labelsFolder(parent)) ? unlisted(readLabels(parent, zarrFormat), parent, zarrFormat) : [];

function unlisted(group: Json | null, parent: string, zarrFormat: ZarrFormat): string[] {
  const names = group ? (listed(group, zarrFormat) as string[]) : [];
  return whole(labelsFolder(parent)).filter(name => !names.includes(name));
}

/** Names of the label images in a folder that are not being written or removed. */
function whole(folder: string): string[] {
  return listFolder(folder)
    .filter(entry => entry.isFolder && !/^\.|\.partial(-|$)|\.previous-\d+$/.test(entry.name))
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

/** Writes a file that has its name only when it is whole and on the disk. */
async function replace(path: string, value: Json, attempt = 0): Promise<void> {
  const made = `${path}-${process.pid}-${randomUUID()}`;
  try {
    await writeSynced(made, `${JSON.stringify(value, null, 2)}\n`);
    renameSync(made, path);
    await syncFolder(dirname(path));
  } catch (error) {
    rmSync(made, { force: true });
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
