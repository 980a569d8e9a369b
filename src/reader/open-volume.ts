import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { addressName, isAddress, shownAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import { actualPath, onDisk } from './common/file-name.ts';
import { option } from '../model/words.ts';
import { readable } from '../model/readable.ts';
import type { Layout } from '../model/layout.ts';
import type { DescribedBy } from '../model/options.ts';
import { findSidecar } from './voxel-size/sidecar.ts';
import { type Shape, type VolumeInfo, alongAxes, axesOf } from '../model/volume.ts';
import { chooseVoxelSize } from './voxel-size/choose.ts';
import {
  type SourceDescription,
  believed,
  checkSameInterpretation,
  emptyDescription,
  readSourceDescription
} from './source-description.ts';
import { LaterAccounts, contradictions, pageContradictions } from './accounts.ts';
import { type SourceChannel, allChannels, chooseChannels } from './channels.ts';
import { chooseImage } from './common/choose-image.ts';
import { readStack } from './described-axes.ts';
import { readDescriptions } from './description.ts';
import { type Directory, firstPage, walkDirectories } from './tiff/directory.ts';
import { fail, readFailure } from './common/fail.ts';
import { HeaderBytes } from './common/header-bytes.ts';
import { withRemoteHeaders } from './common/remote-headers.ts';
import { ONE_TIFF } from '../remote/remote-file.ts';
import { wholeAddress } from '../remote/stand-ins.ts';
import type { Headers, Opened } from './headers.ts';
import { headersOf } from './kept-headers.ts';
import { readHyperstack } from './imagej/hyperstack.ts';
import { imageResolution, readImage } from './images/images.ts';
import { ImageParts } from './several-images.ts';
import { parseOme } from './ome/ome.ts';
import { isOmeXml, openOme } from './ome-files.ts';
import { checkLonePlane, openOmeSlices } from './ome-slices.ts';
import { forEachOpened } from './tiff/opened-files.ts';
import { flipOf, orientationNotes } from './tiff/orientation.ts';
import { isAuxiliary, type Page, type PageFormat, readPage } from './tiff/page.ts';
import { DEFAULT_INTERPRETATION, type InterpretationOptions, interpretSamples } from './tiff/pixel-format.ts';
import { type Planes, SegmentTable, difference, kindOf } from './tiff/segment-table.ts';
import { adviceOn, list, listNames, listWarnings, orderSlices, sliceKind, tiffsOf } from './slices/slices.ts';
import { asSlices } from './slice-axis.ts';
import { type Stack, axesWarnings, plainStack } from './common/stack.ts';

/**
 * Reads the headers of a source: a TIFF file, a folder of TIFF slices, or a list of slices in the order given. No voxel
 * is read, but every segment is checked to lie within its file.
 *
 * The voxel size is what OME-XML or ImageJ says, or a text file of the scanner's beside the volume, or resolution tags
 * with a depth; otherwise null.
 *
 * @throws ConvertError `not-found`, `unreadable`, `not-tiff`, `no-pages`, `mixed-pages`, `truncated`, `corrupt`,
 *   `unsupported`, `unsupported-compression`, `bad-option` for `slices`, `channel`, `image` or `zAxis`
 */
export async function openVolume(
  source: string | string[],
  asked: Partial<InterpretationOptions> = {}
): Promise<{ info: VolumeInfo; layout: Layout }> {
  const reading = { ...DEFAULT_INTERPRETATION, ...asked };
  const read = await readHeaders(source, reading);
  const chosen = chooseChannels(read, reading.channel);
  const { opened, interpretation } = read;
  const { stack, table, files, description } = opened;
  const outerShape = { t: stack.outerShape.t, c: chosen.length };
  const layout = table.toLayout(
    files,
    description,
    interpretation,
    outerShape,
    planesOf(stack, chosen, interpretation.samples !== null)
  );
  layout.remote = opened.remote ?? null;
  if (reading.orientation === 'apply') layout.flip = flipOf(table, read.source);
  return { info: describe(read, chosen, reading), layout };
}

/** The `info` of `openVolume` for a source with all its channels, even where `openVolume` would want them chosen. */
export async function readInfo(
  source: string | string[],
  asked: Partial<InterpretationOptions> = {}
): Promise<VolumeInfo> {
  const reading = { ...DEFAULT_INTERPRETATION, ...asked };
  const read = await readHeaders(source, reading);
  if (reading.orientation === 'apply') flipOf(read.opened.table, read.source);
  return describe(read, allChannels(read), reading);
}

async function readHeaders(given: string | string[], reading: InterpretationOptions): Promise<Headers> {
  const source = typeof given === 'string' ? actualPath(given) : given.map(actualPath);
  const { slices } = reading;
  const folder = typeof source === 'string' && !isAddress(source) && isFolder(source);
  if (slices !== null && !folder)
    throw new ConvertError(
      'bad-option',
      `${typeof source === 'string' ? source : `a list of ${source.length} files`}: slices ${slices} can be chosen of a folder only: leave slices out`,
      'slices'
    );
  const { image, describedBy } = reading;
  const opened = await headersOf(JSON.stringify([source, slices, image, describedBy]), () => open(source, reading));
  // ImageJ's inverting lookup table is how its values are shown; they are what is stored.
  const keepInverted = opened.description.imagej !== null;
  const interpretation = interpretSamples(opened.table.format.pixel, { ...reading, keepInverted });
  return asSlices(
    { source: typeof source === 'string' ? source : source[0], folder, opened, interpretation },
    reading.zAxis
  );
}

async function open(source: string | string[], { slices, image, describedBy }: InterpretationOptions): Promise<Opened> {
  if (typeof source !== 'string') {
    if (source.length === 0) throw fail('no-pages', 'the list of files', 'it is empty: name at least one TIFF file');
    if (source.length === 1) return open(source[0], { ...DEFAULT_INTERPRETATION, image, describedBy });
    const address = source.find(isAddress);
    if (address !== undefined)
      throw fail(
        'unsupported',
        address,
        'of files with an address one is read by itself, and no list of slices: download them, or give one TIFF that has all slices'
      );
    const paths = source.map(path => resolve(path));
    const ome = await openOmeSlices(paths, image, describedBy);
    if (ome) return ome;
    chooseImage(source[0], [{ name: '', said: '' }], image);
    return openListed(paths, describedBy);
  }
  if (isAddress(source)) return openRemote(source, image, describedBy);
  const path = resolve(source);
  if (isFolder(source)) {
    // The OME-XML of an OME-TIFF of several files goes before their names.
    const names = await listNames(path);
    const all = slices === null ? tiffsOf(path, names) : [];
    const ome = all.length > 1 ? await openOmeSlices(all, image, describedBy) : null;
    if (ome) return ome;
    const { paths, warnings } = orderSlices(path, names, slices);
    const chosen =
      slices === null || sliceKind(paths[0]) !== 'TIFF' ? null : await openOmeSlices(paths, image, describedBy);
    if (chosen) return chosen;
    chooseImage(path, [{ name: '', said: '' }], image);
    return openSlices(paths, path, describedBy, warnings);
  }
  if (sliceKind(path) !== 'TIFF') {
    chooseImage(path, [{ name: '', said: '' }], image);
    return openSlices([path], null, describedBy);
  }
  return isOmeXml(path) ? openOme(path, null, image, describedBy) : openFile(path, image, describedBy);
}

function isFolder(path: string): boolean {
  try {
    return statSync(onDisk(path)).isDirectory();
  } catch (error) {
    throw readFailure(error, path);
  }
}

/** A TIFF that is named by an address. */
async function openRemote(given: string, image: InterpretationOptions['image'], wanted: DescribedBy): Promise<Opened> {
  // Worker threads, which know nothing else, are to read from it.
  const address = wholeAddress(given);
  const name = addressName(address);
  const what =
    name === '' || name.includes('*')
      ? 'a folder or a pattern'
      : isOmeXml(name)
        ? 'OME-XML without voxels'
        : sliceKind(name);
  if (what !== 'TIFF') throw fail('unsupported', address, `it names ${what}, where ${ONE_TIFF}`);
  const { result, state } = await withRemoteHeaders(address, () => openFile(address, image, wanted));
  return { ...result, remote: state };
}

async function openFile(path: string, image: InterpretationOptions['image'], wanted: DescribedBy): Promise<Opened> {
  const file = await HeaderBytes.open(path);
  try {
    const { ome } = readDescriptions(firstPage(file), wanted);
    if (ome) return await openOme(path, parseOme(ome(), path), image, wanted);
    const table = new SegmentTable();
    const found: { description?: SourceDescription; first?: Directory } = {};
    const later = new LaterAccounts(wanted);
    const images = new ImageParts();
    const origin = (page: number) => ({ file: 0, path, size: file.size, name: `page ${page}` });
    const chosen = typeof image === 'number' || (image !== null && /^\d+$/.test(image)) ? Number(image) : 0;
    let pages = 0;
    await walkDirectories(file, directory => {
      const texts = () => readDescriptions(directory, wanted).texts;
      if (isAuxiliary(directory) || images.add(directory, pages++, texts) !== chosen) return;
      if (found.description) {
        later.addOme(directory);
        later.addTexts(directory);
      }
      found.first ??= directory;
      found.description ??= readSourceDescription(directory, true, wanted);
      table.add(readPage(directory), origin(directory.number));
    });
    if (images.parts.length === 0)
      throw fail('no-pages', path, 'its pages are all thumbnails or masks (NewSubfileType): export the volume itself');
    chooseImage(path, images.parts, image);
    const { description, first } = found as Required<typeof found>;
    const stack = believing(description, () => {
      addPromised(table, description, origin(first.number));
      return stackOf(description, first, table.pages);
    });
    stack.warnings.push(
      ...contradictions({ ...believed(description), stack, pages: table.pages, single: true }, [
        ...description.others,
        ...later.found
      ])
    );
    return { format: description.format, files: [path], bytes: file.size, table, description, stack };
  } finally {
    file.close();
  }
}

/** Reads by a description; where that cannot be done, and there is another, the error says how to choose that one. */
function believing<T>({ by, others }: SourceDescription, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const other = others.find(each => each.by !== by);
    if (!other || !(error instanceof ConvertError)) throw error;
    throw new ConvertError(
      error.code,
      `${error.said}, or believe its other description (${option('describedBy', other.by)})`,
      'describedBy'
    );
  }
}

