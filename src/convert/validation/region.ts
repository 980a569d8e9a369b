import { Checks } from '../../model/errors.ts';
import type { ConvertOptions } from '../../model/options.ts';
import { type Shape, type VolumeInfo, spatial } from '../../model/volume.ts';
import { named } from '../../model/words.ts';
import { bad, isWhole, show, tuple } from './given.ts';

/** Throws where the region is empty along an axis, or leaves the volume. */
function checkEnds(roi: number[], axis: number, length: number): void {
  const [from, to] = [roi[2 * axis], roi[2 * axis + 1]];
  const name = 'ZYX'[axis];
  if (from < 0 || to > length)
    throw bad(
      'roi',
      `${named('roi')} ${name} ${from} to ${to} leaves the volume, which has ${name} 0 to ${length}`,
      2 * axis + (to > length ? 1 : 0)
    );
  if (to <= from)
    throw bad(
      'roi',
      `${named('roi')} ${name} ${from} to ${to} is empty: the end must be greater than the start`,
      2 * axis + 1
    );
}

/** The region as first voxel and lengths; throws where it is empty or leaves the volume. */
export function region(value: ConvertOptions['roi'], info: VolumeInfo): { start: Shape; shape: Shape } {
  const whole = spatial(info.shape);
  if (value === null) return { start: [0, 0, 0], shape: whole };
  if (!tuple(value, 6, isWhole))
    throw bad('roi', `${named('roi')} must be six whole numbers (Z0 Z1 Y0 Y1 X0 X1), found ${show(value)}`);
  const checks = new Checks();
  for (let axis = 0; axis < 3; axis++) checks.of(() => checkEnds(value, axis, whole[axis]));
  checks.done();
  const [z0, z1, y0, y1, x0, x1] = value;
  return { start: [z0, y0, x0], shape: [z1 - z0, y1 - y0, x1 - x0] };
}
