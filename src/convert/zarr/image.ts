import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConvertError } from '../errors.ts';
import { TOOL } from '../version.ts';
import { isObject, readJson } from './array.ts';
import { isOmeZarr } from './ome-zarr.ts';
import { option } from '../words.ts';

/** What the metadata of an OME-Zarr image says, read back. */
export interface StoredImage {
  /** The file that says it. */
  document: string;
  /** Of OME-Zarr; null where it says none. */
  version: string | null;
  axes: { name: string; type: string | null; unit: string | null }[];
  datasets: StoredDataset[];
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
}

/** One level: scale and translation along all axes, those for all levels included; null where there is none, or not of numbers. */
export interface StoredDataset {
  path: string;
  scale: number[] | null;
  translation: number[] | null;
}

/**
 * Reads the metadata of an OME-Zarr image, 0.5 or 0.4.
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
  if (!isOmeZarr(folder))
    throw new ConvertError(
      'output-not-ome-zarr',
      `${folder}: is not an OME-Zarr: neither zarr.json nor .zattrs in it names an image`,
      'output'
    );
  const attributes = (document === v3 ? json.attributes : json) as Record<string, unknown>;
  const image = (document === v3 ? (attributes.ome ?? attributes) : attributes) as Record<string, unknown> | null;
  const multiscales = isObject(image) && Array.isArray(image.multiscales) ? image.multiscales : [];
  if (multiscales.length === 0 && isObject(image) && Array.isArray(image.labels))
    throw new ConvertError(
      'unsupported',
      `${document}: is a group of labels (${image.labels.join(', ') || 'none'}): give the path of one of them, or of the image above`,
      'output'
    );
  if (multiscales.length === 0)
    throw new ConvertError(
      'unsupported',
      `${document}: names no image (multiscales): give the path of an image, not of a plate or a collection`,
      'output'
    );
  const [first] = multiscales as unknown[];
  if (!isObject(first) || !Array.isArray(first.axes) || !Array.isArray(first.datasets) || first.datasets.length === 0)
    throw corrupt(document, 'its multiscales have no axes or no datasets');
  const origin = attributes[TOOL];
  const told = isObject(first.metadata) ? first.metadata : {};
  const version = document === v3 && isObject(attributes.ome) ? attributes.ome.version : first.version;
  return {
    document,
    version: typeof version === 'string' ? version : null,
    labels: isObject(image) && 'image-label' in image,
    consolidated: document === v3 ? isObject(json.consolidated_metadata) : existsSync(join(folder, '.zmetadata')),
    axes: first.axes.map(axis => ({
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
    origin: isObject(origin) ? origin : null
  };
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