/** The stack that a file's pages are, by the description of its first page. */
function stackOf({ imagej, described }: SourceDescription, first: Directory, pages: number): Stack {
  if (imagej) return readHyperstack(imagej, first, pages);
  if (described) return readStack(described, pages, first.file.path);
  const plain = plainStack(pages);
  const format = pages > 1 && OWN_AXES.find(([tag]) => first.has(tag));
  if (!format) return plain;
  return {
    ...plain,
    warnings: [
      `It has tags of ${format[1]}, whose channels and time points are not read: all ${pages} pages are read as slices.`
    ]
  };
}

/** Tags by which microscopes' programs tell the axes of a stack. */
const OWN_AXES: [tag: number, program: string][] = [
  [34412, 'a Zeiss LSM file'],
  [34361, 'FluoView'],
  [51123, 'Micro-Manager']
];

/** Adds the pages that a description promises beyond those that were found. */
function addPromised(
  table: SegmentTable,
  description: SourceDescription,
  origin: Parameters<SegmentTable['add']>[1]
): void {
  const { pages } = table;
  if (description.pages === null || description.pages <= pages) return;
  if (pages === 1 && table.contiguous) return table.addFollowing(description.pages - 1, origin);
  throw fail(
    'truncated',
    origin.path,
    `its description says ${description.pages} pages, but it has ${pages}: it is incomplete, or pages were taken out; save it again`
  );
}

