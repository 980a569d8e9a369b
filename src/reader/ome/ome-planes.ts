import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAddress } from '../../model/address.ts';
import type { OuterShape } from '../../model/volume.ts';
import { chooseImage } from '../common/choose-image.ts';
import { nameAt } from '../common/file-name.ts';
import { shortly } from '../common/shortly.ts';
import { fail, readFailure } from '../common/fail.ts';
import { noteFile } from '../common/touched.ts';
import type { Blocks, Ome, OmeImage, TiffData } from './ome.ts';
import type { InterpretationOptions } from '../tiff/pixel-format.ts';
import { channelName } from '../common/stack.ts';

/** Where the planes of an OME image are. */
export interface OmePlanes {
  outerShape: OuterShape;
  depth: number;
  /** Samples in each page. */
  samples: number;
  /** Absolute paths of the files that hold planes. */
  files: string[];
  /** Of each plane in the order (T, C, Z): its file in `files`, and its page there, from 0. */
  file: Uint32Array;
  ifd: Uint32Array;
}

/** Fewest bytes of a page: its number of tags, one tag, and where the next page is. */
const LEAST_PAGE = 18;
/** More planes than any image has, so that a hostile file cannot ask for all memory. */
const MAX_PLANES = 4_000_000;

/** The image of a description that is asked for. @throws ConvertError `unsupported`, `corrupt`, `bad-option` */
export function omeImage({ images }: Ome, path: string, asked: InterpretationOptions['image']): OmeImage {
  if (images.length === 0) throw fail('corrupt', path, 'its OME-XML describes no image (Pixels): save it again');
  const named = images.map(({ name, size }) => ({ name, said: `T ${size.T}, C ${size.C}, Z ${size.Z}` }));
  return images[chooseImage(path, named, asked)];
}

/**
 * Finds the file and the page of every plane.
 *
 * @param described the file that the description is from, and whether it is a TIFF that may hold planes itself
 * @param pagesOf how many pages a file has
 * @throws ConvertError `not-found` for a file that is not there, `corrupt` for planes that are nowhere, `unsupported`
 */
export async function findPlanes(
  ome: Ome,
  image: OmeImage,
  described: { path: string; isTiff: boolean },
  pagesOf: (path: string) => Promise<number>
): Promise<OmePlanes> {
  const { path } = described;
  const { size, order } = image;
  const samples = samplesOf(image, path);
  const counts = { ...size, C: size.C / samples };
  const outerShape = { t: counts.T, c: counts.C };
  const total = counts.T * counts.C * counts.Z;
  if (total > MAX_PLANES)
    throw fail('unsupported', path, `its OME-XML describes ${total} planes, where at most ${MAX_PLANES} were expected`);
  const planes: OmePlanes = {
    outerShape,
    depth: counts.Z,
    samples,
    files: [],
    file: new Uint32Array(total).fill(NOWHERE),
    ifd: new Uint32Array(total)
  };
  const numbers = new Map<string, number>();
  const mostPages: number[] = [];
  const fileNumber = (file: string): number => {
    const known = numbers.get(file);
    if (known !== undefined) return known;
    numbers.set(file, planes.files.length);
    mostPages.push((isAddress(file) ? Infinity : sizeOf(file)) / LEAST_PAGE);
    return planes.files.push(file) - 1;
  };
  let placed = 0;
  const { blocks } = image;
  // A description without a `TiffData` means all planes, from the first page on.
  if (blocks.length === 0)
    blocks.push({ ifd: 0, count: null, first: { Z: 0, C: 0, T: 0 }, uuid: null, fileName: null });
  const locate = locator(ome, blocks, described);
  // Where pages hold several samples, some writers count channels, and others the pages' groups of them.
  let grouped = 1;
  for (const { first } of blocks) if (first.C >= counts.C) grouped = samples;
  for (const block of blocks) {
    const file = locate(block);
    const first = { ...block.first, C: Math.floor(block.first.C / grouped) };
    let left = block.count ?? (blocks.length === 1 ? total : (await pagesOf(file)) - block.ifd);
    const number = fileNumber(file);
    const at = { ...first };
    for (let ifd = block.ifd; left > 0; ifd++, left--) {
      if (order.some(axis => at[axis] >= counts[axis])) break;
      if (ifd >= mostPages[number])
        throw fail(
          'truncated',
          file,
          `the OME-XML of ${path} puts a plane on its page ${ifd + 1}, but it has no room for so many: copy or export it again`
        );
      if (++placed > MOST_PLACES * total)
        throw fail('corrupt', path, 'its OME-XML says again and again where planes are (TiffData): save it again');
      const plane = (at.T * counts.C + at.C) * counts.Z + at.Z;
      planes.file[plane] = number;
      planes.ifd[plane] = ifd;
      for (const axis of order) {
        if (++at[axis] < counts[axis] || axis === order[2]) break;
        at[axis] = 0;
      }
    }
  }
  const missing = planes.file.indexOf(NOWHERE);
  if (missing >= 0) {
    const z = missing % counts.Z;
    const frame = Math.floor(missing / counts.Z);
    throw fail(
      'corrupt',
      path,
      `its OME-XML does not say where the plane of Z ${z}, C ${frame % counts.C}, T ${Math.floor(frame / counts.C)} is (TiffData): save it again`
    );
  }
  return planes;
}

