import type { ConvertOptions } from '../../model/options.ts';
import type { Parent } from '../../model/parent.ts';
import { type Dtype, LABELS_OF_FLOATS, type Shape, type VolumeInfo } from '../../model/volume.ts';
import { named, option } from '../../model/words.ts';
import { levels } from './arrays.ts';
import { bad, isNumber, show, tuple } from './given.ts';

/** The type that labels are stored in. */
export const labelsDtype = (source: Dtype): Dtype => (source.startsWith('float') ? LABELS_OF_FLOATS : source);

/** Checks what labels allow, and has the image read that they belong to, if one is named. */
export function labels(
  options: ConvertOptions,
  given: Partial<ConvertOptions>,
  info: VolumeInfo,
  warnings: string[],
  readParent: (path: string) => Parent
): Parent | null {
  if (options.parent !== null && (typeof options.parent !== 'string' || options.parent.trim() === ''))
    throw bad('parent', `${named('parent')} must be the path of an OME-Zarr, found ${show(options.parent)}`);
  if (!options.labels) {
    if (options.parent === null) return null;
    throw bad(
      'parent',
      `${named('parent')} is the image that labels belong to: say that these are labels (${option('labels')}), or leave it out`
    );
  }
  const stored = labelsDtype(info.dtype);
  if (options.dtype !== 'source' && options.dtype !== stored)
    throw bad(
      'dtype',
      `labels keep their values, and ${stored === info.dtype ? `so their type ${stored}` : `those of ${info.dtype} are stored as ${stored}`}: leave ${named('dtype')} out`
    );
  if (options.valueRange !== null)
    throw bad('valueRange', `labels keep their values: leave ${named('valueRange')} out`);
  if (options.downsample === 'mean')
    throw bad(
      'downsample',
      `the mean of labels is no label: use mode, max or nearest, or leave ${named('downsample')} out`
    );
  if (options.parent === null) return null;
  const parent = readParent(options.parent);
  if (given.omeZarr !== undefined && given.omeZarr !== parent.version)
    throw bad(
      'omeZarr',
      `${named('omeZarr')} is ${given.omeZarr}, and the image ${parent.path} is OME-Zarr ${parent.version}, as its labels must be: leave ${named('omeZarr')} out`
    );
  if (levels(options.levels) !== 'auto' && options.levels !== parent.levels.length)
    throw bad(
      'levels',
      `${named('levels')} is ${options.levels}, and the image ${parent.path} has ${parent.levels.length}, as its labels must have: leave ${named('levels')} out`
    );
  if (parent.consolidated)
    warnings.push(`${parent.path} has consolidated metadata, in which the new labels are not: consolidate it again.`);
  return parent;
}

/** The voxel of the image at which labels begin that cover only a part of it. */
export function place(at: ConvertOptions['at'], parent: ConvertOptions['parent']): Shape | null {
  if (at === null) return null;
  if (!tuple(at, 3, isNumber) || at.some(n => !Number.isSafeInteger(n) || n < 0))
    throw bad('at', `${named('at')} must be three whole numbers from 0 (Z Y X), found ${show(at)}`);
  if (parent === null)
    throw bad(
      'at',
      `${named('at')} is a voxel of the image that labels belong to: name it (${option('parent', 'IMAGE')}), or leave ${named('at')} out`
    );
  return at;
}
