import { isDeepStrictEqual } from 'node:util';
import type { DecoderTables, SegmentCoding } from '../../model/layout.ts';
import type { Directory } from './directory.ts';
import { PHOTOMETRIC } from './pixel-format.ts';
import { TAG } from './tags.ts';

/** Bytes of a page's tables. */
const MAX_TABLES = 1 << 20;

/** Tables that the decoder of a page's segments needs beside their bytes. */
export function readTables(directory: Directory, coding: SegmentCoding): DecoderTables {
  if (coding === 'jpeg') {
    const tables = directory.bytes(TAG.jpegTables, MAX_TABLES);
    return {
      ...(tables && { jpegTables: new Uint8Array(tables) }),
      // Colours are JPEG's own way of storing them.
      yCbCr: directory.integer(TAG.photometric, 1) === PHOTOMETRIC.yCbCr
    };
  }
  if (coding === 'lerc' && directory.has(TAG.lercParameters))
    return { lercParameters: Array.from(directory.integers(TAG.lercParameters, 8)) };
  return {};
}

export const tableBytes = ({ jpegTables, lercParameters }: DecoderTables): number =>
  (jpegTables?.length ?? 0) + (lercParameters?.length ?? 0);

export const sameTables = (a: DecoderTables, b: DecoderTables): boolean => isDeepStrictEqual(a, b);
