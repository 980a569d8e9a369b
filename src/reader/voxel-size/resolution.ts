import { inMeters, spaceUnit } from '../../model/units.ts';
import { calibrate, type Calibration, UNCALIBRATED, unusable } from './calibration.ts';
import type { Directory } from '../tiff/directory.ts';
import { TAG } from '../tiff/tags.ts';

/** The size of pixels by the header of an image, without a depth; a printer's or a screen's resolution says nothing. */
export interface Resolution {
  /** Edge lengths of a pixel in `unit`; null where nothing is said of them. */
  pixel: [y: number, x: number] | null;
  /** Null where the header has none. */
  unit: string | null;
  /** The tag or header that says so, as a subject with its verb. */
  says: string;
  /** The voxel size, where something says the depth too. */
  calibration: Calibration;
}

/**
 * Pixels per inch that programs write because they must write something, or for paper; no scanner's voxel is so large
 * by chance.
 */
const PRINTERS = [
  1, 72, 90, 96, 100, 120, 150, 180, 200, 240, 250, 300, 350, 360, 400, 500, 600, 720, 800, 1000, 1200, 2400
];

function isPrinters(perUnit: number, unit: string): boolean {
  const perInch = (perUnit * inMeters('inch')!) / inMeters(unit)!;
  return perUnit <= 1 || PRINTERS.some(dots => Math.abs(perInch / dots - 1) < 0.002);
}

const round = (n: number): number => Number(n.toPrecision(9));

/**
 * The size of so many pixels per unit along (Y, X); null where they say nothing.
 *
 * @param unit UDUNITS name; null: they are proportions
 */
export function resolutionOf(perUnit: [y: number, x: number], unit: string | null, says: string): Resolution | null {
  const [perY, perX] = perUnit;
  if (!perUnit.every(n => n > 0 && Number.isFinite(n))) return null;
  if (unit === null) {
    if (perY === 1 && perX === 1) return null;
    return { pixel: [round(1 / perY), round(1 / perX)], unit, says, calibration: UNCALIBRATED };
  }
  if (perUnit.some(n => isPrinters(n, unit))) return null;
  const scale = inMeters(unit)! / inMeters('micrometer')!;
  return { pixel: [round(scale / perY), round(scale / perX)], unit: 'micrometer', says, calibration: UNCALIBRATED };
}

const SAYS = 'The resolution tags say';

/**
 * Reads XResolution, YResolution and ResolutionUnit (TIFF 6.0 section 8). They say nothing about the distance of pages;
 * tifffile's description may, as `spacing` with its `unit`.
 */
export function readResolution(directory: Directory, description: string): Resolution | null {
  const [perX, perY] = [directory.rational(TAG.xResolution), directory.rational(TAG.yResolution)];
  const resolutionUnit = directory.integer(TAG.resolutionUnit, 2);
  const own = resolutionUnit === 2 ? 'inch' : resolutionUnit === 3 ? 'centimeter' : null;
  const { spacing, unit } = tifffileSpacing(description);
  const flat = perX === null || perY === null ? null : resolutionOf([perY, perX], own, SAYS);
  if (spacing === undefined) return flat;
  const word = unit ?? '';
  const to = spaceUnit(word);
  if (!flat)
    return {
      pixel: null,
      unit: null,
      says: SAYS,
      calibration: unusable(
        `Its description says spacing ${[spacing, word].join(' ').trim()} and nothing of x and y, so that the voxel size stays unknown.`
      )
    };
  // Without a unit of its own, the tag is in the description's.
  const scale = own && to ? inMeters(own)! / inMeters(to)! : null;
  const [y, x] = scale ? [round(scale / perY!), round(scale / perX!)] : flat.pixel!;
  const across = own && !to ? flat.unit! : word;
  const calibration = calibrate([spacing, y, x], [word, across, across], 'resolution-tags', 'Its header');
  return { ...flat, unit: own ? flat.unit : to, calibration };
}

/** tifffile writes a description in JSON, with whatever it was given beside the shape. */
function tifffileSpacing(description: string): { spacing: number | string | undefined; unit: string | null } {
  try {
    const { spacing, unit } = description.startsWith('{"shape":')
      ? (JSON.parse(description) as { spacing?: unknown; unit?: unknown })
      : {};
    return {
      spacing: typeof spacing === 'number' || typeof spacing === 'string' ? spacing : undefined,
      unit: typeof unit === 'string' ? unit : null
    };
  } catch {
    return { spacing: undefined, unit: null };
  }
}
