import { formatBytes } from './bytes.ts';

/**
 * Bytes of a file of metadata: what is longer is none, and would fill the memory. One of a plate with hundreds of
 * images has some millions.
 */
const MAX_DOCUMENT = 1 << 25;
/** Objects and lists within one another. */
const MAX_DEPTH = 64;

/** Names that mark the root of an OME-Zarr: Zarr v3, or v2. By the last one it is told what an array by itself is. */
export const MARKS = ['zarr.json', '.zattrs', '.zgroup', '.zarray'];
/** Documents of Zarr, of either version, that a group may have. */
export const GROUP_DOCUMENTS = ['zarr.json', '.zattrs', '.zgroup', '.zmetadata'];
/** Those of groups and arrays. */
export const DOCUMENTS = [...GROUP_DOCUMENTS, '.zarray'];

/** Whether a file of an OME-Zarr, by its path, holds metadata. */
export const isDocument = (path: string): boolean => DOCUMENTS.includes(path.slice(path.lastIndexOf('/') + 1));

/** Says that a file of metadata is too long to be any; null where it is not. */
export const tooLong = (bytes: number): string | null =>
  bytes > MAX_DOCUMENT
    ? `is ${formatBytes(bytes)} long, where metadata of at most ${formatBytes(MAX_DOCUMENT)} was expected: it is damaged, or something else`
    : null;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/**
 * Says that JSON has more within one another than any metadata, whose readers would go as deep; null where it has not.
 */
export function tooDeep(json: Uint8Array): string | null {
  let depth = 0;
  let isText = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) isText = !isText;
    else if (isText) {
      if (byte === BACKSLASH) i++;
    } else if ((byte | 0x20) === 0x7b && ++depth > MAX_DEPTH)
      return `has more than ${MAX_DEPTH} objects and lists within one another: it is damaged, or something else`;
    else if ((byte | 0x20) === 0x7d) depth--;
  }
  return null;
}
