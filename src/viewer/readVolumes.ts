import { ImageError, type ReadKey, readImage, readLabels } from './image.ts';
import type { Volume } from './initialState.ts';

/** An OME-Zarr image and its images of labels. */
export interface Volumes {
  volume: Volume;
  labels: Volume[];
}

/**
 * Reads the metadata of an OME-Zarr, and of those of its labels that can be shown: they begin hidden, lest they cover the image.
 *
 * @param url Neuroglancer's address of it, with a slash at the end
 * @throws ImageError where the image itself cannot be shown, and whatever `read` throws
 */
export async function readVolumes(name: string, url: string, read: ReadKey): Promise<Volumes> {
  const image = await readImage(name, read);
  const paths = image.labels ? [] : await orWarn(readLabels(image, read), []);
  const labels = await Promise.all(
    paths.map(async (path): Promise<Volume[]> => {
      const label = await orWarn(
        readImage(`${name}/${path}`, key => read(`${path}/${key}`)),
        null
      );
      const address = `${url}${path.split('/').map(encodeURIComponent).join('/')}/`;
      return label ? [{ name: `${name} ${path}`, url: address, image: label, hidden: true }] : [];
    })
  );
  return { volume: { name, url, image }, labels: labels.flat() };
}

/** Labels that are damaged, or of a type that is not shown, are no reason not to show the image. */
async function orWarn<T, U>(found: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await found;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    console.warn(error.message);
    return otherwise;
  }
}
