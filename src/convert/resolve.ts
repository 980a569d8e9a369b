import { dirname } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import type { ConvertOptions } from '../model/options.ts';
import type { Settings } from '../model/settings.ts';
import type { VolumeInfo } from '../model/volume.ts';
import { named } from '../model/words.ts';
import type { InterpretationOptions } from '../reader/index.ts';
import { realPath } from '../zarr/destination.ts';
import { labelsFolder } from '../zarr/labels-group.ts';
import { readParent } from '../zarr/parent.ts';
import { outputPath } from './output-path.ts';
import { validate, validateReading } from './validate.ts';

/**
 * How the source is to be read, which must be known before its headers are.
 *
 * @throws ConvertError `bad-option`; its message names the source
 */
export const readingOf = (given: Partial<ConvertOptions>, source: string | string[]): InterpretationOptions =>
  naming(source, () => validateReading(given));

/**
 * The settings of a conversion: options that were checked, before anything is written, with what the disk says of them:
 * which image labels belong to, and where the output goes.
 *
 * @throws ConvertError `bad-option` with the option at fault in `field`; its message names the source
 */
export function resolveSettings(given: Partial<ConvertOptions>, info: VolumeInfo, source: string | string[]): Settings {
  return naming(source, () => {
    const settings = validate(given, info, readParent);
    const { parent } = settings;
    const output = outputPath(given.output ?? null, source, parent && parent.path);
    const folder = parent && labelsFolder(parent.path);
    if (folder !== null && realPath(dirname(output)) !== realPath(folder))
      throw new ConvertError(
        'bad-option',
        `${named('output')} ${output} is not in ${folder}, where the labels of that image go: give a name alone, or leave ${named('parent')} out`,
        'output'
      );
    return { output, ...settings };
  });
}

/** Puts the source's name before the messages of what fails. */
function naming<T>(source: string | string[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    const name = typeof source === 'string' ? source : source[0];
    const withName = ({ code, said, field, at, problems }: ConvertError): ConvertError =>
      new ConvertError(code, `${name}: ${said}`, field, { at, problems: problems.map(withName) });
    throw withName(error);
  }
}
