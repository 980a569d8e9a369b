import { tooDeep, tooLong } from '../../model/document.ts';
import type { Json } from '../../model/json.ts';
import {
  BARE_ARRAY,
  BARE_GROUP,
  type GroupDocument,
  type Several,
  labelsIn,
  seriesIn,
  severalIn,
  severalInWords
} from '../../model/ome-zarr/group.ts';
import {
  type ImageMetadata,
  MetadataError,
  type StoredChannel,
  geometryNotes,
  kindOf,
  namesImage,
  parseImage
} from '../../model/ome-zarr/image.ts';
import { straightened } from '../../model/ome-zarr/placement.ts';
import type { StoredSegment } from '../../model/ome-zarr/segments.ts';
import { spaceUnit } from '../../model/units.ts';
import { compressionOf } from './compression.ts';
import { formatHanded, isMended } from './shownArray.ts';
import { notUndone } from './shownCodecs.ts';
import { lossIn, shownType, storedTypeOf } from './shownType.ts';

/** Facts about an OME-Zarr that the viewer must know before Neuroglancer sees it. */
export interface Image {
  format: 'zarr2' | 'zarr3';
  /** That in which Neuroglancer is handed its metadata. */
  handedFormat: 'zarr2' | 'zarr3';
  /** Whether it is handed that of the arrays otherwise than it is stored. */
  isMended: boolean;
  /** Name in its metadata; null where there is none. */
  title: string | null;
  /** The type as which voxels are shown; see `shownType`. */
  dtype: string;
  storedType: string;
  /** Names of the codecs of its chunks. */
  compression: string[];
  /** The full resolution first. */
  levels: Level[];
  /** All axes, in the order of the arrays. */
  allAxes: { name: string; kind: string; unit: string }[];
  /** Those of space. */
  axes: Axis[];
  /** Null where the image has none. */
  time: Axis | null;
  /** Name of the axis of channels; null where the image has none. */
  channelAxis: string | null;
  /** As many as the axis of channels is long, or one. */
  channels: Channel[];
  /** Whether voxels are numbers of segments. */
  labels: boolean;
  /** Segments that the metadata describes. */
  segments: StoredSegment[];
  /**
   * Affine matrix of an image that lies askew, into its space from the space along its own axes, in which levels and
   * axes are given: rows along all axes.
   */
  affine: number[][] | null;
  /**
   * Affine matrix, in the lengths that Neuroglancer reckons in, from the space that its metadata says to that in which
   * levels and axes are given, where the latter is another volume's; null where both are the same.
   */
  lent: number[][] | null;
  /** Notes for the person about its place, and about a source that is not converted yet: a sentence each. */
  notes: string[];
  /**
   * Whether this program wrote it, which leaves no chunk out: a missing one has been lost. Others leave out empty
   * chunks.
   */
  own: boolean;
}

/** One resolution: along all axes the length of a voxel, and where the first one's centre is. */
export interface Level {
  path: string;
  scale: number[];
  translation: number[];
}

export interface Axis {
  name: string;
  length: number;
  scale: number;
  unit: string;
  translation: number;
}

export interface Channel {
  /** Empty where the metadata has none. */
  label: string;
  /** Red, green and blue in hexadecimal; null where the metadata has none. */
  color: string | null;
  /** Whether it is shown at first. */
  active: boolean;
  /** Values shown black and white, and the control's limits; null where the metadata has none. */
  window: { start: number; end: number; min: number; max: number } | null;
  /** Whether the window's start is white and its end black. */
  inverted: boolean;
}

/** There is no image that can be shown; the message says why. */
export class ImageError extends Error {}

/** There is nothing at all. */
export class AbsentError extends ImageError {
  override readonly name = 'AbsentError';
}

/** There are several images; the message names them. */
export class SeveralError extends ImageError {
  /** Paths of the images, to be opened instead; none for plates and their wells, which are refused. */
  readonly paths: string[];
  /** Which of the places that were to be opened it is. */
  place = 0;
  constructor(message: string, { kind, paths }: Several) {
    super(message);
    this.paths = kind === 'plate' || kind === 'well' ? [] : (paths ?? []);
  }
}

