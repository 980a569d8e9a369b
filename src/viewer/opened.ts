import { unescaped } from '../model/address.ts';
import type { Segments } from './layers/segmentLayers.ts';
import { sourceOf } from './state/layers.ts';
import { handOver, isHandedOver, readAhead } from './transport/handedOver.ts';
import { addReader } from './transport/readerFrontend.ts';
import type { ByteReader, ViewerSource } from './transport/source.ts';
import { httpReader } from './transport/strictFetch.ts';
import type { Documents, Finding } from './transport/watch.ts';
import { Watch, remembering } from './transport/watch.ts';
import type { SegmentCounts } from './volume/countSegments.ts';
import { SeveralError, arrayDocument } from './volume/image.ts';
import { inVoxelsOf, laidInWords } from './volume/lentVoxels.ts';
import { nativeDocument } from './volume/nativeDocument.ts';
import { chooseContrast, readVolumes } from './volume/readVolumes.ts';
import { shownDocument } from './volume/shownArray.ts';
import type { Volume } from './volume/volume.ts';

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

/** `others`: those that are there already. What is shown again has an address of its own, by which it is known. */
export function placeOf({ name, url, reader, list, asLabels = false }: ViewerSource, others: readonly Place[]): Place {
  if (url === undefined) return { name, reader, asLabels, ...addReader(reader) };
  const whole = new URL(url.endsWith('/') ? url : `${url}/`, document.baseURI).href;
  const own = unlessAbsent(httpReader(whole), list);
  if (others.some(other => other.url === whole)) return { name, reader: own, asLabels, ...addReader(own) };
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
  /** Notes of images that are laid over the first one voxel on voxel. */
  lent: string[];
  /** Why labels could not be read. */
  unread: string[];
  /** Why labels cannot be shown. */
  unshown: string[];
  /** Why no contrast could be chosen for images whose metadata has none. */
  dim: string[];
  /** Counters of each volume's segments, by its address; asked again, they answer with what they have found. */
  counts: Map<string, () => Promise<SegmentCounts>>;
  /** One for each volume, by its address. */
  watches: Map<string, Watch>;
  /** Stops handing their metadata to Neuroglancer, and counting. */
  release: () => void;
}

/**
 * Opens the OME-Zarrs that lie at `places` now.
 *
 * @param signal has its reading end
 * @param onFinding hears the finding of each look at one of the volumes
 * @throws ImageError where there is no image to show, and whatever the readers throw
 */
export async function openPlaces(
  places: Place[],
  onFinding: (name: string, finding: Finding) => void,
  signal?: AbortSignal
): Promise<Opened> {
  const handed: (() => void)[] = [];
  const opening = places.map(async ({ name, url, reader, asLabels }, n) => {
    const documents: Documents = new Map();
    const began = performance.now();
    // Metadata is read once, that of the levels all at once; what is judged of it is what is handed over.
    const reading = new Map<string, ReturnType<ByteReader>>();
    const foresee = (keys: string[]): void => {
      for (const key of keys) {
        const found = reader(key, {}, signal);
        reading.set(key, found);
        const bytes = found.then(file => file?.bytes ?? null);
        handed.push(readAhead(addressOf(url, key), bytes));
      }
    };
    const read: ByteReader = (key, wanted, own = signal) => {
      const found = reading.get(key) ?? reader(key, wanted, own);
      reading.set(key, found);
      return found;
    };
    // Voxels are not kept.
    const files: ByteReader = (key, ...how) => reading.get(key) ?? reader(key, ...how);
    const { volume, labels, unread, unshown } = await readVolumes(
      name,
      url,
      remembering(read, documents),
      asLabels,
      foresee
    ).catch((error: unknown) => {
      if (error instanceof SeveralError) error.place = n;
      throw error;
    });
    for (const each of [volume, ...labels]) handed.push(...(await mend(each, below(each, url, read))));
    const dim = await chooseContrast(volume.image, files);
    const said = { unread, unshown, dim: dim === null ? [] : [`${name}: ${dim}`] };
    return { volume, labels, ...said, url, reader, files, documents, began };
  });
  const opened = await Promise.all(opening).catch((error: unknown) => {
    // The others go on, and hand over what they have read.
    void Promise.allSettled(opening).then(() => handed.forEach(take => take()));
    throw error;
  });
  const watches = new Map<string, Watch>();
  const counts = new Map<string, () => Promise<SegmentCounts>>();
  const closed = new AbortController();
  for (const { volume, labels, url, reader, files, documents, began } of opened) {
    // The longest address first: labels lie below their image.
    const all = [...labels, volume];
    // Who writes an image anew writes its first level anew.
    const coarser = all.flatMap(({ url: at, image: { format, levels } }) =>
      levels.slice(1).map(({ path }) => addressOf(at, arrayDocument(format, path)))
    );
    const left = new Map([...documents].filter(([key]) => !coarser.includes(addressOf(url, key))));
    for (const each of all) {
      const own = new Map([...left].filter(([key]) => addressOf(url, key).startsWith(each.url)));
      for (const key of own.keys()) left.delete(key);
      counts.set(each.url, counterOf(each, below(each, url, files), closed.signal));
      watches.set(each.url, new Watch(reader, own, began, finding => onFinding(each.name, finding)));
    }
  }
  const read = opened.map(({ volume }) => volume);
  const lent: string[] = [];
  const images = read.map(volume => {
    const image = inVoxelsOf(read[0].image, volume.image);
    if (image) lent.push(laidInWords(volume, read[0]));
    return image ? { ...volume, image } : volume;
  });
  // Labels that were opened by themselves are listed once; the others lie on their own image.
  const labels = opened.flatMap((each, n) =>
    each.labels
      .filter(({ url }) => images.every(image => image.url !== url))
      .map(label => {
        const { image } = images[n];
        const laid = image.lent
          ? inVoxelsOf(read[0].image, label.image, read[n].image)
          : inVoxelsOf(image, label.image);
        return { ...label, image: laid ?? label.image };
      })
  );
  const volumes = [...images, ...labels];
  for (const { url, image } of [...read, ...opened.flatMap(each => each.labels)]) {
    const { key, text } = nativeDocument(image);
    handed.push(handOver(url + key, text));
  }
  return {
    volumes,
    release: () => {
      closed.abort();
      handed.forEach(take => take());
    },
    counts,
    lent,
    unread: opened.flatMap(each => each.unread),
    unshown: opened.flatMap(each => each.unshown),
    dim: opened.flatMap(each => each.dim),
    watches
  };
}

