import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import { RemoteStore } from '../remote/remote-store.ts';
import { AddressFolder } from '../zarr/bucket/way.ts';
import { readImage } from '../zarr/image.ts';
import { namesOfLabels } from '../zarr/labels-group.ts';

/** Bytes that a file of metadata may have. */
const MOST = 64 * 2 ** 20;

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
  const store = await RemoteStore.open(address, MOST);
  const way = new AddressFolder(store.name);
  const folder = way.path;
  const end = new AbortController();
  const bring = async (...keys: string[]): Promise<void> => {
    const all = keys.map(async key => {
      const found = await store.read(key, {}, end.signal);
      if (!found) return;
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      writeFileSync(join(folder, key), found.bytes);
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
      await bring('zarr.json', '.zattrs', '.zgroup', '.zmetadata');
      const image = unlessDamaged(() => readImage(folder));
      // `work` reports damaged metadata itself.
      if (!image) return work(folder, store);
      const { zarrFormat, datasets } = image;
      const [group, array] = zarrFormat === 3 ? [['zarr.json'], ['zarr.json']] : [['.zattrs'], ['.zarray', '.zattrs']];
      await bring(...datasets.flatMap(({ path }) => array.map(name => `${path}/${name}`)));
      await bring(...group.map(name => `labels/${name}`));
      const labels = unlessDamaged(() => namesOfLabels(folder, zarrFormat)) ?? [];
      await bring(...labels.flatMap(label => group.map(name => `labels/${label}/${name}`)));
      return work(folder, store);
    });
  } finally {
    way.remove();
    store.close();
  }
}

function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConvertError) return null;
    throw error;
  }
}
