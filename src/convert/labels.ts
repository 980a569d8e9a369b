import { ConvertError } from '../model/errors.ts';
import { map3 } from '../model/levels.ts';
import type { Settings } from '../model/settings.ts';
import { LABELS_OF_FLOATS, type Dtype, type OuterShape, type Shape } from '../model/volume.ts';
import type { Parent, ParentLevel } from '../model/parent.ts';
import { named } from '../model/words.ts';

/** Where voxels are: their edges, and the centre of the first. */
export type Placement = Pick<Settings, 'voxelSize' | 'unit' | 'voxelSizeFrom' | 'voxelSizeFile' | 'offset'>;

/** The type that labels are stored in. */
export const labelsDtype = (source: Dtype): Dtype => (source.startsWith('float') ? LABELS_OF_FLOATS : source);

/** So much of a voxel more or less is lost where numbers are written with fewer digits. */
const ROUNDING = 0.01;

const times = (values: readonly number[]) => values.map(value => Number(value.toPrecision(6))).join(' × ');

/**
 * Where label voxels are that belong to an image. They fill what the image fills: labels of the shape of one of its
 * levels have that level's voxels, whatever the label file says; others, and labels whose voxel size a person gives,
 * must extend as far as the image, to less than a voxel.
 *
 * @param own what the label file says, or a person (`voxelSizeFrom` is `user`)
 * @throws ConvertError `bad-option` with both extents, where they differ
 */
export function placeInParent(
  shape: Shape,
  outerShape: OuterShape,
  own: Omit<Placement, 'offset'>,
  parent: Parent,
  warnings: string[]
): Placement {
  checkOuterShape(outerShape, parent);
  const [finest] = parent.levels;
  const unit = (name: string | null) => name ?? 'of an unknown unit';
  const level = parent.levels.find(({ shape: other }) => other.every((n, axis) => n === shape[axis]));
  if (level && own.voxelSizeFrom !== 'user') {
    const { scale, translation: offset } = level;
    const other = own.voxelSize;
    if (other && (own.unit !== parent.unit || other.some((n, axis) => Math.abs(n / scale[axis] - 1) > ROUNDING)))
      warnings.push(
        `The labels say that their voxels are ${times(other)} ${unit(own.unit)}; they are written with those of the image, ` +
          `${times(scale)} ${unit(parent.unit)}.`
      );
    return asTheImage(parent, scale, offset);
  }
  const { voxelSize } = own;
  const shapes = `the labels have ${shape.join(' × ')} voxels, and the image ${parent.path} has ${finest.shape.join(' × ')}`;
  if (!voxelSize)
    throw mismatch(
      `${shapes}: choose the image that they belong to, cut them with ${named('roi')}, say where they begin with ${named('at')}, or give their ${named('voxelSize')} if they are coarser or finer`
    );
  if (own.unit !== parent.unit)
    throw mismatch(
      `${shapes} with voxels ${unit(parent.unit)}, and theirs are ${unit(own.unit)}: give ${named('voxelSize')} and ${named('unit')} as the image has them`,
      'voxelSize'
    );
  const extent = map3(voxelSize, (length, axis) => length * shape[axis]);
  const wanted = map3(finest.scale, (length, axis) => length * finest.shape[axis]);
  const coarser = map3(voxelSize, (length, axis) => Math.max(length, finest.scale[axis]));
  if (extent.some((length, axis) => Math.abs(length - wanted[axis]) > (1 - ROUNDING) * coarser[axis]))
    throw mismatch(
      `the labels extend over ${times(extent)} ${parent.unit ?? ''} (${shape.join(' × ')} voxels of ${times(voxelSize)}), and the image ${parent.path} over ` +
        `${times(wanted)} (${finest.shape.join(' × ')} of ${times(finest.scale)}): choose the image that they belong to, cut them with ${named('roi')}, or give their ${named('voxelSize')}`
    );
  return { ...own, offset: firstCentre(finest, [0, 0, 0], voxelSize) };
}

/**
 * Where label voxels are that fill a part of an image. They are as long as the image's, unless a person says otherwise
 * (`voxelSizeFrom` is `user`), and the near corner of the first is that of voxel `at` of its full resolution.
 *
 * @throws ConvertError `bad-option` where they reach beyond the image
 */
export function placeInPart(
  shape: Shape,
  outerShape: OuterShape,
  own: Omit<Placement, 'offset'>,
  parent: Parent,
  at: Shape
): Placement {
  checkOuterShape(outerShape, parent);
  const [finest] = parent.levels;
  const isGiven = own.voxelSizeFrom === 'user' && own.voxelSize !== null;
  const voxelSize = isGiven ? own.voxelSize! : finest.scale;
  if (isGiven && own.unit !== parent.unit)
    throw mismatch(
      `the voxels of the image ${parent.path} are ${parent.unit ?? 'of an unknown unit'}, and those of the labels ${own.unit ?? 'of an unknown unit'}: give ${named('voxelSize')} and ${named('unit')} as the image has them`,
      'voxelSize'
    );
  const end = map3(at, (from, axis) => from + (shape[axis] * voxelSize[axis]) / finest.scale[axis]);
  // A voxel at an edge may have been made of fewer.
  const beyond = map3(voxelSize, (length, axis) =>
    length > finest.scale[axis] ? (1 - ROUNDING) * (length / finest.scale[axis]) : ROUNDING
  );
  if (end.some((to, axis) => to > finest.shape[axis] + beyond[axis]))
    throw mismatch(
      `labels of ${shape.join(' × ')} voxels from voxel ${at.join(' ')} of the image on reach to ${times(end)}, and the image ${parent.path} has ${finest.shape.join(' × ')} voxels: choose the place or the image that they belong to`,
      'at'
    );
  const offset = firstCentre(finest, at, voxelSize);
  if (isGiven) return { ...own, offset };
  return asTheImage(parent, voxelSize, offset);
}

/** The centre of the first of voxels whose near corner is that of voxel `at` of a level. */
const firstCentre = ({ scale, translation }: ParentLevel, at: Shape, voxelSize: Shape): Shape =>
  map3(voxelSize, (length, axis) => translation[axis] + at[axis] * scale[axis] + (length - scale[axis]) / 2);

/** Voxels as long as the image says that they are. */
function asTheImage(parent: Parent, voxelSize: Shape, offset: Shape): Placement {
  const known = parent.unit !== null || voxelSize.some(length => length !== 1);
  return {
    voxelSize: known ? voxelSize : null,
    unit: parent.unit,
    voxelSizeFrom: known ? 'parent' : null,
    voxelSizeFile: null,
    offset
  };
}

function checkOuterShape(outerShape: OuterShape, parent: Parent): void {
  for (const axis of ['t', 'c'] as const)
    if (outerShape[axis] > 1 && outerShape[axis] !== parent.outerShape[axis])
      throw mismatch(
        `the labels are ${outerShape[axis]} along ${axis}, and the image ${parent.path} is ${parent.outerShape[axis]}: choose the image that they belong to`
      );
}

function mismatch(message: string, field: 'parent' | 'voxelSize' | 'at' = 'parent'): ConvertError {
  return new ConvertError('bad-option', message.replace(/ {2,}/g, ' '), field);
}
