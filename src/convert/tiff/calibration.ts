import { spaceUnit } from '../units.ts';
import type { VolumeInfo } from '../volume.ts';

/** The voxel size as `VolumeInfo` has it. */
export type Calibration = Pick<VolumeInfo, 'voxelSize' | 'unit' | 'voxelSizeFrom'>;

export const UNCALIBRATED: Calibration = { voxelSize: null, unit: null, voxelSizeFrom: null };

/** Metres, for the units that are mixed. */
const METERS: Partial<Record<string, number>> = {
  angstrom: 1e-10,
  picometer: 1e-12,
  nanometer: 1e-9,
  micrometer: 1e-6,
  millimeter: 1e-3,
  centimeter: 1e-2,
  meter: 1,
  inch: 0.0254,
  foot: 0.3048
};

/** Metres in a unit; null for one that is not known here. */
export const inMeters = (unit: string | null): number | null => METERS[unit ?? ''] ?? null;

/**
 * Lengths along (Z, Y, X), each in its own unit as people write it, brought to the unit of X.
 * Uncalibrated when a length is not positive, a unit is unknown, or two units cannot be brought together.
 */
export function calibrate(
  lengths: [number, number, number],
  units: [string, string, string],
  from: string
): Calibration {
  const [z, y, x] = units.map(spaceUnit);
  if (z === null || y === null || x === null || !lengths.every(n => n > 0 && Number.isFinite(n))) return UNCALIBRATED;
  const to = METERS[x];
  const voxelSize: [number, number, number] = [...lengths];
  for (const [axis, unit] of [z, y].entries()) {
    if (unit === x) continue;
    const own = METERS[unit];
    if (own === undefined || to === undefined) return UNCALIBRATED;
    voxelSize[axis] = Number(((lengths[axis] * own) / to).toPrecision(15));
  }
  return { voxelSize, unit: x, voxelSizeFrom: from };
}