export type ReadKey = (key: string, signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer> | null>;

/** Hears which files of an image will be read, as soon as that is known. */
export type Foresee = (keys: string[]) => void;

async function readJson(read: ReadKey, key: string): Promise<Json | null> {
  const bytes = await read(key);
  if (bytes === null) return null;
  const odd = tooLong(bytes.length) ?? tooDeep(bytes);
  if (odd !== null) throw new ImageError(`${key} ${odd}.`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Json;
  } catch {
    throw new ImageError(`${key} is not JSON: the OME-Zarr is damaged, or something else was sent in its place.`);
  }
}

/** Types that Neuroglancer can show. */
const SHOWN = ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'uint64', 'float32'];

/**
 * Reads the metadata of an OME-Zarr image, 0.1 to 0.6.
 *
 * @param asLabels whether voxels are numbers of segments, whatever the metadata says
 * @throws ImageError that says what is missing or cannot be shown, and whatever `read` throws
 */
export async function readImage(name: string, read: ReadKey, asLabels = false): Promise<Image> {
  return (await readWithLabels(name, read, asLabels, () => null)).image;
}

/**
 * The same, and what `alongside` finds out meanwhile of an image whose voxels are no segments: it must not fail. It is
 * told which format the image has.
 */
export async function readWithLabels<T>(
  name: string,
  read: ReadKey,
  asLabels: boolean,
  alongside: (format: Image['format']) => T,
  foresee?: Foresee
): Promise<{ image: Image; found: Awaited<T> | null }> {
  try {
    const metadata = await metadataOf(name, read);
    foresee?.(metadata.datasets.map(({ path }) => arrayKey(metadata, path)));
    const isLabels = asLabels || metadata.labels;
    const found = isLabels ? null : alongside(formatOf(metadata.zarrFormat));
    return { image: await imageOf(name, read, asLabels, metadata), found: await found };
  } catch (error) {
    // Something is not there, or is something else, that OME-Zarr says must be.
    if (error instanceof TypeError) throw new ImageError(`${name}: the OME-Zarr is damaged (${error.message}).`);
    throw error;
  }
}

async function readGroup(read: ReadKey, path = ''): Promise<GroupDocument | null> {
  const v3 = await readJson(read, `${path}zarr.json`);
  if (v3) return { zarrFormat: 3, json: v3 };
  const v2 = await readJson(read, `${path}.zattrs`);
  return v2 && { zarrFormat: 2, json: v2 };
}

/** The metadata of what is an image. */
async function metadataOf(name: string, read: ReadKey): Promise<ImageMetadata> {
  const group = await readGroup(read);
  if (!group || !namesImage(group)) {
    const several = group && (await allIn(group, read));
    if (several?.kind) throw new SeveralError(`${name} ${severalInWords(several, 'open')}.`, several);
    const bare = await bareIn(group, read);
    if (bare !== null) throw new ImageError(`${name} ${bare}.`);
    throw new (group ? ImageError : AbsentError)(
      `${name}: no OME-Zarr image is here: neither zarr.json nor .zattrs names its levels (multiscales).`
    );
  }
  try {
    return parseImage(group);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    const { code, message } = error;
    throw new ImageError(code === 'corrupt' ? `${name}: the OME-Zarr is damaged (${message}).` : `${name} ${message}.`);
  }
}

/** What a folder is of Zarr that has no metadata of OME-Zarr, in words; null where it is none. */
async function bareIn(group: GroupDocument | null, read: ReadKey): Promise<string | null> {
  const isArray =
    group?.zarrFormat === 3 ? group.json.node_type === 'array' : (await readJson(read, '.zarray')) !== null;
  if (isArray) return `${BARE_ARRAY}. If it is a level of an OME-Zarr, open the folder above`;
  return group?.json.node_type === 'group' || (await readJson(read, '.zgroup')) !== null ? BARE_GROUP : null;
}

/** Images of a collection that does not list them, at most. */
const MOST_IMAGES = 32;

/** Images in a group that holds several: those of a collection by its group OME, or by their numbers. */
async function allIn(group: GroupDocument, read: ReadKey): Promise<Several> {
  const several = severalIn(group);
  if (several.paths) return several;
  const listing = await readGroup(read, 'OME/');
  const paths = (listing && seriesIn(listing)) ?? [];
  for (let n = 0; paths.length === n && n < MOST_IMAGES; n++) if (await readGroup(read, `${n}/`)) paths.push(String(n));
  return { ...several, paths };
}

const arrayKey = ({ zarrFormat }: ImageMetadata, path: string): string => arrayDocument(formatOf(zarrFormat), path);

