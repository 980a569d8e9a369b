import { join } from 'node:path';
import type { Json } from '../model/json.ts';
import type { GroupDocument } from '../model/ome-zarr/group.ts';
import { isThere } from './files.ts';
import { findJson, readJson } from './json.ts';

/**
 * The file that says what the group in a folder is: `zarr.json`, or `.zattrs` where there is only that.
 *
 * @throws ConvertError as `readJson` does; of a folder without either, nothing is said
 */
export const readGroup = (folder: string): GroupDocument & { path: string } => groupBy(folder, readJson);

/** The same; an empty one where the file cannot be understood. */
export const findGroup = (folder: string): GroupDocument => groupBy(folder, path => findJson(path) ?? {});

function groupBy(folder: string, read: (path: string) => Json): GroupDocument & { path: string } {
  const v3 = join(folder, 'zarr.json');
  const v2 = join(folder, '.zattrs');
  const path = isThere(v3) || !isThere(v2) ? v3 : v2;
  return { path, zarrFormat: path === v3 ? 3 : 2, json: isThere(path) ? read(path) : {} };
}
