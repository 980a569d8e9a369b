import { readFileSync } from 'node:fs';
import { ConvertError } from '../../model/errors.ts';
import { pathsIn } from '../../convert/index.ts';
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
  const paths = pathsIn(read, list);
  if (paths.length === 0) {
    throw new ConvertError('bad-option', `${word}: the list of slices is empty; write one path a line`, 'source');
  }
  return paths.map(standInFor);
}
