import type { ByteReader } from '../transport/source.ts';
import type { Image } from './image.ts';
import { type Foresee, ImageError, type ReadKey, readImage, readLabels, readWithLabels } from './image.ts';
import type { Volume } from './volume.ts';
import { MOST_LAYERS } from './volume.ts';

/** An OME-Zarr image and its images of labels. */
interface Volumes {
  volume: Volume;
  labels: Volume[];
  /** Why labels, of which there may be some, could not be read. */
  unread: string[];
  /** Why labels cannot be shown. */
  unshown: string[];
}

/**
 * Reads the metadata of an OME-Zarr, and of those of its labels that can be shown: they begin hidden, lest they cover
 * the image.
 *
 * @param url Neuroglancer's address of it, with a slash at the end
 * @param asLabels whether its voxels are shown as segments, whatever it says
 * @param foresee hears which of its files Neuroglancer will ask for
 * @throws ImageError where the image itself cannot be shown, and whatever `read` throws of it
 */
export async function readVolumes(
  name: string,
  url: string,
  read: ReadKey,
  asLabels = false,
  foresee?: Foresee
): Promise<Volumes> {
  const unread: string[] = [];
  const unshown: string[] = [];
  // Labels that are damaged, of a type that is not shown, or kept back by the server are no reason not to show the
  // image.
  const unless = async <T>(found: Promise<T>): Promise<T | null> => {
    try {
      return await found;
    } catch (error) {
      (error instanceof ImageError ? unshown : unread).push((error as Error).message);
      return null;
    }
  };
  const { image, found } = await readWithLabels(
    name,
    read,
    asLabels,
    format => unless(readLabels(format, read)),
    foresee
  );
  const paths = found ?? [];
  const labels = await Promise.all(
    paths.map(async (path): Promise<Volume[]> => {
      const label = await unless(readImage(`${name}/${path}`, key => read(`${path}/${key}`)));
      const address = `${url}${path.split('/').map(encodeURIComponent).join('/')}/`;
      return label ? [{ name: `${name} ${path}`, url: address, image: label, hidden: true }] : [];
    })
  );
  return { volume: { name, url, image }, labels: labels.flat(), unread, unshown };
}

/** Chooses windows by the voxels where the metadata has none. Answers why that failed; null where nothing did. */
export async function chooseContrast(image: Image, files: ByteReader): Promise<string | null> {
  const shown = image.channels.length > MOST_LAYERS ? 1 : MOST_LAYERS;
  if (image.labels || image.channels.slice(0, shown).every(({ window }) => window)) return null;
  try {
    await (await import('./contrast.ts')).chooseContrastLimits(image, files, shown);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
