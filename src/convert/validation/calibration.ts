import type { ConvertOptions } from '../../model/options.ts';
import type { Settings } from '../../model/settings.ts';
import { SPACE_UNITS, type SpaceUnit, lengthsIn, spaceUnit } from '../../model/units.ts';
import type { VolumeInfo } from '../../model/volume.ts';
import { named } from '../../model/words.ts';
import { bad, isNumber, show, tuple } from './given.ts';

/** Value of the option `unit` for lengths that have none. */
const NO_UNIT = 'none';

/**
 * Voxel edge lengths and their unit: those that a person gives go before the source's. Where a unit is given alone, the
 * source's lengths are converted to it, or have it where the source names none.
 */
export function calibration(
  size: ConvertOptions['voxelSize'],
  unit: string | null,
  info: VolumeInfo
): Pick<Settings, 'voxelSize' | 'unit' | 'voxelSizeFrom' | 'voxelSizeFile'> {
  let name: SpaceUnit | null = null;
  if (unit !== null && unit !== NO_UNIT) {
    name = typeof unit === 'string' ? spaceUnit(unit) : null;
    if (name === null)
      throw bad(
        'unit',
        `${named('unit')} ${show(unit)} is not known: use one of ${SPACE_UNITS.join(', ')}, or ${NO_UNIT}`
      );
  }
  const own = unit === null ? info.unit : name;
  if (size !== null) {
    if (!tuple(size, 3, isNumber) || size.some(n => n <= 0))
      throw bad('voxelSize', `${named('voxelSize')} must be three numbers greater than 0 (Z Y X), found ${show(size)}`);
    return { voxelSize: size, unit: own, voxelSizeFrom: 'user', voxelSizeFile: null };
  }
  const { voxelSize, voxelSizeFrom, voxelSizeFile } = info;
  if (voxelSize === null && name !== null)
    throw bad(
      'unit',
      `${named('unit')} ${name} needs a ${named('voxelSize')}, because the source does not say how large its voxels are`
    );
  return { voxelSize: voxelSize && lengthsIn(voxelSize, info.unit, name), unit: own, voxelSizeFrom, voxelSizeFile };
}
