import { readdirSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { atOnce } from '../../model/at-once.ts';
import type { OmeZarrVersion } from '../../model/options.ts';
import {
  CENTRAL,
  CENTRAL_BYTES,
  DATE,
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
  VERSION,
  ZIP64
} from '../../zip/format.ts';

/** A file that gets into an archive, and its place there. */
interface Packed {
  /** Relative to the folder, with `/`. */
  name: string;
  bytes: Buffer;
  size: number;
  header: number;
  crc: number;
}

/** Bytes of a file that are held at a time, and files that are copied at a time. */
const PIECE = 1 << 22;
const AT_ONCE = 4;
const LOCAL_EXTRA = 20;
const DOCUMENT = 'zarr.json';

/**
 * Makes one file of an OME-Zarr in a folder: stored, with ZIP64, all metadata first, as RFC-9 of NGFF recommends
 * (https://ngff.openmicroscopy.org/rfc/9/). The file is on the disk when it ends; the same folder gives the same bytes.
 *
 * @param version of the OME-Zarr, 0.5 or later
 * @param skip names in the folder that are no part of it
 * @param check runs before each file, and throws to end the work
 */
export async function writeArchive(
  folder: string,
  path: string,
  version: OmeZarrVersion,
  skip: (name: string) => boolean,
  check: () => void
): Promise<void> {
  const files = ordered([...filesIn(folder, '', skip)]);
  let at = 0;
  const packed = files.map((name): Packed => {
    const { size } = statSync(join(folder, name));
    const bytes = Buffer.from(name);
    const header = at;
    at += LOCAL_BYTES + bytes.length + LOCAL_EXTRA + size;
    return { name, bytes, size, header, crc: 0 };
  });
  const archive = await open(path, 'w');
  try {
    const buffers = Array.from({ length: AT_ONCE }, () => Buffer.allocUnsafe(PIECE));
    await atOnce(AT_ONCE, packed, async file => {
      check();
      const buffer = buffers.pop()!;
      await copy(join(folder, file.name), file, archive, buffer);
      buffers.push(buffer);
    });
    const comment = { ome: { version, zipFile: { centralDirectory: { jsonFirst: true } } } };
    await writeAll(archive, directory(packed, at, Buffer.from(JSON.stringify(comment))), at);
    await archive.sync();
  } finally {
    await archive.close();
  }
}

function* filesIn(folder: string, prefix: string, skip: (name: string) => boolean): Generator<string> {
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    if (prefix === '' && skip(entry.name)) continue;
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* filesIn(folder, `${name}/`, skip);
    else yield name;
  }
}

const isDocument = (name: string): boolean => name === DOCUMENT || name.endsWith(`/${DOCUMENT}`);
const depth = (name: string): number => name.split('/').length;
const byNumbers = new Intl.Collator('en', { numeric: true });

/** Metadata from the root down, then chunks as they lie in the volume. */
function ordered(names: string[]): string[] {
  const compare = (a: string, b: string): number => byNumbers.compare(a, b) || (a < b ? -1 : 1);
  const documents = names.filter(isDocument).sort((a, b) => depth(a) - depth(b) || compare(a, b));
  return [...documents, ...names.filter(name => !isDocument(name)).sort(compare)];
}

