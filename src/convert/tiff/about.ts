import type { Layout } from '../layout.ts';
import type { CalibrationFunction } from '../volume.ts';
import { type Calibration, isPixel, UNCALIBRATED } from './calibration.ts';
import { readCalibrationFunction } from './calibration-function.ts';
import { readDescriptions } from './description.ts';
import { type DescribedAxes, readDescribedAxes } from './described-axes.ts';
import type { Directory } from './directory.ts';
import { fail } from './fail.ts';
import { type ImageJ, imagejCalibration, isSignedOffset, parseImageJ } from './imagej.ts';
import { type OmeImage, parseOme } from './ome.ts';
import { type Resolution, readResolution } from './resolution.ts';
import { COMPRESSION, TAG } from './tags.ts';

const MAX_TABLES = 1 << 20;

/** What the first page's tags say of the volume beside its voxels. */
export interface About {
  format: 'tiff' | 'bigtiff' | 'imagej';
  calibration: Calibration;
  /** What the resolution tags say; null for ImageJ, where its calibration has made use of them. */
  resolution: Resolution | null;
  signedOffset: boolean;
  decoderTags: Layout['decoderTags'];
  /** Pages that the description promises; null when it promises none. */
  pages: number | null;
  imagej: ImageJ | null;
  /** What another description says of the axes; null where none does. */
  described: DescribedAxes | null;
  calibrationFunction: CalibrationFunction | null;
  warnings: string[];
}

/** Of a source that says nothing of its volume. */
export const nothingSaid = (): About => ({
  format: 'tiff',
  calibration: UNCALIBRATED,
  resolution: null,
  signedOffset: false,
  decoderTags: {},
  pages: null,
  imagej: null,
  described: null,
  calibrationFunction: null,
  warnings: []
});

/**
 * Reads what a first page's tags say of the whole volume.
 *
 * @param alone false for one of several slices
 * @param ome what is known of the image that the page belongs to, when that has been read
 * @throws ConvertError `unsupported`
 */
export function readAbout(directory: Directory, alone: boolean, ome: OmeImage | null = null): About {
  const { path } = directory.file;
  const { texts, ome: xml } = ome ? { texts: [''], ome: null } : readDescriptions(directory);
  const text = texts.find(each => parseImageJ(each) !== null) ?? texts[0];
  const shaped = texts.find(each => each.startsWith('{"shape":')) ?? text;
  const about: About = {
    ...nothingSaid(),
    format: directory.encoding.big ? 'bigtiff' : 'tiff',
    decoderTags: readTables(directory)
  };
  const imagej = xml ? null : parseImageJ(text);
  if (ome) about.calibration = ome.calibration;
  else if (xml) {
    const [image] = parseOme(xml(), path).images;
    if (image) about.calibration = image.calibration;
  } else if (imagej) {
    if (!alone) checkSingle(path, imagej.channels, imagej.frames);
    about.imagej = imagej;
    const bits = directory.integer(TAG.bitsPerSample, 1);
    const unsigned16 = bits === 16 && directory.integer(TAG.sampleFormat, 1) === 1;
    about.format = 'imagej';
    about.calibration = imagejCalibration(imagej, directory);
    about.signedOffset = unsigned16 && isSignedOffset(imagej);
    if (!about.signedOffset) {
      const { calibrationFunction, warning } = readCalibrationFunction(imagej, bits);
      about.calibrationFunction = calibrationFunction;
      if (warning !== null) about.warnings.push(warning);
    }
    if (alone && imagej.images > 1) about.pages = imagej.images;
  } else {
    about.described =
      texts.map(each => readDescribedAxes(each, directory)).find(described => described !== null) ?? null;
    if (about.described?.calibration) about.calibration = about.described.calibration;
    if (alone) about.pages = tifffilePages(shaped, directory) ?? metamorphPages(directory);
  }
  // Of ImageJ's, in its unit, the calibration has made use.
  if (!imagej) about.resolution = readResolution(directory, shaped);
  else if (isPixel(imagej.properties.get('unit') ?? '') && !about.calibration.voxelSize)
    about.resolution = readResolution(directory, '');
  return about;
}

/** A slice must not be one of those of several channels or time points, which are told apart by more than their order. */
function checkSingle(path: string, channels: number, times: number): void {
  if (channels > 1 || times > 1)
    throw fail(
      'unsupported',
      path,
      `it says that it has ${channels} channels and ${times} time points, where a slice of one volume was expected: convert this file by itself, whose metadata leads to the others`
    );
}

/** A TIFF that tifffile wrote with `truncate=True` describes its first page only, and says so in JSON. */
function tifffilePages(text: string, directory: Directory): number | null {
  if (!text.startsWith('{"shape":') || !/"truncated":\s*true/.test(text)) return null;
  try {
    const { shape } = JSON.parse(text) as { shape: number[] };
    const tags = [TAG.imageWidth, TAG.imageLength, TAG.samplesPerPixel].map(tag => directory.integer(tag, 1));
    return shape.reduce((product, n) => product * n, 1) / tags.reduce((product, n) => product * n, 1);
  } catch {
    return null;
  }
}

/** MetaMorph's stacks have one page; UIC2Tag has a value for each of the planes that follow it. */
const metamorphPages = (directory: Directory): number | null => directory.count(TAG.metamorphPlanes) || null;

function readTables(directory: Directory): Layout['decoderTags'] {
  const tables: Layout['decoderTags'] = {};
  const jpeg = directory.bytes(TAG.jpegTables, MAX_TABLES);
  if (jpeg) tables[TAG.jpegTables] = new Uint8Array(jpeg);
  // Colours are JPEG's own way of storing them.
  if (directory.integer(TAG.compression, 1) === COMPRESSION.jpeg)
    tables[TAG.photometric] = [directory.integer(TAG.photometric, 1)];
  if (directory.has(TAG.lercParameters))
    tables[TAG.lercParameters] = Array.from(directory.integers(TAG.lercParameters, 8));
  return tables;
}

/** Layout has one set of decoder tables for all pages. @throws ConvertError `mixed-pages` */
export function checkTables(directory: Directory, about: About, name: string): void {
  if (
    !directory.has(TAG.jpegTables) &&
    !directory.has(TAG.lercParameters) &&
    Object.keys(about.decoderTags).length === 0
  )
    return;
  const tables = readTables(directory);
  for (const tag of [TAG.jpegTables, TAG.lercParameters])
    if (!Buffer.from(tables[tag] ?? []).equals(Buffer.from(about.decoderTags[tag] ?? [])))
      throw fail(
        'mixed-pages',
        directory.file.path,
        `${name} has other compression tables (tag ${tag}) than the first: save the volume again in one go`
      );
}
