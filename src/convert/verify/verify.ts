import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { jobs, memory, usualMemory } from '../validation/resources.ts';
import { type Control, Ending, PATIENCE } from '../control.ts';
import type { Difference } from '../../model/difference.ts';
import { ConvertError } from '../../model/errors.ts';
import { actualPath, onDisk } from '../../reader/common/file-name.ts';
import { Meter } from '../meter.ts';
import { DEFAULT_OPTIONS, zarrFormatOf } from '../../model/options.ts';
import type { Layout } from '../../model/layout.ts';
import { product } from '../../model/levels.ts';
import { fingerprint } from '../../reader/fingerprint.ts';
import { openVolume } from '../../reader/index.ts';
import { TOOL } from '../../model/version.ts';
import { type Dtype, type Shape, spatial } from '../../model/volume.ts';
import type { ZarrArray } from '../../zarr/array.ts';
import { isAddress } from '../../model/address.ts';
import { Mirror } from '../../zarr/bucket/mirror.ts';
import { isThere } from '../../zarr/files.ts';
import { type StoredImage, readImage } from '../../zarr/image.ts';
import { labelsFolder, unlistedLabels } from '../../zarr/labels-group.ts';
import { readParent } from '../../zarr/parent.ts';
import { geometryNotes } from '../../model/ome-zarr/image.ts';
import { checkUnchanged } from '../unchanged.ts';
import { Findings } from './findings.ts';
import { MetadataCheck, type Run } from './metadata.ts';
import { type Origin, readOrigin } from './origin.ts';
import { type Piece, piecePasses } from './pieces.ts';
import { Pass, type Source } from './pass.ts';
import { option } from '../../model/words.ts';

export interface VerifyOptions {
  /**
   * The source: a TIFF file, a folder of slices, or the slices in order; null: the one that the output names, if it
   * lies beside it.
   */
  against: string | string[] | null;
  /** Peak resident memory of the whole process, in bytes. */
  maxMemory: number;
  /** Worker threads; null: as many as processors. */
  jobs: number | null;
  /** Which of the processes that share it, with the same memory and threads, this is; null: the only one. */
  piece: Piece | null;
}

/** Findings of a verification; the JSON of `verify --json`. */
export interface VerifyResult {
  /** Whether nothing differs. */
  ok: boolean;
  /** Whether there was anything to compare: where there was not, `ok` means that every chunk can be decoded. */
  compared: boolean;
  /** Absolute path of the OME-Zarr. */
  output: string;
  /** The source that level 0 was compared with; null: none. */
  against: string | null;
  levels: number;
  /** Chunks that were read, and their bytes as stored. */
  chunksRead: number;
  bytesRead: number;
  /** Voxels of all levels that were compared with the source or with the next finer level. */
  voxelsCompared: number;
  chunksDiffering: number;
  voxelsDiffering: number;
  /** At most 100: of the image, then by level, each the first of its chunk. */
  differences: Difference[];
  /** Checks that could not be made, and why. */
  notes: string[];
  seconds: number;
}

/** @throws ConvertError `bad-option` */
export const limitsOf = (options: Partial<VerifyOptions>): Pick<VerifyOptions, 'maxMemory'> & { jobs: number } => ({
  // Those who share it, on whatever machines, must have the same.
  maxMemory: memory(options.maxMemory ?? (options.piece ? DEFAULT_OPTIONS.maxMemory : usualMemory())),
  jobs: jobs(options.jobs ?? null)
});

const cancelled = (): ConvertError => new ConvertError('cancelled', 'The verification was cancelled.');

/**
 * Reads every chunk of an OME-Zarr image back and compares: level 0 with the source, every further level with what the
 * next finer stored one gives, the metadata with itself and with the source. Writes nothing.
 *
 * An image of another program is compared with the source alone: how it made its levels is not known.
 *
 * @throws ConvertError where it cannot be found out; what differs is in the result
 */
