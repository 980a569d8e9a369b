import { dirname } from 'node:path';
import { isAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import type { ConvertOptions } from '../model/options.ts';
import { type ConversionSource, isSent, sourceName } from '../model/source-layout.ts';
import type { Parent } from '../model/parent.ts';
import type { Settings } from '../model/settings.ts';
import type { VolumeInfo } from '../model/volume.ts';
import { named } from '../model/words.ts';
import type { InterpretationOptions } from '../reader/index.ts';
import { realPath } from '../zarr/real-path.ts';
import { labelsFolder } from '../zarr/labels-group.ts';
import { outputPath } from './output-path.ts';
import { validate, validateReading } from './validate.ts';
import { calibration } from './validation/calibration.ts';
import { usualMemory } from './validation/resources.ts';

/**
 * How the source is to be read, which must be known before its headers are.
 *
 * @throws ConvertError `bad-option`; its message names the source
 */
export const readingOf = (given: Partial<ConvertOptions>, source: ConversionSource): InterpretationOptions =>
  naming(source, () => validateReading(given));

/**
 * Description of a source that is looked at, with the voxel size and the unit that are given.
 *
 * @throws ConvertError `bad-option`; its message names the source
 */
export const describedAs = (
  info: VolumeInfo,
  { voxelSize = null, unit = null }: Partial<ConvertOptions>,
  source: ConversionSource
): VolumeInfo => naming(source, () => ({ ...info, ...calibration(voxelSize, unit, info) }));

/**
 * The settings of a conversion: options that were checked, before anything is written, with what the disk says of them:
 * which image labels belong to, and where the output goes.
 *
 * @param readParent reads the image that labels belong to
 * @throws ConvertError `bad-option` with the option at fault in `field`; its message names the source
 */
export function resolveSettings(
  given: Partial<ConvertOptions>,
  info: VolumeInfo,
  source: ConversionSource,
  readParent: (path: string) => Parent
): Settings {
  return naming(source, () => {
    const settings = validate(withinAllotment(given), info, readParent, isSent(source) ? source.level : 0);
    const { parent } = settings;
    const output = outputPath(given.output ?? null, source, parent && parent.path);
    const folder = parent && labelsFolder(parent.path);
    const real = (path: string): string => (isAddress(path) ? path : realPath(path));
    if (folder !== null && real(dirname(output)) !== real(folder))
      throw new ConvertError(
        'bad-option',
        `${named('output')} ${output} is not in ${folder}, where the labels of that image go: give a name alone, or leave ${named('parent')} out`,
        'output'
      );
    return { output, ...settings };
  });
}

/** Where nobody says how much memory may be taken: no more than there is for this process. */
function withinAllotment(given: Partial<ConvertOptions>): Partial<ConvertOptions> {
  return given.maxMemory === undefined ? { ...given, maxMemory: usualMemory() } : given;
}

/** Puts the source's name before the messages of what fails. */
function naming<T>(source: ConversionSource, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    const name = sourceName(source);
    const withName = (failure: ConvertError): ConvertError =>
      failure.with({ about: name, problem: failure.said, problems: failure.problems.map(withName) });
    throw withName(error);
  }
}
