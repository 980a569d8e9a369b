import { RemoteStore } from '../remote/remote-store.ts';
import { MOST_DOCUMENT, bringDocuments } from '../zarr/bucket/documents.ts';
import { Fetcher } from '../zarr/bucket/fetcher.ts';
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
  try {
    const way = new AddressFolder(store.name);
    const folder = way.path;
    const fetcher = new Fetcher(store, folder, null, 'source');
    try {
      return await way.within(async () => {
        await bringDocuments(folder, names => fetcher.fetch(names));
        return work(folder, store);
      });
    } finally {
      await fetcher.stop();
      way.remove();
    }
  } finally {
    store.close();
  }
}
