import { isObject } from '../json.ts';
import { TOOL } from '../version.ts';
import { type GroupDocument, attributesOf, omeOf } from './group.ts';
import { type Placement, isIdentity, nameOf, placementOf } from './placement.ts';
import { type StoredSegment, segmentsIn } from './segments.ts';

/** Metadata of an OME-Zarr image, 0.1 to 0.6, whoever asks for it. */
export interface ImageMetadata {
  /** Of OME-Zarr; null where it says none. */
  version: string | null;
  /** Of Zarr. */
  zarrFormat: 2 | 3;
  name: string | null;
  /** How many images its metadata describes; this is the first. */
  images: number;
  axes: { name: string; type: string | null; unit: string | null }[];
  datasets: StoredDataset[];
  /** From 0.6 on the name of the space that its voxels lie in, which is the one to look at it in. */
  space: string | null;
  /** Transformations from that space to others and back, which are not followed: a sentence's name of each. */
  ways: string[];
  /** As its `omero` says; empty where it says nothing of them. */
  channels: StoredChannel[];
  /** Whether it says that its voxels are labels. */
  labels: boolean;
  /** The segments that it speaks of, where they are labels. */
  segments: StoredSegment[];
  /** Lengths along all axes before level 0 was padded, where it says so: what this project's Python predecessor did. */
  originalShape: number[] | null;
  /** Whether it says that the source's values were scaled to those of an integer type. */
  scaled: boolean;
  /** How levels were made of each other (`multiscales.type`), where it says so. */
  type: string | null;
  /** Metadata that this program has written under its own name; null: another program made the image. */
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

/** One level, and where it lies by all transformations together, those for all levels included. */
export interface StoredDataset extends Placement {
  path: string;
}

/** Metadata that names no image that can be read. */
export class MetadataError extends Error {
  readonly code: 'corrupt' | 'unsupported';
  constructor(code: 'corrupt' | 'unsupported', message: string) {
    super(message);
    this.code = code;
  }
}

const corrupt = (message: string) => new MetadataError('corrupt', message);

/** Before 0.3 images had these axes, and did not name them. */
const FIRST_AXES = ['t', 'c', 'z', 'y', 'x'];

/** Versions that are read, with all that was written of them before they were released. */
const READ = /^0\.[1-6]([^\d].*)?$/;

/** Whether metadata names an image. */
export const namesImage = (document: GroupDocument): boolean => {
  const { multiscales } = omeOf(document);
  return Array.isArray(multiscales) && multiscales.length > 0;
};

/** @throws MetadataError */
export function parseImage(document: GroupDocument): ImageMetadata {
  const { zarrFormat } = document;
  const attributes = attributesOf(document);
  const ome = omeOf(document);
  const multiscales: unknown[] = Array.isArray(ome.multiscales) ? ome.multiscales : [];
  const [first] = multiscales;
  if (!isObject(first) || !Array.isArray(first.datasets) || first.datasets.length === 0)
    throw corrupt('its multiscales have no datasets');
  const said = ome === attributes ? first.version : ome.version;
  const version = typeof said === 'string' ? said : null;
  if (version !== null && !READ.test(version))
    throw new MetadataError('unsupported', `is OME-Zarr ${version}, and 0.1 to 0.6 can be read`);
  const origin = attributes[TOOL];
  const told = isObject(first.metadata) ? first.metadata : {};
  return {
    version,
    zarrFormat,
    name: typeof first.name === 'string' && first.name !== '' ? first.name : null,
    images: multiscales.length,
    ...('axes' in first || !('coordinateSystems' in first)
      ? alongAxes(first, first.datasets, zarrFormat, said)
      : inCoordinateSystems(first, first.datasets)),
    channels: channelsOf(ome),
    labels: 'image-label' in ome,
    segments: segmentsIn(ome),
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

type Geometry = Pick<ImageMetadata, 'axes' | 'datasets' | 'space' | 'ways'>;

/** Geometry up to 0.5: axes, and scales and translations along them. */
function alongAxes(
  multiscale: Record<string, unknown>,
  datasets: unknown[],
  zarrFormat: 2 | 3,
  version: unknown
): Geometry {
  // Nothing else is without axes, and 0.1 need not say that it is 0.1.
  const isFirst =
    multiscale.axes === undefined && zarrFormat === 2 && (version === undefined || /^0\.[12]/.test(`${version}`));
  const axes = axesOf(isFirst ? FIRST_AXES : multiscale.axes);
  const shared = listOf(multiscale.coordinateTransformations);
  return {
    axes,
    datasets: datasets.map((dataset, k) => {
      const { path, steps } = levelOf(dataset, k);
      return { path, ...placementOf([...steps, ...shared], axes.length) };
    }),
    space: null,
    ways: []
  };
}

/**
 * Geometry from 0.6 on: each level's transformation leads into the image's own space, and others from there to further
 * ones. Versions before the release gave names where it has objects.
 */
function inCoordinateSystems(multiscale: Record<string, unknown>, datasets: unknown[]): Geometry {
  const systems = listOf(multiscale.coordinateSystems).filter(isObject);
  const levels = datasets.map(levelOf);
  const space = nameIn(levels[0].steps[0], 'output') ?? systems.at(-1)?.name;
  const system = systems.find(({ name }) => name === space);
  if (typeof space !== 'string' || !system)
    throw corrupt(`its levels lie in the coordinate system ${JSON.stringify(space)}, which it does not describe`);
  const axes = axesOf(system.axes);
  const elsewhere = levels.find(({ steps }) => steps.some(step => (nameIn(step, 'output') ?? space) !== space));
  if (elsewhere) throw corrupt(`level ${elsewhere.path} lies in another coordinate system than ${space}`);
  const ways = listOf(multiscale.coordinateTransformations).filter(step => !isIdentity(step, axes.length));
  return {
    axes,
    datasets: levels.map(({ path, steps }) => ({ path, ...placementOf(steps, axes.length) })),
    space,
    ways: ways.map(step => `${nameOf(step)} from ${placeOf(step, 'input')} to ${placeOf(step, 'output')}`)
  };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function nameIn(step: unknown, end: 'input' | 'output'): string | null {
  const named = isObject(step) ? step[end] : null;
  const name = isObject(named) ? named.name : named;
  return typeof name === 'string' ? name : null;
}

function placeOf(step: unknown, end: 'input' | 'output'): string {
  const named = isObject(step) ? step[end] : null;
  const path = isObject(named) && typeof named.path === 'string' ? ` of ${named.path}` : '';
  return `${nameIn(step, end) ?? 'an unnamed space'}${path}`;
}

function levelOf(dataset: unknown, k: number): { path: string; steps: unknown[] } {
  const { path, coordinateTransformations } = isObject(dataset) ? dataset : {};
  if (typeof path !== 'string' || path === '' || path.split('/').includes('..'))
    throw corrupt(`level ${k} has the path ${JSON.stringify(path)}`);
  return { path, steps: listOf(coordinateTransformations) };
}

function axesOf(axes: unknown): ImageMetadata['axes'] {
  if (!Array.isArray(axes)) throw corrupt('its multiscales have no axes');
  return axes.map((axis: unknown) => ({
    name: String(isObject(axis) ? axis.name : axis),
    type: isObject(axis) && typeof axis.type === 'string' ? axis.type : null,
    unit: isObject(axis) && typeof axis.unit === 'string' ? axis.unit : null
  }));
}

/** Kind of an axis: its type, or where it has none, what its name stands for. */
export const kindOf = ({ name, type }: { name: string; type: string | null }): string =>
  type ?? (name === 't' ? 'time' : name === 'c' ? 'channel' : 'space');

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

/** Notes on geometry that this program does not follow: a sentence each, for all who look at the image. */
export function geometryNotes({ datasets, space, ways }: ImageMetadata): string[] {
  const unread = new Set(datasets.flatMap(dataset => dataset.unread));
  const notes = [...unread].map(name => {
    const of = datasets.filter(dataset => dataset.unread.includes(name)).map(({ path }) => path);
    return `The transformation ${name} of level ${of.join(', ')} is not understood, and was left out.`;
  });
  const [{ affine }] = datasets;
  if (affine)
    notes.push(
      `Its voxels lie askew in its space: an affine transformation turns, shears or swaps their axes (${affine.map(row => `[${row.map(n => Number(n.toPrecision(6))).join(', ')}]`).join(', ')}).`
    );
  if (ways.length > 0)
    notes.push(
      `It lies in the coordinate system ${space}. Not applied: ${ways.slice(0, 3).join('; ')}${ways.length > 3 ? `; and ${ways.length - 3} more` : ''}.`
    );
  return notes;
}