const formatOf = (zarrFormat: 2 | 3): Image['format'] => (zarrFormat === 3 ? 'zarr3' : 'zarr2');

/** Path, below an image's folder, of the metadata of one of its arrays. */
export const arrayDocument = (format: Image['format'], path: string): string =>
  `${path}/${format === 'zarr3' ? 'zarr.json' : '.zarray'}`;

async function imageOf(name: string, read: ReadKey, asLabels: boolean, metadata: ImageMetadata): Promise<Image> {
  const { zarrFormat, datasets } = metadata;
  const arrayOf = async (
    path: string
  ): Promise<{ array: Json; dtype: string; shape: number[]; compression: string[] }> => {
    const said = await readJson(read, arrayKey(metadata, path));
    if (!said) throw new ImageError(`${name}: level ${path} has no metadata: the OME-Zarr is incomplete.`);
    const array: Json = { ...said, zarr_format: zarrFormat };
    const stored = notUndone(array);
    if (stored !== null)
      throw new ImageError(
        `${name}: the chunks of level ${path} are ${stored}, which the viewer cannot read: open it in Python (microct_io_vis.open), or write it anew without that.`
      );
    const dtype = storedTypeOf(array);
    if (Array.isArray(array.shape) && array.shape.length === metadata.axes.length)
      return { array, dtype, shape: array.shape as number[], compression: compressionOf(array) };
    throw new ImageError(
      `${name}: the OME-Zarr is damaged (level ${path} has no shape along its ${metadata.axes.length} axes).`
    );
  };
  const isSilent = datasets.some(({ scale }) => scale === null);
  // Each may be stored in a way of its own that Neuroglancer does not know.
  const arrays = await Promise.all(datasets.map(({ path }) => arrayOf(path)));
  const [{ dtype: storedType, shape, compression }] = arrays;
  const dtype = shownType(storedType, asLabels || metadata.labels);
  if (!SHOWN.includes(dtype))
    throw new ImageError(
      `${name}: Neuroglancer cannot show ${dtype} voxels: convert with another data type, such as float32.`
    );
  const other = arrays.findIndex(each => shownType(each.dtype, asLabels || metadata.labels) !== dtype);
  if (other > 0)
    throw new ImageError(
      `${name}: the voxels of level ${datasets[other].path} are ${arrays[other].dtype}, and those of level ${datasets[0].path} are ${storedType}, which cannot be shown together.`
    );
  const isFloat = dtype.startsWith('float');
  if (asLabels && isFloat) {
    throw new ImageError(
      `${name}: its voxels are ${storedType}, and segments are whole numbers: open it as an image, or convert it as labels.`
    );
  }
  const { levels, affine, notes } = placed(name, metadata, isSilent ? arrays.map(each => each.shape) : []);
  const [{ scale, translation }] = levels;
  const short = levels.find(level => level.scale.some(edge => !(edge > 0 && Number.isFinite(edge))));
  if (short)
    throw new ImageError(
      `${name}: the OME-Zarr is damaged (level ${short.path} has a scale of ${short.scale.join(', ')}, where lengths above 0 were expected).`
    );
  const odd = metadata.axes.find(axis => kindOf(axis) === 'space' && !['z', 'y', 'x'].includes(axis.name));
  if (odd) throw new ImageError(`${name}: an axis of space is called ${odd.name}, where z, y and x can be shown.`);
  const allAxes = metadata.axes.map(axis => ({ name: axis.name, kind: kindOf(axis), unit: unitOf(axis) }));
  const along = (kind: string): Axis[] =>
    allAxes.flatMap((axis, n) => {
      const { name: called, unit } = axis;
      const [length, step, place] = [shape[n], scale[n], translation[n]];
      return axis.kind === kind ? [{ name: called, length, scale: step, unit, translation: place }] : [];
    });
  const [channelAxis] = along('channel');
  // For a source that is shown before it is converted.
  const look = metadata.origin?.look as { notes?: string[] } | undefined;
  const format = formatOf(zarrFormat);
  const handedFormat = formatHanded(
    format,
    arrays.map(each => each.dtype),
    dtype
  );
  const loss = lossIn(storedType, dtype);
  const own = [
    ...(metadata.images > 1 ? [`It holds ${metadata.images} images (multiscales), of which the first is shown.`] : []),
    ...(loss === null ? [] : [loss])
  ];
  return {
    format,
    handedFormat,
    isMended: arrays.some(({ array }) => isMended(array, { dtype, handedFormat })),
    title: metadata.name,
    dtype,
    storedType,
    compression,
    levels,
    allAxes,
    axes: along('space'),
    time: along('time')[0] ?? null,
    channelAxis: channelAxis?.name ?? null,
    channels: channelsOf(metadata.channels, channelAxis?.length ?? 1),
    labels: (asLabels || metadata.labels) && !isFloat,
    segments: metadata.segments,
    affine,
    lent: null,
    notes: [...(look?.notes ?? []), ...own.map(note => `${name}: ${note}`), ...notes],
    own: metadata.origin !== null && look === undefined
  };
}

