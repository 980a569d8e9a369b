import { type Packing } from '../../model/layout.ts';
import { BYTES_PER_VOXEL, type Channel, type Dtype } from '../../model/volume.ts';
import type { Directory } from './directory.ts';
import { shortly } from '../common/shortly.ts';
import { fail } from '../common/fail.ts';
import { type ConvertOptions, DEFAULT_OPTIONS, type ReadingOptions } from '../../model/options.ts';
import { TAG } from './tags.ts';

/** How a page's pixels are stored, and what its tags call them. */
export interface PixelFormat {
  /** Of the stored numbers. */
  kind: 'uint' | 'int' | 'float';
  bits: number;
  samples: number;
  /** Each sample has segments of its own (PlanarConfiguration 2). */
  planar: boolean;
  reversedBits: boolean;
  photometric: number;
  /** ExtraSamples: what the last samples are; 1 and 2 are alpha. */
  extra: number[];
  /** ColorMap: all reds, all greens, all blues; of 16 bits each. */
  colorMap: Uint16Array | null;
}

export const PHOTOMETRIC = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, cmyk: 5, yCbCr: 6 } as const;

const NAMES: Record<number, string> = {
  0: 'inverted grey (MinIsWhite)',
  1: 'grey',
  2: 'RGB',
  3: 'a palette',
  4: 'a transparency mask',
  5: 'CMYK',
  6: 'YCbCr',
  8: 'CIELab',
  9: 'ICCLab',
  10: 'ITULab',
  32803: "a camera's colour filter array",
  34892: 'linear raw'
};
/** Name of a page's photometric interpretation. */
export const photometricName = (photometric: number): string =>
  NAMES[photometric] ?? `photometric interpretation ${photometric}`;

const READABLE: readonly number[] = Object.values(PHOTOMETRIC);
/** Colours of a pixel, as its first samples have them. YCbCr is JPEG's, which is read as RGB. */
const COLOURS: Partial<Record<number, Channel[]>> = {
  [PHOTOMETRIC.rgb]: rgb(),
  [PHOTOMETRIC.palette]: rgb(),
  [PHOTOMETRIC.yCbCr]: rgb(),
  [PHOTOMETRIC.cmyk]: [
    { name: 'Cyan', color: '00FFFF' },
    { name: 'Magenta', color: 'FF00FF' },
    { name: 'Yellow', color: 'FFFF00' },
    { name: 'Black', color: null }
  ]
};
function rgb(): Channel[] {
  return [
    { name: 'Red', color: 'FF0000' },
    { name: 'Green', color: '00FF00' },
    { name: 'Blue', color: '0000FF' }
  ];
}

const MAX_SAMPLES = 65535;
const KINDS: Partial<Record<number, PixelFormat['kind']>> = { 1: 'uint', 2: 'int', 3: 'float', 4: 'uint' };
const EXPECTED = 'integers of 1 to 32 or 64 bits, float16, float32 or float64 were expected';

/** Type of the stored numbers, for messages: `uint12`, `float16`. */
export const storedType = ({ kind, bits }: Pick<PixelFormat, 'kind' | 'bits'>): string => `${kind}${bits}`;

/** The type that numbers so stored are read as; null where they cannot be read. */
function readAs({ kind, bits }: PixelFormat): Dtype | null {
  if (kind === 'float' && bits === 16) return 'float32';
  const name = kind === 'float' || bits > 32 ? `${kind}${bits}` : `${kind}${bits > 16 ? 32 : bits > 8 ? 16 : 8}`;
  return Object.hasOwn(BYTES_PER_VOXEL, name) ? (name as Dtype) : null;
}

/**
 * Reads how a page's pixels are stored.
 *
 * @throws ConvertError `unsupported` for numbers that cannot be read, `corrupt`
 */
