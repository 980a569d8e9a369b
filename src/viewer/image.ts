import { tooDeep, tooLong } from '../model/document.ts';
/** What the viewer must know of an OME-Zarr before Neuroglancer sees it. */
export interface Image {
  format: 'zarr2' | 'zarr3';
  dtype: string;
  /** Path of the coarsest level. */
  coarsest: string;
  /** Names of all axes, in the order of the arrays. */
  axisNames: string[];
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
  /**
   * Whether this program wrote it, which leaves no chunk out: one that is not there has been lost. Others leave out
   * those that are empty.
   */
  own: boolean;
  /** Of a source that is shown before it is converted: what a person should know. Empty of an OME-Zarr. */
  notes: string[];
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
  /** Values shown black and white, and the limits of the control; null where the metadata has none. */
  window: { start: number; end: number; min: number; max: number } | null;
  /** Whether the window's start is white and its end black. */
  inverted: boolean;
}

/** What lies there is no image that can be shown; its message says why. */
export class ImageError extends Error {}

type Json = Record<string, unknown>;
export type ReadKey = (key: string, signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer> | null>;

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

/** OME-Zarr's part of a group of Zarr v3. */
const omeOf = ({ attributes }: Json): Json | undefined => (attributes as Json | undefined)?.ome as Json | undefined;

/** Where this program says in the metadata what it has written. */
const OWN = 'microct-io-vis';

/** Types that Neuroglancer cannot show. */
const NOT_SHOWN = ['float64', 'float16', 'bool', 'int64', 'complex64', 'complex128'];

const V2_TYPES: Record<string, string> = { u: 'uint', i: 'int', f: 'float' };
const v2Type = (code: string): string =>
  code[1] === 'b' ? 'bool' : `${V2_TYPES[code[1]] ?? code[1]}${Number(code.slice(2)) * 8}`;

/**
 * Reads the metadata of an OME-Zarr image: 0.5 (https://ngff.openmicroscopy.org/0.5) on Zarr v3 or 0.4 on v2.
 *
 * @throws ImageError that says what is missing or cannot be shown, and whatever `read` throws
 */
export async function readImage(name: string, read: ReadKey): Promise<Image> {
  try {
    return await imageOf(name, read);
  } catch (error) {
    // Something is not there, or is something else, that OME-Zarr says must be.
    if (error instanceof TypeError) throw new ImageError(`${name}: the OME-Zarr is damaged (${error.message}).`);
    throw error;
  }
}

async function imageOf(name: string, read: ReadKey): Promise<Image> {
  const group = await readJson(read, 'zarr.json');
  const attributes = group ? omeOf(group) : ((await readJson(read, '.zattrs')) ?? undefined);
  const [multiscale] = (attributes?.multiscales as Json[] | undefined) ?? [];
  if (!attributes || !multiscale) {
    throw new ImageError(
      `${name}: no OME-Zarr image is here: neither zarr.json nor .zattrs names its levels (multiscales).`
    );
  }
  const datasets = multiscale.datasets as { path: string; coordinateTransformations: Transformation[] }[];
  const { path, coordinateTransformations } = datasets[0];
  const array = await readJson(read, group ? `${path}/zarr.json` : `${path}/.zarray`);
  if (!array) throw new ImageError(`${name}: level ${path} has no metadata: the OME-Zarr is incomplete.`);
  const dtype = group ? String(array.data_type) : v2Type(String(array.dtype));
  if (NOT_SHOWN.includes(dtype)) {
    throw new ImageError(
      `${name}: Neuroglancer cannot show ${dtype} voxels: convert with another data type, such as float32.`
    );
  }
  const shape = array.shape as number[];
  const global = (multiscale.coordinateTransformations as Transformation[] | undefined) ?? [];
  const { scale, translation } = combine([...coordinateTransformations, ...global], shape.length);
  const axes = (multiscale.axes as { name: string; type?: string; unit?: string }[]).map((axis, i) => ({
    ...axis,
    length: shape[i],
    scale: scale[i],
    translation: translation[i],
    unit: axis.unit ?? ''
  }));
  const channelAxis = axes.find(axis => axis.type === 'channel');
  const said = ((group ? group.attributes : attributes) as Json)[OWN] as { look?: { notes: string[] } } | undefined;
  const look = said?.look;
  return {
    format: group ? 'zarr3' : 'zarr2',
    dtype,
    coarsest: datasets[datasets.length - 1].path,
    axisNames: axes.map(({ name: axis }) => axis),
    axes: axes.filter(axis => axis.type === undefined || axis.type === 'space'),
    time: axes.find(axis => axis.type === 'time') ?? null,
    channelAxis: channelAxis?.name ?? null,
    channels: channelsOf(attributes, channelAxis?.length ?? 1),
    labels: 'image-label' in attributes && !dtype.startsWith('float'),
    own: said !== undefined && look === undefined,
    notes: [look?.notes ?? []].flat()
  };
}

/**
 * Paths, below an image's folder, of its images of labels, as the `labels` group names them; none where there is no
 * such group.
 */
export async function readLabels({ format }: Image, read: ReadKey): Promise<string[]> {
  const group = await readJson(read, `labels/${format === 'zarr3' ? 'zarr.json' : '.zattrs'}`);
  const attributes = group && format === 'zarr3' ? omeOf(group) : group;
  const paths = Array.isArray(attributes?.labels) ? attributes.labels.filter(path => typeof path === 'string') : [];
  return paths.map(path => ['labels', ...path.split('/').filter(Boolean)].join('/'));
}

type Transformation = { type: string; scale?: number[]; translation?: number[] };

function combine(transformations: Transformation[], rank: number): { scale: number[]; translation: number[] } {
  const scale = Array<number>(rank).fill(1);
  const translation = Array<number>(rank).fill(0);
  for (const step of transformations) {
    for (let i = 0; i < rank; i++) {
      scale[i] *= step.scale?.[i] ?? 1;
      translation[i] = translation[i] * (step.scale?.[i] ?? 1) + (step.translation?.[i] ?? 0);
    }
  }
  return { scale, translation };
}

function channelsOf(attributes: Json, count: number): Channel[] {
  const said = (attributes.omero as Json | undefined)?.channels as Record<string, unknown>[] | undefined;
  return Array.from({ length: count }, (_, n) => {
    const { label, color, active, window, inverted } = said?.[n] ?? {};
    return {
      label: typeof label === 'string' ? label : '',
      color: typeof color === 'string' && /^[0-9a-f]{6}$/i.test(color) ? color : null,
      active: active !== false,
      window: contrastLimitsOf((window ?? {}) as Json),
      inverted: inverted === true
    };
  });
}

function contrastLimitsOf({ start, end, min, max }: Json): Channel['window'] {
  const isWindow = [start, end, min, max].every(value => typeof value === 'number' && Number.isFinite(value));
  return isWindow ? ({ start, end, min, max } as Channel['window']) : null;
}
