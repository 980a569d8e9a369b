import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAddress } from '../model/address.ts';
import { actualPath, nameOf, onDisk } from '../reader/common/file-name.ts';

/**
 * Paths and addresses in a text file, one a line; lines that begin with # say nothing. Relative paths are from where
 * the command runs or from where the list is, all from the same: where more of them are. From standard input they may
 * also come with a NUL behind each, as `find -print0` writes them: so they have any name, and are taken as they are.
 *
 * @param list its path; null: it is standard input
 */
export function pathsIn(bytes: Buffer, list: string | null): string[] {
  if (list === null && bytes.includes(0) && !isUtf16(bytes)) return namesIn(bytes, '\0').filter(name => name !== '');
  const folders = list === null ? [null] : [null, dirname(list)];
  let best = { paths: [] as string[], there: -1 };
  // Most texts are the same in each encoding, and need not be looked for twice.
  for (const text of new Set(textsOf(bytes))) {
    const lines = text.split(/\r?\n/).filter(line => line !== '');
    for (const folder of folders) {
      const named = lines.flatMap(line => found(line, folder));
      const there = named.filter(({ isThere }) => isThere).length;
      if (there > best.there) best = { paths: named.map(({ path }) => path), there };
      if (there === lines.length) return best.paths;
    }
  }
  return best.paths;
}

interface Found {
  path: string;
  isThere: boolean;
}

/** What a line names in a folder, as it is written or without spaces at its ends; nothing where it names nothing. */
function found(line: string, folder: string | null): Found[] {
  const trimmed = line.trim();
  const pathOf = (name: string): string => (folder === null || isAddress(name) ? name : resolve(folder, name));
  for (const path of [line, trimmed].filter(each => each !== '').map(pathOf))
    if (isThere(path)) return [{ path, isThere: true }];
  return trimmed === '' || trimmed.startsWith('#') ? [] : [{ path: pathOf(trimmed), isThere: false }];
}

const isThere = (path: string): boolean => isAddress(path) || existsSync(onDisk(actualPath(path)));

/**
 * Texts that a list may have: names as bytes, as the file system has them; or those that an editor of Windows writes,
 * with a byte order mark, in UTF-16, or in its code page where the names themselves are UTF-8.
 */
function textsOf(bytes: Buffer): string[] {
  if (isUtf16(bytes)) return [new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes)];
  const names = namesIn(bytes, '\n')
    .join('\n')
    .replace(/^\ufeff/, '');
  return [names, new TextDecoder('windows-1252').decode(bytes)];
}

/** Whether a text begins with the byte order mark of UTF-16. */
const isUtf16 = (bytes: Buffer): boolean =>
  bytes.length >= 2 && (bytes.readUInt16LE(0) === 0xfeff || bytes.readUInt16LE(0) === 0xfffe);

/** Names as the file system has them, of which `end` stands between each and the next. */
const namesIn = (bytes: Buffer, end: string): string[] =>
  bytes
    .toString('latin1')
    .split(end)
    .map(name => nameOf(Buffer.from(name, 'latin1')));
