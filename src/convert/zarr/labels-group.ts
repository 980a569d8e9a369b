import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ConvertError } from '../errors.ts';
import type { OmeZarrVersion } from '../options.ts';
import { syncFolder } from './sync.ts';
import { readImage } from './image.ts';
import { writeError } from './system-errors.ts';

type Json = Record<string, unknown>;

/** The folder of an image's label images. */
export const labelsFolder = (parent: string): string => join(parent, 'labels');

const fileOf = (parent: string, version: OmeZarrVersion): string =>
  join(labelsFolder(parent), version === '0.5' ? 'zarr.json' : '.zattrs');

/**
 * The metadata of an image's label images as they stand in its file; null where there is none.
 *
 * @throws ConvertError at field `parent` where they cannot be understood, and so not be added to
 */
export function readLabels(parent: string, version: OmeZarrVersion): Json | null {
  const path = fileOf(parent, version);
  if (!existsSync(path)) return null;
  try {
    const document = JSON.parse(readFileSync(path, 'utf8')) as Json;
    if (Array.isArray(listed(document, version))) return document;
  } catch {
    // As where there is no list.
  }
  throw new ConvertError('bad-option', `${path}: has no list of labels to add to: mend it, or remove it`, 'parent');
}

/** The `labels` of such metadata, empty where none are named yet. */
function listed(document: Json, version: OmeZarrVersion): unknown {
  const attributes = version === '0.5' ? (document.attributes as Json | undefined)?.ome : document;
  return ((attributes ?? {}) as Json).labels ?? [];
}

/**
 * Names all whole label images of an image in its `labels` group, which comes into being with the first. What else the group says stays, and so
 * do names of what is not here. Where several conversions do this at once, the last to write sees what all have made.
 *
 * @param parent folder of the image
 * @throws ConvertError
 */
export async function listLabels(parent: string, version: OmeZarrVersion): Promise<void> {
  for (;;) {
    const before = readLabels(parent, version);
    const names = before ? (listed(before, version) as string[]) : [];
    const missing = whole(labelsFolder(parent)).filter(name => !names.includes(name));
    if (before && missing.length === 0) return;
    const labels = [...names, ...missing];
    if (version === '0.5') {
      const attributes = (before?.attributes ?? {}) as Json;
      const ome = { ...(attributes.ome as Json | undefined), version, labels };
      const group = { zarr_format: 3, node_type: 'group', ...before };
      await replace(fileOf(parent, version), { ...group, attributes: { ...attributes, ome } });
    } else {
      await replace(join(labelsFolder(parent), '.zgroup'), { zarr_format: 2 });
      await replace(fileOf(parent, version), { ...before, labels });
    }
  }
}

/** Names of the label images in a folder that are not being written or removed. */
function whole(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !/^\.|\.partial(-|$)|\.previous-\d+$/.test(entry.name))
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
async function replace(path: string, value: Json): Promise<void> {
  const made = `${path}-${randomUUID()}`;
  try {
    const file = await open(made, 'w');
    try {
      await file.writeFile(`${JSON.stringify(value, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(made, path);
    await syncFolder(join(path, '..'));
  } catch (error) {
    rmSync(made, { force: true });
    throw writeError(error, path);
  }
}
