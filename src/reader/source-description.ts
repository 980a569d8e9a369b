import type { CalibrationFunction } from '../model/volume.ts';
import { type Calibration, isPixel, UNCALIBRATED } from './voxel-size/calibration.ts';
import { readCalibrationFunction } from './imagej/calibration-function.ts';
import { type Descriptions, readDescriptions } from './description.ts';
import { type DescribedAxes, readDescribedAxes } from './described-axes.ts';
import type { Directory } from './tiff/directory.ts';
import { fail } from './common/fail.ts';
import { type ImageJ, imagejCalibration, isSignedOffset, parseImageJ } from './imagej/imagej.ts';
import { type OmeImage, parseOme } from './ome/ome.ts';
import { PHOTOMETRIC } from './tiff/pixel-format.ts';
import { type Resolution, readResolution } from './voxel-size/resolution.ts';
import { TAG } from './tiff/tags.ts';

/** What the first page's tags say of the volume beside its voxels. */
export interface SourceDescription {
  format: 'tiff' | 'bigtiff' | 'imagej';
  calibration: Calibration;
  /** What the resolution tags say; null for ImageJ, where its calibration has made use of them. */
  resolution: Resolution | null;
  signedOffset: boolean;
  /** Pages that the description promises; null when it promises none. */
  pages: number | null;
  imagej: ImageJ | null;
  /** What another description says of the axes; null where none does. */
  described: DescribedAxes | null;
  calibrationFunction: CalibrationFunction | null;
  warnings: string[];
}

/** Of a source that says nothing of its volume. */
export const emptyDescription = (): SourceDescription => ({
  format: 'tiff',
  calibration: UNCALIBRATED,
  resolution: null,
  signedOffset: false,
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
export function readSourceDescription(
  directory: Directory,
  alone: boolean,
  ome: OmeImage | null = null
): SourceDescription {
  const { path } = directory.file;
  const { texts, ome: xml } = ome ? { texts: [''], ome: null } : readDescriptions(directory);
  const text = texts.find(each => parseImageJ(each) !== null) ?? texts[0];
  const shaped = texts.find(each => each.startsWith('{"shape":')) ?? text;
  const description: SourceDescription = {
    ...emptyDescription(),
    format: directory.encoding.big ? 'bigtiff' : 'tiff'
  };
  const imagej = xml ? null : parseImageJ(text);
  if (ome) description.calibration = ome.calibration;
  else if (xml) {
    const [image] = parseOme(xml(), path).images;
    if (image) description.calibration = image.calibration;
  } else if (imagej) {
    if (!alone) checkSingle(path, imagej.channels, imagej.frames);
    description.imagej = imagej;
    description.format = 'imagej';
    description.calibration = imagejCalibration(imagej, directory);
    description.signedOffset = isUnsigned16(directory) && isSignedOffset(imagej);
    if (!description.signedOffset) {
      const bits = directory.integer(TAG.bitsPerSample, 1);
      const { calibrationFunction, warning } = readCalibrationFunction(imagej, bits);
      description.calibrationFunction = calibrationFunction;
      if (warning !== null) description.warnings.push(warning);
    }
    if (alone && imagej.images > 1) description.pages = imagej.images;
  } else {
    description.described =
      texts.map(each => readDescribedAxes(each, directory)).find(described => described !== null) ?? null;
    if (description.described?.calibration) description.calibration = description.described.calibration;
    if (alone) description.pages = tifffilePages(shaped, directory) ?? metamorphPages(directory);
  }
  // Of ImageJ's, in its unit, the calibration has made use.
  if (!imagej) description.resolution = readResolution(directory, shaped);
  else if (isPixel(imagej.properties.get('unit') ?? '') && !description.calibration.voxelSize)
    description.resolution = readResolution(directory, '');
  return description;
}

/** What ImageJ says of a page, where it has written it and no OME-XML goes before that. */
const imagejOf = ({ texts, ome }: Descriptions): ImageJ | null =>
  ome ? null : (texts.map(parseImageJ).find(imagej => imagej !== null) ?? null);

const isUnsigned16 = (directory: Directory): boolean =>
  directory.integer(TAG.bitsPerSample, 1) === 16 && directory.integer(TAG.sampleFormat, 1) === 1;

/**
 * Refuses a slice whose stored numbers ImageJ has given another meaning than those of the first.
 *
 * @param first what the first slice says, and its name
 * @throws ConvertError `mixed-pages`
 */
export function checkSameInterpretation(
  directory: Directory,
  { signedOffset, imagej }: SourceDescription,
  name: string,
  first: string
): void {
  const photometric = directory.integer(TAG.photometric, 1);
  const isInverted = photometric === PHOTOMETRIC.whiteIsZero || photometric === PHOTOMETRIC.palette;
  if (!isInverted && !isUnsigned16(directory)) return;
  const own = imagejOf(readDescriptions(directory));
  const isSigned = isUnsigned16(directory) && own !== null && isSignedOffset(own);
  const differ = (ours: string, theirs: string) =>
    fail(
      'mixed-pages',
      directory.file.path,
      `${name} ${ours}, but ${first} ${theirs}: numbers of both would not mean the same; save the slices again in one go`
    );
  if (isSigned !== signedOffset) {
    const words = [
      'is 16-bit signed, as ImageJ stores it (32,768 added)',
      'is 16-bit unsigned, for all that it says of itself'
    ];
    throw differ(words[isSigned ? 0 : 1], words[isSigned ? 1 : 0]);
  }
  if (isInverted && (own !== null) !== (imagej !== null)) {
    const words = ["is ImageJ's, which stores values as they are where it shows them inverted", "is not ImageJ's"];
    throw differ(words[own ? 0 : 1], words[own ? 1 : 0]);
  }
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