export async function verify(
  output: string,
  options: Partial<VerifyOptions> = {},
  control: Control = {}
): Promise<VerifyResult> {
  if (!isAddress(output)) return verifyFolder(resolve(output), options, control, null);
  const opening = Mirror.open(output, 'output');
  const mirror = await Ending.before(control.signal, opening, cancelled).catch((error: unknown) => {
    void opening.then(late => late.close()).catch(() => {});
    throw error;
  });
  return mirror.within(() => verifyFolder(mirror.folder, options, control, mirror));
}

/** `mirror`: what the folder is of, where that has an address. */
async function verifyFolder(
  folder: string,
  options: Partial<VerifyOptions>,
  control: Control,
  mirror: Mirror | null
): Promise<VerifyResult> {
  const began = performance.now();
  const limits = limitsOf(options);
  const image = readImage(folder);
  const piece = options.piece ?? null;
  // Of the metadata one of many speaks.
  const isSilent = piece !== null && piece.number > 0;
  const said = new Findings();
  const findings = isSilent ? new Findings() : said;
  const origin = image.origin && readOrigin(image.origin);
  if (image.origin && !origin)
    said.metadata(null, image.document, `${image.document}: what ${TOOL} has written of itself is not whole`);
  const check = new MetadataCheck(folder, image, origin, said);
  const runs = check.runs();
  const [first] = runs;
  const level0 = first?.first === 0 ? first.arrays[0] : null;
  const opening = openSource(folder, options.against ?? null, origin, level0, said);
  const found = await Ending.before(control.signal, opening, cancelled);
  said.notes.push(...geometryNotes(image));
  if (!origin) noteForeign(image.type, said);
  if (mirror?.isListed === false)
    said.notes.push(
      'Nobody lists its files: the chunks that its metadata tells of were asked for, and no labels were looked for that its list does not have.'
    );
  noteUnlisted(image.labels ? dirname(dirname(folder)) : folder, image.labels ? basename(folder) : null, said);
  const original = origin ? null : unpadded(image, level0);
  const comparable =
    found !== null && level0 !== null && check.source(found.info, original ?? level0.shape) && !isScaled(image, said);
  const source: Source | null = comparable ? { layout: found.layout, ...regionOf(origin) } : null;
  const before = comparable ? fingerprint(found.layout) : null;
  if (comparable && original) {
    first.levels[0] = { ...first.levels[0], shape: spatial(original) };
    said.notes.push(
      `Level 0 is padded to ${spatial(level0.shape).join(' × ')} voxels, and was compared within its original_shape, ${original.join(' × ')}.`
    );
  }
  const own = { downsample: origin?.downsample ?? 'mean', own: origin !== null };
  const passes = runs.flatMap(run => {
    const recipe = { ...own, source: run === first ? source : null };
    return piece
      ? piecePasses(folder, run, recipe, limits, findings, piece, mirror)
      : [new Pass(folder, run, recipe, limits, findings, mirror)];
  });
  const ending = new Ending(control.signal, cancelled);
  const sum = (of: (pass: Pass) => number) => passes.reduce((total, pass) => total + of(pass), 0);
  const work = {
    totalBytes: sum(pass => pass.totalBytes),
    restoredBytes: 0,
    get doneBytes() {
      return sum(pass => pass.doneBytes);
    }
  };
  const meter = control.onProgress ? new Meter(work, control.onProgress) : null;
  try {
    for (const pass of passes) {
      await ending.race(pass.run(ending.end)).finally(() => pass.close(PATIENCE));
    }
    meter?.report();
  } finally {
    meter?.stop();
    ending.release();
  }
  const denied = mirror ? noteDenied(folder, mirror, runs, piece !== null, findings) : new Set();
  if (comparable && before) checkUnchanged(found.info.source, found.layout, before);
  if (source && level0 && !origin) noteTypes(source.layout, level0.dtype, findings);
  return {
    ok: findings.ok,
    compared: findings.voxelsCompared > 0,
    output: folder,
    against: comparable ? found.info.source : null,
    levels: image.datasets.length,
    chunksRead: findings.chunksRead,
    bytesRead: findings.bytesRead,
    voxelsCompared: findings.voxelsCompared,
    chunksDiffering: findings.chunksDiffering,
    voxelsDiffering: findings.voxelsDiffering,
    // Of a chunk that nobody has got, a difference without a voxel says that it is missing.
    differences: findings.differences.map(found =>
      denied.has(found.path) && found.voxel === null ? { ...found, message: `${found.message}, or denied` } : found
    ),
    notes: findings.notes,
    seconds: (performance.now() - began) / 1000
  };
}

