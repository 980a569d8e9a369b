import { isBucketAddress } from '../model/address.ts';
import type { RemoteFile } from './remote-file.ts';
import { S3File } from './s3-file.ts';
import { WebFile } from './web-file.ts';

/** The file of an address, of which nothing is asked yet. @throws ConvertError `bad-option` for what is no address */
export const remoteFile = (address: string): RemoteFile =>
  isBucketAddress(address) ? new S3File(address) : new WebFile(address);
