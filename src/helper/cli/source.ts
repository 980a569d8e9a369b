import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAddress } from '../../model/address.ts';
import { ConvertError } from '../../model/errors.ts';
import { actualPath, nameOf, onDisk } from '../../convert/index.ts';
import { standInFor } from '../../remote/stand-ins.ts';
import type { Source } from '../../protocol/index.ts';

/**
 * The source that a word of the command line means: a path, or, for `@FILE`, the slices that FILE names, one path a
 * line; `@-` reads them from standard input. Of addresses it is what stands for them.
 * @throws ConvertError when there is no such list, or nothing in it
 */
export function readSource(word: string): Source {
  if (!word.startsWith('@')) {
    return standInFor(word);
  }
  const list = word === '@-' ? null : word.slice(1);
  let read: Buffer;
  try {
    read = readFileSync(list ?? 0);
  } catch (error) {
    const hint = 'a name that starts with @ is written ./@NAME';
    throw new ConvertError(
      'not-found',
      `${word}: the list of slices cannot be read (${(error as Error).message}); ${hint}`,
      'source'
    );
  }
  const readings = textsOf(read).map(linesOf);
  const paths = readings.map(found).find(found => found !== null) ?? readings[0];
  if (paths.length === 0) {
    throw new ConvertError('bad-option', `${word}: the list of slices is empty; write one path a line`, 'source');
  }
  return paths.map(standInFor);

  /**
   * Relative paths are from where the command runs, or else from where the list is; null where its first line is
   * nowhere.
   */
  function found(lines: string[]): string[] | null {
    const trimmed = lines.map(line => line.trim()).filter(line => line !== '');
    for (const each of [lines, trimmed]) {
      const [first] = each;
      if (first === undefined || isThere(first)) return each;
      const beside = (line: string) => resolve(dirname(list!), line);
      if (list !== null && isThere(beside(first))) return each.map(beside);
    }
    return null;
  }
}

const isThere = (path: string): boolean => isAddress(path) || existsSync(onDisk(actualPath(path)));

const linesOf = (text: string): string[] =>
  text.split(/\r?\n/).filter(line => line !== '' && !(line.startsWith('#') && !isThere(line)));

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
