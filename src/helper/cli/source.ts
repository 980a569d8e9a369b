import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConvertError } from '../../model/errors.ts';
import type { Source } from '../../protocol/index.ts';

/**
 * The source that a word of the command line means: a path, or, for `@FILE`, the slices that FILE names, one path a line; `@-` reads them
 * from standard input.
 * @throws ConvertError when there is no such list, or nothing in it
 */
export function readSource(word: string): Source {
  if (!word.startsWith('@')) {
    return word;
  }
  const list = word === '@-' ? null : word.slice(1);
  let text: string;
  try {
    text = decode(readFileSync(list ?? 0));
  } catch (error) {
    const hint = 'a name that starts with @ is written ./@NAME';
    throw new ConvertError(
      'not-found',
      `${word}: the list of slices cannot be read (${(error as Error).message}); ${hint}`,
      'source'
    );
  }
  const lines = text.split(/\r?\n/).filter(line => line !== '' && !(line.startsWith('#') && !existsSync(line)));
  const paths = found(lines) ?? found(lines.map(line => line.trim()).filter(line => line !== '')) ?? lines;
  if (paths.length === 0) {
    throw new ConvertError('bad-option', `${word}: the list of slices is empty; write one path a line`, 'source');
  }
  return paths;

  /** Relative paths are from where the command runs, or else from where the list is; null where its first line is nowhere. */
  function found(lines: string[]): string[] | null {
    const [first] = lines;
    if (first === undefined || existsSync(first)) return lines;
    const beside = (line: string) => resolve(dirname(list!), line);
    return list !== null && existsSync(beside(first)) ? lines.map(beside) : null;
  }
}

/** UTF-8, or what an editor of Windows writes: with a byte order mark, or in UTF-16. */
function decode(bytes: Buffer): string {
  const isUtf16 = bytes.length >= 2 && (bytes.readUInt16LE(0) === 0xfeff || bytes.readUInt16LE(0) === 0xfffe);
  return new TextDecoder(isUtf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(bytes);
}
