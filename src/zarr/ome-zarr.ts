import { join } from 'node:path';
import { findJson } from './json.ts';

/**
 * Whether a folder is an OME-Zarr of any version: the metadata in `zarr.json` or `.zattrs` names an image, a plate or a
 * collection.
 *
 * @throws ConvertError `unsupported` for metadata too long or too deep to be read
 */
export function isOmeZarr(folder: string): boolean {
  const v3 = findJson(join(folder, 'zarr.json'));
  const own = v3?.node_type === 'group' ? (v3.attributes as Record<string, unknown> | null | undefined) : null;
  // Some write the metadata of 0.4 into Zarr v3.
  if (own && (typeof own.ome === 'object' || Array.isArray(own.multiscales))) return true;
  const v2 = findJson(join(folder, '.zattrs'));
  return v2 !== null && ['multiscales', 'plate', 'well', 'bioformats2raw.layout'].some(key => key in v2);
}
