import type { Encoding } from '../../model/layout.ts';
import type { Directory } from './directory.ts';
import { COMPRESSION, TAG } from './tags.ts';

type Tables = Encoding['decoderTags'];

/** Bytes of a page's tables. */
const MAX_TABLES = 1 << 20;

/** What the decoder of a page's compression needs beside the bytes of its segments. */
export function readTables(directory: Directory, compression: number): Tables {
  const tables: Tables = {};
  if (compression === COMPRESSION.jpeg) {
    const jpeg = directory.bytes(TAG.jpegTables, MAX_TABLES);
    if (jpeg) tables[TAG.jpegTables] = new Uint8Array(jpeg);
    // Colours are JPEG's own way of storing them.
    tables[TAG.photometric] = [directory.integer(TAG.photometric, 1)];
  }
  if (compression === COMPRESSION.lerc && directory.has(TAG.lercParameters))
    tables[TAG.lercParameters] = Array.from(directory.integers(TAG.lercParameters, 8));
  return tables;
}

export const tableBytes = (tables: Tables): number =>
  Object.values(tables).reduce((sum, table) => sum + table.length, 0);

export function sameTables(a: Tables, b: Tables): boolean {
  const tags = Object.keys(a).map(Number);
  return (
    tags.length === Object.keys(b).length &&
    tags.every(tag => b[tag]?.length === a[tag].length && a[tag].every((n, i) => n === b[tag][i]))
  );
}
