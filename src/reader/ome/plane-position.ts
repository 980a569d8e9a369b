import { spaceUnit } from '../../model/units.ts';
import type { Position, VolumeInfo } from '../../model/volume.ts';

/** Of a file that places itself, no more of its planes are compared. */
export const MOST_PLANES = 1024;
/** So much of the distance of two planes is lost where numbers are written with fewer digits. */
const ROUNDING = 0.01;

/** An attribute's number and its unit, as OME-XML has them. */
export interface PlanePosition {
  z: number;
  place: [z: number, y: number, x: number];
  units: [z: string | undefined, y: string | undefined, x: string | undefined];
}

/**
 * Where the `Plane`s of an OME-XML say that the first voxel's centre is. Null where one of three coordinates is
 * missing, or is in no unit of length (without one, it is of some reference frame that nobody knows), and where planes
 * contradict each other: all must have one x and y, and one z or slices as far apart as voxels are deep.
 */
export function planesPosition(
  planes: readonly PlanePosition[],
  { voxelSize, unit }: Pick<VolumeInfo, 'voxelSize' | 'unit'>
): Position | null {
  const first = planes.find(({ z }) => z === 0);
  if (!first?.place.every(Number.isFinite)) return null;
  const [name] = first.units;
  const known = name === undefined ? null : spaceUnit(name);
  const isOne = planes.every(({ units }) => units.every(each => each === name));
  if (known === null || !isOne) return null;
  const depth = voxelSize && known === unit ? voxelSize[0] : NaN;
  const [z0, y0, x0] = first.place;
  const near = (a: number, b: number, length: number) => Math.abs(a - b) <= ROUNDING * Math.abs(length);
  const isStill = planes.every(({ place }) => place[0] === z0);
  const isStack = planes.every(({ z, place }) => near(place[0], z0 + z * depth, depth));
  const isOneLine = planes.every(({ place }) => place[1] === y0 && place[2] === x0);
  return isOneLine && (isStill || isStack) ? { from: 'ome-xml', place: first.place, unit: known } : null;
}
