import { isBucketAddress } from '../../model/address.ts';
import { outputPath } from '../output-path.ts';
import { BucketStore } from './bucket-store.ts';
import { DiskStore } from './disk-store.ts';
import { inTheMaking, isUnfinishedName } from './files.ts';
import type { PartsStore } from './store.ts';

/**
 * The place of an output in parts; to be closed. `isPlanned`: somebody has planned it, so that a bucket where nothing
 * answers will be back.
 *
 * @throws ConvertError `bad-option` where none can be, `not-found` for the name of what is unfinished
 */
export async function openStore(output: string, isPlanned = false): Promise<PartsStore> {
  const path = outputPath(output, output, null);
  if (!isBucketAddress(path)) return new DiskStore(path);
  if (isUnfinishedName(path)) throw inTheMaking(path);
  return BucketStore.open(path, isPlanned);
}
