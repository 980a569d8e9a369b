import sax from 'sax';
import { ConvertError } from '../../model/errors.ts';
import { seconds } from '../../model/units.ts';
import type { Channel } from '../../model/volume.ts';
import { option } from '../../model/words.ts';
import { Bytes } from '../common/bytes.ts';
import { calibrate, type Calibration } from '../voxel-size/calibration.ts';
import { fail } from '../common/fail.ts';
import { GrowingNumbers } from '../common/growing-numbers.ts';
import { type MarkupSelection, wantedMarkup } from '../common/markup.ts';
import { shortly } from '../common/shortly.ts';
import { MOST_PLANES, type PlanePosition } from './plane-position.ts';

/** An OME-XML description (OME model 2016-06 and before), as far as it says where planes are and what they mean. */
export interface Ome {
  /** Of the file that it lies in. */
  uuid: string | null;
  /** Where the description is, when it is not here. */
  metadataFile: string | null;
  images: OmeImage[];
  /** Axes along which a second one is folded up (OME's 6D, 7D and 8D annotations), and what that is. */
  folded: { axis: Axis; type: string }[];
}

/** `Image` with its `Pixels`. */
export interface OmeImage {
  name: string;
  size: Record<Axis, number>;
  /** Lengths of a page, and the type of its numbers, as OME calls it; what it does not say is NaN and empty. */
  page: { height: number; width: number; type: string };
  /** The axes in the order in which planes follow one another, fastest first. */
  order: Axis[];
  /** `Channel`s, each of one or more samples. */
  channels: (Channel & { samples: number })[];
  calibration: Calibration;
  /** Where planes are, as far as it is said: of the first ones. */
  positions: PlanePosition[];
  /** Seconds between time points. */
  timeStep: number | null;
  blocks: Blocks;
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

/** Larger sizes, more blocks of planes, images, channels and names are taken to be hostile. */
const MAX_SIZE = 2 ** 31 - 1;
const MAX_BLOCKS = 1_000_000;
const MAX_IMAGES = 1 << 16;
const MAX_CHANNELS = 1 << 17;
/** Characters. */
const MAX_NAMES = 1 << 24;
/** Characters that are parsed at a time. */
const AT_ONCE = 1 << 15;

/** The parents of what is read. */
const PARENTS: Partial<Record<string, string>> = {
  BinaryOnly: 'OME',
  Image: 'OME',
  Pixels: 'Image',
  Channel: 'Pixels',
  TiffData: 'Pixels',
  Plane: 'Pixels',
  UUID: 'TiffData',
  StructuredAnnotations: 'OME',
  XMLAnnotation: 'StructuredAnnotations',
  Value: 'XMLAnnotation',
  Modulo: 'Value',
  ModuloAlongZ: 'Modulo',
  ModuloAlongC: 'Modulo',
  ModuloAlongT: 'Modulo'
};
/** Elements that are read of an OME-XML: only the first of its planes, which may be millions. */
function wanted(): MarkupSelection {
  let planes = 0;
  return {
    element: (name, parent) =>
      parent === undefined || (PARENTS[name] === parent && (name !== 'Plane' || planes++ < MOST_PLANES)),
    text: name => name === 'UUID'
  };
}

/** `TiffData` elements, by the million in a few bytes each. */
export class Blocks {
  readonly #numbers = new GrowingNumbers();
  readonly #files: Pick<TiffData, 'uuid' | 'fileName'>[] = [];
  readonly #known = new Map<string, number>();

  get length(): number {
    return this.#numbers.length / 6;
  }

  /** Names of the files that they are in, or their UUIDs. */
  get files(): readonly (string | null)[] {
    return this.#files.map(({ fileName, uuid }) => fileName ?? uuid);
  }

  /** @returns characters that are kept for it */
  push({ ifd, count, first, uuid, fileName }: TiffData): number {
    const key = JSON.stringify([uuid, fileName]);
    const known = this.#known.get(key);
    const file = known ?? this.#files.push({ uuid, fileName }) - 1;
    if (known === undefined) this.#known.set(key, file);
    for (const number of [ifd, count ?? -1, first.Z, first.C, first.T, file]) this.#numbers.push(number);
    return known === undefined ? 2 * key.length : 0;
  }

