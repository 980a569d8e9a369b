import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ConvertError } from '../errors.ts';
import type { Layout } from '../layout.ts';
import { findSidecar } from '../sidecar/index.ts';
import type { VolumeInfo } from '../volume.ts';
import { chooseVoxelSize } from '../voxel-size.ts';
import { type About, checkTables, readAbout } from './about.ts';
import { firstDirectory, walkDirectories } from './directory.ts';
import { fail, readFailure } from './fail.ts';
import { HeaderBytes } from './header-bytes.ts';
import { isAuxiliary, type PageFormat, readPage } from './page.ts';
import { difference, SegmentTable } from './segment-table.ts';
import { list, listSlices } from './slices.ts';
import { compressionName } from './tags.ts';

/**
 * Reads the headers of a volume: a TIFF file, a folder of TIFF slices, or a list of slices in the order given. No voxel is read, but
 * every segment is checked to lie within its file.
 *
 * The voxel size is what OME-XML or ImageJ says, or a text file of the scanner's beside the volume, or resolution tags with a depth;
 * otherwise null.
 *
 * @param slices which files of a folder are its slices (`ConvertOptions.slices`)
 * @throws ConvertError `not-found`, `unreadable`, `not-tiff`, `no-pages`, `mixed-pages`, `truncated`, `corrupt`, `unsupported`,
 * `unsupported-compression`, `bad-option` for `slices`
 */
export async function openVolume(
  source: string | string[],
  slices: string | null = null
): Promise<{ info: VolumeInfo; layout: Layout }> {
  if (slices !== null && (typeof source !== 'string' || !isFolder(source)))
    throw new ConvertError(
      'bad-option',
      `${typeof source === 'string' ? source : `a list of ${source.length} files`}: slices ${slices} can be chosen of a folder only: leave slices out`,
      'slices'
    );
  if (typeof source !== 'string') {
    if (source.length === 0) throw fail('no-pages', 'the list of files', 'it is empty: name at least one TIFF file');
    return source.length === 1
      ? openVolume(source[0])
      : openSlices(
          source[0],
          source.map(path => resolve(path)),
          false
        );
  }
  if (!isFolder(source)) return openFile(source);
  const { paths, warnings } = await listSlices(resolve(source), slices);
  return openSlices(source, paths, true, warnings);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw readFailure(error, path);
  }
}

async function openFile(source: string): Promise<{ info: VolumeInfo; layout: Layout }> {
  const path = resolve(source);
  const file = await HeaderBytes.open(path);
  try {
    const table = new SegmentTable();
    const found: { about?: About } = {};
    const origin = (page: number) => ({ file: 0, path, size: file.size, name: `page ${page}` });
    await walkDirectories(file, directory => {
      if (isAuxiliary(directory)) return;
      found.about ??= readAbout(directory, true);
      checkTables(directory, found.about, `page ${directory.number}`);
      table.add(readPage(directory), origin(directory.number));
    });
    const { about } = found;
    if (!about)
      throw fail('no-pages', path, 'its pages are all thumbnails or masks (NewSubfileType): export the volume itself');
    addPromised(table, about, origin(1));
    return describe(source, table, about, [path], file.size, about.format);
  } finally {
    await file.close();
  }
}

/** Adds the pages that a description promises beyond those that were found. */
function addPromised(table: SegmentTable, about: About, origin: Parameters<SegmentTable['add']>[1]): void {
  const { pages } = table;
  if (about.pages === null || about.pages <= pages) return;
  if (pages === 1 && table.contiguous) return table.addFollowing(about.pages - 1, origin);
  throw fail(
    'truncated',
    origin.path,
    `its description says ${about.pages} pages, but it has ${pages}: it is incomplete, or pages were taken out; save it again`
  );
}

/** Slices that are being opened at a time, so that the delays of a network drive overlap. */
const OPENING = 16;

