import { readFileSync } from 'node:fs';
import { ConvertError } from '../../convert/errors.ts';
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
  let text: string;
  try {
    text = readFileSync(word === '@-' ? 0 : word.slice(1), 'utf8');
  } catch (error) {
    const hint = 'a name that starts with @ is written ./@NAME';
    throw new ConvertError(
      'not-found',
      `${word}: the list of slices cannot be read (${(error as Error).message}); ${hint}`,
      'source'
    );
  }
  const paths = text.split(/\r?\n/).filter(line => line !== '');
  if (paths.length === 0) {
    throw new ConvertError('bad-option', `${word}: the list of slices is empty; write one path a line`, 'source');
  }
  return paths;
}