/** Slices in the order given. */
const openListed = (paths: string[], wanted: DescribedBy): Promise<Opened> =>
  openSlices(paths, null, wanted, listWarnings(paths));

/** `folder`: where the slices are; null where they were given one by one. */
async function openSlices(
  paths: string[],
  folder: string | null,
  wanted: DescribedBy,
  warnings: string[] = []
): Promise<Opened> {
  const table = new SegmentTable();
  const found: { description?: SourceDescription } = {};
  const known = new Map<string, string>();
  const twice: string[] = [];
  let bytes = 0;
  const read = forEachOpened(paths, async (file, index) => {
    const { path, size } = file;
    const origin = { file: index, path, size, name: basename(path) };
    bytes += size;
    if (file.identity !== null) {
      const same = known.get(file.identity);
      if (same !== undefined) twice.push(same === path ? basename(path) : `${basename(same)} and ${basename(path)}`);
      else known.set(file.identity, path);
    }
    const image = readImage(file);
    if (image) {
      found.description ??= { ...emptyDescription(), resolution: imageResolution(file) };
      return table.add(image, origin);
    }
    let pages = 0;
    await walkDirectories(file, directory => {
      if (isAuxiliary(directory)) return;
      if (++pages > 1)
        throw fail(
          'mixed-pages',
          path,
          `it has several pages, where the files of a folder or a list were expected to be one slice each: convert it by itself, or all of them, each as a volume of its own, with ${option('batch')}`
        );
      checkLonePlane(directory, wanted);
      const { description } = found;
      found.description ??= readSourceDescription(directory, false, wanted);
      table.add(readPage(directory), origin);
      if (description) checkSameInterpretation(directory, wanted, description, basename(path), basename(paths[0]));
    });
    if (pages === 0) throw fail('no-pages', path, 'it holds no slice, only thumbnails or masks: take it out');
  });
  await read.catch(async (error: unknown) => {
    throw (folder !== null && (await findOdd(folder, paths, error))) || error;
  });
  if (twice.length > 0)
    warnings.push(`The same file is more than one slice: ${list(twice)}. It is read as often as it is there.`);
  const stack = plainStack(table.pages);
  const description = found.description!;
  // Of a slice that is one of several, what its descriptions say is about itself.
  const own = { stack: plainStack(1), pages: 1, single: true };
  warnings.push(...contradictions({ ...believed(description), ...own }, description.others));
  return { format: 'slices', files: paths, bytes, table, description, stack: { ...stack, warnings } };
}