async function openSlices(
  source: string,
  paths: string[],
  folder: boolean,
  warnings: string[] = []
): Promise<{ info: VolumeInfo; layout: Layout }> {
  const table = new SegmentTable();
  const found: { about?: About } = {};
  let bytes = 0;
  const read = forEachOpened(paths, async (file, index) => {
    const { path, size } = file;
    const origin = { file: index, path, size, name: basename(path) };
    let pages = 0;
    await walkDirectories(file, directory => {
      if (isAuxiliary(directory)) return;
      if (++pages > 1)
        throw fail(
          'mixed-pages',
          path,
          'it has several pages, where the files of a folder or a list were expected to be one slice each: convert it by itself'
        );
      found.about ??= readAbout(directory, false);
      checkTables(directory, found.about, basename(path));
      table.add(readPage(directory), origin);
    });
    if (pages === 0) throw fail('no-pages', path, 'it holds no slice, only thumbnails or masks: take it out');
    bytes += size;
  });
  await read.catch(async (error: unknown) => {
    throw (folder && (await findOdd(source, paths, error))) || error;
  });
  return describe(source, table, found.about!, paths, bytes, 'slices', folder, warnings);
}

/** Of a folder's slices that differ, says which ones do from most; null where something else was wrong. */
async function findOdd(source: string, paths: string[], error: unknown): Promise<ConvertError | null> {
  if (!(error instanceof ConvertError) || error.code !== 'mixed-pages') return null;
  const groups = new Map<string, { format: PageFormat; names: string[] }>();
  await forEachOpened(paths, async file => {
    await walkDirectories(file, directory => {
      if (isAuxiliary(directory)) return;
      const { format } = readPage(directory);
      const key = JSON.stringify({ ...format, segmentHeight: format.tiled && format.segmentHeight });
      const group = groups.get(key);
      if (group) group.names.push(basename(file.path));
      else groups.set(key, { format, names: [basename(file.path)] });
    });
  });
  const [usual, ...others] = [...groups.values()].sort((a, b) => b.names.length - a.names.length);
  const odd = others.flatMap(({ names }) => names);
  const differs = others.length > 0 && difference(others[0].format, usual.format);
  if (!differs || usual.names.length <= odd.length) return null;
  const [is, them] = odd.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return fail(
    'mixed-pages',
    resolve(source),
    `${list(odd)} ${is} ${differs[0]}, but the other ${usual.names.length} slices are ${differs[1]}: take ${them} out, or choose the slices with --slices`
  );
}

/** Calls `visit` for each file in order, while the next ones are being opened; closes every one. */
async function forEachOpened(
  paths: string[],
  visit: (file: HeaderBytes, index: number) => Promise<void>
): Promise<void> {
  const opening: Promise<HeaderBytes>[] = [];
  const start = (path: string) => {
    const opened = HeaderBytes.open(path).then(async file => {
      await file.prefetch(firstDirectory(file));
      return file;
    });
    opened.catch(() => {});
    opening.push(opened);
  };
  let next = 0;
  try {
    for (let index = 0; index < paths.length; index++) {
      while (next < paths.length && opening.length < OPENING) start(paths[next++]);
      const file = await opening[0];
      try {
        await visit(file, index);
      } finally {
        opening.shift();
        await file.close();
      }
    }
  } finally {
    for (const result of await Promise.allSettled(opening))
      if (result.status === 'fulfilled') await result.value.close();
  }
}

function describe(
  source: string,
  table: SegmentTable,
  about: About,
  files: string[],
  bytes: number,
  format: VolumeInfo['format'],
  folder = false,
  warnings: string[] = []
): { info: VolumeInfo; layout: Layout } {
  const layout = table.toLayout(files, about.decoderTags, about.signedOffset);
  const { tiled, compression } = table.format;
  const { sidecar, notes } = findSidecar(files, layout.shape, folder);
  return {
    info: {
      source,
      format,
      axes: 'zyx',
      shape: layout.shape,
      dtype: layout.dtype,
      byteOrder: layout.littleEndian ? 'little' : 'big',
      layout: tiled ? 'tiles' : 'strips',
      compression: compressionName(compression) ?? String(compression),
      pages: table.pages,
      bytes,
      ...chooseVoxelSize(about.calibration, sidecar, about.resolution, notes),
      channels: null,
      timeStep: null,
      timeUnit: null,
      warnings
    },
    layout
  };
}
