import { ConvertError } from '../model/errors.ts';
import type { DescribedBy } from '../model/options.ts';
import type { CalibrationFunction, Position } from '../model/volume.ts';
import { named } from '../model/words.ts';
import { type Account, isUnsigned16, omeAccount, omeAccounts, textAccounts } from './accounts.ts';
import { type Calibration, isPixel, UNCALIBRATED } from './voxel-size/calibration.ts';
import { readCalibrationFunction } from './imagej/calibration-function.ts';
import { type Describer, type Descriptions, readDescriptions } from './description.ts';
import { type DescribedAxes, readDescribedAxes } from './described-axes.ts';
import type { Directory } from './tiff/directory.ts';
import { fail } from './common/fail.ts';
import { type ImageJ, imagejPosition, isSignedOffset, parseImageJ } from './imagej/imagej.ts';
import type { OmeImage } from './ome/ome.ts';
import { PHOTOMETRIC } from './tiff/pixel-format.ts';
import { planesPosition } from './ome/plane-position.ts';
import { type Resolution, readResolution } from './voxel-size/resolution.ts';
import { TAG } from './tiff/tags.ts';

/** Facts that the first page's tags give about the volume beside its voxels. */
export interface SourceDescription {
  format: 'tiff' | 'bigtiff' | 'imagej';
  calibration: Calibration;
  /** Pixel size by the resolution tags; null for ImageJ, where its calibration has made use of them. */
  resolution: Resolution | null;
  signedOffset: boolean;
  /** Pages that the description promises; null when it promises none. */
  pages: number | null;
  imagej: ImageJ | null;
  /** Axes by another description; null where none tells them. */
  described: DescribedAxes | null;
  calibrationFunction: CalibrationFunction | null;
  /** Where the first voxel is; null where that is not said. */
  position: Position | null;
  /** Whose description is believed; null where there is none. */
  by: Describer | null;
  /** A page's size and type by that description. */
  page: Account['page'];
  /** The other descriptions. */
  others: Account[];
  whiteIsZero: boolean;
  warnings: string[];
}

/** The description of a source that says nothing of its volume. */
export const emptyDescription = (): SourceDescription => ({
  format: 'tiff',
  calibration: UNCALIBRATED,
  resolution: null,
  signedOffset: false,
  pages: null,
  imagej: null,
  described: null,
  calibrationFunction: null,
  position: null,
  by: null,
  page: null,
  others: [],
  whiteIsZero: false,
  warnings: []
});

/**
 * Reads what a first page's tags say of the whole volume.
 *
 * @param alone false for one of several slices
 * @param wanted which of its descriptions is believed
 * @param image what is known of the image that the page belongs to, when that has been read
 * @throws ConvertError `unsupported`; `bad-option` where it has not the description that is wanted
 */
export function readSourceDescription(
  directory: Directory,
  alone: boolean,
  wanted: DescribedBy,
  image: OmeImage | null = null
): SourceDescription {
  const { path } = directory.file;
  const { texts, ome, moreOme } = readDescriptions(directory, wanted);
  const known = image && [omeAccount([image])];
  const [others, own] = known ? [moreOme, known] : [ome ? [ome, ...moreOme] : [], []];
  const accounts = [...own, ...omeAccounts(others, path), ...textAccounts(directory, texts)];
  if (accounts.length === 0 && wanted !== 'auto' && wanted !== 'none')
    throw new ConvertError(
      'bad-option',
      `${path}: ${named('describedBy')} ${wanted} was given, but its first page has no such description: leave it out`,
      'describedBy'
    );
  const believed = accounts.at(0);
  const description: SourceDescription = {
    ...emptyDescription(),
    format: directory.encoding.big ? 'bigtiff' : 'tiff',
    by: believed?.by ?? null,
    page: believed?.page ?? null,
    others: accounts.slice(1),
    whiteIsZero: directory.integer(TAG.photometric, 1) === PHOTOMETRIC.whiteIsZero
  };
  const shaped = texts.find(each => each.startsWith('{"shape":')) ?? '';
  if (believed?.by === 'imagej') {
    const imagej = texts.map(parseImageJ).find(each => each !== null)!;
    if (!alone) checkSingle(path, imagej.channels, imagej.frames);
    description.imagej = imagej;
    description.format = 'imagej';
    description.signedOffset = believed.signed;
    if (!description.signedOffset) {
      const bits = directory.integer(TAG.bitsPerSample, 1);
      const { calibrationFunction, warning } = readCalibrationFunction(imagej, bits);
      description.calibrationFunction = calibrationFunction;
      if (warning !== null) description.warnings.push(warning);
    }
    if (alone && imagej.images > 1) description.pages = imagej.images;
    description.calibration = believed.calibration;
    if (alone) description.position = imagejPosition(imagej);
    // Of ImageJ's, in its unit, the calibration has made use.
    if (isPixel(imagej.properties.get('unit') ?? '') && !description.calibration.voxelSize)
      description.resolution = readResolution(directory, '');
    return description;
  }
  if (believed?.by === 'ome') {
    description.calibration = believed.calibration;
    if (alone && image) description.position = planesPosition(image.positions, believed.calibration);
  } else {
    description.described =
      texts.map(each => readDescribedAxes(each, directory)).find(described => described !== null) ?? null;
    if (description.described?.calibration) description.calibration = description.described.calibration;
    if (alone) description.pages = tifffilePages(shaped, directory) ?? metamorphPages(directory);
  }
  description.resolution = readResolution(directory, shaped);
  return description;
}

/** ImageJ's description of a page, where it has written one and no OME-XML goes before that. */
const imagejOf = ({ texts, ome }: Descriptions): ImageJ | null =>
  ome ? null : (texts.map(parseImageJ).find(imagej => imagej !== null) ?? null);

/**
 * Refuses a slice whose stored numbers ImageJ has given another meaning than those of the first.
 *
 * @param first what the first slice says, and its name
 * @throws ConvertError `mixed-pages`
 */
export function checkSameInterpretation(
  directory: Directory,
  wanted: DescribedBy,
  { signedOffset, imagej }: SourceDescription,
  name: string,
  first: string
): void {
  const photometric = directory.integer(TAG.photometric, 1);
  const isInverted = photometric === PHOTOMETRIC.whiteIsZero || photometric === PHOTOMETRIC.palette;
  if (!isInverted && !isUnsigned16(directory)) return;
  const own = imagejOf(readDescriptions(directory, wanted));
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

/**
 * A slice must not be one of those of several channels or time points, which are told apart by more than their order.
 */
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

/** Facts that are believed of a volume, for `contradictions`. */
export const believed = ({ by, signedOffset, calibrationFunction, whiteIsZero }: SourceDescription) => ({
  by,
  signed: signedOffset,
  calibrationFunction,
  whiteIsZero
});
