import { isUtf8 } from 'node:buffer';
import { fstatSync, readSync } from 'node:fs';
import { ConvertError } from '../model/errors.ts';
import {
  CENTRAL,
  CENTRAL_BYTES,
  END,
  END64,
  END64_BYTES,
  END_BYTES,
  LOCAL,
  LOCAL_BYTES,
  LOCATOR,
  LOCATOR_BYTES,
  MAX_16,
  MAX_32,
  UTF8,
  ZIP64
} from './format.ts';

/** A file in an archive. */
export interface ArchiveEntry {
  name: string;
  /** Where its local header begins. */
  header: number;
  size: number;
}

/** Longest comment of an archive. */
const MOST_COMMENT = MAX_16;
/** Bytes of a directory that are read at a time. */
const PIECE = 8 << 20;
/** Bytes that a directory may have, of which names are held in memory: those of some six million files. */
const MOST_DIRECTORY = 2 ** 29;

/**
 * Entries of an archive, by its central directory (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), of the
 * kind that RFC-9 of NGFF makes of an OME-Zarr: files as they are, in one file.
 *
 * @param path of a file that is open as `file`
 * @throws ConvertError `corrupt`; `unsupported` for what is compressed, encrypted or in several files
 */
export function readDirectory(path: string, file: number): ArchiveEntry[] {
  const steps = directory(path, fstatSync(file).size);
  let step = steps.next();
  while (!step.done) step = steps.next(bytesAt(file, ...step.value));
  return step.value;
}

/** The same of a file of which `read` brings the bytes `from` to `to`, there or elsewhere. */
export async function fetchDirectory(
  path: string,
  size: number,
  read: (from: number, to: number) => Promise<Uint8Array>
): Promise<ArchiveEntry[]> {
  const steps = directory(path, size);
  let step = steps.next();
  while (!step.done) {
    const [from, to] = step.value;
    step = steps.next(from < to ? Buffer.from(await read(from, to)) : Buffer.alloc(0));
  }
  return step.value;
}

/** Asks for bytes by where they begin and end. */
function* directory(path: string, size: number): Generator<[from: number, to: number], ArchiveEntry[], Buffer> {
  const fail = (code: 'corrupt' | 'unsupported', problem: string) =>
    new ConvertError(code, problem, 'output', { about: path });
  const tail = yield [Math.max(0, size - LOCATOR_BYTES - END_BYTES - MOST_COMMENT), size];
  const at = findEnd(tail);
  if (at < 0) throw fail('corrupt', 'is no ZIP archive, or was cut off: copy it again');
  const end = size - tail.length + at;
  let [disks, count, length, start] = [
    tail.readUInt16LE(at + 4) + tail.readUInt16LE(at + 6),
    tail.readUInt16LE(at + 10),
    tail.readUInt32LE(at + 12),
    tail.readUInt32LE(at + 16)
  ];
  let limit = end;
  let isCountShort = true;
  const locator = tail.subarray(Math.max(0, at - LOCATOR_BYTES), at);
  if (locator.length === LOCATOR_BYTES && locator.readUInt32LE(0) === LOCATOR) {
    limit = Number(locator.readBigUInt64LE(8));
    const wide = yield [Math.min(limit, end), Math.min(limit + END64_BYTES, end)];
    if (wide.length < END64_BYTES || wide.readUInt32LE(0) !== END64)
      throw fail('corrupt', 'the end of its directory (ZIP64) is not where it should be: copy it again');
    disks = wide.readUInt32LE(16) + wide.readUInt32LE(20);
    count = Number(wide.readBigUInt64LE(32));
    length = Number(wide.readBigUInt64LE(40));
    start = Number(wide.readBigUInt64LE(48));
    isCountShort = false;
  }
  if (disks !== 0)
    throw fail('unsupported', 'is one of several parts of a ZIP archive, where a single file was expected');
  if (start + length > limit || count * CENTRAL_BYTES > length)
    throw fail('corrupt', 'its directory is not where it should be: copy it again');
  if (length > MOST_DIRECTORY)
    throw fail(
      'unsupported',
      `its directory, of ${count} files, has ${length} bytes, and those up to ${MOST_DIRECTORY} are read: write it anew, with shards or larger chunks`
    );
  const found = yield* entries(start, length, count, fail);
  // Not all programs write ZIP64 where they should: of more files, this is what is left of their number.
  if (isCountShort ? (found.count - count) % (MAX_16 + 1) !== 0 : found.count !== count)
    throw fail('corrupt', `its directory has ${found.count} files, and says ${count}: copy it again, or write it anew`);
  return found.files;
}

/** Bytes of the local header of a file, without its extra field. */
export const localBytes = ({ name }: ArchiveEntry): number => LOCAL_BYTES + Buffer.byteLength(name);

/**
 * Where the bytes of a file begin, by its local header.
 *
 * @param path of the archive
 * @throws ConvertError `corrupt` where that is not there
 */
