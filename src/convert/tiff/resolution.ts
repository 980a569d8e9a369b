import { spaceUnit } from '../units.ts';
import { calibrate, type Calibration, inMeters, UNCALIBRATED } from './calibration.ts';
import type { Directory } from './directory.ts';
import { TAG } from './tags.ts';

/** What a first page's resolution tags say: edge lengths of a pixel in `unit`; nothing where they are a printer's. */
export interface Resolution {
  pixel: [y: number, x: number];
  unit: string;
  /** The voxel size, where something says the depth too. */
  calibration: Calibration;
}

/** Pixels per inch that programs write because they must write something, or for paper; no scanner's voxel is so large by chance. */
const PRINTERS = [
  1, 72, 90, 96, 100, 120, 150, 180, 200, 240, 250, 300, 350, 360, 400, 500, 600, 720, 800, 1000, 1200, 2400
];
const INCH = 2.54;

const isPrinters = (perUnit: number, resolutionUnit: number): boolean =>
  perUnit <= 1 || PRINTERS.some(dots => Math.abs((resolutionUnit === 3 ? perUnit * INCH : perUnit) / dots - 1) < 0.002);

/**
 * Reads XResolution, YResolution and ResolutionUnit (TIFF 6.0 section 8). They say nothing about the distance of pages; tifffile's
 * description may, as `spacing` with its `unit`.
 */
export function readResolution(directory: Directory, description: string): Resolution | null {
  const [perX, perY] = [directory.rational(TAG.xResolution), directory.rational(TAG.yResolution)];
  const resolutionUnit = directory.integer(TAG.resolutionUnit, 2);
  if (perX === null || perY === null) return null;
  const { spacing, unit } = tifffileSpacing(description);
  // Without a unit of its own, the tag is in the description's.
  const own = resolutionUnit === 2 ? 'inch' : resolutionUnit === 3 ? 'centimeter' : unit;
  if (own === null) return null;
  if (resolutionUnit !== 1 && (isPrinters(perX, resolutionUnit) || isPrinters(perY, resolutionUnit))) return null;
  const meters = inMeters(own);
  if (meters === null) return null;
  const pixel = (to: string): [y: number, x: number] => {
    const scale = meters / inMeters(to)!;
    return [round(scale / perY), round(scale / perX)];
  };
  const known = spacing !== null && unit !== null && inMeters(unit) !== null;
  const shown = resolutionUnit === 1 ? own : 'micrometer';
  return {
    pixel: pixel(shown),
    unit: shown,
    calibration: known ? calibrate([spacing, ...pixel(unit)], [unit, unit, unit], 'resolution-tags') : UNCALIBRATED
  };
}

const round = (n: number): number => Number(n.toPrecision(9));

/** tifffile writes a description in JSON, with whatever it was given beside the shape. */
function tifffileSpacing(description: string): { spacing: number | null; unit: string | null } {
  try {
    const { spacing, unit } = description.startsWith('{"shape":')
      ? (JSON.parse(description) as { spacing?: unknown; unit?: unknown })
      : {};
    return {
      spacing: typeof spacing === 'number' && spacing > 0 && Number.isFinite(spacing) ? spacing : null,
      unit: typeof unit === 'string' ? spaceUnit(unit) : null
    };
  } catch {
    return { spacing: null, unit: null };
  }
}