export function readPixelFormat(directory: Directory): PixelFormat {
  const { path } = directory.file;
  const samples = directory.integer(TAG.samplesPerPixel, 1);
  if (samples < 1 || samples > MAX_SAMPLES)
    throw fail('corrupt', path, `page ${directory.number} has ${samples} samples a pixel: export it again`);
  const alike = (tag: number, absent: number, what: string): number => {
    const values = Array.from(directory.integers(tag, samples));
    const [first = absent] = values;
    if (values.some(value => value !== first))
      throw fail(
        'unsupported',
        path,
        `the samples of a pixel have ${what} ${shortly(values.map(String))}, where all alike were expected: save it with samples of one type`
      );
    return first;
  };
  const bits = alike(TAG.bitsPerSample, 1, 'bits');
  const sampleFormat = alike(TAG.sampleFormat, 1, 'sample formats');
  const photometric = directory.integer(TAG.photometric, PHOTOMETRIC.blackIsZero);
  const kind = KINDS[sampleFormat];
  const format: PixelFormat = {
    kind: kind ?? 'uint',
    bits,
    samples,
    planar: samples > 1 && directory.integer(TAG.planarConfiguration, 1) === 2,
    reversedBits: directory.integer(TAG.fillOrder, 1) === 2,
    photometric,
    extra: Array.from(directory.integers(TAG.extraSamples, samples)),
    colorMap: null
  };
  if (!kind || bits < 1 || readAs(format) === null)
    throw fail(
      'unsupported',
      path,
      `its voxels are ${kind ? `${bits}-bit ${kind}` : sampleFormat === 5 || sampleFormat === 6 ? `complex numbers (sample format ${sampleFormat})` : `of sample format ${sampleFormat}`}, where ${EXPECTED}: convert it to one of these first`
    );
  if (!READABLE.includes(photometric))
    throw fail(
      'unsupported',
      path,
      `its pixels are ${photometricName(photometric)}, where grey values or RGB were expected: save it as grey values`
    );
  if (photometric === PHOTOMETRIC.palette) format.colorMap = readColorMap(directory, format);
  return format;
}

function readColorMap(directory: Directory, { kind, bits, samples }: PixelFormat): Uint16Array {
  const { path } = directory.file;
  if (kind !== 'uint' || bits > 16 || samples !== 1)
    throw fail(
      'unsupported',
      path,
      `its pixels are ${samples} × ${kind}${bits} indices into a palette, where one of up to 16 bits was expected: save it as grey values`
    );
  const count = 3 * 2 ** bits;
  const entries = Uint16Array.from(directory.integers(TAG.colorMap, count));
  if (entries.length < count)
    throw fail(
      'corrupt',
      path,
      `its palette has ${entries.length} entries, where ${count} were expected: save it as grey values`
    );
  // Some writers fill it with 8-bit values (libtiff looks for them too).
  if (entries.every(value => value < 256)) for (let i = 0; i < count; i++) entries[i] *= 257;
  return entries;
}

/** Difference between two formats, in words that fit both sides; null where there is none. */
export function pixelDifference(a: PixelFormat, b: PixelFormat): [string, string] | null {
  const { colorMap: mapA, ...restA } = a;
  const { colorMap: mapB, ...restB } = b;
  if (JSON.stringify(restA) !== JSON.stringify(restB)) return [describePixels(a), describePixels(b)];
  if (mapA === mapB || (mapA && mapB && Buffer.compare(Buffer.from(mapA.buffer), Buffer.from(mapB.buffer)) === 0))
    return null;
  return ['drawn with a palette', 'drawn with another'];
}

function describePixels(format: PixelFormat): string {
  const { samples, planar, photometric, reversedBits, extra } = format;
  return [
    `${samples > 1 ? `${samples} × ` : ''}${storedType(format)}`,
    photometricName(photometric),
    ...(samples > 1 ? [planar ? 'planar' : 'chunky', `ExtraSamples ${extra.join(' ') || 'none'}`] : []),
    ...(reversedBits ? ['FillOrder 2'] : [])
  ].join(', ');
}

/** How a source is asked to be read. */
export interface InterpretationOptions extends ReadingOptions, Pick<ConvertOptions, 'channel'> {
  /** Keep the numbers of a palette or of MinIsWhite as they are stored, because they are labels. */
  keepIndices: boolean;
}

const { slices, channel, image, describedBy, zAxis, palette, orientation } = DEFAULT_OPTIONS;
export const DEFAULT_INTERPRETATION: InterpretationOptions = {
  ...{ slices, channel, image, describedBy, zAxis, palette, orientation },
  keepIndices: false
};

/** The voxels that stored pixels are read as. */
export interface SampleInterpretation {
  dtype: Dtype;
  packing: Packing;
  /** The values that can be read of a pixel, one after another; null: one grey value. */
  samples: Channel[] | null;
  /** Notes for the user on how the values are read. */
  notes: string[];
  /** Whether ImageJ shows the values that are kept with the least of them brightest. */
  shownInverted: boolean;
}