/** The name that Neuroglancer knows of a unit, also of one that is spelt otherwise (`um`). */
const unitOf = (axis: ImageMetadata['axes'][number]): string =>
  (kindOf(axis) === 'space' && spaceUnit(axis.unit ?? '')) || (axis.unit ?? '');

/** Where levels lie; of those that say no scale, by their shapes. */
function placed(name: string, metadata: ImageMetadata, shapes: number[][]): Pick<Image, 'levels' | 'affine' | 'notes'> {
  const { datasets, version, zarrFormat } = metadata;
  const notes = geometryNotes(metadata).map(note => `${name}: ${note}`);
  // Before 0.4 nobody said a scale.
  const maySayNone = zarrFormat === 2 && (version === null || /^0\.[1-3]/.test(version));
  const silent = datasets.find(({ scale, unread }) => scale === null && unread.length === 0);
  if (silent && !maySayNone)
    throw new ImageError(`${name}: the OME-Zarr is damaged (level ${silent.path} has no scale).`);
  if (shapes.length > 0) {
    return {
      levels: datasets.map(({ path }, k) => {
        const scale = shapes[k].map((length, axis) => factorOf(shapes[0][axis], length));
        return { path, scale, translation: scale.map(factor => (factor - 1) / 2) };
      }),
      affine: null,
      notes
    };
  }
  const straight = datasets.some(each => each.affine) ? straightened(datasets) : null;
  if (!straight && datasets.some(each => each.affine))
    throw new ImageError(`${name}: its levels do not lie along the same axes, which cannot be shown.`);
  return {
    levels: (straight?.placements ?? datasets).map(({ scale, translation }, k) => ({
      path: datasets[k].path,
      scale: scale!,
      translation: translation ?? scale!.map(() => 0)
    })),
    affine: straight?.affine ?? null,
    notes
  };
}

/** By how much the voxels of a coarser level are longer, by both lengths: of powers of two the one that fits. */
function factorOf(finest: number, length: number): number {
  const fits = (factor: number): boolean =>
    Math.ceil(finest / factor) === length || Math.floor(finest / factor) === length;
  const power = 2 ** Math.round(Math.log2(finest / length));
  return fits(power) ? power : fits(Math.round(finest / length)) ? Math.round(finest / length) : finest / length;
}

/**
 * Paths, below an image's folder, of its images of labels, as the `labels` group names them; none where there is no
 * such group.
 */
export async function readLabels(format: Image['format'], read: ReadKey): Promise<string[]> {
  const json = await readJson(read, `labels/${format === 'zarr3' ? 'zarr.json' : '.zattrs'}`);
  const names = (json && labelsIn({ zarrFormat: format === 'zarr3' ? 3 : 2, json })) ?? [];
  return names.map(path => ['labels', ...path.split('/').filter(Boolean)].join('/'));
}

function channelsOf(said: StoredChannel[], count: number): Channel[] {
  return Array.from({ length: count }, (_, n) => {
    const { name, color, active, window, inverted } = said[n] ?? {};
    return {
      label: name ?? '',
      color: color && /^[0-9a-f]{6}$/i.test(color) ? color : null,
      active: active !== false,
      window: contrastLimitsOf(window ?? null),
      inverted: inverted === true
    };
  });
}

function contrastLimitsOf(said: StoredChannel['window']): Channel['window'] {
  const { start, end, min, max } = said ?? {};
  const isWindow = [start, end, min, max].every(value => typeof value === 'number' && Number.isFinite(value));
  return isWindow ? ({ start, end, min, max } as Channel['window']) : null;
}
