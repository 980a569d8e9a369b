import { setImmediate } from 'node:timers/promises';
import type { ConvertError } from '../../model/errors.ts';
import { fail } from '../common/fail.ts';
import { describeStart } from '../common/file-kinds.ts';
import type { Range } from '../common/brought.ts';
import { FAR, type HeaderBytes } from '../common/header-bytes.ts';
import { LookAhead } from './look-ahead.ts';
import { TAG, TYPE_BYTES } from './tags.ts';

/** More pages than any volume has, so that a hostile file cannot keep the machine busy for hours. */
const MAX_PAGES = 1_000_000;
const MAX_ENTRIES = 4096;
const SLICE_MS = 20;

interface Entry {
  type: number;
  count: number;
  /** Position of the first value in the file. */
  at: number;
}

/** How the numbers of a file are written. */
export interface Encoding {
  littleEndian: boolean;
  big: boolean;
}

type Read = (bytes: Buffer, at: number, le: boolean) => number;

const u64 = (b: Buffer, at: number, le: boolean): number =>
  le ? b.readUInt32LE(at) + b.readUInt32LE(at + 4) * 2 ** 32 : b.readUInt32BE(at) * 2 ** 32 + b.readUInt32BE(at + 4);
const u32 = (b: Buffer, at: number, le: boolean): number => (le ? b.readUInt32LE(at) : b.readUInt32BE(at));
const u16 = (b: Buffer, at: number, le: boolean): number => (le ? b.readUInt16LE(at) : b.readUInt16BE(at));
const u8: Read = (b, at) => b[at];
const i8: Read = (b, at) => b.readInt8(at);
const i16: Read = (b, at, le) => (le ? b.readInt16LE(at) : b.readInt16BE(at));
const i32: Read = (b, at, le) => (le ? b.readInt32LE(at) : b.readInt32BE(at));
const i64: Read = (b, at, le) => Number(le ? b.readBigInt64LE(at) : b.readBigInt64BE(at));
const f32: Read = (b, at, le) => (le ? b.readFloatLE(at) : b.readFloatBE(at));
const f64: Read = (b, at, le) => (le ? b.readDoubleLE(at) : b.readDoubleBE(at));

/** How values are read, by field type (TIFF 6.0 section 2, BigTIFF): those of whole numbers, and others. */
const WHOLE: Partial<Record<number, Read>> = {
  1: u8,
  3: u16,
  4: u32,
  6: i8,
  7: u8,
  8: i16,
  9: i32,
  13: u32,
  16: u64,
  17: i64,
  18: u64
};
const REAL: Partial<Record<number, Read>> = {
  ...WHOLE,
  5: (b, at, le) => u32(b, at, le) / u32(b, at + 4, le),
  10: (b, at, le) => i32(b, at, le) / i32(b, at + 4, le),
  11: f32,
  12: f64
};

/** Tags that this program reads, and bytes of one's values that are brought before they are asked for. */
const READ_TAGS: ReadonlySet<number> = new Set(Object.values(TAG));
const MOST_AHEAD = 4 << 20;

/** One image file directory (TIFF 6.0 section 2): its tags, read only when they are asked for. */
export class Directory {
  /** Place in the chain, from 1. */
  readonly number: number;
  readonly file: HeaderBytes;
  readonly encoding: Encoding;
  readonly #entries: Map<number, Entry>;
  readonly #descriptions: Entry[];

