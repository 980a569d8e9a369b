import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ConvertError } from '../errors.ts';
import type { Layout } from '../layout.ts';
import { findSidecar } from '../sidecar/index.ts';
import { type VolumeInfo, alongAxes, axesOf } from '../volume.ts';
import { chooseVoxelSize } from '../voxel-size.ts';
import { type About, checkTables, readAbout, readDescription } from './about.ts';
import { firstPage, walkDirectories } from './directory.ts';
import { fail, readFailure } from './fail.ts';
import { HeaderBytes } from './header-bytes.ts';
import { readHyperstack } from './hyperstack.ts';
import { isOme } from './ome.ts';
import { isOmeXml, openOme } from './ome-files.ts';
import { forEachOpened } from './opened-files.ts';
import { isAuxiliary, type PageFormat, readPage } from './page.ts';
import { difference, SegmentTable } from './segment-table.ts';
import { list, listSlices } from './slices.ts';
import { type Stack, plainStack } from './stack.ts';
import { compressionName } from './tags.ts';

/** A source whose headers have been read. */
export interface Opened {
  format: VolumeInfo['format'];
  /** Absolute paths. */
  files: string[];
  /** Of the files together. */
  bytes: number;
  table: SegmentTable;
  about: About;
  stack: Stack;
}

/**
 * Reads the headers of a source: a TIFF file, a folder of TIFF slices, or a list of slices in the order given. No voxel is read, but
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
  const folder = typeof source === 'string' && isFolder(source);
  if (slices !== null && !folder)
    throw new ConvertError(
      'bad-option',
      `${typeof source === 'string' ? source : `a list of ${source.length} files`}: slices ${slices} can be chosen of a folder only: leave slices out`,
      'slices'
    );
  return describe(typeof source === 'string' ? source : source[0], await open(source, slices), folder);
}

async function open(source: string | string[], slices: string | null): Promise<Opened> {
  if (typeof source !== 'string') {
    if (source.length === 0) throw fail('no-pages', 'the list of files', 'it is empty: name at least one TIFF file');
    return source.length === 1
      ? open(source[0], null)
      : openSlices(
          source.map(path => resolve(path)),
          null
        );
  }
  const path = resolve(source);
  if (isFolder(source)) {
    const { paths, warnings } = await listSlices(path, slices);
    return openSlices(paths, path, warnings);
  }
  return isOmeXml(path) ? openOme(path, null) : openFile(path);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw readFailure(error, path);
  }
}

async function openFile(path: string): Promise<Opened> {
  const file = await HeaderBytes.open(path);
  try {
    const description = readDescription(firstPage(file));
    if (isOme(description)) return await openOme(path, description);
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
    const stack = about.imagej ? readHyperstack(about.imagej, firstPage(file), table.pages) : plainStack(table.pages);
    return { format: about.format, files: [path], bytes: file.size, table, about, stack };
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

/** `folder`: where the slices are; null where they were given one by one. */
async function openSlices(paths: string[], folder: string | null, warnings: string[] = []): Promise<Opened> {
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
    throw (folder !== null && (await findOdd(folder, paths, error))) || error;
  });
  const stack = plainStack(table.pages);
  return { format: 'slices', files: paths, bytes, table, about: found.about!, stack: { ...stack, warnings } };
}

/** Of a folder's slices that differ, says which ones do from most; null where something else was wrong. */
async function findOdd(folder: string, paths: string[], error: unknown): Promise<ConvertError | null> {
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
    folder,
    `${list(odd)} ${is} ${differs[0]}, but the other ${usual.names.length} slices are ${differs[1]}: take ${them} out, or choose the slices with --slices`
  );
}

/** Pages in the order of a layout's planes. */
function planesOf({ frames, depth, page }: Stack): Uint32Array {
  const planes = new Uint32Array(frames.t * frames.c * depth);
  let plane = 0;
  for (let t = 0; t < frames.t; t++)
    for (let c = 0; c < frames.c; c++) for (let z = 0; z < depth; z++) planes[plane++] = page(t, c, z);
  return planes;
}

function describe(
  source: string,
  { format, files, bytes, table, about, stack }: Opened,
  folder: boolean
): { info: VolumeInfo; layout: Layout } {
  const { frames, channels, timeStep, warnings } = stack;
  const layout = table.toLayout(files, about, frames, planesOf(stack));
  const { tiled, compression } = table.format;
  const { sidecar, notes } = findSidecar(files, layout.shape, folder);
  return {
    info: {
      source,
      format,
      axes: axesOf(frames),
      shape: alongAxes(frames, frames.t, frames.c, layout.shape),
      dtype: layout.dtype,
      byteOrder: layout.littleEndian ? 'little' : 'big',
      layout: tiled ? 'tiles' : 'strips',
      compression: compressionName(compression) ?? String(compression),
      pages: table.pages,
      bytes,
      ...chooseVoxelSize(about.calibration, sidecar, about.resolution, notes),
      channels,
      timeStep,
      timeUnit: timeStep === null ? null : 'second',
      calibrationFunction: about.calibrationFunction,
      warnings: [...warnings, ...about.warnings]
    },
    layout
  };
}
