// Where the voxels are, and where labels are in the image that they belong to.
import { ConvertError } from '../../model/errors.ts';
import { map3 } from '../../model/levels.ts';
import type { Settings } from '../../model/settings.ts';
import type { OuterShape, Position, Shape, VolumeInfo } from '../../model/volume.ts';
import type { Parent, ParentLevel } from '../../model/parent.ts';
import { lengthsIn } from '../../model/units.ts';
import { named, option } from '../../model/words.ts';

/** Where voxels are: their edges, and the centre of the first. */
type Placement = Pick<Settings, 'voxelSize' | 'unit' | 'voxelSizeFrom' | 'voxelSizeFile' | 'offset'>;

/** So much of a voxel more or less is lost where numbers are written with fewer digits. */
const ROUNDING = 0.01;

const times = (values: readonly number[]) => values.map(value => Number(value.toPrecision(6))).join(' × ');

/** Where the voxels are: where the source has them, or where the image is that they are labels of. */
export function placement(
  { start, shape }: Pick<Settings, 'start' | 'shape'>,
  own: Omit<Placement, 'offset'>,
  info: VolumeInfo,
  parent: Parent | null,
  at: Shape | null,
  level: number,
  warnings: string[]
): Placement {
  const along = (axis: string) => info.shape[info.axes.indexOf(axis)] ?? 1;
  const outerShape = { t: along('t'), c: along('c') };
  if (parent && at) return placeInPart(shape, outerShape, own, parent, at, level);
  if (parent) return placeInParent(shape, outerShape, own, parent, warnings, info.position, start);
  return { ...own, offset: map3(start, (n, axis) => n * (own.voxelSize?.[axis] ?? 1)) };
}

/**
 * Where label voxels are that belong to an image. They fill what the image fills: labels of the shape of one of its
 * levels have that level's voxels, whatever the label file says; others, and labels whose voxel size a person gives,
 * must extend as far as the image, to less than a voxel, or say themselves where they begin.
 *
 * @param own what the label file says, or a person (`voxelSizeFrom` is `user`)
 * @param position where the label file says that it begins
 * @param start its first voxel that is converted
 * @throws ConvertError `bad-option` with both extents, where they differ
 */
export function placeInParent(
  shape: Shape,
  outerShape: OuterShape,
  own: Omit<Placement, 'offset'>,
  parent: Parent,
  warnings: string[],
  position: Position | null = null,
  start: Shape = [0, 0, 0]
): Placement {
  checkOuterShape(outerShape, parent);
  const [finest] = parent.levels;
  const unit = (name: string | null) => name ?? 'of an unknown unit';
  const isLong = (length: number, axis: number, scale: Shape) => Math.abs(length / scale[axis] - 1) <= ROUNDING;
  // A part of the image may have the shape of a coarser level.
  const level = parent.levels.find(
    ({ shape: other, scale }, k) =>
      other.every((n, axis) => n === shape[axis]) &&
      (k === 0 || !position || own.voxelSize?.every((length, axis) => isLong(length, axis, scale)))
  );
  if (level && own.voxelSizeFrom !== 'user') {
    const { scale, translation: offset } = level;
    const other = own.voxelSize;
    if (other && (own.unit !== parent.unit || other.some((n, axis) => !isLong(n, axis, scale))))
      warnings.push(
        `The labels say that their voxels are ${times(other)} ${unit(own.unit)}; they are written with those of the image, ` +
          `${times(scale)} ${unit(parent.unit)}.`
      );
    return asTheImage(parent, scale, offset);
  }
  const { voxelSize } = own;
  const isWhole = (voxelSize && own.unit === parent.unit && reachesAsFar(shape, voxelSize, finest)) ?? false;
  if (position && !isWhole && shape.every((n, axis) => n <= finest.shape[axis])) {
    const at = placeByFile(position, own, parent, start, shape, warnings);
    return placeInPart(shape, outerShape, { ...own, voxelSizeFrom: null }, parent, at);
  }
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
  if (!isWhole)
    throw mismatch(
      `the labels extend over ${times(extent)} ${parent.unit ?? ''} (${shape.join(' × ')} voxels of ${times(voxelSize)}), and the image ${parent.path} over ` +
        `${times(wanted)} (${finest.shape.join(' × ')} of ${times(finest.scale)}): choose the image that they belong to, cut them with ${named('roi')}, or give their ${named('voxelSize')}`
    );
  return { ...own, offset: firstCentre(finest, [0, 0, 0], voxelSize) };
}

/** Whether voxels extend as far as the image, to less than a voxel. */
const reachesAsFar = (shape: Shape, voxelSize: Shape, finest: ParentLevel): boolean =>
  shape.every(
    (n, axis) =>
      Math.abs(n * voxelSize[axis] - finest.shape[axis] * finest.scale[axis]) <=
      (1 - ROUNDING) * Math.max(voxelSize[axis], finest.scale[axis])
  );

/**
 * Where label voxels are that fill a part of an image. They are as long as the image's at a level, unless a person says
 * otherwise (`voxelSizeFrom` is `user`), and the near corner of the first is that of voxel `at` of that level.
 *
 * @throws ConvertError `bad-option` where they reach beyond the image
 */
