import { join } from 'node:path';
import { isOmeZarrGroup } from '../model/ome-zarr/group.ts';
import { findJson } from './json.ts';

/**
 * Whether a folder is an OME-Zarr of any version: the metadata in `zarr.json` or `.zattrs` names an image, a plate or a
 * collection.
 *
 * @throws ConvertError `unsupported` for metadata too long or too deep to be read
 */
export function isOmeZarr(folder: string): boolean {
  const v3 = findJson(join(folder, 'zarr.json'));
  if (v3 && isOmeZarrGroup({ zarrFormat: 3, json: v3 })) return true;
  const v2 = findJson(join(folder, '.zattrs'));
  return v2 !== null && isOmeZarrGroup({ zarrFormat: 2, json: v2 });
}
