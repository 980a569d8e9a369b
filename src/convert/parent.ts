import { isAddress, isBucketAddress, shownAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import type { Parent } from '../model/parent.ts';
import { atParent, readParent } from '../zarr/parent.ts';
import { withDocuments } from './remote-documents.ts';

/** Reads the image that labels belong to, on a disk or in a bucket. @throws ConvertError at field `parent` */
export async function parentAt(given: string): Promise<Parent> {
  if (!isAddress(given)) return readParent(given);
  if (!isBucketAddress(given))
    throw new ConvertError(
      'bad-option',
      `${shownAddress(given)}: nothing is written to a server of the web, and labels go into their image: give one on a disk or in a bucket (s3://BUCKET/NAME.ome.zarr)`,
      'parent'
    );
  try {
    return await withDocuments(given, async folder => readParent(folder));
  } catch (error) {
    throw atParent(error);
  }
}

/** Reader of the image that labels belong to, which is read ahead where its bytes must be waited for. */
export async function parentReader(given: unknown): Promise<(path: string) => Parent> {
  if (typeof given !== 'string' || !isAddress(given)) return readParent;
  return parentAt(given).then(
    parent => () => parent,
    (error: unknown) => () => {
      throw error;
    }
  );
}