/**
 * Names of chunks that may be missing and may be denied, of which it is said how many there are: what is compared in
 * their place is the fill value.
 *
 * @throws ConvertError `unreadable` where none of a level can be read
 */
function noteDenied(
  folder: string,
  mirror: Mirror,
  runs: readonly Run[],
  isPiece: boolean,
  { notes }: Findings
): Set<string> {
  const remedy =
    'buckets that may not be listed answer so for what is missing, too: with the right to list it (s3:ListBucket) the two can be told apart';
  const all: string[] = [];
  for (const { path } of runs.flatMap(({ arrays }) => arrays)) {
    const { names, hasOthers } = mirror.deniedOf(path);
    // One piece of many has not asked for all.
    if (!hasOthers && !isPiece)
      throw new ConvertError(
        'unreadable',
        `${folder}/${path}: access to all of its ${names.length} chunks is denied (403), ${names[0]} the first: nothing of it was verified; ${remedy}`,
        'output'
      );
    all.push(...names);
  }
  if (all.length > 0)
    notes.push(
      `Access to ${all.length} ${all.length === 1 ? 'chunk' : 'chunks'} is denied (403), ${all[0]} the first, which ${all.length === 1 ? 'was' : 'were'} taken for missing and not verified: ${remedy}.`
    );
  return new Set(all);
}

const isFolder = (path: string): boolean =>
  !isAddress(path) && statSync(onDisk(actualPath(path)), { throwIfNoEntry: false })?.isDirectory() === true;

/** The source that is named, or the one that the output names where it lies beside it and has its shape and type. */
async function openSource(
  folder: string,
  against: string | string[] | null,
  origin: Origin | null,
  level0: ZarrArray | null,
  findings: Findings
): Promise<Opened | null> {
  // A folder's slices, and the channels, were chosen when it was converted.
  const { slices = null } = origin?.source ?? {};
  const reading = origin && {
    channel: origin.channel,
    image: origin.image,
    describedBy: origin.describedBy,
    zAxis: origin.zAxis,
    palette: origin.palette,
    orientation: origin.orientation,
    keepIndices: origin.labels
  };
  const open = (path: string) =>
    openVolume(path, {
      ...reading,
      slices: isFolder(path) ? slices : null
    });
  if (against !== null) {
    const asked = typeof against === 'string' ? () => open(against) : () => openVolume(against, reading ?? {});
    return origin ? asked() : openAsStored(against, asked, level0, findings);
  }
  const without = (why: string) => {
    findings.notes.push(`Level 0 was read, but not compared with a source: ${why}.`);
    return null;
  };
  if (!origin) return without(`name one with ${option('against')}`);
  const { name, shape, dtype, isSent } = origin.source;
  if (isSent) return without('it was written from an array, which is in no file');
  const path = actualPath(join(dirname(folder), name));
  if (name === '' || !existsSync(onDisk(path)))
    return without(`${name} is not beside the output; name it with ${option('against')}`);
  try {
    const found = await open(path);
    if (found.info.dtype === dtype && found.info.shape.every((n, axis) => n === shape[axis])) return found;
    return without(`${name} beside the output is another volume; name the right one with ${option('against')}`);
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    return without(`${name} beside the output cannot be read (${error.said})`);
  }
}