  constructor(
    number: number,
    file: HeaderBytes,
    encoding: Encoding,
    entries: Map<number, Entry>,
    descriptions: Entry[]
  ) {
    this.number = number;
    this.file = file;
    this.encoding = encoding;
    this.#entries = entries;
    this.#descriptions = descriptions;
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  /** How many values a tag has; 0 when it is absent. */
  count(tag: number): number {
    return this.#entries.get(tag)?.count ?? 0;
  }

  /** The first value of a tag of whole numbers. */
  integer(tag: number, absent: number): number {
    const entry = this.#entries.get(tag);
    if (!entry || entry.count === 0) return absent;
    return this.#decode(tag, entry, 1)[0];
  }

  /** The first `count` values of a tag of whole numbers, or as many as there are; empty when it is absent. */
  integers(tag: number, count: number): ArrayLike<number> {
    const entry = this.#entries.get(tag);
    return entry ? this.#decode(tag, entry, Math.min(count, entry.count)) : [];
  }

  /**
   * The first number of a tag, which is a fraction by the letter and of any type in practice; null when it is absent,
   * or not greater than 0.
   */
  rational(tag: number): number | null {
    const entry = this.#entries.get(tag);
    const read = entry && REAL[entry.type];
    if (!entry || !read || entry.count === 0) return null;
    const value = read(this.#raw(tag, entry, TYPE_BYTES[entry.type]), 0, this.encoding.littleEndian);
    return Number.isFinite(value) && value > 0 ? value : null;
  }

  /** The bytes of a tag as they lie in the file, at most `limit` of them; null when it is absent. */
  bytes(tag: number, limit: number): Buffer | null {
    const entry = this.#entries.get(tag);
    if (!entry) return null;
    return this.#raw(tag, entry, Math.min(limit, entry.count * (TYPE_BYTES[entry.type] || 1)));
  }

  /**
   * Bytes of a tag's value, some of them: at most `FAR`, to be used before the next call; null where it has not so
   * many.
   */
  part(tag: number, from: number, length: number): Buffer | null {
    const entry = this.#entries.get(tag);
    if (!entry || from + length > entry.count * (TYPE_BYTES[entry.type] || 1)) return null;
    const at = this.file.locate(entry.at + from, length);
    return at < 0 ? null : this.file.buffer.subarray(at, at + length);
  }

  /** Where the values of tags are that lie elsewhere, of those that this program reads. */
  values(): Range[] {
    const inline = this.encoding.big ? 8 : 4;
    const read = [...this.#entries].flatMap(([tag, entry]) => (READ_TAGS.has(tag) ? [entry] : []));
    return [...read, ...this.#descriptions.slice(1)].flatMap(({ type, count, at }) => {
      const length = count * (TYPE_BYTES[type] || 1);
      return length > inline ? [{ position: at, length: Math.min(length, MOST_AHEAD) }] : [];
    });
  }

  /** Where each ImageDescription is: some programs write several. @throws ConvertError `truncated` */
  descriptions(): { at: number; length: number }[] {
    return this.#descriptions.map(({ type, count, at }) => {
      const length = count * (TYPE_BYTES[type] || 1);
      if (at + length > this.file.size) throw this.#short(TAG.imageDescription, at, length);
      return { at, length };
    });
  }

  #raw(tag: number, entry: Entry, length: number): Buffer {
    const bytes = this.file.bytes(entry.at, length);
    if (!bytes) throw this.#short(tag, entry.at, length);
    return bytes;
  }

  #short(tag: number, at: number, length: number): ConvertError {
    return fail(
      'truncated',
      this.file.path,
      `page ${this.number} needs ${length} bytes at ${at} for its tag ${tag}, but the file has ${this.file.size} bytes: copy or export it again`
    );
  }

  #decode(tag: number, entry: Entry, count: number): ArrayLike<number> {
    const size = TYPE_BYTES[entry.type] ?? 0;
    const le = this.encoding.littleEndian;
    const read = WHOLE[entry.type];
    if (!read)
      throw fail(
        'corrupt',
        this.file.path,
        `tag ${tag} of page ${this.number} has field type ${entry.type}, where a whole number was expected: export it again`
      );
    const length = count * size;
    if (length <= 256) {
      const at = this.file.locate(entry.at, length);
      if (at >= 0) {
        const few: number[] = [];
        for (let i = 0; i < count; i++) few.push(read(this.file.buffer, at + i * size, le));
        return few;
      }
    }
    const bytes = this.#raw(tag, entry, length);
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) out[i] = read(bytes, i * size, le);
    return out;
  }
}

/** Reads a TIFF's first bytes: how its numbers are written, and where its first page is described. */
function readHeader(file: HeaderBytes): Encoding & { first: number } {
  const at = file.locate(0, Math.min(16, file.size));
  const found = file.buffer.subarray(at, at + Math.min(16, file.size));
  const mark = found.toString('latin1', 0, 2);
  const le = mark === 'II';
  const version = found.length >= 8 && (le || mark === 'MM') ? u16(found, 2, le) : 0;
  if (version === 42) return { littleEndian: le, big: false, first: u32(found, 4, le) };
  if (version === 43 && found.length >= 16 && u16(found, 4, le) === 8)
    return { littleEndian: le, big: true, first: u64(found, 8, le) };
  throw fail(
    'not-tiff',
    file.path,
    `not a TIFF: ${describeStart(file)}, where a TIFF starts with "II" or "MM" and 42 or 43`
  );
}

