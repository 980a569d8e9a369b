import { ConvertError } from '../model/errors.ts';
import { option } from '../model/words.ts';
import { BELIEVED, type Ownership } from './owner.ts';

/**
 * Throws unless an unfinished output is what an ended conversion has left.
 *
 * @param planned or is converted in parts
 */
export function refuseUnlessStale(partial: string, owner: Ownership, planned = false): void {
  if (owner === 'stale' || (planned && owner === 'planned')) return;
  if (owner === 'planned')
    throw new ConvertError(
      'output-exists',
      `${partial}: is converted in parts, as somebody has planned: wait until they are done and it is finished, ` +
        `have it discarded (${option('discard', partial.replace(/\.partial$/, ''))}), or choose another output`,
      'output'
    );
  if (owner === 'foreign')
    throw new ConvertError(
      'output-exists',
      `${partial}: is in the way, and was not made by this program: move it, or choose another output`,
      'output'
    );
  throw new ConvertError(
    'output-exists',
    `${partial}: is being written by another conversion (${owner.running}): wait for it${owner.elsewhere ? ` (if it was killed, ${BELIEVED / 60_000} minutes)` : ''}, or choose another output`,
    'output'
  );
}

/** The error that an output is there, which nobody said to overwrite. */
export const taken = (output: string): ConvertError =>
  new ConvertError(
    'output-exists',
    `exists already: choose another output, or overwrite it (${option('overwrite')})`,
    'output',
    { about: output }
  );
