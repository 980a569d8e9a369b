import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import { TOOL } from '../model/version.ts';
import { isObject, readJson } from './json.ts';
import { type Several, severalIn } from './several.ts';
import { isOmeZarr } from './ome-zarr.ts';
import { option } from '../model/words.ts';

/** What the metadata of an OME-Zarr image says, read back. */
export interface StoredImage {
  /** The file that says it. */
  document: string;
  /** Of OME-Zarr; null where it says none. */
  version: string | null;
  /** Of Zarr. */
  zarrFormat: 2 | 3;
  name: string | null;
  /** How many images its metadata describes; this is the first. */
  images: number;
  axes: { name: string; type: string | null; unit: string | null }[];
  datasets: StoredDataset[];
  /** As its `omero` says; empty where it says nothing of them. */
  channels: StoredChannel[];
  /** Whether it says that its voxels are labels. */
  labels: boolean;
  /** Whether a copy of all metadata under it lies at its root. */
  consolidated: boolean;
  /** Lengths along all axes before level 0 was padded, where it says so: what this project's Python predecessor did. */
  originalShape: number[] | null;
  /** Whether it says that the source's values were scaled to those of an integer type. */
  scaled: boolean;
  /** How levels were made of each other (`multiscales.type`), where it says so. */
  type: string | null;
  /** What this program has written under its own name; null: another program made the image. */
  origin: Record<string, unknown> | null;
  /** The program that made it, where it says so. */
  writer: string | null;
}

/** A channel, and how it is to be shown; null where that is not said. */
export interface StoredChannel {
  name: string | null;
  /** Red, green and blue in hexadecimal. */
  color: string | null;
  active: boolean | null;
  /** Values shown black and white, and the limits of the control. */
  window: { start: number; end: number; min: number | null; max: number | null } | null;
  /** Whether the least value is to be shown brightest. */
  inverted: boolean;
}

/**
 * One level: scale and translation along all axes, those for all levels included; null where there is none, or not of
 * numbers.
 */
export interface StoredDataset {
  path: string;
  scale: number[] | null;
  translation: number[] | null;
}

/** Before 0.3 images had these axes, and did not name them. */
const FIRST_AXES = ['t', 'c', 'z', 'y', 'x'];

/**
 * Reads the metadata of an OME-Zarr image, 0.1 to 0.5.
 *
 * @throws ConvertError `not-found`, `unreadable`, `corrupt`, `output-not-ome-zarr`, `unsupported`
 */
export function readImage(folder: string): StoredImage {
  if (folder.endsWith('.partial'))
    throw new ConvertError(
      'output-not-ome-zarr',
      `${folder}: is what an unfinished conversion has written so far: finish it with ${option('resume')} first`,
      'output'
    );
  if (!existsSync(folder))
    throw new ConvertError('not-found', `${folder}: there is no such folder: give the path of an OME-Zarr`, 'output');
  const v3 = join(folder, 'zarr.json');
  const v2 = join(folder, '.zattrs');
  const document = existsSync(v3) || !existsSync(v2) ? v3 : v2;
  const json = existsSync(document) ? readJson(document) : {};
  const given = document === v3 ? json.attributes : json;
  const attributes = isObject(given) ? given : {};
  const image = document === v3 ? (attributes.ome ?? attributes) : attributes;
  const ome = isObject(image) ? image : {};
  const multiscales = Array.isArray(ome.multiscales) ? (ome.multiscales as unknown[]) : [];
  const several = multiscales.length === 0 ? severalIn(folder, ome) : null;
  if (!several?.kind && !isOmeZarr(folder)) throw noImage(folder, json);
  if (several) throw new ConvertError('unsupported', `${document}: ${inWords(several)}`, 'output');
  const [first] = multiscales;
  if (!isObject(first) || !Array.isArray(first.datasets) || first.datasets.length === 0)
    throw corrupt(document, 'its multiscales have no datasets');
  const origin = attributes[TOOL];
  const told = isObject(first.metadata) ? first.metadata : {};
  const version = document === v3 && isObject(attributes.ome) ? attributes.ome.version : first.version;
  // Nothing else is without axes, and 0.1 need not say that it is 0.1.
  const isFirst =
    first.axes === undefined && document === v2 && (version === undefined || /^0\.[12]/.test(`${version}`));
  const axes = isFirst ? FIRST_AXES : first.axes;
  if (!Array.isArray(axes)) throw corrupt(document, 'its multiscales have no axes');
  return {
    document,
    version: typeof version === 'string' ? version : null,
    zarrFormat: document === v3 ? 3 : 2,
    name: typeof first.name === 'string' && first.name !== '' ? first.name : null,
    images: multiscales.length,
    channels: channelsOf(ome),
    labels: 'image-label' in ome,
    consolidated: document === v3 ? isObject(json.consolidated_metadata) : existsSync(join(folder, '.zmetadata')),
    axes: axes.map((axis: unknown) => ({
      name: String(isObject(axis) ? axis.name : axis),
      type: isObject(axis) && typeof axis.type === 'string' ? axis.type : null,
      unit: isObject(axis) && typeof axis.unit === 'string' ? axis.unit : null
    })),
    datasets: first.datasets.map((dataset: unknown, k) => {
      const path = isObject(dataset) ? dataset.path : null;
      if (typeof path !== 'string' || path === '' || path.split('/').includes('..'))
        throw corrupt(document, `level ${k} has the path ${JSON.stringify(path)}`);
      const own = transformation((dataset as Record<string, unknown>).coordinateTransformations);
      return { path, ...chain(own, transformation(first.coordinateTransformations)) };
    }),
    originalShape:
      Array.isArray(told.original_shape) && told.original_shape.every(n => Number.isSafeInteger(n) && n > 0)
        ? (told.original_shape as number[])
        : null,
    scaled: isObject(told.dtype_conversion),
    type: typeof first.type === 'string' ? first.type : null,
    origin: isObject(origin) ? origin : null,
    writer: writerOf(told) ?? writerOf(isObject(ome._creator) ? ome._creator : {})
  };
}

