import { basename, dirname } from 'node:path';
import { withoutEnding } from '../../model/file-endings.ts';
import { commonStart } from '../../model/output-name.ts';

/** A name without what it may end with before a number, in lower case. */
export const tidyStem = (name: string): string => name.toLowerCase().replace(/[\s_.~-]+$/, '');

/**
 * Names of a volume by its files: that of its only file without the ending, or the beginning of all slices' names
 * without numbers, and their folder's.
 */
export function volumeStems(paths: readonly string[], folder: boolean): string[] {
  const names = paths.map(path => withoutEnding(basename(path)));
  if (names.length === 1 && !folder) return [tidyStem(names[0])];
  const stem = tidyStem(commonStart(names).replace(/\d+$/, ''));
  return [...new Set([stem, tidyStem(basename(dirname(paths[0])))])].filter(name => name !== '');
}

/** How a sidecar's name is related to a volume's: 2, the same; 1, one begins with the other; 0, not at all. */
export function relation(sidecar: string, stems: readonly string[]): 0 | 1 | 2 {
  const stem = tidyStem(sidecar.replace(/\.[^.]*$/, ''));
  if (stems.includes(stem)) return 2;
  const begins = (long: string, short: string) => long.startsWith(short) && /^[\s_.~-]/.test(long.slice(short.length));
  return stems.some(name => begins(name, stem) || begins(stem, name)) ? 1 : 0;
}
