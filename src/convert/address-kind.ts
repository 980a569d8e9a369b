import { addressName, isOmeZarrAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import { imageKind } from '../model/file-endings.ts';
import { remoteFile } from '../remote/reach.ts';
import type { RemoteFile } from '../remote/remote-file.ts';

/** How a TIFF or a BigTIFF begins, in Latin-1. */
const TIFF = /^(II[*+]\0|MM\0[*+])/;

/**
 * Whether an address is that of a file of voxels, and not of an OME-Zarr: by its name, and where that says nothing
 * (`/files/12345`) by the first bytes of what is there.
 */
export async function isFileAddress(address: string): Promise<boolean> {
  const name = addressName(address);
  if (imageKind(name) !== null) return true;
  if (name === '' || isOmeZarrAddress(address)) return false;
  let file: RemoteFile | null = null;
  try {
    file = remoteFile(address);
    const { first } = await file.look(4);
    return TIFF.test(String.fromCharCode(...first));
  } catch (error) {
    // An OME-Zarr is a folder, of which there need be no file; whoever looks into it knows better what is wrong.
    if (error instanceof ConvertError) return false;
    throw error;
  } finally {
    file?.close();
  }
}