/** What is no OME-Zarr, by what it is instead. */
function noImage(folder: string, json: Record<string, unknown>): ConvertError {
  const fail = (message: string) => new ConvertError('output-not-ome-zarr', `${folder}: ${message}`, 'output');
  if (json.node_type === 'array' || existsSync(join(folder, '.zarray'))) {
    const image = [dirname(folder), dirname(dirname(folder))].find(isOmeZarr);
    return fail(
      image
        ? `is an array of the OME-Zarr ${image}: give the path of that`
        : 'is a Zarr array, which says nothing of voxels and axes, and no OME-Zarr'
    );
  }
  if (json.node_type === 'group' || existsSync(join(folder, '.zgroup')) || existsSync(join(folder, '.zattrs')))
    return fail(
      basename(folder) === 'labels' && isOmeZarr(dirname(folder))
        ? 'is a group of labels that names none of them: give the path of the image above'
        : 'is a Zarr group whose metadata names no image (multiscales), and no OME-Zarr'
    );
  return fail('is not an OME-Zarr: neither zarr.json nor .zattrs in it names an image');
}

/** What holds several images, and which of them to give. */
function inWords({ kind, paths, all }: Several): string {
  const named = paths.join(', ') + (all > paths.length ? ` and ${all - paths.length} more` : '');
  switch (kind) {
    case 'labels':
      return `is a group of labels (${named || 'none'}): give the path of one of them, or of the image above`;
    case 'plate':
      return `is a plate of ${all} well${all === 1 ? '' : 's'} (${named}), not an image: give the path of an image in one of them`;
    case 'well':
      return `is a well of a plate with ${all} image${all === 1 ? '' : 's'} (${named}): give the path of one of them`;
    case 'collection':
      return `is a collection of images (${named || 'none found'}), as bioformats2raw makes it: give the path of one of them`;
    case null:
      return 'names no image (multiscales): give the path of an image, not of a plate or a collection';
  }
}

/** The name and the version that a program has written of itself. */
function writerOf({ method, name = method, version }: Record<string, unknown>): string | null {
  if (typeof name !== 'string' || name === '') return null;
  return typeof version === 'string' && version !== '' ? `${name} ${version}` : name;
}

function channelsOf({ omero }: Record<string, unknown>): StoredChannel[] {
  const channels: unknown[] = isObject(omero) && Array.isArray(omero.channels) ? omero.channels : [];
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return channels.map(channel => {
    const { label, color, active, window, inverted } = isObject(channel) ? channel : {};
    const { start, end, min, max } = isObject(window) ? window : {};
    return {
      name: typeof label === 'string' && label !== '' ? label : null,
      color: typeof color === 'string' && color !== '' ? color : null,
      active: typeof active === 'boolean' ? active : null,
      window:
        typeof start === 'number' && typeof end === 'number'
          ? { start, end, min: number(min), max: number(max) }
          : null,
      inverted: inverted === true
    };
  });
}

type Transformation = Pick<StoredDataset, 'scale' | 'translation'>;

function transformation(steps: unknown): Transformation {
  const find = (type: string): number[] | null => {
    const step: unknown = Array.isArray(steps) ? steps.find(one => isObject(one) && one.type === type) : null;
    const values = isObject(step) ? step[type] : null;
    return Array.isArray(values) && values.every(n => typeof n === 'number') ? values : null;
  };
  return { scale: find('scale'), translation: find('translation') };
}

/** One transformation after another. */
function chain(first: Transformation, next: Transformation): Transformation {
  const factor = (axis: number) => next.scale?.[axis] ?? 1;
  const moved = (first.translation ?? next.translation)?.map(
    (_, axis) => (first.translation?.[axis] ?? 0) * factor(axis) + (next.translation?.[axis] ?? 0)
  );
  return { scale: first.scale?.map((n, axis) => n * factor(axis)) ?? null, translation: moved ?? null };
}

const corrupt = (document: string, message: string) => new ConvertError('corrupt', `${document}: ${message}`, 'output');