const NOWHERE = 2 ** 32 - 1;
/** How often, on average, a description may say where a plane is. */
const MOST_PLACES = 4;

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    throw readFailure(error, file);
  }
}

/** Samples in each page, which all channels must agree on. */
function samplesOf({ channels, size }: OmeImage, path: string): number {
  const samples = channels[0]?.samples ?? 1;
  if (channels.some(channel => channel.samples !== samples) || size.C % samples !== 0)
    throw fail(
      'unsupported',
      path,
      `its OME-XML says ${size.C} channels, of ${shortly(channels.map(channel => String(channel.samples)))} samples, where as many in each were expected: save it with one sample a channel`
    );
  return samples;
}

/**
 * Finds the file of a block: by its UUID this one, by its name one beside it, and this one where it is the only one
 * that is named.
 */
function locator(ome: Ome, blocks: Blocks, { path, isTiff }: { path: string; isTiff: boolean }) {
  const named = new Set(blocks.files);
  const found = new Map<string, string>();
  const isHere = ({ fileName, uuid }: TiffData): boolean =>
    isTiff && ((uuid ? uuid === ome.uuid : fileName === null) || fileName === nameAt(path));
  return (block: TiffData): string => {
    if (isHere(block)) return path;
    const { fileName, uuid } = block;
    const known = found.get(fileName ?? '');
    if (known) return known;
    const isOnDisk = !isAddress(path);
    const beside = fileName === null ? null : isOnDisk ? resolve(dirname(path), fileName) : fileName;
    if (beside !== null && isOnDisk && existsSync(beside)) {
      found.set(fileName!, beside);
      return beside;
    }
    // A file that was given another name, and still says its old one.
    if (isTiff && named.size === 1) {
      if (beside !== null && isOnDisk) noteFile(beside, null);
      return path;
    }
    if (beside === null)
      throw fail(
        'not-found',
        path,
        `its OME-XML says that planes are in the file of UUID ${uuid || 'none'}, but not what that is called: save it again`
      );
    if (!isOnDisk)
      throw fail(
        'unsupported',
        path,
        `its OME-XML says that planes of its image are in ${beside}, and of a source with an address one file alone is read: download all of its files, or save it as one`
      );
    throw fail(
      'not-found',
      beside,
      `there is no such file, but the OME-XML of ${path} says that planes of its image are there: put it beside, under that name`
    );
  };
}

/** Channels of an image, one for each that its pages hold. */
export function omeChannels({ channels, size }: OmeImage, { outerShape, samples }: OmePlanes) {
  const named = channels.some(({ name, color }) => name !== '' || color !== null);
  if (size.C / samples === 1 && !named) return null;
  return Array.from({ length: outerShape.c }, (_, n) => ({
    name: channels[n]?.name || channelName(n),
    color: channels[n]?.color ?? null
  }));
}
