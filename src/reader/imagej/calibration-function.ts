import type { CalibrationFunction } from '../../model/volume.ts';
import type { ImageJ } from './imagej.ts';

/**
 * ImageJ's functions by number (`ij.measure.Calibration`), and what they are of a voxel v and coefficients c0, c1, ...
 * (`CurveFitter.f`), with the number of these.
 */
const FUNCTIONS: Record<number, [name: string, formula: string, coefficients: number]> = {
  0: ['straight line', 'c0 + c1 * v', 2],
  1: ['2nd degree polynomial', 'c0 + c1 * v + c2 * v^2', 3],
  2: ['3rd degree polynomial', 'c0 + c1 * v + c2 * v^2 + c3 * v^3', 4],
  3: ['4th degree polynomial', 'c0 + c1 * v + c2 * v^2 + c3 * v^3 + c4 * v^4', 5],
  4: ['exponential', 'c0 * exp(c1 * v)', 2],
  5: ['power', 'c0 * v^c1', 2],
  6: ['log', 'c0 * ln(c1 * v), and -1000 * c0 for v = 0', 2],
  7: ['Rodbard', 'c3 + (c0 - c3) / (1 + (v / c2)^c1)', 4],
  8: ['gamma variate', 'c1 * (v - c0)^c2 * exp(-(v - c0) / c3), and 0 for v <= c0', 4],
  9: ['y = a+b*ln(x-c)', 'c0 + c1 * ln(v - c2)', 3],
  10: ['Rodbard NIH Image', 'c2 * ((v - c0) / (c3 - v))^(1 / c1), and 0 for v < c0 or v >= c3', 4],
  11: ['exponential with offset', 'c0 * exp(-c1 * v) + c2', 3],
  12: ['Gaussian', 'c0 + (c1 - c0) * exp(-(v - c2)^2 / (2 * c3^2))', 4],
  13: ['exponential recovery', 'c0 * (1 - exp(-c1 * v)) + c2', 3]
};
const NONE = 20;
const UNCALIBRATED_OD = 21;

/** The meaning of a volume's values by ImageJ, and a sentence for the user where it needs one. */
interface CalibrationReading {
  calibrationFunction: CalibrationFunction | null;
  warning: string | null;
}

const NOTHING: CalibrationReading = { calibrationFunction: null, warning: null };

/**
 * The function that ImageJ turns voxels of `bits` bits into calibrated values by, as its `FileOpener.setCalibration`
 * takes it: only with a unit of value, only for 8 and 16 bits, and only with the coefficients that it needs. 32-bit
 * volumes have a unit alone.
 */
export function readCalibrationFunction({ properties }: ImageJ, bits: number): CalibrationReading {
  const unit = properties.get('vunit')?.trim();
  if (unit === undefined) return NOTHING;
  if (bits > 16) return unit === '' || unit === 'Gray Value' ? NOTHING : described(NONE, 'none', 'v', [], unit, false);
  // Left out, it is the straight line.
  const number = Math.trunc(Number(properties.get('cf'))) || 0;
  const zeroClip = properties.get('zeroclip') === 'true';
  if (number === UNCALIBRATED_OD && bits === 8)
    return {
      ...described(number, 'uncalibrated OD', 'log10(255 / v), with 0.5 for v = 0', [], unit, false),
      warning: 'ImageJ shows its values as uncalibrated optical densities: the voxels are taken as they are stored.'
    };
  const known = FUNCTIONS[number];
  const coefficients: number[] = [];
  for (let n = 0; n < 5 && properties.has(`c${n}`); n++) coefficients.push(Number(properties.get(`c${n}`)));
  if (number === NONE || (number === 0 && coefficients.length === 0)) return NOTHING;
  const [name, formula, needed] = known ?? ['', '', Infinity];
  if (coefficients.length < needed || !coefficients.every(Number.isFinite))
    return {
      calibrationFunction: null,
      warning: known
        ? `Its calibration function (${name}) has ${coefficients.length} usable coefficients in place of ${needed}, and is left out.`
        : `Its calibration function (number ${number}) is not known, and is left out.`
    };
  return described(number, name, formula, coefficients.slice(0, needed), unit, zeroClip);
}

function described(
  number: number,
  name: string,
  formula: string,
  coefficients: number[],
  unit: string,
  zeroClip: boolean
): CalibrationReading {
  return { calibrationFunction: { name, number, formula, coefficients, unit, zeroClip }, warning: null };
}
