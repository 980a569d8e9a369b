import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RemoteStore } from '../remote/remote-store.ts';
import { MOST_DOCUMENT, bringDocuments } from '../zarr/bucket/documents.ts';
import { AddressFolder } from '../zarr/bucket/way.ts';

/**
 * The result of work with a folder that has the metadata of an OME-Zarr at an address, of its levels and labels, and
 * nothing else: other files there are not listed.
 *
 * @throws ConvertError where there is none, or it cannot be read
 */
export async function withDocuments<T>(
  address: string,
  work: (folder: string, store: RemoteStore) => Promise<T>
): Promise<T> {
  const store = await RemoteStore.open(address, MOST_DOCUMENT);
  const way = new AddressFolder(store.name);
  const folder = way.path;
  const end = new AbortController();
  const bring = async (names: readonly string[]): Promise<void> => {
    const all = names.map(async name => {
      const found = await store.read(name, {}, end.signal);
      if (!found) return;
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), found.bytes);
    });
    try {
      await Promise.all(all);
    } catch (error) {
      // Nothing gets into the folder after it is removed.
      end.abort(error);
      await Promise.allSettled(all);
      throw error;
    }
  };
  try {
    return await way.within(async () => {
      await bringDocuments(folder, bring);
      return work(folder, store);
    });
  } finally {
    way.remove();
    store.close();
  }
}