function placeInPart(
  shape: Shape,
  outerShape: OuterShape,
  own: Omit<Placement, 'offset'>,
  parent: Parent,
  at: Shape,
  number = 0
): Placement {
  checkOuterShape(outerShape, parent);
  const level = parent.levels[number];
  if (!level)
    throw mismatch(`the image ${parent.path} has the levels 0 to ${parent.levels.length - 1}, and no level ${number}`);
  const isGiven = own.voxelSizeFrom === 'user' && own.voxelSize !== null;
  const voxelSize = isGiven ? own.voxelSize! : level.scale;
  if (isGiven && own.unit !== parent.unit)
    throw mismatch(
      `the voxels of the image ${parent.path} are ${parent.unit ?? 'of an unknown unit'}, and those of the labels ${own.unit ?? 'of an unknown unit'}: give ${named('voxelSize')} and ${named('unit')} as the image has them`,
      'voxelSize'
    );
  const end = map3(at, (from, axis) => from + (shape[axis] * voxelSize[axis]) / level.scale[axis]);
  // A voxel at an edge may have been made of fewer.
  const beyond = map3(voxelSize, (length, axis) =>
    length > level.scale[axis] ? (1 - ROUNDING) * (length / level.scale[axis]) : ROUNDING
  );
  if (end.some((to, axis) => to > level.shape[axis] + beyond[axis]))
    throw mismatch(
      `labels of ${shape.join(' × ')} voxels from voxel ${at.join(' ')} of the image on reach to ${times(end)}, and ${number > 0 ? `level ${number} of ` : ''}the image ${parent.path} has ${level.shape.join(' × ')} voxels: choose the place or the image that they belong to`,
      'at'
    );
  const offset = firstCentre(level, at, voxelSize);
  if (isGiven) return { ...own, offset };
  return asTheImage(parent, voxelSize, offset);
}

const SAID_BY = { 'ome-xml': 'positions of planes in its OME-XML', imagej: "ImageJ's origin" };

/**
 * The voxel of an image's full resolution at which labels of a part of it begin, as their own file says. A position is
 * taken only where nothing is to be guessed: in the image's voxels, on their grid and inside, and counted from where
 * the image's source said that it begins, if it did.
 *
 * @param start the first voxel of the labels' file that is converted
 * @throws ConvertError `bad-option` at field `at`
 */
function placeByFile(
  { from, place, unit }: Position,
  own: Omit<Placement, 'offset'>,
  parent: Parent,
  start: Shape,
  shape: Shape,
  warnings: string[]
): Shape {
  const [{ scale, translation, shape: whole }] = parent.levels;
  const refuse = (why: string) =>
    mismatch(`it says where the labels begin (${SAID_BY[from]}), but ${why}: say it with ${named('at')}`, 'at');
  const base = parent.position;
  if (base && base.from !== from)
    throw refuse(`where the image ${parent.path} begins was said otherwise (${SAID_BY[base.from]})`);
  const { voxelSize } = own;
  const lengths = voxelSize && lengthsIn(voxelSize, own.unit, parent.unit);
  const isAlike = own.unit === parent.unit || (own.unit !== null && parent.unit !== null);
  if (lengths && !(isAlike && lengths.every((length, axis) => Math.abs(length / scale[axis] - 1) <= ROUNDING)))
    throw refuse(
      `their voxels are ${times(voxelSize)} ${own.unit ?? 'of an unknown unit'}, and those of the image ${parent.path} ${times(scale)} ${parent.unit ?? 'of an unknown unit'}`
    );
  /** In voxels of the image. */
  const counted = (position: Pick<Position, 'place' | 'unit'>): Shape => {
    if (position.unit === null) return position.place;
    if (parent.unit === null)
      throw refuse(`in ${position.unit}, and the voxels of the image ${parent.path} have no unit`);
    return map3(lengthsIn(position.place, position.unit, parent.unit), (length, axis) => length / scale[axis]);
  };
  const begins = base ? counted(base) : [0, 0, 0];
  const found = map3(counted({ place, unit }), (n, axis) => n - begins[axis] - translation[axis] / scale[axis]);
  const said = `that is voxel ${found.map(n => Number(n.toFixed(3))).join(' ')} of the image ${parent.path}`;
  const at = map3(found, (n, axis) => Math.round(n) + start[axis]);
  if (found.some(n => Math.abs(n - Math.round(n)) > ROUNDING)) throw refuse(`${said}, and not on its grid`);
  if (at.some((n, axis) => n < 0 || n + shape[axis] > whole[axis]))
    throw refuse(`${said}, and labels of ${shape.join(' × ')} voxels reach beyond its ${whole.join(' × ')} from there`);
  if (found.every(n => Math.round(n) === 0)) throw refuse(`${said}, which many programs write of whatever was cut out`);
  warnings.push(
    `It says where the labels begin (${SAID_BY[from]}): at voxel ${at.join(' ')} of the image. If that is wrong, say it with ${option('at', 'Z', 'Y', 'X')}.`
  );
  return at;
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
