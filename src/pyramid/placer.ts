import type { Simd } from '../simd/index.ts';
import { BYTES_PER_VOXEL, type Dtype, LABELS_OF_FLOATS, type Shape } from '../model/volume.ts';
import type { Box } from './block.ts';
import type { Report } from './task.ts';

/**
 * Brings voxels as read to their place in the stored type, and reports what was lost. Returns the number of the first
 * voxel that the type must not be given, -1 where all are right.
 */
export type Placer = (from: Box, to: Box, shape: Shape, report: Report) => number;

/**
 * The placer from one type to another. `range`: the source values that become 0 and the greatest value of `to`; null
 * where values are kept.
 */
export function createPlacer(simd: Simd, from: Dtype, to: Dtype, range: [number, number] | null): Placer {
  const bytes = BYTES_PER_VOXEL[to];
  if (range) {
    const [min, max] = range;
    // Nothing lies between 0 and 0: a constant volume, or one without a finite value.
    if (min === max)
      return (source, [target, planeBytes, rowBytes], shape, report) => {
        for (let z = 0; z < shape[0]; z++)
          simd.fill(target + z * planeBytes, 0, (shape[1] - 1) * rowBytes + shape[2] * bytes);
        report.nan += simd.scan(from)(...source, ...shape).nan;
        return -1;
      };
    const scale = simd.scale(from, to as 'uint16' | 'uint8');
    return (source, target, shape, report) => {
      report.nan += scale(...source, ...target, ...shape, min, max);
      return -1;
    };
  }
  if (to === from)
    return ([source, sourcePlane, sourceRow], [target, targetPlane, targetRow], [nz, ny, nx]) => {
      simd.copyBox(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx * bytes);
      return -1;
    };
  if (to === LABELS_OF_FLOATS) {
    const whole = simd.whole(from as 'float32' | 'float64');
    return (source, target, shape) => whole(...source, ...target, ...shape);
  }
  const cast = simd.cast(from, to as 'float32' | 'float64');
  return (source, target, shape, report) => {
    report.overflow += cast(...source, ...target, ...shape);
    return -1;
  };
}
