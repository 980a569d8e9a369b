import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function attributes(path: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Whether a folder is an OME-Zarr of any version: the metadata in `zarr.json` or `.zattrs` names an image, a plate or a collection. */
export function isOmeZarr(folder: string): boolean {
  const v3 = attributes(join(folder, 'zarr.json'));
  const own = v3?.node_type === 'group' ? (v3.attributes as Record<string, unknown> | null | undefined) : null;
  // Some write the metadata of 0.4 into Zarr v3.
  if (own && (typeof own.ome === 'object' || Array.isArray(own.multiscales))) return true;
  const v2 = attributes(join(folder, '.zattrs'));
  return v2 !== null && ['multiscales', 'plate', 'well', 'bioformats2raw.layout'].some(key => key in v2);
}
