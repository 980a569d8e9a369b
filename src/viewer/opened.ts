import { handOver } from './handedOver.ts';
import type { Volume } from './initialState.ts';
import { nativeDocument } from './nativeDocument.ts';
import { addReader } from './readerFrontend.ts';
import { chooseContrast, readVolumes } from './readVolumes.ts';
import type { ByteReader, ViewerSource } from './source.ts';
import { httpReader } from './strictFetch.ts';
import type { Documents, Finding } from './watch.ts';
import { Watch, remembering } from './watch.ts';

/** Where Neuroglancer finds an OME-Zarr, whatever is there at the time, and how the page reads it. */
export interface Place {
  name: string;
  /** Neuroglancer's address, with a slash at the end. */
  url: string;
  reader: ByteReader;
  /** Whether its voxels are shown as segments, whatever it says. */
  asLabels: boolean;
  dispose: () => void;
}

export function placeOf({ name, url, reader, list, asLabels = false }: ViewerSource): Place {
  if (url === undefined) return { name, reader, asLabels, ...addReader(reader) };
  const whole = new URL(url.endsWith('/') ? url : `${url}/`, document.baseURI).href;
  const own = unlessAbsent(httpReader(whole), list);
  return { name, url: whole, reader: own, asLabels, dispose: () => undefined };
}

/**
 * The labels' metadata, which most volumes do not have, is asked for only where the folder has labels: browsers note
 * each 404 as an error.
 */
const unlessAbsent =
  (read: ByteReader, list?: () => Promise<string[] | null>): ByteReader =>
  async (key, wanted, signal) => {
    const isProbe = list !== undefined && /^labels\/[^/]+$/.test(key);
    if (isProbe && (await list())?.includes('labels') === false) return null;
    return read(key, wanted, signal);
  };

/** OME-Zarrs and their labels as they were when they were opened. */
export interface Opened {
  /** The images in the order of their places, then all their labels. */
  volumes: Volume[];
  /** Why labels could not be read. */
  unread: string[];
  /** Why no contrast could be chosen for images whose metadata has none. */
  dim: string[];
  /** One for each volume, by its address. */
  watches: Map<string, Watch>;
  /** Neuroglancer gets their metadata no more. */
  release: () => void;
}

/**
 * Opens what lies at `places` now.
 *
 * @param onFinding hears what each look at one of the volumes finds
 * @throws ImageError with what is no image, and whatever the readers throw
 */
export async function openPlaces(
  places: Place[],
  onFinding: (name: string, finding: Finding) => void
): Promise<Opened> {
  const opened = await Promise.all(
    places.map(async ({ name, url, reader, asLabels }) => {
      const documents: Documents = new Map();
      const { volume, labels, unread } = await readVolumes(name, url, remembering(reader, documents), asLabels);
      const dim = await chooseContrast(volume.image, reader);
      return { volume, labels, unread, dim: dim === null ? [] : [`${name}: ${dim}`], url, reader, documents };
    })
  );
  const watches = new Map<string, Watch>();
  for (const { volume, labels, url, reader, documents } of opened) {
    // The longest address first: labels lie below their image.
    const left = new Map(documents);
    for (const each of [...labels, volume]) {
      const own = new Map([...left].filter(([key]) => addressOf(url, key).startsWith(each.url)));
      for (const key of own.keys()) left.delete(key);
      watches.set(each.url, new Watch(reader, own, finding => onFinding(each.name, finding)));
    }
  }
  const volumes = [...opened.map(({ volume }) => volume), ...opened.flatMap(({ labels }) => labels)];
  const handed = volumes.map(({ url, image }) => {
    const { key, text } = nativeDocument(image);
    return handOver(url + key, text);
  });
  return {
    volumes,
    release: () => handed.forEach(take => take()),
    unread: opened.flatMap(each => each.unread),
    dim: opened.flatMap(each => each.dim),
    watches
  };
}

const addressOf = (url: string, key: string): string => url + key.split('/').map(encodeURIComponent).join('/');

/** The volume that a file belongs to, and the file's path in it; undefined of what was not opened here. */
export function belongs({ volumes }: Opened, url: string): { volume: Volume; key: string } | undefined {
  const found = volumes.filter(each => plain(url).startsWith(plain(each.url)));
  const [volume] = found.sort((a, b) => b.url.length - a.url.length);
  return volume && { volume, key: plain(url).slice(plain(volume.url).length) };
}

/** Not everybody encodes the same characters. */
function plain(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