/** Where the first page of a file is described; 0 when it is no TIFF. */
export function firstDirectory(file: HeaderBytes): number {
  try {
    return readHeader(file).first;
  } catch {
    return 0;
  }
}

/** The first directory of a file. @throws ConvertError `not-tiff`, `no-pages`, `truncated`, `corrupt` */
export function firstPage(file: HeaderBytes): Directory {
  const { first, ...encoding } = readHeader(file);
  if (first === 0) throw pageless(file);
  return readDirectory(file, encoding, 1, first).directory;
}

const pageless = (file: HeaderBytes) =>
  fail('no-pages', file.path, 'a TIFF without a page: its writer may have been stopped; export it again');

/**
 * Calls `visit` for each directory of a file's main chain, in order; lets other work in between.
 *
 * @throws ConvertError `not-tiff`, `no-pages`, `truncated`, `corrupt`
 */
export async function walkDirectories(file: HeaderBytes, visit: (directory: Directory) => void): Promise<Encoding> {
  const { first, ...encoding } = readHeader(file);
  if (first === 0) throw pageless(file);
  const seen = new Set<number>();
  const ahead = file.remote && new LookAhead(file.remote);
  let until = performance.now() + SLICE_MS;
  for (let at = first, number = 1; at !== 0; number++) {
    if (seen.has(at))
      throw fail('corrupt', file.path, `after page ${number - 1} its list of pages runs in a circle: export it again`);
    if (number > MAX_PAGES) throw fail('unsupported', file.path, `it has more than ${MAX_PAGES} pages`);
    seen.add(at);
    await ahead?.before(at);
    const { directory, next, length } = file.remote
      ? await file.repeating(() => readDirectory(file, encoding, number, at))
      : readDirectory(file, encoding, number, at);
    await ahead?.after(at, length, directory.values());
    visit(directory);
    at = next;
    if (performance.now() > until) {
      await setImmediate();
      until = performance.now() + SLICE_MS;
    }
  }
  return encoding;
}

function readDirectory(
  file: HeaderBytes,
  encoding: Encoding,
  number: number,
  at: number
): { directory: Directory; next: number; length: number } {
  const { littleEndian: le, big } = encoding;
  const [countBytes, entryBytes, inline, pointer] = big ? [8, 20, 8, 8] : [2, 12, 4, 4];
  const short = () =>
    fail(
      'truncated',
      file.path,
      `page ${number} is described at byte ${at}, but the file has ${file.size} bytes: copy or export it again`
    );
  const head = file.locate(at, countBytes);
  if (head < 0) throw short();
  const entryCount = big ? u64(file.buffer, head, le) : u16(file.buffer, head, le);
  if (entryCount === 0 || entryCount > MAX_ENTRIES)
    throw fail('corrupt', file.path, `page ${number} claims ${entryCount} tags, which is nonsense: export it again`);
  const length = entryCount * entryBytes + pointer;
  const near = length <= FAR ? file.locate(at + countBytes, length) : -1;
  const bytes = near >= 0 ? file.buffer : file.bytes(at + countBytes, length);
  if (!bytes) throw short();
  const entries = new Map<number, Entry>();
  const descriptions: Entry[] = [];
  let i = Math.max(near, 0);
  for (let entry = 0; entry < entryCount; entry++, i += entryBytes) {
    const tag = u16(bytes, i, le);
    const type = u16(bytes, i + 2, le);
    const count = big ? u64(bytes, i + 4, le) : u32(bytes, i + 4, le);
    const value = i + entryBytes - inline;
    const size = TYPE_BYTES[type] ?? 0;
    const valueAt =
      size * count <= inline
        ? at + countBytes + entry * entryBytes + entryBytes - inline
        : big
          ? u64(bytes, value, le)
          : u32(bytes, value, le);
    if (!entries.has(tag)) entries.set(tag, { type, count, at: valueAt });
    if (tag === TAG.imageDescription) descriptions.push({ type, count, at: valueAt });
  }
  const next = big ? u64(bytes, i, le) : u32(bytes, i, le);
  const directory = new Directory(number, file, encoding, entries, descriptions);
  return { directory, next, length: countBytes + length };
}
