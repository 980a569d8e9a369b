import { basename } from 'node:path';
import { calibrate, type Calibration, UNCALIBRATED } from './calibration.ts';
import { fail } from './fail.ts';

/** What is needed of an OME-XML description (OME model, `Pixels`). */
export interface Ome {
  /** Planes along Z. */
  sizeZ: number;
  calibration: Calibration;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescape = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{1,8}));/gi, (whole, hex, decimal, name) => {
    if (name) return ENTITIES[name] ?? whole;
    const code = hex ? parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

/** Attributes of the opening tags called `name`, whatever the namespace prefix. */
function elements(xml: string, name: string): Map<string, string>[] {
  const found: Map<string, string>[] = [];
  for (const [, inside] of xml.matchAll(new RegExp(`<(?:\\w+:)?${name}\\b([^>]*)>`, 'g'))) {
    const attributes = new Map<string, string>();
    for (const [, key, double, single] of inside.matchAll(/([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
      attributes.set(key, unescape(double ?? single));
    found.push(attributes);
  }
  return found;
}

export const isOme = (description: string): boolean =>
  /^\s*(<\?xml|<!--|<(\w+:)?OME\b)/.test(description) && /<(\w+:)?OME\b/.test(description);

/**
 * Reads OME-XML and checks that it describes one image of one channel and one time point, whole in this file.
 *
 * @param alone false for one of several slices, which may well belong to a larger image
 * @throws ConvertError `unsupported`
 */
export function readOme(xml: string, path: string, alone: boolean): Ome {
  if (elements(xml, 'BinaryOnly').length > 0 && alone)
    throw fail(
      'unsupported',
      path,
      'it is one file of an OME-TIFF of several, which cannot be read yet: save the image in one file'
    );
  const pixels = elements(xml, 'Pixels');
  if (pixels.length > 1)
    throw fail(
      'unsupported',
      path,
      `its OME-XML describes ${pixels.length} images, where one was expected: save the one you want in a file of its own`
    );
  if (pixels.length === 0) return { sizeZ: 1, calibration: UNCALIBRATED };
  const [attributes] = pixels;
  const size = (axis: string) => Number(attributes.get(`Size${axis}`) ?? 1);
  if (size('C') > 1 || size('T') > 1)
    throw fail(
      'unsupported',
      path,
      `its OME-XML says ${size('C')} channels and ${size('T')} time points, where one of each was expected: several come later; save one of them in a file of its own`
    );
  if (alone) {
    const others = new Set(elements(xml, 'UUID').flatMap(uuid => uuid.get('FileName') ?? []));
    others.delete(basename(path));
    if (
      others.size > 1 ||
      (others.size === 1 && elements(xml, 'UUID').some(uuid => uuid.get('FileName') === basename(path)))
    )
      throw fail(
        'unsupported',
        path,
        `its image is spread over other files (${[...others][0]}), which cannot be read yet: save the image in one file`
      );
    for (const data of elements(xml, 'TiffData'))
      if (data.has('IFD') && data.has('FirstZ') && data.get('IFD') !== data.get('FirstZ'))
        throw fail(
          'unsupported',
          path,
          `its OME-XML puts plane ${data.get('FirstZ')} on page ${data.get('IFD')}, where pages in the order of planes were expected: save it again`
        );
  }
  const length = (axis: string) => Number(attributes.get(`PhysicalSize${axis}`) ?? NaN);
  const unit = (axis: string) => attributes.get(`PhysicalSize${axis}Unit`) ?? 'µm';
  return {
    sizeZ: size('Z'),
    calibration: calibrate([length('Z'), length('Y'), length('X')], [unit('Z'), unit('Y'), unit('X')], 'ome-xml')
  };
}
