import { lstat, opendir } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { MARKS } from '../model/document.ts';
import { ConvertError } from '../model/errors.ts';
import type { StoredCompression } from '../zarr/codec/index.ts';
import { isAddress, isBucketAddress, shownAddress } from '../model/address.ts';
import { Mirror } from '../zarr/bucket/mirror.ts';
import type { Checksum } from '../model/options.ts';
import { readFailure } from '../reader/common/fail.ts';
import { imageKind } from '../model/file-endings.ts';
import type { Dtype } from '../model/volume.ts';
import { type ZarrArray, alongOwn, fileKey, readArray, readShape } from '../zarr/array.ts';
import { type StoredChannel, geometryNotes, kindOf } from '../model/ome-zarr/image.ts';
import { isArchiveName } from '../model/output-name.ts';
import { isFileAddress } from './address-kind.ts';
import { withDocuments } from './remote-documents.ts';
import { archivedUnder, isThere, listFolder } from '../zarr/files.ts';
import { type StoredImage, readImage } from '../zarr/image.ts';
import { labelsFolder, namesOfLabels, unlistedLabels } from '../zarr/labels-group.ts';

/** Findings of `inspect` in an OME-Zarr, without reading a voxel; the JSON of `info --json`. */
export interface OmeZarrInfo {
  /** The path, or the address, as it was given. */
  source: string;
  format: 'ome-zarr';
  /** Of OME-Zarr (`0.5`); null where it says none. */
  version: string | null;
  /** Of Zarr. */
  zarrFormat: 2 | 3;
  name: string | null;
  axes: { name: string; type: string | null; unit: string | null }[];
  /** Lengths of level 0 along `axes`; null where its metadata cannot be read. */
  shape: number[] | null;
  dtype: Dtype | null;
  /**
   * Size of all its files together, those of its labels too, and how many they are; null where nobody lists them, as of
   * a server of the web, or nobody wants it.
   */
  bytes: number | null;
  files: number | null;
  /** Edge lengths of a voxel of level 0 along the axes of space, in their order, in `unit`; null when unknown. */
  voxelSize: number[] | null;
  /** UDUNITS name; null when unknown, or where the axes of space have several. */
  unit: string | null;
  /**
   * Where this program found the voxel size (see `VolumeInfo`); null when unknown, and where another program made the
   * image.
   */
  voxelSizeFrom: string | null;
  /** As the metadata tells how to show them (`omero`); null where it does not. */
  channels: StoredChannel[] | null;
  /** Whether voxels are labels. */
  isLabels: boolean;
  /** Names of its images of labels. */
  labels: string[];
  levels: OmeZarrLevel[];
  /** The program that made it, where it says so. */
  writer: string | null;
  /**
   * This program's record of the source, the options and its warnings, as it stands there; null where another program
   * made the image.
   */
  provenance: Record<string, unknown> | null;
  /** Warnings about it: a sentence each. */
  warnings: string[];
}

export interface InspectOptions {
  /** Whether its files are looked at, which are many: their sizes, and which are missing. */
  files?: boolean;
}

/** One resolution. Lengths are along the image's `axes`. */
export interface OmeZarrLevel {
  /** Its folder, relative to the image's. */
  path: string;
  /**
   * Null where the array's metadata cannot be read; so are those that follow, also where this program does not read
   * such chunks.
   */
  shape: number[] | null;
  dtype: Dtype | null;
  chunk: number[] | null;
  /** Null: none. */
  shard: number[] | null;
  compression: StoredCompression | null;
  checksum: Checksum | null;
  /** All transformations of the metadata together; null where it has none. */
  scale: number[] | null;
  translation: number[] | null;
  /**
   * Files of chunks, or of shards: how many a whole level has, and how many of these are not there and read as the fill
   * value; null where nobody lists them.
   */
  chunkFiles: number | null;
  missingFiles: number | null;
  /** Size of its files together; null where nobody lists them. */
  bytes: number | null;
}

/**
 * Whether a path or an address is to be described as an OME-Zarr, and not as a source: there is metadata of Zarr in it,
 * or its name says so.
 */
export async function isStored(source: string): Promise<boolean> {
  if (isAddress(source)) return !(await isFileAddress(source));
  const path = resolve(source);
  if (isArchiveName(path) || MARKS.some(mark => isThere(join(path, mark)))) return true;
  return /\.zarr(\.partial)?$/i.test(path) && namesIn(path)?.every(name => imageKind(name) === null) === true;
}

/**
 * Description of an OME-Zarr image, by its metadata and the names and sizes of its files.
 *
 * @throws ConvertError where there is none; it says what there is
 */
export async function inspectOmeZarr(source: string, { files = true }: InspectOptions = {}): Promise<OmeZarrInfo> {
  if (!isAddress(source)) {
    const folder = resolve(source);
    return describeFolder(source, folder, async () => (files ? sizesUnder(folder) : null));
  }
  const isListed = files && isBucketAddress(source) && !isArchiveName(source);
  if (!isListed)
    return withDocuments(source, (folder, store) =>
      describeFolder(source, folder, async () => (files ? store.list() : null))
    );
  const mirror = await Mirror.open(source, 'source');
  return mirror.within(() =>
    describeFolder(source, mirror.folder, async () => (mirror.isListed ? mirror.files : null))
  );
}

type Sizes = [path: string, bytes: number][];