/** Names label images of `image` that viewers do not find: `only` this one, or all. */
function noteUnlisted(image: string, only: string | null, { notes }: Findings): void {
  if (!isThere(labelsFolder(image))) return;
  let names: string[];
  try {
    names = unlistedLabels(image, zarrFormatOf(readParent(image).version));
  } catch {
    // No image that labels can be laid over.
    return;
  }
  for (const name of names)
    if (only === null || name === only)
      notes.push(
        `${join(labelsFolder(image), name)}: is not in the list of the image's labels, so that viewers do not find it, as when a conversion ` +
          'was ended just before: the next conversion of labels into the image lists it.'
      );
}

type Opened = Awaited<ReturnType<typeof openVolume>>;

/**
 * The source of another program's image. What a conversion would ask about (the colours of a palette, samples of a
 * pixel) others take as it is stored.
 */
async function openAsStored(
  against: string | string[],
  open: () => Promise<Opened>,
  level0: ZarrArray | null,
  { notes }: Findings
): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof ConvertError) || error.field !== 'channel' || level0 === null) throw error;
    const volumes = product(level0.shape.slice(0, -3));
    const read = (channel: 'all' | null) =>
      openVolume(against, { slices: null, channel, keepIndices: channel === null }).catch(() => null);
    for (const channel of ['all', null] as const) {
      const found = await read(channel);
      if (!found || product(found.info.shape.slice(0, -3)) !== volumes) continue;
      if (channel === null)
        notes.push(
          `The pixels of ${found.info.source} are indices into a palette of colours: these were compared, not the colours.`
        );
      return found;
    }
    throw error;
  }
}

/** Lengths along all axes of what was padded, as `level0.shape` has them; null where nothing was. */
function unpadded({ originalShape }: StoredImage, level0: ZarrArray | null): number[] | null {
  if (!originalShape || !level0 || originalShape.length !== level0.axes.length) return null;
  const shape = level0.axes.map(axis => originalShape[axis!]);
  const isWithin = shape.every((n, axis) => n <= level0.shape[axis]);
  return isWithin && shape.some((n, axis) => n < level0.shape[axis]) ? shape : null;
}

/** Whether another program has scaled the values, by a reckoning of its own. */
function isScaled({ scaled, origin }: StoredImage, { notes }: Findings): boolean {
  if (!scaled || origin) return false;
  notes.push(
    'Its values were scaled to those of another type (dtype_conversion), and were not compared with the source.'
  );
  return true;
}

/** Why values that another program has stored may differ from those that are read here. */
function noteTypes(
  { dtype, packing, signedOffset }: Layout,
  stored: Dtype,
  { notes, ok, voxelsRounded, differences }: Findings
): void {
  if (dtype !== stored)
    notes.push(
      `Its voxels are ${stored} and the source's ${dtype}: they were compared as numbers.` +
        (voxelsRounded > 0 ? ` ${voxelsRounded} are the source's, rounded to ${stored}.` : '')
    );
  if (ok) return;
  if (packing.inverted) {
    const white = 2 ** packing.bits - 1;
    const isStored = differences.every(({ expected, found }) => Number(expected) + Number(found) === white);
    notes.push(
      'The source is stored inverted (MinIsWhite: 0 is white) and was turned before it was compared; other programs keep what is stored' +
        (isStored && differences.length > 0 ? ', as has been done here: that is the difference.' : '.')
    );
  }
  if (signedOffset)
    notes.push(
      'The source is 16-bit signed, as ImageJ stores it: 32768 were taken from its stored values before they were compared; other programs keep what is stored.'
    );
}

function noteForeign(type: string | null, { notes }: Findings): void {
  notes.push(
    `Not written by this program: how its levels were made of each other (${type ?? 'method unknown'}) was not checked.`
  );
}

/** The region of the source that was converted, and how its values became stored ones. */
function regionOf(origin: Origin | null): Pick<Source, 'start' | 'range'> {
  if (!origin) return { start: [0, 0, 0], range: null };
  const { roi, valueRange } = origin;
  return { start: [roi[0], roi[2], roi[4]] satisfies Shape, range: valueRange };
}
