import { accessSync, constants, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { ConvertError, type ErrorCode } from '../model/errors.ts';
import { option } from '../model/words.ts';
import { heldBack } from './leftovers.ts';
import { checkReplaceable, isTaken } from './occupied.ts';
import { ownerOf } from './owner.ts';
import { refuseUnlessStale } from './ownership.ts';
import { realPath } from './real-path.ts';
import { refuseWhatIsReplaced } from './replaced.ts';
import { writeError } from './system-errors.ts';

/** Whether `path` is `folder` or lies in it; both real paths. */
const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(way) !== way);
};

/**
 * Says whether `output` may be written, without writing anything. Returns where an ended conversion has left something
 * of it, or null.
 *
 * @param labels whether the output is one in a folder of label images, which may be made for it
 * @throws ConvertError `output-inside-source`, `output-unwritable`, `output-not-ome-zarr`, `output-exists` or
 *   `bad-option`
 */
export async function checkDestination(
  output: string,
  source: string | string[],
  overwrite: boolean,
  labels = false
): Promise<string | null> {
  const fail = (code: ErrorCode, message: string) => new ConvertError(code, message, 'output');
  if (output.endsWith('.partial'))
    throw fail('bad-option', `${output}: names that end in .partial are for unfinished outputs: choose another name`);
  const real = realPath(output);
  for (const path of typeof source === 'string' ? [source] : source) {
    const from = realPath(resolve(path));
    // Nobody is told to remove it, as other things that have the output's name.
    if (from === real) throw fail('output-inside-source', `${output}: is the source itself: choose another output`);
    const folder = statSync(from, { throwIfNoEntry: false })?.isDirectory();
    if (folder && isWithin(from, real))
      throw fail('output-inside-source', `${output}: lies inside the source folder ${path}: choose a name outside it`);
    if (isWithin(real, from))
      throw fail('output-inside-source', `${output}: the source ${path} lies inside the output: choose another name`);
  }
  const folder = dirname(output);
  const parent = labels && !isTaken(folder) ? dirname(folder) : folder;
  const there = statSync(parent, { throwIfNoEntry: false });
  if (!there) {
    const none = `${output}: there is no folder ${parent}`;
    const above = folderAbove(parent);
    if (!isFolderForWriting(above))
      throw fail('output-unwritable', `${none}, and none can be made in ${above}: choose another output`);
    throw new NoFolderError(`${none}: make it, or choose another output`);
  }
  if (!there.isDirectory())
    throw fail('output-unwritable', `${output}: ${parent} is not a folder: choose another output`);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw writeError(error, output);
  }
  checkReplaceable(output, overwrite);
  const partial = `${output}.partial`;
  const isLeft = isTaken(partial);
  if (isLeft) refuseUnlessStale(partial, ownerOf(partial));
  refuseWhatIsReplaced(output, labels);
  const held = !overwrite && isTaken(folder) && !isTaken(output) ? heldBack(output) : null;
  if (held !== null)
    throw new ConvertError(
      'output-exists',
      `exists already, as ${held}, since a conversion was ended when it was about to replace it: ` +
        `replace it (${option('overwrite')}), choose another output, or give it its name again`,
      'overwrite',
      { about: output }
    );
  return isLeft ? partial : null;
}

/** There is no folder for an output, and one can be made. */
export class NoFolderError extends ConvertError {
  constructor(said: string) {
    super('output-unwritable', said, 'output');
  }
}

/** The innermost that is there of what a path lies in. */
function folderAbove(path: string): string {
  const above = dirname(path);
  return isTaken(above) || above === path ? above : folderAbove(above);
}

function isFolderForWriting(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
