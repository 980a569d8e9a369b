import { GROUP_DOCUMENTS } from '../../model/document.ts';
import { ConvertError } from '../../model/errors.ts';
import { readImage } from '../image.ts';
import { namesOfLabels } from '../labels-group.ts';

/** Bytes that a file of metadata may have. */
export const MOST_DOCUMENT = 64 * 2 ** 20;

/**
 * Brings the metadata of an OME-Zarr that nobody lists into a folder: of the image, its levels and its labels.
 *
 * @param bring brings files into the folder, those that are there
 * @throws what `bring` does; damaged metadata is whose who reads the folder
 */
export async function bringDocuments(
  folder: string,
  bring: (names: readonly string[]) => Promise<void>
): Promise<void> {
  await bring(GROUP_DOCUMENTS);
  const image = unlessDamaged(() => readImage(folder));
  if (!image) return;
  const { zarrFormat, datasets } = image;
  const [group, array] = zarrFormat === 3 ? [['zarr.json'], ['zarr.json']] : [['.zattrs'], ['.zarray', '.zattrs']];
  await bring(datasets.flatMap(({ path }) => array.map(name => `${path}/${name}`)));
  await bring(group.map(name => `labels/${name}`));
  const labels = unlessDamaged(() => namesOfLabels(folder, zarrFormat)) ?? [];
  await bring(labels.flatMap(label => group.map(name => `labels/${label}/${name}`)));
}

function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConvertError) return null;
    throw error;
  }
}
