import { isBucketAddress } from '../../model/address.ts';
import { outputPath } from '../output-path.ts';
import { BucketStore } from './bucket-store.ts';
import { DiskStore } from './disk-store.ts';
import type { PartsStore } from './store.ts';

/** The place of an output in parts; to be closed. @throws ConvertError `bad-option` where none can be */
export async function openStore(output: string): Promise<PartsStore> {
  const path = outputPath(output, output, null);
  return isBucketAddress(path) ? BucketStore.open(path) : new DiskStore(path);
}
