import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAddress } from '../model/address.ts';
import { actualPath, nameOf, onDisk } from '../reader/common/file-name.ts';

/**
 * Paths and addresses in a text file, one a line; lines that begin with # say nothing. Relative paths are from where
 * the command runs, or else from where the list is.
 *
 * @param list its path; null: it has none
 */
export function pathsIn(bytes: Buffer, list: string | null): string[] {
  const readings = textsOf(bytes).map(text => text.split(/\r?\n/).flatMap(line => found(line, list)));
  const best = readings.find(lines => lines.some(({ isThere }) => isThere)) ?? readings[0];
  return best.map(({ path }) => path);
}

interface Found {
  path: string;
  isThere: boolean;
}

/** What a line names, as it is written or without spaces at its ends; nothing where it is none. */
function found(line: string, list: string | null): Found[] {
  const trimmed = line.trim();
  for (const path of [line, trimmed].filter(each => each !== '')) {
    if (isThere(path)) return [{ path, isThere: true }];
    const beside = list === null ? path : resolve(dirname(list), path);
    if (isThere(beside)) return [{ path: beside, isThere: true }];
  }
  return trimmed === '' || trimmed.startsWith('#') ? [] : [{ path: trimmed, isThere: false }];
}

const isThere = (path: string): boolean => isAddress(path) || existsSync(onDisk(actualPath(path)));

/**
 * Texts that a list may have: names as bytes, as the file system has them; or those that an editor of Windows writes,
 * with a byte order mark, in UTF-16, or in its code page where the names themselves are UTF-8.
 */
function textsOf(bytes: Buffer): string[] {
  const isUtf16 = bytes.length >= 2 && (bytes.readUInt16LE(0) === 0xfeff || bytes.readUInt16LE(0) === 0xfffe);
  if (isUtf16) return [new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes)];
  const names = bytes
    .toString('latin1')
    .split('\n')
    .map(line => nameOf(Buffer.from(line, 'latin1')));
  return [names.join('\n').replace(/^\ufeff/, ''), new TextDecoder('windows-1252').decode(bytes)];
}
