import { DEFAULT_OPTIONS, LOOK_OPTIONS } from '../../model/options.ts';
import type { ConvertOptions, LookOptions } from '../../protocol/index.ts';

/** Of the options of a conversion how it reads its source. */
export const readingIn = (options: Partial<ConvertOptions>): LookOptions =>
  Object.fromEntries(LOOK_OPTIONS.filter(name => options[name] != null).map(name => [name, options[name]]));

/** Whether two ways of reading a source find the same voxels in it, whatever their lengths. */
export const findsSameVoxels = (one: LookOptions, other: LookOptions): boolean =>
  LOOK_OPTIONS.every(
    name =>
      name === 'voxelSize' ||
      name === 'unit' ||
      JSON.stringify(one[name] ?? DEFAULT_OPTIONS[name]) === JSON.stringify(other[name] ?? DEFAULT_OPTIONS[name])
  );