/** The meaning of pixels by their tags (TIFF 6.0 section 8 and its photometric interpretations). */
export function interpretSamples(
  format: PixelFormat,
  {
    keepIndices,
    keepInverted,
    palette
  }: Pick<InterpretationOptions, 'keepIndices' | 'palette'> & { keepInverted: boolean }
): SampleInterpretation {
  const { kind, bits, planar, reversedBits, photometric } = format;
  const notes: string[] = [];
  const stored: Packing = { bits, samples: planar ? 1 : format.samples, reversedBits, inverted: false, palettes: null };
  const dtype = readAs(format)!;
  // By the letter of TIFF, whole bytes would be in the file's order; its readers have them as other odd numbers of
  // bits.
  if (bits === 24)
    notes.push('Its 24-bit numbers are read with the highest byte first, as tifffile does, whatever its byte order.');
  let shownInverted = false;
  if (photometric === PHOTOMETRIC.whiteIsZero && !keepIndices) {
    if (keepInverted) shownInverted = true;
    else if (kind === 'uint') {
      stored.inverted = true;
      notes.push('Its values are stored inverted (MinIsWhite): they were turned round, so that 0 is black.');
    } else notes.push(`It says MinIsWhite, which has no meaning for ${storedType(format)}: its values were kept.`);
  }
  if (format.colorMap && palette === 'apply' && !keepIndices) {
    const tables = paletteOf(format.colorMap, bits);
    const [table] = tables;
    const grey = tables.length === 1;
    const ramp = grey && rampOf(table);
    if (ramp) stored.inverted = ramp === 'down' && !keepInverted;
    else {
      stored.palettes = tables;
      if (grey) notes.push('Its values are indices into a palette of greys: the greys were taken.');
      const wide = table instanceof Uint16Array;
      return { dtype: wide ? 'uint16' : 'uint8', packing: stored, samples: grey ? null : rgb(), notes, shownInverted };
    }
    if (ramp === 'down' && keepInverted) shownInverted = true;
    else if (ramp === 'down')
      notes.push('Its palette runs from white to black: its values were turned round, so that 0 is black.');
  }
  if (shownInverted)
    notes.push('ImageJ shows its values inverted (inverting lookup table): they are kept as they are stored.');
  return { dtype, packing: stored, samples: format.samples > 1 ? samplesOf(format) : null, notes, shownInverted };
}

/** How opaque a pixel is: no light of its own. */
const ALPHA: Channel = { name: 'Alpha', color: 'FFFFFF' };

function samplesOf({ samples, photometric, extra }: PixelFormat): Channel[] {
  const grey: Channel[] = extra.length === samples - 1 ? [{ name: 'Grey', color: 'FFFFFF' }] : [];
  const colours = COLOURS[photometric] ?? grey;
  const firstExtra = samples - extra.length;
  return Array.from({ length: samples }, (_, n) => {
    if (n < colours.length && n < firstExtra) return colours[n];
    const isAlpha = n >= firstExtra && (extra[n - firstExtra] === 1 || extra[n - firstExtra] === 2);
    return isAlpha ? ALPHA : { name: `Sample ${n + 1}`, color: null };
  });
}

/**
 * Tables from a palette's indices to values: one where red, green and blue are alike, three otherwise. Of 8 bits where
 * the 16-bit entries say no more.
 */
function paletteOf(colorMap: Uint16Array, bits: number): (Uint8Array | Uint16Array)[] {
  const count = 2 ** bits;
  const wide = [0, 1, 2].map(n => colorMap.slice(n * count, (n + 1) * count));
  const narrow = colorMap.every(v => v >> 8 === (v & 255)) || colorMap.every(v => (v & 255) === 0);
  const tables = narrow ? wide.map(table => Uint8Array.from(table, v => v >> 8)) : wide;
  const [red, green, blue] = tables;
  return red.every((v, i) => v === green[i] && v === blue[i]) ? [red] : tables;
}

/**
 * Whether a table of greys is what indices mean without one, or leaves them as they are, or is the reverse of the
 * former.
 */
function rampOf(table: Uint8Array | Uint16Array): 'up' | 'down' | null {
  const last = table.length - 1;
  const top = table instanceof Uint8Array ? 255 : 65535;
  const grey = (i: number) => Math.round((i * top) / last);
  if (table.every((v, i) => v === grey(i)) || table.every((v, i) => v === i)) return 'up';
  return table.every((v, i) => v === grey(last - i)) ? 'down' : null;
}
