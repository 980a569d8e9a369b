import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { isAddress, shownAddress } from '../model/address.ts';
import type { DescribedBy } from '../model/options.ts';
import { type SourceDescription, believed, readSourceDescription } from './source-description.ts';
import { LaterAccounts, contradictions } from './accounts.ts';
import { readDescriptions, readOmeFile } from './description.ts';
import { firstPage, walkDirectories } from './tiff/directory.ts';
import { ConvertError } from '../model/errors.ts';
import { named } from '../model/words.ts';
import { fail, readFailure } from './common/fail.ts';
import { HeaderBytes } from './common/header-bytes.ts';
import { type Ome, parseOme } from './ome/ome.ts';
import { findPlanes, omeChannels, omeImage } from './ome/ome-planes.ts';
import type { Opened } from './headers.ts';
import { forEachOpened } from './tiff/opened-files.ts';
import { isAuxiliary, readPage } from './tiff/page.ts';
import type { InterpretationOptions } from './tiff/pixel-format.ts';
import { SegmentTable } from './tiff/segment-table.ts';

const COUNTED = { Z: 'slices', C: 'channels', T: 'time points' };

/** Whether a file is named as OME-XML without voxels (`scan.companion.ome`). */
export const isOmeXml = (path: string): boolean => /\.(ome|ome\.xml)$/i.test(path);

/**
 * Opens the image that an OME-XML describes, over as many files as it has.
 *
 * @param path a TIFF, or a companion file
 * @param description of a TIFF's first page, or of a companion file; null: to be read
 * @param chosen which of its images, where it has several
 * @param wantedBy which of its descriptions is believed, where there are others
 * @throws ConvertError
 */
export async function openOme(
  path: string,
  description: Ome | null,
  chosen: InterpretationOptions['image'],
  wantedBy: DescribedBy
): Promise<Opened> {
  if (wantedBy !== 'auto' && wantedBy !== 'ome')
    throw new ConvertError(
      'bad-option',
      `${path}: ${named('describedBy')} ${wantedBy} was given, but it is OME-XML itself: leave it out`,
      'describedBy'
    );
  const { ome, described } = await readOme(path, description ?? (await readOmeOf(path)));
  const image = omeImage(ome, described.path, chosen);
  const planes = await findPlanes(ome, image, described, countPages);
  const pages = planes.files.map(() => new Map<number, number>());
  for (let plane = 0; plane < planes.ifd.length; plane++) pages[planes.file[plane]].set(planes.ifd[plane], -1);
  const distinct = pages.reduce((sum, { size }) => sum + size, 0);
  if (distinct < planes.ifd.length)
    throw fail(
      'corrupt',
      described.path,
      `its OME-XML puts ${planes.ifd.length} planes on ${distinct} pages (TiffData): save it again`
    );
  const table = new SegmentTable();
  const found: { description?: SourceDescription } = {};
  const later = new LaterAccounts(wantedBy);
  let bytes = 0;
  let left = 0;
  await forEachOpened(planes.files, async (file, index) => {
    const { path: of, size } = file;
    const wanted = pages[index];
    let count = 0;
    bytes += size;
    await walkDirectories(file, directory => {
      count = directory.number;
      const name = `page ${directory.number} of ${basename(shownAddress(of))}`;
      if (!wanted.has(directory.number - 1)) {
        if (!isAuxiliary(directory)) left++;
        return;
      }
      if (directory.number > 1) later.addTexts(directory);
      if (found.description && directory.number > 1) later.addOme(directory);
      found.description ??= readSourceDescription(directory, true, wantedBy, image);
      wanted.set(directory.number - 1, table.pages);
      table.add(readPage(directory), { file: index, path: of, size, name });
    });
    for (const ifd of wanted.keys())
      if (ifd >= count)
        throw fail(
          'truncated',
          of,
          `it has ${count} pages, but the OME-XML of ${described.path} puts a plane on page ${ifd + 1}: it is incomplete, or pages were taken out; save it again`
        );
  });
  const { outerShape, depth } = planes;
  const warnings: string[] = [];
  if (left > 0 && ome.images.length === 1)
    warnings.push(`${left} pages of its files belong to no plane of its OME-XML, and are left out.`);
  for (const { axis, type } of ome.folded)
    if (image.size[axis] > 1)
      warnings.push(
        `Its OME-XML says that another axis (${type}) is folded up in ${axis} (ModuloAlong${axis}): both are read one after the other, as ${COUNTED[axis]}.`
      );
  const stack = {
    outerShape,
    depth,
    page: (t: number, c: number, z: number) => {
      const plane = (t * outerShape.c + c) * depth + z;
      return pages[planes.file[plane]].get(planes.ifd[plane])!;
    },
    channels: omeChannels(image, planes),
    timeStep: image.timeStep,
    warnings
  };
  const own = found.description!;
  const single = planes.files.length === 1 && ome.images.length === 1;
  const others = [...own.others, ...later.found];
  warnings.push(...contradictions({ ...believed(own), stack, pages: table.pages + left, single }, others));
  return {
    format: own.format,
    // A companion file is a part of the source: where it changes, the source does.
    files: described.isTiff ? planes.files : [...planes.files, described.path],
    bytes: described.isTiff ? bytes : bytes + (await stat(described.path)).size,
    table,
    description: own,
    stack
  };
}

/** The description of an image, which may be in another file than the one that is opened. */
async function readOme(path: string, ome: Ome): Promise<{ ome: Ome; described: { path: string; isTiff: boolean } }> {
  if (ome.metadataFile === null) return { ome, described: { path, isTiff: !isOmeXml(path) } };
  if (isAddress(path))
    throw fail(
      'unsupported',
      path,
      `its OME-XML is in ${ome.metadataFile || 'another file'}, and of a source with an address one file alone is read: download all of its files, or save it as one`
    );
  const master = resolve(dirname(path), ome.metadataFile);
  if (ome.metadataFile === '' || master === path)
    throw fail('corrupt', path, 'its OME-XML says that its description is elsewhere, but not where: save it again');
  return { ome: await readOmeOf(master, path), described: { path: master, isTiff: !isOmeXml(master) } };
}

/** OME-XML out of a TIFF's first page, or out of a companion file; `of` is the file that says so. */
async function readOmeOf(path: string, of = path): Promise<Ome> {
  const file = await HeaderBytes.open(path).catch((error: unknown) => {
    const failure = readFailure(error, path);
    if (failure.code !== 'not-found' || path === of) throw failure;
    throw fail('not-found', path, `there is no such file, but ${of} says that it has its OME-XML: put it beside`);
  });
  try {
    const xml = isOmeXml(path) ? readOmeFile(file) : readDescriptions(firstPage(file), 'ome').ome;
    if (xml) return parseOme(xml(), path);
    throw fail('corrupt', path, 'it holds no OME-XML, where the description of an image was expected: save it again');
  } finally {
    file.close();
  }
}

async function countPages(path: string): Promise<number> {
  const file = await HeaderBytes.open(path);
  try {
    let count = 0;
    await walkDirectories(file, () => {
      count++;
    });
    return count;
  } finally {
    file.close();
  }
}
