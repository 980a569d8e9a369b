import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Shape } from '../volume.ts';
import { TOOL } from '../version.ts';

/** Lies in an unfinished output and says what is done. */
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
}

/** What an unfinished output's journal says. `Head` says what was to be done. */
export interface JournalRecord<Head> {
  head: Head;
  /** The source values that become the ends of the integer type, once a scan has found them. */
  range: [number, number] | null;
  /** In the order in which they were done; a later entry of the same block replaces an earlier one. */
  blocks: BlockEntry[];
  /** When it was last written to, in milliseconds since 1970. */
  written: number;
  /** Bytes up to the end of the last whole line. */
  length: number;
}

type Line<Head> = { head: Head } | { range: [number, number] } | { block: BlockEntry };

/**
 * One JSON object a line: the head first, then whatever gets done, as it is done. Lines are not forced onto the disk, nor are the chunks
 * that they tell of: checksums tell what got there.
 */
export class Journal<Head> {
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
  }

  static create<Head>(folder: string, head: Head): Journal<Head> {
    const journal = new Journal<Head>(openSync(join(folder, JOURNAL), 'w'));
    journal.#put({ head });
    return journal;
  }

  /** Goes on with a journal after its last whole line. */
  static reopen<Head>(folder: string, { length }: JournalRecord<Head>): Journal<Head> {
    const file = openSync(join(folder, JOURNAL), 'a');
    ftruncateSync(file, length);
    return new Journal(file);
  }

  /** What a folder's journal says; null where it has none that can be read. */
  static read<Head>(folder: string): JournalRecord<Head> | null {
    const path = join(folder, JOURNAL);
    let text: string;
    let written: number;
    try {
      text = readFileSync(path, 'utf8');
      written = statSync(path).mtimeMs;
    } catch {
      return null;
    }
    const record: JournalRecord<Head> = { head: null as Head, range: null, blocks: [], written, length: 0 };
    // A line that was being written at the end has no newline, or is cut.
    for (const line of text.split('\n').slice(0, -1)) {
      const entry = parse<Head>(line);
      if (!entry || 'head' in entry !== (record.length === 0)) break;
      if ('head' in entry) record.head = entry.head;
      else if ('range' in entry) record.range = entry.range;
      else record.blocks.push(entry.block);
      record.length += Buffer.byteLength(line) + 1;
    }
    return record.length > 0 ? record : null;
  }

  range(range: [number, number]): void {
    this.#put({ range });
  }

  block(block: BlockEntry): void {
    this.#put({ block });
  }

  close(): void {
    closeSync(this.#file);
  }

  #put(line: Line<Head>): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

function parse<Head>(line: string): Line<Head> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Line<Head>) : null;
  } catch {
    return null;
  }
}