/** `measure`: names and sizes of its files; null where nobody knows. */
async function describeFolder(
  source: string,
  folder: string,
  measure: () => Promise<Sizes | null>
): Promise<OmeZarrInfo> {
  const image = asSource(() => readImage(folder));
  const { axes, datasets, origin, version } = image;
  const warnings: string[] = [];
  if (image.images > 1) warnings.push(`It holds ${image.images} images (multiscales): this is the first.`);
  warnings.push(...geometryNotes(image));
  const sizes = await measure();
  const levels = datasets.map((_, k) => levelOf(folder, image, k, sizes, warnings));
  const [first] = levels;
  const space = axes.flatMap(({ name, type }, n) => (kindOf({ name, type }) === 'space' ? [n] : []));
  const units = new Set(space.map(axis => axes[axis].unit));
  const isUnknown = origin !== null && sourceOf(origin).voxelSizeFrom === null;
  const size = first.scale && space.length > 0 ? space.map(axis => first.scale![axis]) : null;
  return {
    source: shownAddress(source),
    format: 'ome-zarr',
    version,
    zarrFormat: image.zarrFormat,
    name: image.name,
    axes,
    shape: first.shape,
    dtype: first.dtype,
    bytes: sizes && total(sizes),
    files: sizes && sizes.length,
    voxelSize: isUnknown ? null : size,
    unit: units.size === 1 ? [...units][0] : null,
    voxelSizeFrom: (sourceOf(origin ?? {}).voxelSizeFrom as string | null | undefined) ?? null,
    channels: image.channels.length > 0 ? image.channels : null,
    isLabels: image.labels,
    labels: image.labels ? [] : labelsOf(folder, image, warnings),
    levels,
    writer: image.writer,
    provenance: origin,
    warnings
  };
}

const total = (sizes: Sizes): number => sizes.reduce((sum, [, bytes]) => sum + bytes, 0);

const sourceOf = ({ source }: Record<string, unknown>) => (source ?? {}) as Record<string, unknown>;

function namesIn(folder: string): string[] | null {
  try {
    return listFolder(folder).map(({ name }) => name);
  } catch {
    return null;
  }
}

/** Has errors about an output told as errors of the source. */
function asSource<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    throw error.with({ field: 'source' });
  }
}

function levelOf(folder: string, image: StoredImage, k: number, sizes: Sizes | null, warnings: string[]): OmeZarrLevel {
  const { path, scale, translation } = image.datasets[k];
  const names = image.axes.map(({ name }) => name);
  const prefix = `${path}/`;
  const files = sizes && sizes.filter(([name]) => name.startsWith(prefix));
  const known = { path, scale, translation, bytes: files && total(files) };
  let array: ZarrArray;
  try {
    array = readArray(folder, path, names);
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    warnings.push(`Level ${k}: ${error.said}.`);
    return { ...known, shape: shapeOf(folder, path, names.length), ...UNREAD };
  }
  const own = (lengths: readonly number[]): number[] => alongOwn(array, lengths);
  const [shape, chunk, shard] = [own(array.shape), own(array.chunk), array.shard && own(array.shard)];
  const counts = shape.map((length, axis) => Math.ceil(length / (shard ?? chunk)[axis]));
  const chunkFiles = counts.reduce((product, n) => product * n, 1);
  const there = files && files.filter(([name]) => isChunk(array, name.slice(prefix.length), counts));
  const missingFiles = there && chunkFiles - there.length;
  if (missingFiles)
    warnings.push(
      `Level ${k}: ${missingFiles} of its ${chunkFiles} ${shard ? 'shards' : 'chunks'} are not there, and are read as ${array.fill}` +
        (image.origin ? ': this program leaves none out, so that they have been lost.' : '.')
    );
  const { dtype, compression, checksum } = array;
  return { ...known, shape, dtype, chunk, shard, compression, checksum, chunkFiles, missingFiles };
}

const UNREAD = {
  dtype: null,
  chunk: null,
  shard: null,
  compression: null,
  checksum: null,
  chunkFiles: null,
  missingFiles: null
};

function shapeOf(folder: string, path: string, rank: number): number[] | null {
  try {
    return readShape(folder, path, rank);
  } catch {
    return null;
  }
}

/** Whether a file below an array's folder is that of one of its chunks. */
function isChunk(array: ZarrArray, name: string, counts: readonly number[]): boolean {
  const index = name.slice(array.keys.prefix.length).split(array.keys.separator).map(Number);
  return index.length === counts.length && index.every((n, axis) => n < counts[axis]) && name === fileKey(array, index);
}

/** Names of an image's images of labels, those that its list does not have too. */
function labelsOf(folder: string, { zarrFormat }: StoredImage, warnings: string[]): string[] {
  if (!isThere(labelsFolder(folder))) return [];
  try {
    const unlisted = unlistedLabels(folder, zarrFormat);
    for (const name of unlisted)
      warnings.push(`Its labels ${name} are not in the list of its labels, so that viewers do not find them.`);
    return [...namesOfLabels(folder, zarrFormat), ...unlisted];
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    warnings.push(`${error.said}.`);
    return [];
  }
}

/** Path, relative to the folder and with `/`, and size of every file in it; links are not followed. */
async function sizesUnder(folder: string): Promise<Sizes> {
  const archived = archivedUnder(folder);
  if (archived) return archived;
  const found: [string, number][] = [];
  const walk = async (under: string): Promise<void> => {
    const folders: string[] = [];
    let files: string[] = [];
    const measure = async (): Promise<void> => {
      const sizes = await Promise.all(files.map(async path => (await lstat(join(folder, path))).size));
      sizes.forEach((bytes, n) => found.push([files[n].split(sep).join('/'), bytes]));
      files = [];
    };
    for await (const entry of await opendir(join(folder, under))) {
      (entry.isDirectory() ? folders : files).push(join(under, entry.name));
      if (files.length === TOGETHER) await measure();
    }
    await measure();
    for (const inner of folders) await walk(inner);
  };
  await walk('').catch((error: unknown) => {
    throw readFailure(error, folder);
  });
  return found;
}

/** Files that are asked for their sizes at a time. */
const TOGETHER = 256;
