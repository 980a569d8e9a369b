import { addressName, isAddress } from '../../model/address.ts';
import { isUtf8 } from 'node:buffer';
import { existsSync, readdirSync } from 'node:fs';
import { LOST } from '../../model/readable.ts';
import { basename, join, parse, resolve, sep } from 'node:path';

// Names of files are bytes, and those of old archives are not always UTF-8. In the strings of this program a byte that
// is none stands as Python has it (PEP 383): 0x80 to 0xFF as U+DC80 to U+DCFF, which no text has alone.
const ESCAPED = /[\udc80-\udcff]/u;

export const isGarbled = (path: string): boolean => path.includes(LOST);

/** A name as the file system has it. */
export function nameOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let name = '';
  for (let at = 0; at < bytes.length;) {
    const size = [1, 2, 3, 4].find(n => at + n <= bytes.length && isUtf8(bytes.subarray(at, at + n))) ?? 0;
    name += size > 0 ? bytes.toString('utf8', at, at + size) : String.fromCharCode(0xdc00 + bytes[at]);
    at += size || 1;
  }
  return name;
}

/** A path for the functions of `node:fs`. */
export function onDisk(path: string): string | Buffer {
  if (!ESCAPED.test(path)) return path;
  return Buffer.concat(
    Array.from(path, char => (ESCAPED.test(char) ? Buffer.of(char.charCodeAt(0) - 0xdc00) : Buffer.from(char)))
  );
}

/** Where a source or an output is, whatever the working folder will be; an address is that already. */
export const absolute = (source: string): string => (isAddress(source) ? source : resolve(source));

/** Name of the file that a path or an address leads to. */
export const nameAt = (path: string): string => (isAddress(path) ? addressName(path) : basename(path));

/**
 * A path as it is on the disk, where a surface could not hand its bytes on: it is found by what is left of them, if
 * only one is like it.
 */
export function actualPath(path: string): string {
  if (isAddress(path) || !isGarbled(path) || existsSync(onDisk(path))) return path;
  const whole = resolve(path);
  const { root } = parse(whole);
  let at = root;
  for (const part of whole.slice(root.length).split(sep)) {
    const next = join(at, part);
    if (existsSync(onDisk(next))) {
      at = next;
      continue;
    }
    const alike = namesAlike(at, part);
    if (alike.length !== 1) return path;
    at = join(at, alike[0]);
  }
  return at;
}

function namesAlike(folder: string, name: string): string[] {
  try {
    const entries = readdirSync(onDisk(folder), { encoding: 'buffer' });
    return entries.filter(bytes => bytes.toString() === name).map(nameOf);
  } catch {
    return [];
  }
}
