import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConvertError } from '../errors.ts';
import { TOOL } from '../version.ts';
import { isObject, readJson } from './array.ts';
import { isOmeZarr } from './ome-zarr.ts';

/** What the metadata of an OME-Zarr image says, read back. */
export interface StoredImage {
  /** The file that says it. */
  document: string;
  axes: { name: string; type: string | null; unit: string | null }[];
  datasets: StoredDataset[];
  /** How levels were made of each other (`multiscales.type`), where it says so. */
  type: string | null;
  /** What this program has written under its own name; null: another program made the image. */
  origin: Record<string, unknown> | null;
}

/** One level: scale and translation along all axes, as they are stored. */
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
      `${folder}: is what an unfinished conversion has written so far: finish it with --resume, then verify it`,
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
  const image = document === v3 ? attributes.ome : attributes;
  const multiscales = isObject(image) && Array.isArray(image.multiscales) ? image.multiscales : [];
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
  return {
    document,
    axes: first.axes.map(axis => ({
      name: String(isObject(axis) ? axis.name : axis),
      type: isObject(axis) && typeof axis.type === 'string' ? axis.type : null,
      unit: isObject(axis) && typeof axis.unit === 'string' ? axis.unit : null
    })),
    datasets: first.datasets.map((dataset: unknown, k) => {
      const path = isObject(dataset) ? dataset.path : null;
      if (typeof path !== 'string' || path === '' || path.split('/').includes('..'))
        throw corrupt(document, `level ${k} has the path ${JSON.stringify(path)}`);
      const steps = (dataset as Record<string, unknown>).coordinateTransformations;
      const find = (type: string): number[] | null => {
        const step: unknown = Array.isArray(steps) ? steps.find(one => isObject(one) && one.type === type) : null;
        const values = isObject(step) ? step[type] : null;
        return Array.isArray(values) && values.every(n => typeof n === 'number') ? values : null;
      };
      return { path, scale: find('scale'), translation: find('translation') };
    }),
    type: typeof first.type === 'string' ? first.type : null,
    origin: isObject(origin) ? origin : null
  };
}

const corrupt = (document: string, message: string) => new ConvertError('corrupt', `${document}: ${message}`, 'output');