  *[Symbol.iterator](): Generator<TiffData> {
    for (let i = 0; i < this.#numbers.length; i += 6) {
      const [ifd, count, Z, C, T, file] = [0, 1, 2, 3, 4, 5].map(n => this.#numbers.at(i + n));
      yield { ifd, count: count < 0 ? null : count, first: { Z, C, T }, ...this.#files[file] };
    }
  }
}

/**
 * Reads OME-XML in one pass, holding no more of it than the wanted parts.
 *
 * @param path the file that it is from, for messages
 * @throws ConvertError `corrupt` where it is not well-formed, or sizes are not numbers; `unsupported` where there is
 *   more of something than any has
 */
export function parseOme(xml: Iterable<Uint8Array>, path: string): Ome {
  const ome: Ome = { uuid: null, metadataFile: null, images: [], folded: [] };
  const parser = sax.parser(true, { position: false });
  const bytes = new Bytes(xml);
  const within: string[] = [];
  let channels = 0;
  let names = 0;
  let blocks = 0;
  const bound = (count: number, most: number, what: string) => {
    if (count > most) throw fail('unsupported', path, `its OME-XML has more than ${most} ${what}`);
  };
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
    within.push(element);
    if (element === 'OME') ome.uuid = attributes.UUID ?? null;
    else if (element === 'BinaryOnly') ome.metadataFile = attributes.MetadataFile ?? '';
    else if (element === 'Image' && parent === 'OME') name = attributes.Name ?? attributes.ID ?? '';
    else if (element === 'Pixels' && parent === 'Image') {
      image = readPixels(name, attributes, whole);
      names += name.length;
      bound(names, MAX_NAMES, 'characters of names');
      bound(ome.images.push(image), MAX_IMAGES, 'images');
    } else if (parent === 'Modulo') {
      const axis = element.at(-1) as Axis;
      if (!ome.folded.some(other => other.axis === axis))
        ome.folded.push({ axis, type: shortly([attributes.TypeDescription || attributes.Type || 'another axis']) });
    } else if (!image) return;
    else if (element === 'Channel' && parent === 'Pixels') {
      names += (attributes.Name ?? '').length;
      bound(names, MAX_NAMES, 'characters of names');
      bound(++channels, MAX_CHANNELS, 'channels');
      image.channels.push({
        name: attributes.Name ?? '',
        color: readColor(attributes.Color),
        samples: whole('SamplesPerPixel') || 1
      });
    } else if (element === 'Plane' && parent === 'Pixels') {
      if (['PositionX', 'PositionY', 'PositionZ'].some(each => each in attributes))
        image.positions.push(readPosition(attributes));
    } else if (element === 'TiffData' && parent === 'Pixels') {
      block = {
        ifd: whole('IFD') ?? 0,
        count: whole('PlaneCount') ?? whole('NumPlanes') ?? (attributes.IFD === undefined ? null : 1),
        first: { Z: whole('FirstZ') ?? 0, C: whole('FirstC') ?? 0, T: whole('FirstT') ?? 0 },
        uuid: null,
        fileName: null
      };
    } else if (element === 'UUID' && parent === 'TiffData' && block) {
      block.fileName = attributes.FileName ?? null;
      block.uuid = '';
    }
  };
  parser.ontext = text => {
    if (block && within.at(-1) === 'UUID') block.uuid = `${block.uuid ?? ''}${text}`.trim();
  };
  parser.onclosetag = () => {
    if (within.pop() !== 'TiffData' || !block || !image) return;
    names += image.blocks.push(block);
    block = null;
    bound(names, MAX_NAMES, 'characters of names');
    bound(++blocks, MAX_BLOCKS, 'blocks of planes (TiffData)');
  };
  const unreadable = (reason: string) =>
    fail(
      'corrupt',
      path,
      `its OME-XML cannot be read, up to its byte ${bytes.offset}: ${reason}: save it again, or read its pages without it (${option('describedBy', 'none')})`
    );
  parser.onerror = error => {
    throw unreadable(error.message.split('\n')[0]);
  };
  try {
    let some = '';
    for (const markup of wantedMarkup(bytes, wanted())) {
      some += markup;
      if (some.length < AT_ONCE) continue;
      parser.write(some);
      some = '';
    }
    parser.write(some).close();
  } catch (error) {
    throw error instanceof ConvertError ? error : unreadable((error as Error).message);
  }
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
    page: { height: Number(attributes.SizeY), width: Number(attributes.SizeX), type: attributes.Type ?? '' },
    order: isOrder ? order : ['Z', 'C', 'T'],
    channels: [],
    calibration: calibrate(
      [length('Z'), length('Y'), length('X')],
      [unit('Z'), unit('Y'), unit('X')],
      'ome-xml',
      'Its OME-XML'
    ),
    positions: [],
    timeStep: size.T > 1 && step > 0 && Number.isFinite(step) ? step : null,
    blocks: new Blocks()
  };
}

/** Numbers that are missing or cannot be read are NaN. */
function readPosition(attributes: Record<string, string>): PlanePosition {
  const number = (key: string) => ((attributes[key] ?? '').trim() === '' ? NaN : Number(attributes[key]));
  return {
    z: number('TheZ'),
    place: [number('PositionZ'), number('PositionY'), number('PositionX')],
    units: [attributes.PositionZUnit, attributes.PositionYUnit, attributes.PositionXUnit]
  };
}

/** Red, green and blue of a colour in OME-XML: a signed integer of their bytes and alpha's. White stands for none. */
function readColor(text: string | undefined): string | null {
  const value = Number(text ?? NaN);
  if (!Number.isInteger(value) || value === -1) return null;
  return (value >>> 8).toString(16).padStart(6, '0').toUpperCase();
}