/** Copies a file behind where its header will be, which tells the checksum of what has been copied. */
async function copy(path: string, file: Packed, archive: FileHandle, buffer: Buffer): Promise<void> {
  const source = await open(path, 'r');
  try {
    const start = file.header + LOCAL_BYTES + file.bytes.length + LOCAL_EXTRA;
    for (let done = 0; done < file.size;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(PIECE, file.size - done), done);
      if (bytesRead === 0) throw new Error(`${path} became shorter while it was copied`);
      const piece = buffer.subarray(0, bytesRead);
      file.crc = crc32(piece, file.crc);
      await writeAll(archive, piece, start + done);
      done += bytesRead;
    }
  } finally {
    await source.close();
  }
  await writeAll(archive, localHeader(file), file.header);
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function localHeader({ bytes, size, crc }: Packed): Buffer {
  const header = Buffer.alloc(LOCAL_BYTES + bytes.length + LOCAL_EXTRA);
  header.writeUInt32LE(LOCAL, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(UTF8, 6);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(MAX_32, 18);
  header.writeUInt32LE(MAX_32, 22);
  header.writeUInt16LE(bytes.length, 26);
  header.writeUInt16LE(LOCAL_EXTRA, 28);
  bytes.copy(header, LOCAL_BYTES);
  const extra = LOCAL_BYTES + bytes.length;
  header.writeUInt16LE(ZIP64, extra);
  header.writeUInt16LE(LOCAL_EXTRA - 4, extra + 2);
  header.writeBigUInt64LE(BigInt(size), extra + 4);
  header.writeBigUInt64LE(BigInt(size), extra + 12);
  return header;
}

function centralHeader({ bytes, size, crc, header: at }: Packed): Buffer {
  const wide = [...(size >= MAX_32 ? [size, size] : []), ...(at >= MAX_32 ? [at] : [])];
  const extraBytes = wide.length > 0 ? 4 + 8 * wide.length : 0;
  const header = Buffer.alloc(CENTRAL_BYTES + bytes.length + extraBytes);
  header.writeUInt32LE(CENTRAL, 0);
  // Made on Unix, where the attributes below are of a file that all may read.
  header.writeUInt16LE((3 << 8) | VERSION, 4);
  header.writeUInt16LE(VERSION, 6);
  header.writeUInt16LE(UTF8, 8);
  header.writeUInt16LE(DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(Math.min(size, MAX_32), 20);
  header.writeUInt32LE(Math.min(size, MAX_32), 24);
  header.writeUInt16LE(bytes.length, 28);
  header.writeUInt16LE(extraBytes, 30);
  header.writeUInt32LE(0o100644 * 2 ** 16, 38);
  header.writeUInt32LE(Math.min(at, MAX_32), 42);
  bytes.copy(header, CENTRAL_BYTES);
  if (extraBytes > 0) {
    const extra = CENTRAL_BYTES + bytes.length;
    header.writeUInt16LE(ZIP64, extra);
    header.writeUInt16LE(8 * wide.length, extra + 2);
    for (const [n, value] of wide.entries()) header.writeBigUInt64LE(BigInt(value), extra + 4 + 8 * n);
  }
  return header;
}

/** The central directory and what ends an archive. */
function directory(files: Packed[], start: number, comment: Buffer): Buffer {
  const entries = Buffer.concat(files.map(centralHeader));
  const end64 = Buffer.alloc(END64_BYTES + LOCATOR_BYTES);
  end64.writeUInt32LE(END64, 0);
  end64.writeBigUInt64LE(BigInt(END64_BYTES - 12), 4);
  end64.writeUInt16LE((3 << 8) | VERSION, 12);
  end64.writeUInt16LE(VERSION, 14);
  end64.writeBigUInt64LE(BigInt(files.length), 24);
  end64.writeBigUInt64LE(BigInt(files.length), 32);
  end64.writeBigUInt64LE(BigInt(entries.length), 40);
  end64.writeBigUInt64LE(BigInt(start), 48);
  end64.writeUInt32LE(LOCATOR, END64_BYTES);
  end64.writeBigUInt64LE(BigInt(start + entries.length), END64_BYTES + 8);
  end64.writeUInt32LE(1, END64_BYTES + 16);
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(Math.min(files.length, MAX_16), 8);
  end.writeUInt16LE(Math.min(files.length, MAX_16), 10);
  end.writeUInt32LE(Math.min(entries.length, MAX_32), 12);
  end.writeUInt32LE(Math.min(start, MAX_32), 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([entries, end64, end, comment]);
}
