import type { Directory } from './directory.ts';
import { TAG } from './tags.ts';

/** What ImageJ keeps in private tags of the first page. */
export interface ImageJMetadata {
  /** Of each image; of a stack that has none, empty. */
  labels: string[];
  /** Lookup tables of each channel: 256 reds, 256 greens, 256 blues. */
  luts: Uint8Array[];
}

const LUT_BYTES = 768;
const MAX_BYTES = 1 << 26;

/**
 * Reads ImageJ's metadata (`TiffEncoder.writeMetaData`): a tag with the length of each entry, the header's first, and one with all entries.
 * The header is a magic number, and pairs of a type and how many entries of it follow; numbers and UTF-16 are in the file's byte order.
 * What cannot be understood is left out: it is no voxel.
 */
export function readImageJMetadata(directory: Directory): ImageJMetadata {
  const found: ImageJMetadata = { labels: [], luts: [] };
  const lengths = Array.from(directory.integers(TAG.imagejByteCounts, directory.count(TAG.imagejByteCounts)));
  const bytes = directory.bytes(TAG.imagejMetadata, MAX_BYTES);
  if (!bytes || lengths.length < 2 || lengths[0] < 12 || lengths[0] > bytes.length) return found;
  const { littleEndian } = directory.encoding;
  const number = (at: number) => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  if (number(0) !== magic('IJIJ')) return found;
  let at = lengths[0];
  let entry = 1;
  for (let pair = 4; pair + 8 <= lengths[0]; pair += 8) {
    const type = number(pair);
    for (let n = number(pair + 4); n > 0 && entry < lengths.length; n--, entry++) {
      const data = bytes.subarray(at, at + lengths[entry]);
      at += lengths[entry];
      if (type === magic('labl')) found.labels.push(utf16(data, littleEndian));
      if (type === magic('luts') && data.length === LUT_BYTES) found.luts.push(new Uint8Array(data));
    }
  }
  return found;
}

const magic = (text: string): number => Buffer.from(text, 'latin1').readUInt32BE(0);

const utf16 = (data: Buffer, littleEndian: boolean): string =>
  new TextDecoder(littleEndian ? 'utf-16le' : 'utf-16be').decode(data);
