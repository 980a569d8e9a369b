import { calibrate, type Calibration, isPixel, UNCALIBRATED, unusable } from '../voxel-size/calibration.ts';
import type { Position, Shape } from '../../model/volume.ts';
import type { Directory } from '../tiff/directory.ts';
import { TAG } from '../tiff/tags.ts';

/** ImageJ's description of a file, from its first page (`FileSaver.getDescriptionString` writes it). */
export interface ImageJ {
  images: number;
  channels: number;
  slices: number;
  frames: number;
  properties: Map<string, string>;
}

/** Lines of `key=value` in the notation of Java properties, `\u00B5` and `\\` being escapes. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split(/[\r\n\0]+/)) {
    const match = /^\s*([^=:\s]+)\s*[=:]\s*(.*)$/.exec(line);
    if (!match) continue;
    properties.set(
      match[1],
      match[2].replace(/\\u([0-9a-fA-F]{4})|\\(.)/g, (_, hex, char) =>
        hex ? String.fromCharCode(parseInt(hex, 16)) : char
      )
    );
  }
  return properties;
}

/** Reads ImageJ's description; null when ImageJ (or a program in its manner) did not write it. */
export function parseImageJ(description: string): ImageJ | null {
  if (!description.startsWith('ImageJ=')) return null;
  const properties = parseProperties(description);
  const whole = (key: string) => Math.max(1, Math.trunc(Number(properties.get(key))) || 1);
  const [images, channels, frames] = ['images', 'channels', 'frames'].map(whole);
  // Slices that are not told are all images of one channel and time point.
  const slices = properties.has('slices') ? whole('slices') : channels * frames === 1 ? images : 1;
  return { images, channels, slices, frames, properties };
}

/**
 * Whether a 16-bit volume holds signed values with 32,768 added: ImageJ has no signed type, and marks such a volume
 * with the linear calibration function (`cf=0`) of `c0=-32768` and `c1=1`.
 */
export const isSignedOffset = ({ properties }: ImageJ): boolean =>
  properties.has('cf') &&
  Number(properties.get('cf')) === 0 &&
  Number(properties.get('c0')) === -32768 &&
  Number(properties.get('c1')) === 1;

/**
 * The voxel size as ImageJ reads it (`TiffDecoder`, `FileOpener.decodeDescriptionString`): resolution tags are pixels
 * per `unit`, whatever ResolutionUnit says (but for centimetres with `unit=um`), and pixels are 1 `unit` without them;
 * `spacing` is the depth, and 1 where a stack leaves it out, because ImageJ writes it only when it is not 1. A single
 * image never has `spacing`, so its depth is unknown. Without a unit of length, sizes that are not all 1 are kept as
 * proportions, unless the tags have a unit of their own, which is the pixels' then and no depth's.
 */
export function imagejCalibration(imagej: ImageJ, first: Directory): Calibration {
  const { properties } = imagej;
  const unit = properties.get('unit') ?? '';
  const resolutionUnit = first.integer(TAG.resolutionUnit, 2);
  const size = (tag: number): number | undefined => {
    const perUnit = first.rational(tag);
    if (perUnit === null) return first.has(tag) ? undefined : 1;
    if (resolutionUnit === 3 && unit === 'um') return 10000 / perUnit;
    return resolutionUnit === 2 && perUnit === 72 ? 1 : 1 / perUnit;
  };
  const [y, x] = [size(TAG.yResolution), size(TAG.xResolution)];
  const said = properties.get('spacing');
  const number = Math.abs(Number(said));
  const spacing = said === undefined ? (imagej.slices > 1 ? 1 : undefined) : number > 0 ? number : said;
  const units: [string, string, string] = [properties.get('zunit') ?? unit, properties.get('yunit') ?? unit, unit];
  if (isPixel(unit) && first.has(TAG.xResolution) && resolutionUnit !== 1 && !(x === 1 && y === 1))
    return said === undefined || number === 1
      ? UNCALIBRATED
      : unusable(`Its ImageJ description says spacing ${said} without a unit, which was not taken.`);
  const calibration = calibrate([spacing, y, x], units, 'imagej', 'Its ImageJ description');
  if (calibration.unit === null) return calibration;
  const { unit: name, notes } = calibration;
  const assumed: string[] = [];
  if (!first.has(TAG.xResolution))
    assumed.push(`has no resolution tags: 1 ${name} in x and y was taken, as ImageJ does.`);
  if (said === undefined && (x !== 1 || y !== 1))
    assumed.push(`has no spacing of slices in its ImageJ description: 1 ${units[0]} was taken, as ImageJ does.`);
  return { ...calibration, notes: [...notes, ...assumed.map(text => `It ${text}`)] };
}

/** Where ImageJ's origin (the voxel that is at 0) puts the first voxel, in voxels; null where it says none. */
export function imagejPosition({ properties }: ImageJ): Position | null {
  const origin = ['zorigin', 'yorigin', 'xorigin'].map(key => Number(properties.get(key) ?? 0));
  if (!origin.every(Number.isFinite) || origin.every(n => n === 0)) return null;
  return { from: 'imagej', place: origin.map(n => 0 - n) as Shape, unit: null };
}
