import { convertLength, isLostMicro, seconds, spaceUnit } from '../../model/units.ts';
import type { VolumeInfo } from '../../model/volume.ts';
import { option } from '../../model/words.ts';

/** The voxel size as `VolumeInfo` has it, and what was found and could not be taken as it is: a sentence each. */
export interface Calibration extends Pick<VolumeInfo, 'voxelSize' | 'unit' | 'voxelSizeFrom'> {
  notes: readonly string[];
}

export const UNCALIBRATED: Calibration = { voxelSize: null, unit: null, voxelSizeFrom: null, notes: [] };

/** No calibration that can be used, and why. */
export const unusable = (...notes: string[]): Calibration => ({ ...UNCALIBRATED, notes });

type Three<T> = [z: T, y: T, x: T];
/** A length as a source has it; undefined where it has none. */
export type LengthValue = string | number | undefined;

/** A source's words, cut to a length that a sentence can hold. */
const brief = (text: string): string => (text.trim().length > 40 ? `${text.trim().slice(0, 40)}…` : text.trim());

/** A source's lengths along (Z, Y, X), in its own words: `nothing of x, y 2.5 µm and z 5 µm`. */
function words(lengths: Three<LengthValue>, units: Three<string>): string {
  const [z, y, x] = lengths.map((length, axis) => {
    const name = 'zyx'[axis];
    if (length === undefined) return `nothing of ${name}`;
    const text = typeof length === 'number' ? String(Number(length.toPrecision(6))) : `"${brief(length)}"`;
    return `${name} ${text} ${brief(units[axis])}`.trimEnd();
  });
  return `${x}, ${y} and ${z}`;
}

/** Whether a unit says no more than that the size of voxels is not known. */
export const isPixel = (unit: string): boolean => /^(|pixels?|px|voxels?|vx)$/i.test(unit.trim());

/**
 * Lengths along (Z, Y, X), each in its own unit as people write it, brought to the unit of X. Where only the unit is
 * not known, but the same along all, the lengths are kept as proportions, without one. Uncalibrated where a length is
 * none, or units cannot be brought together. Notes say what was found and not understood.
 *
 * @param who what says so, as a subject
 */
export function calibrate(lengths: Three<LengthValue>, units: Three<string>, from: string, who: string): Calibration {
  if (lengths.every(length => length === undefined)) return UNCALIBRATED;
  const numbers = lengths.map(length => Number(typeof length === 'string' && length.trim() === '' ? NaN : length));
  const found = words(lengths, units);
  const names = units.map(spaceUnit);
  const [z, y, x] = names;
  const isNothing = units.every(isPixel) && numbers.every((n, axis) => lengths[axis] === undefined || n === 1);
  if (isNothing) return UNCALIBRATED;
  if (!numbers.every(n => n > 0 && Number.isFinite(n))) {
    const given = numbers.map((n, axis) => (n > 0 && Number.isFinite(n) ? n : 'ZYX'[axis]));
    return unusable(
      `${who} says ${found}, so that the voxel size stays unknown: give it (${option('voxelSize', ...given)} ${option('unit', x ?? y ?? 'UNIT')}).`
    );
  }
  const size = numbers as Three<number>;
  const lost = units.find(isLostMicro);
  const notes = lost === undefined ? [] : [`${who} says the unit "${lost.trim()}", which was taken for micrometer.`];
  if (z !== null && y !== null && x !== null) {
    const voxelSize: Three<number> = [convertLength(size[0], z, x), convertLength(size[1], y, x), size[2]];
    return { voxelSize, unit: x, voxelSizeFrom: from, notes };
  }
  // An axis counted in seconds has no length, and no proportion to axes that have one.
  const isTime = units.some(unit => seconds(unit) !== null && unit.trim() !== '');
  if (!isTime && units.every(unit => unit.trim() === units[2].trim())) {
    const word = brief(units[2]);
    const odd = `${who} says ${words(size, ['', '', ''])} in "${word}", which is no unit of length that is known.`;
    return { voxelSize: size, unit: null, voxelSizeFrom: from, notes: word === '' ? [] : [odd] };
  }
  return unusable(
    `${who} says ${found}, in units that are not understood together, so that the voxel size stays unknown: give it (${option('voxelSize', 'Z', 'Y', 'X')} ${option('unit', 'UNIT')}).`
  );
}