export function startOf(path: string, entry: ArchiveEntry, header: Buffer): number {
  const length = localBytes(entry);
  if (
    header.length < length ||
    header.readUInt32LE(0) !== LOCAL ||
    header.toString('utf8', LOCAL_BYTES, length) !== entry.name
  )
    throw new ConvertError(
      'corrupt',
      `${path}: ${entry.name} in it is not where its directory says: copy it again`,
      'output'
    );
  return entry.header + length + header.readUInt16LE(28);
}

/** Where the last record of an archive begins in its last bytes: its comment must end with them. */
function findEnd(tail: Buffer): number {
  for (let at = tail.length - END_BYTES; at >= 0; at--)
    if (tail.readUInt32LE(at) === END && at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) return at;
  return -1;
}

/** Asks for the directory piece by piece; all that it has, folders too, are counted. */
function* entries(
  start: number,
  length: number,
  count: number,
  fail: (code: 'corrupt' | 'unsupported', problem: string) => ConvertError
): Generator<[from: number, to: number], { files: ArchiveEntry[]; count: number }, Buffer> {
  const files: ArchiveEntry[] = [];
  const known = new Set<string>();
  let bytes: Buffer = Buffer.alloc(0);
  let fetched = 0;
  let at = 0;
  let n = 0;
  for (; n < count || bytes.length - at + Math.max(0, length - fetched) > 0; n++) {
    // No entry is longer.
    if (bytes.length - at < CENTRAL_BYTES + 3 * MAX_16 && fetched < length) {
      const piece: Buffer = yield [start + fetched, start + Math.min(length, fetched + PIECE)];
      fetched += PIECE;
      bytes = Buffer.concat([bytes.subarray(at), piece]);
      at = 0;
    }
    if (at + CENTRAL_BYTES > bytes.length || bytes.readUInt32LE(at) !== CENTRAL) {
      // A signature may follow the files.
      if (n === count && n > 0) break;
      throw fail(
        'corrupt',
        n === 0
          ? 'its directory is not where it should be, as where something was put before the archive: copy it again, or write it anew'
          : `its directory is damaged at file ${n + 1} of ${count}: copy it again`
      );
    }
    const flags = bytes.readUInt16LE(at + 8);
    const method = bytes.readUInt16LE(at + 10);
    const [stored, size] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24)];
    const [nameBytes, extraBytes] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30)];
    const next = at + CENTRAL_BYTES + nameBytes + extraBytes + bytes.readUInt16LE(at + 32);
    if (next > bytes.length) throw fail('corrupt', `its directory ends in file ${n + 1} of ${count}: copy it again`);
    const nameAt = at + CENTRAL_BYTES;
    const rawName = bytes.subarray(nameAt, nameAt + nameBytes);
    // Info-ZIP's zip writes UTF-8, and no flag that says so.
    const name = rawName.toString(flags & UTF8 || isUtf8(rawName) ? 'utf8' : 'latin1');
    const extra = bytes.subarray(nameAt + nameBytes, nameAt + nameBytes + extraBytes);
    const wide = zip64(extra, size, stored, bytes.readUInt32LE(at + 42));
    if (!wide) throw fail('corrupt', `its directory does not say how long ${name} is: copy it again`);
    // Of a folder, the last one is empty.
    const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
    if (/[\\\0]/.test(name) || parts.some(part => part === '' || part === '..' || part === '.'))
      throw fail(
        'unsupported',
        `the name ${JSON.stringify(name)} in it is none of a file below its root, such as "0/zarr.json": write it anew`
      );
    if (known.has(name)) throw fail('corrupt', `${name} is in it twice: write it anew`);
    known.add(name);
    const isFolder = name.endsWith('/');
    if (!isFolder && flags & 1)
      throw fail('unsupported', `${name} in it is encrypted: write it anew, without a password`);
    if (!isFolder && (method !== 0 || wide.size !== wide.stored))
      throw fail(
        'unsupported',
        `${name} in it is compressed by ZIP, where files are expected as they are: write it anew, stored ("zip -0")`
      );
    if (wide.header + wide.stored > start) throw fail('corrupt', `${name} in it reaches beyond its end: copy it again`);
    if (!isFolder) files.push({ name, header: wide.header, size: wide.size });
    at = next;
  }
  return { files, count: n };
}

/** Lengths and place of a file, which are in its extra field where they have no room; null where they are not. */
function zip64(
  extra: Buffer,
  size: number,
  stored: number,
  header: number
): { size: number; stored: number; header: number } | null {
  const found = { size, stored, header };
  const wanted = (['size', 'stored', 'header'] as const).filter(name => found[name] === MAX_32);
  if (wanted.length === 0) return found;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== ZIP64) continue;
    if (extra.readUInt16LE(at + 2) < 8 * wanted.length || at + 4 + 8 * wanted.length > extra.length) return null;
    for (const [n, name] of wanted.entries()) found[name] = Number(extra.readBigUInt64LE(at + 4 + 8 * n));
    return Object.values(found).every(Number.isSafeInteger) ? found : null;
  }
  return null;
}

/** Bytes `from` to `to` of a file, or as many as it has. */
export function bytesAt(file: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, from + length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
