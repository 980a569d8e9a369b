import { appendFileSync, closeSync, fsyncSync, ftruncateSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Shape } from '../model/volume.ts';
import { TOOL } from '../model/version.ts';
import { syncFolderNow } from './sync.ts';

/** Name of the file in an unfinished output that says what is done. */
export const JOURNAL = `.${TOOL}.journal`;

/** A block whose files are written. */
export interface BlockEntry {
  volume: number;
  level: number;
  index: Shape;
  /** Of its files together, and the checksum of what they hold, one after the other. */
  bytes: number;
  checksum: number;
  /** Finite extremes of its voxels, null where there are none; only of level 0, as what follows. */
  min: number | null;
  max: number | null;
  nan: number;
  overflow: number;
  /** Of an output in a bucket: the ETags of its files. */
  etags?: string[];
}

/** Content of an unfinished output's journal. `Head` says what was to be done. */
export interface JournalRecord<Head> {
  head: Head;
  /** The source values that become the ends of the integer type, once a scan has found them. */
  range: [number, number] | null;
  /** In the order in which they were done; a later entry of the same block replaces an earlier one. */
  blocks: BlockEntry[];
  /** When it was last written to, in milliseconds since 1970. */
  written: number;
  /** Bytes up to the end of the last line that is as it was written, and that line's checksum. */
  length: number;
  checksum: number;
}

type Line<Head> = { head: Head } | { range: [number, number] } | { block: BlockEntry };

const NEWLINE = 10;
/** Length of a checksum in hexadecimal and the space behind it. */
const PREFIX = 9;
const PIECE = 1 << 16;
/** Bytes of a line: the head's, which names the files of its source, is the longest. */
const LONGEST = 1 << 27;

/**
 * A line for the head, then one for whatever gets done, as it is done: a checksum of all lines up to it, and a JSON
 * object. The head is forced onto the disk. What follows is not, nor are the chunks that it tells of: checksums tell
 * what got there.
 */
export class Journal<Head> {
  readonly #file: number;
  #checksum: number;
  /** Whether anything but the head is noted. */
  #begun: boolean;

  private constructor(file: number, checksum: number, begun: boolean) {
    this.#file = file;
    this.#checksum = checksum;
    this.#begun = begun;
  }

  static create<Head>(folder: string, head: Head, name = JOURNAL): Journal<Head> {
    const journal = new Journal<Head>(openSync(join(folder, name), 'w'), 0, false);
    try {
      journal.#put({ head });
      fsyncSync(journal.#file);
      syncFolderNow(folder);
    } catch (error) {
      journal.close();
      throw error;
    }
    return journal;
  }

  /** Goes on with a journal after its last whole line. */
  static reopen<Head>(folder: string, { length, checksum, range, blocks }: JournalRecord<Head>): Journal<Head> {
    const file = openSync(join(folder, JOURNAL), 'a');
    ftruncateSync(file, length);
    return new Journal(file, checksum, range !== null || blocks.length > 0);
  }

  /** Content of a folder's journal, up to where it is damaged; null where it has none that can be read. */
  static read<Head>(folder: string, name = JOURNAL): JournalRecord<Head> | null {
    let file: number;
    try {
      file = openSync(join(folder, name), 'r');
    } catch {
      return null;
    }
    try {
      const more = (buffer: Buffer, at: number) => readSync(file, buffer, at, buffer.length - at, null);
      return Journal.#replay(more, fstatSync(file).mtimeMs);
    } catch {
      return null;
    } finally {
      closeSync(file);
    }
  }

  /** The same of what a journal holds, which was last written to at `written`. */
  static of<Head>(bytes: Buffer, written: number): JournalRecord<Head> | null {
    let from = 0;
    const more = (buffer: Buffer, at: number) => {
      const copied = bytes.copy(buffer, at, from);
      from += copied;
      return copied;
    };
    try {
      return Journal.#replay(more, written);
    } catch {
      return null;
    }
  }

  static #replay<Head>(more: More, written: number): JournalRecord<Head> | null {
    const record: JournalRecord<Head> = {
      head: null as Head,
      range: null,
      blocks: [],
      written,
      length: 0,
      checksum: 0
    };
    // A line that was being written at the end has no newline, or is cut.
    for (const line of lines(more)) {
      const checksum = crc32(line.subarray(PREFIX), record.checksum);
      if (line.toString('latin1', 0, PREFIX) !== prefix(checksum)) break;
      const entry = JSON.parse(line.toString('utf8', PREFIX)) as Line<Head>;
      if ('head' in entry) record.head = entry.head;
      else if ('range' in entry) record.range = entry.range;
      else record.blocks.push(entry.block);
      record.checksum = checksum;
      record.length += line.length + 1;
    }
    return record.length > 0 ? record : null;
  }

  /** Whether there is more in it than what was to be done. */
  get begun(): boolean {
    return this.#begun;
  }

  range(range: [number, number]): void {
    this.#note({ range });
  }

  block(block: BlockEntry): void {
    this.#note({ block });
  }

  close(): void {
    closeSync(this.#file);
  }

  #note(line: Line<Head>): void {
    this.#put(line);
    this.#begun = true;
  }

  #put(line: Line<Head>): void {
    const text = JSON.stringify(line);
    const checksum = crc32(text, this.#checksum);
    appendFileSync(this.#file, `${prefix(checksum)}${text}\n`);
    this.#checksum = checksum;
  }
}

/** Puts the next bytes into a buffer, from a place in it on; how many there were. */
type More = (buffer: Buffer, at: number) => number;

/**
 * The lines of `more` that end with a newline, each to be used before the next. What is longer than any line is none.
 */
function* lines(more: More): Generator<Buffer> {
  let buffer = Buffer.allocUnsafe(PIECE);
  let [from, to] = [0, 0];
  for (;;) {
    const end = buffer.subarray(0, to).indexOf(NEWLINE, from);
    if (end >= 0) {
      yield buffer.subarray(from, end);
      from = end + 1;
      continue;
    }
    if (from === 0 && to === buffer.length) {
      if (buffer.length >= LONGEST) return;
      const longer = Buffer.allocUnsafe(2 * buffer.length);
      buffer.copy(longer, 0, 0, to);
      buffer = longer;
    }
    buffer.copy(buffer, 0, from, to);
    [from, to] = [0, to - from];
    const read = more(buffer, to);
    if (read === 0) return;
    to += read;
  }
}

const prefix = (checksum: number): string => `${checksum.toString(16).padStart(PREFIX - 1, '0')} `;
