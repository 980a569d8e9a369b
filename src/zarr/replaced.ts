import { dirname, join } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import { option } from '../model/words.ts';
import { isTaken, namesIn } from './occupied.ts';
import { ownerOf } from './owner.ts';

/**
 * Refuses labels of an image that another conversion is about to replace, and to replace an image into which labels are
 * being written: these would go with it, without a word, though they were told to be done.
 *
 * @param labels whether the output is one in an image's folder of labels
 * @throws ConvertError `output-exists`
 */
export function refuseWhatIsReplaced(output: string, labels: boolean): void {
  const fail = (message: string) => new ConvertError('output-exists', message, 'output');
  if (labels) {
    const image = dirname(dirname(output));
    const owner = isTaken(`${image}.partial`) ? ownerOf(`${image}.partial`) : 'stale';
    if (owner === 'planned')
      throw fail(
        `${output}: the image ${image} is about to be replaced, with its labels, by a conversion in parts that somebody has planned: wait until that is finished, or have it discarded (${option('discard', image)})`
      );
    if (typeof owner === 'object')
      throw fail(
        `${output}: the image ${image} is about to be replaced, with its labels, by another conversion (${owner.running}): wait until that has ended`
      );
  }
  const folder = join(output, 'labels');
  for (const name of namesIn(folder).filter(name => name.endsWith('.partial'))) {
    const owner = ownerOf(join(folder, name));
    const label = name.replace(/\.partial$/, '');
    if (owner === 'planned')
      throw fail(
        `${output}: labels are converted into it in parts (${label}), as somebody has planned, and would go with it: wait until they are finished, or have them discarded (${option('discard', join(folder, label))})`
      );
    if (typeof owner === 'object')
      throw fail(
        `${output}: labels are being written into it (${label}, ${owner.running}), and would go with it: wait for them, or choose another output`
      );
  }
}