/** Of a folder's slices that differ, says which ones do from most; null where something else was wrong. */
async function findOdd(folder: string, paths: string[], error: unknown): Promise<ConvertError | null> {
  if (!(error instanceof ConvertError) || error.code !== 'mixed-pages') return null;
  const groups = new Map<string, { format: PageFormat; names: string[] }>();
  await forEachOpened(paths, async file => {
    const note = ({ format }: Page) => {
      const key = kindOf(format);
      const group = groups.get(key);
      if (group) group.names.push(basename(file.path));
      else groups.set(key, { format, names: [basename(file.path)] });
    };
    const image = readImage(file);
    if (image) return note(image);
    await walkDirectories(file, directory => {
      if (!isAuxiliary(directory)) note(readPage(directory));
    });
  });
  const [usual, ...unlike] = [...groups.values()].sort((a, b) => b.names.length - a.names.length);
  const odd = unlike.flatMap(({ names }) => names);
  const differs = unlike.length > 0 && difference(unlike[0].format, usual.format);
  if (!differs || usual.names.length <= odd.length) return null;
  const is = odd.length === 1 ? 'is' : 'are';
  const others = usual.names.length === 1 ? 'the other slice is' : `the other ${usual.names.length} slices are`;
  return fail(
    'mixed-pages',
    folder,
    `${list(odd)} ${is} ${differs[0]}, but ${others} ${differs[1]}: ${await adviceOn(folder, odd, usual.names)}`
  );
}

/** Planes of a layout, channel by channel as these were chosen. */
function planesOf(
  { outerShape, depth, page, sample: sampleOf }: Stack,
  chosen: SourceChannel[],
  sampled: boolean
): Planes {
  const count = outerShape.t * chosen.length * depth;
  const planes: Planes = {
    page: new Uint32Array(count),
    sample: sampled || sampleOf ? new Uint16Array(new SharedArrayBuffer(2 * count)) : null
  };
  let plane = 0;
  for (let t = 0; t < outerShape.t; t++)
    for (const { channel, sample } of chosen)
      for (let z = 0; z < depth; z++, plane++) {
        planes.page[plane] = page(t, channel, z);
        if (planes.sample) planes.sample[plane] = sampleOf ? sampleOf(z) : sample;
      }
  return planes;
}

function describe(
  { source, folder, opened, interpretation }: Headers,
  chosen: SourceChannel[],
  { orientation, zAxis }: InterpretationOptions
): VolumeInfo {
  const { format, files, bytes, table, description, stack } = opened;
  const { timeStep, warnings } = stack;
  const { height, width } = table.format;
  const outerShape = { t: stack.outerShape.t, c: chosen.length };
  const shape: Shape = [stack.depth, height, width];
  const { sidecar, notes } = opened.remote ? { sidecar: null, notes: [] } : findSidecar(files, shape, folder);
  const size = chooseVoxelSize(
    [description, ...description.others].map(each => each.calibration),
    sidecar,
    description.resolution,
    notes
  );
  const { position } = description;
  // A volume that is turned, or stacked along another axis, begins elsewhere.
  const isPlaced = position !== null && orientation === 'ignore' && zAxis === 'auto';
  return {
    source: readable(shownAddress(source)),
    format,
    axes: axesOf(outerShape),
    shape: alongAxes(outerShape, outerShape.t, outerShape.c, shape),
    dtype: description.signedOffset ? 'int16' : interpretation.dtype,
    ...table.storage,
    pages: table.pages,
    bytes,
    ...size,
    voxelSizeFile: size.voxelSizeFile && readable(size.voxelSizeFile),
    voxelSizeNotes: size.voxelSizeNotes.map(readable),
    ...(isPlaced && { position }),
    channels: stack.channels || interpretation.samples ? chosen.map(({ name, color }) => ({ name, color })) : null,
    timeStep,
    timeUnit: timeStep === null ? null : 'second',
    calibrationFunction: description.calibrationFunction,
    warnings: [
      ...axesWarnings(stack),
      ...warnings,
      ...description.warnings,
      ...pageContradictions(description, table.format),
      ...interpretation.notes,
      ...table.notes,
      ...orientationNotes(table, orientation)
    ].map(readable)
  };
}