/** Reads a volume's own files, by what reads all that lies below `root`. */
function below({ url }: Volume, root: string, reader: ByteReader): ByteReader {
  const path = url.slice(root.length).split('/').map(decodeURIComponent).join('/');
  return (key, ...how) => reader(path + key, ...how);
}

/**
 * Hands Neuroglancer the metadata of a volume's arrays, where that which is stored says what it does not know or
 * misreads; also where another viewer has handed over what was there before.
 */
async function mend({ url, image }: Volume, read: ByteReader): Promise<(() => void)[]> {
  const { format, handedFormat, isMended, levels } = image;
  const handed = levels
    .map(({ path }) => ({ path, address: addressOf(url, arrayDocument(handedFormat, path)) }))
    .filter(({ address }) => isMended || isHandedOver(address));
  const found = await Promise.all(handed.map(({ path }) => read(arrayDocument(format, path), {})));
  return handed.flatMap(({ address }, n) => {
    const bytes = found[n]?.bytes;
    const shown = bytes && (isMended ? shownDocument(bytes, image) : bytes);
    return shown ? [handOver(address, new TextDecoder().decode(shown))] : [];
  });
}

function counterOf({ image }: Volume, own: ByteReader, signal: AbortSignal): () => Promise<SegmentCounts> {
  let counting: Promise<SegmentCounts> | null = null;
  const count = async (): Promise<SegmentCounts> =>
    (await import('./volume/countSegments.ts')).countSegments(image, own, signal);
  return () =>
    (counting ??= count().catch((error: unknown) => {
      counting = null;
      throw error;
    }));
}

/** Segments that a layer of Neuroglancer shows, by the address of its source. */
export function segmentsAt({ volumes, counts }: Opened, address: string): Segments | null {
  const volume = volumes.find(each => {
    const source = sourceOf(each);
    return unescaped(typeof source === 'string' ? source : source.url) === unescaped(address);
  });
  const count = volume && counts.get(volume.url);
  return count ? { name: volume.name, said: volume.image.segments, count } : null;
}

const addressOf = (url: string, key: string): string => url + key.split('/').map(encodeURIComponent).join('/');

/** The volume that a file belongs to, and the file's path in it; undefined of what was not opened here. */
export function belongs({ volumes }: Opened, url: string): { volume: Volume; key: string } | undefined {
  const found = volumes.filter(each => unescaped(url).startsWith(unescaped(each.url)));
  const [volume] = found.sort((a, b) => b.url.length - a.url.length);
  return volume && { volume, key: unescaped(url).slice(unescaped(volume.url).length) };
}
