import { basename } from 'node:path';
import type { Sidecar } from './sidecar.ts';
import { calibrate, type Calibration, UNCALIBRATED } from './calibration.ts';
import type { Resolution } from './resolution.ts';
import { inMeters } from '../../model/units.ts';
import type { VolumeInfo } from '../../model/volume.ts';
import { option } from '../../model/words.ts';

/** The voxel size, as `VolumeInfo` has it. */
export type VoxelSize = Pick<VolumeInfo, 'voxelSize' | 'unit' | 'voxelSizeFrom' | 'voxelSizeFile' | 'voxelSizeNotes'>;

/** Two sizes that differ by less are the same, written with fewer digits. */
const TOLERANCE = 0.01;

const NAMES: Record<string, string> = {
  'ome-xml': 'OME-XML',
  imagej: 'ImageJ',
  'resolution-tags': 'the resolution tags',
  scifio: "SCIFIO's description"
};

interface Told extends Calibration {
  voxelSize: NonNullable<Calibration['voxelSize']>;
  file: string | null;
}

/**
 * Chooses among all sources of the voxel size: the file's own descriptions (OME-XML before ImageJ's and others), then a
 * sidecar, then resolution tags with a depth; a size without a unit only after those with one. Sources of another size
 * than the chosen one are named in a note, and so is all that was found and not understood. A size that nothing tells
 * stays unknown.
 */
export function chooseVoxelSize(
  descriptions: readonly Calibration[],
  sidecar: Sidecar | null,
  resolution: Resolution | null,
  notes: readonly string[]
): VoxelSize {
  const all: Told[] = [];
  const found = [...notes];
  const add = (calibration: Calibration, file: string | null) => {
    found.push(...calibration.notes);
    if (calibration.voxelSize) all.push({ ...calibration, voxelSize: calibration.voxelSize, file });
  };
  for (const [n, description] of descriptions.entries())
    add(n === 0 ? description : { ...description, notes: [] }, null);
  if (sidecar) {
    const { voxelSize, unit, from, path } = sidecar;
    add(calibrate(voxelSize, [unit, unit, unit], from, basename(path)), basename(path));
  }
  if (resolution) add(resolution.calibration, null);
  const chosen = all.find(({ unit }) => unit !== null) ?? all.at(0);
  const others = all.filter(told => told !== chosen && chosen && differs(told, chosen));
  const flat = resolution?.pixel && !resolution.calibration.voxelSize ? describeFlat(resolution, chosen ?? null) : null;
  if (chosen && chosen.unit === null)
    found.push(
      `${describe(chosen)}, of which only the proportions can be used: give their unit (${option('unit', 'UNIT')}), if you know it.`
    );
  const { voxelSize, unit, voxelSizeFrom } = chosen ?? UNCALIBRATED;
  return {
    voxelSize,
    unit,
    voxelSizeFrom,
    voxelSizeFile: chosen?.file ?? null,
    voxelSizeNotes: [
      ...found,
      ...others.map(told => `${describe(chosen!)} was taken, but ${describe(told)}: ${instead(told)}.`),
      ...(flat && resolution!.calibration.notes.length === 0 ? [flat] : [])
    ]
  };
}

const describe = ({ voxelSize, unit, voxelSizeFrom, file }: Told): string =>
  `${file ?? NAMES[voxelSizeFrom ?? ''] ?? voxelSizeFrom} says ${voxelSize.map(short).join(' × ')}${unit ? ` ${unit}` : ''}`;

/** How to have a size in place of the chosen one. */
const instead = ({ voxelSize, unit }: Told): string =>
  `give that (${[option('voxelSize', ...voxelSize.map(short)), ...(unit ? [option('unit', unit)] : [])].join(' ')}) if it is right`;

const short = (n: number): number => Number(n.toPrecision(6));

function differs(a: Told, b: Told): boolean {
  const [one, other] = [inMeters(a.unit), inMeters(b.unit)];
  // Without a unit, what one file says of itself can differ in its proportions.
  if (one === null || other === null)
    return (
      a.file === null &&
      b.file === null &&
      a.voxelSize.some(
        (n, axis) => Math.abs(((n / a.voxelSize[2]) * b.voxelSize[2]) / b.voxelSize[axis] - 1) > TOLERANCE
      )
    );
  return a.voxelSize.some((n, axis) => Math.abs((n * one) / (b.voxelSize[axis] * other) - 1) > TOLERANCE);
}

/** A note on a resolution, which knows no depth; null where there is nothing to say. */
function describeFlat({ pixel, unit, says }: Resolution, chosen: Told | null): string | null {
  const [y, x] = pixel!;
  const named = unit === null ? 'of an unknown unit' : unit;
  const size = y === x ? `${short(x)} ${named} in x and y` : `${short(x)} ${named} in x and ${short(y)} in y`;
  if (!chosen)
    return `${says} ${size} and nothing about z, so that the voxel size stays unknown: give it (${option('voxelSize', 'Z', short(y), short(x))} ${option('unit', unit ?? 'UNIT')}) if that is right.`;
  const [own, other] = [inMeters(unit), inMeters(chosen.unit)];
  if (own === null || other === null) return null;
  const far = [y, x].some((n, i) => Math.abs((n * own) / (chosen.voxelSize[i + 1] * other) - 1) > TOLERANCE);
  return far ? `${describe(chosen)} was taken, but ${says.replace(/^The\b/, 'the')} ${size}.` : null;
}
