import { DEFAULT_OPTIONS, LOOK_OPTIONS } from '../../model/options.ts';
import type { LookOptions } from '../../protocol/index.ts';

/** Whether two ways of reading a source find the same voxels in it, whatever their lengths. */
export const findsSameVoxels = (one: LookOptions, other: LookOptions): boolean =>
  LOOK_OPTIONS.every(
    name =>
      name === 'voxelSize' ||
      name === 'unit' ||
      JSON.stringify(one[name] ?? DEFAULT_OPTIONS[name]) === JSON.stringify(other[name] ?? DEFAULT_OPTIONS[name])
  );
