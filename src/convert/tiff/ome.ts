import sax from 'sax';
import { seconds } from '../units.ts';
import type { Channel } from '../volume.ts';
import { calibrate, type Calibration } from './calibration.ts';
import { fail } from './fail.ts';
import { shortly } from './shortly.ts';

/** An OME-XML description (OME model 2016-06 and before), as far as it says where planes are and what they mean. */
export interface Ome {
  /** Of the file that it lies in. */
  uuid: string | null;
  /** Where the description is, when it is not here. */
  metadataFile: string | null;
  images: OmeImage[];
}

/** `Image` with its `Pixels`. */
export interface OmeImage {
  name: string;
  size: Record<Axis, number>;
  /** The axes in the order in which planes follow one another, fastest first. */
  order: Axis[];
  /** `Channel`s, each of one or more samples. */
  channels: (Channel & { samples: number })[];
  calibration: Calibration;
  /** Seconds between time points. */
  timeStep: number | null;
  blocks: TiffData[];
}

export type Axis = 'Z' | 'C' | 'T';

/** Planes that follow one another in a file. */
export interface TiffData {
  /** Page in the file, from 0. */
  ifd: number;
  /** Null: as many as the file has. */
  count: number | null;
  first: Record<Axis, number>;
  uuid: string | null;
  fileName: string | null;
}

export const isOme = (description: string): boolean =>
  /^\s*(<\?xml|<!--|<(\w+:)?OME\b)/.test(description) && /<(\w+:)?OME\b/.test(description);

/** Larger sizes, deeper elements and more blocks of planes are taken to be hostile. */
const MAX_SIZE = 2 ** 31 - 1;
const MAX_DEPTH = 64;
const MAX_BLOCKS = 1_000_000;

/**
 * Reads OME-XML in one pass.
 *
 * @param path the file that it is from, for messages
 * @throws ConvertError `corrupt` where it is not well-formed, or sizes are not numbers
 */
export function parseOme(xml: string, path: string): Ome {
  const ome: Ome = { uuid: null, metadataFile: null, images: [] };
  // It comes as one string: its longest attribute is no more than that.
  (sax as unknown as { MAX_BUFFER_LENGTH: number }).MAX_BUFFER_LENGTH = Infinity;
  const parser = sax.parser(true, { position: true });
  const within: string[] = [];
  let image: OmeImage | null = null;
  let name = '';
  let block: TiffData | null = null;
  parser.onopentag = tag => {
    const element = local(tag.name);
    const attributes = tag.attributes as Record<string, string>;
    const whole = (key: string): number | null => {
      const text = attributes[key];
      if (text === undefined) return null;
      const value = Number(text);
      if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= MAX_SIZE) return value;
      throw fail(
        'corrupt',
        path,
        `its OME-XML has ${key}="${shortly([text])}", where a whole number was expected: save it again`
      );
    };
    const parent = within.at(-1);
    if (within.push(element) > MAX_DEPTH)
      throw fail('corrupt', path, `its OME-XML has elements ${within.length} deep: save it again`);
    if (element === 'OME') ome.uuid = attributes.UUID ?? null;
    else if (element === 'BinaryOnly') ome.metadataFile = attributes.MetadataFile ?? '';
    else if (element === 'Image' && parent === 'OME') name = attributes.Name ?? attributes.ID ?? '';
    else if (element === 'Pixels' && parent === 'Image') {
      image = readPixels(name, attributes, whole);
      ome.images.push(image);
    } else if (!image || !within.includes('Pixels')) return;
    else if (element === 'Channel' && parent === 'Pixels')
      image.channels.push({
        name: attributes.Name ?? '',
        color: readColor(attributes.Color),
        samples: whole('SamplesPerPixel') || 1
      });
    else if (element === 'TiffData' && parent === 'Pixels') {
      block = {
        ifd: whole('IFD') ?? 0,
        count: whole('PlaneCount') ?? whole('NumPlanes') ?? (attributes.IFD === undefined ? null : 1),
        first: { Z: whole('FirstZ') ?? 0, C: whole('FirstC') ?? 0, T: whole('FirstT') ?? 0 },
        uuid: null,
        fileName: null
      };
      if (image.blocks.push(block) > MAX_BLOCKS)
        throw fail('unsupported', path, `its OME-XML has more than ${MAX_BLOCKS} blocks of planes (TiffData)`);
    } else if (element === 'UUID' && parent === 'TiffData' && block) {
      block.fileName = attributes.FileName ?? null;
      block.uuid = '';
    }
  };
  parser.ontext = text => {
    if (block && within.at(-1) === 'UUID') block.uuid = `${block.uuid ?? ''}${text}`.trim();
  };
  parser.onclosetag = () => {
    within.pop();
  };
  parser.onerror = error => {
    const [reason] = error.message.split('\n');
    throw fail('corrupt', path, `its OME-XML cannot be read, line ${parser.line + 1}: ${reason}: save it again`);
  };
  parser.write(xml).close();
  return ome;
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

function readPixels(name: string, attributes: Record<string, string>, whole: (key: string) => number | null): OmeImage {
  const size = { Z: whole('SizeZ') || 1, C: whole('SizeC') || 1, T: whole('SizeT') || 1 };
  const length = (axis: string) => attributes[`PhysicalSize${axis}`];
  const unit = (axis: string) => attributes[`PhysicalSize${axis}Unit`] ?? 'µm';
  const step = Number(attributes.TimeIncrement ?? NaN) * (seconds(attributes.TimeIncrementUnit ?? 's') ?? NaN);
  const order = (attributes.DimensionOrder ?? '').replace(/[XY]/g, '').split('') as Axis[];
  const isOrder = [...order].sort().join('') === 'CTZ';
  return {
    name,
    size,
    order: isOrder ? order : ['Z', 'C', 'T'],
    channels: [],
    calibration: calibrate(
      [length('Z'), length('Y'), length('X')],
      [unit('Z'), unit('Y'), unit('X')],
      'ome-xml',
      'Its OME-XML'
    ),
    timeStep: size.T > 1 && step > 0 && Number.isFinite(step) ? step : null,
    blocks: []
  };
}

/** Red, green and blue of a colour in OME-XML: a signed integer of their bytes and alpha's. White is what stands for none. */
function readColor(text: string | undefined): string | null {
  const value = Number(text ?? NaN);
  if (!Number.isInteger(value) || value === -1) return null;
  return (value >>> 8).toString(16).padStart(6, '0').toUpperCase();
}
