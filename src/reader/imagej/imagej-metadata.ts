import type { Directory } from '../tiff/directory.ts';
import { TAG } from '../tiff/tags.ts';

/** ImageJ's metadata in private tags of the first page. */
export interface ImageJMetadata {
  /** The first line of each image's; of a stack that has none, empty. */
  labels: string[];
  /** Lookup tables of each channel: 256 reds, 256 greens, 256 blues. */
  luts: Uint8Array[];
}

const LUT_BYTES = 768;
const MAX_LUTS = 1 << 12;
const HEADER_BYTES = 1 << 10;
/**
 * More entries than images are taken to be hostile; of a label its first line is of use, and of all labels no more than
 * this.
 */
const MAX_ENTRIES = 1 << 20;
const LABEL_BYTES = 1 << 10;
const MAX_LABELS = 1 << 22;

/**
 * Reads ImageJ's metadata (`TiffEncoder.writeMetaData`): a tag with the length of each entry, the header's first, and
 * one with all entries. The header is a magic number, and pairs of a type and how many entries of it follow; numbers
 * and UTF-16 are in the file's byte order. Entries that cannot be understood are left out, and so are labels too long
 * to be names: they are no voxels.
 */
export function readImageJMetadata(directory: Directory): ImageJMetadata {
  const found: ImageJMetadata = { labels: [], luts: [] };
  const count = directory.count(TAG.imagejByteCounts);
  if (count < 2 || count > MAX_ENTRIES) return found;
  const lengths = directory.integers(TAG.imagejByteCounts, count);
  if (lengths[0] < 12 || lengths[0] > HEADER_BYTES) return found;
  const header = directory.part(TAG.imagejMetadata, 0, lengths[0]);
  if (!header) return found;
  const { littleEndian } = directory.encoding;
  const numbers = Array.from({ length: Math.floor(lengths[0] / 4) }, (_, n) =>
    littleEndian ? header.readUInt32LE(4 * n) : header.readUInt32BE(4 * n)
  );
  if (numbers[0] !== magic('IJIJ')) return found;
  let at = lengths[0];
  let entry = 1;
  let characters = 0;
  for (let pair = 1; pair + 1 < numbers.length; pair += 2) {
    const [type, entries] = numbers.slice(pair, pair + 2);
    for (let n = entries; n > 0 && entry < lengths.length; n--, entry++) {
      const length = lengths[entry];
      if (type === magic('labl') && characters <= MAX_LABELS) {
        const data = directory.part(TAG.imagejMetadata, at, Math.min(length, LABEL_BYTES));
        const [line] = data ? utf16(data, littleEndian).split('\n') : [''];
        characters += line.length;
        found.labels.push(line.trim());
      } else if (type === magic('luts') && length === LUT_BYTES && found.luts.length < MAX_LUTS) {
        const data = directory.part(TAG.imagejMetadata, at, length);
        if (data) found.luts.push(new Uint8Array(data));
      }
      at += length;
    }
  }
  if (characters > MAX_LABELS) found.labels = [];
  return found;
}

const magic = (text: string): number => Buffer.from(text, 'latin1').readUInt32BE(0);

const utf16 = (data: Buffer, littleEndian: boolean): string =>
  new TextDecoder(littleEndian ? 'utf-16le' : 'utf-16be').decode(data);
