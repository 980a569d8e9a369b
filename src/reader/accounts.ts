import type { DescribedBy } from '../model/options.ts';
import type { CalibrationFunction, Channel } from '../model/volume.ts';
import { option } from '../model/words.ts';
import { readDescribedAxes, readStack } from './described-axes.ts';
import { type Describer, type Pieces, readDescriptions } from './description.ts';
import type { Directory } from './tiff/directory.ts';
import { readCalibrationFunction } from './imagej/calibration-function.ts';
import { readHyperstack } from './imagej/hyperstack.ts';
import { imagejCalibration, isSignedOffset, parseImageJ } from './imagej/imagej.ts';
import { type Blocks, type OmeImage, parseOme } from './ome/ome.ts';
import { shortly } from './common/shortly.ts';
import { type Stack, channelName } from './common/stack.ts';
import { type Calibration, UNCALIBRATED } from './voxel-size/calibration.ts';
import { readResolution } from './voxel-size/resolution.ts';
import type { PageFormat } from './tiff/page.ts';
import { TAG } from './tiff/tags.ts';

/** The properties of a stack that descriptions can differ in. */
type Planes = Pick<Stack, 'outerShape' | 'depth' | 'channels' | 'timeStep'> & {
  /** Null where it is not known which page a plane is. */
  page: Stack['page'] | null;
};

/** The account that one of several descriptions of a file gives of it. */
export interface Account {
  by: Describer;
  /** Pages that it is about. */
  pages: number;
  /** Its axes, in its own terms. */
  said: string;
  /** The planes that it makes of so many pages. @throws ConvertError where it cannot be theirs */
  planes: (pages: number) => Planes;
  calibration: Calibration;
  /** Whether 32,768 is to be subtracted from its 16-bit numbers. */
  signed: boolean;
  calibrationFunction: CalibrationFunction | null;
  /** Size and type of a page by OME-XML; null where it gives none. */
  page: OmeImage['page'] | null;
  /** Whether it is not the first page's. */
  isLater?: boolean;
}

/** Descriptions of one file that are compared. */
const MOST_ACCOUNTS = 8;

const NAMES: Record<Describer, string> = {
  ome: 'OME-XML',
  imagej: 'ImageJ description',
  tifffile: 'tifffile description',
  scifio: 'SCIFIO description'
};

const plain = { signed: false, calibrationFunction: null, page: null };
const counts = ({ outerShape: { t, c }, depth }: Pick<Stack, 'outerShape' | 'depth'>): string =>
  `T ${t}, C ${c}, Z ${depth}`;

/** Of OME-XMLs. */
export const omeAccounts = (xml: readonly Pieces[], path: string): Account[] =>
  xml.slice(0, MOST_ACCOUNTS).map(each => omeAccount(parseOme(each(), path).images));

/** Of descriptions that are no OME-XML. */
export function textAccounts(directory: Directory, texts: readonly string[]): Account[] {
  const some = texts.slice(0, MOST_ACCOUNTS);
  const read = (of: (text: string, directory: Directory) => Account | null) =>
    some.flatMap(text => of(text, directory) ?? []);
  return [...read(imagejAccount), ...read(describedAccount)];
}

const saysSame = (a: Account, b: Account): boolean => a.by === b.by && a.said === b.said && a.signed === b.signed;

/** Collects what descriptions of later pages of a file say. */
export class LaterAccounts {
  readonly found: Account[] = [];
  readonly #wanted: DescribedBy;
  #hasOme = false;

  constructor(wanted: DescribedBy) {
    this.#wanted = wanted;
  }

  /** Takes a page's OME-XML, the first that there is. */
  addOme(directory: Directory): void {
    if (this.#hasOme || !directory.has(TAG.imageDescription)) return;
    const { ome } = readDescriptions(directory, this.#wanted);
    if (!ome) return;
    this.#hasOme = true;
    this.#add(omeAccounts([ome], directory.file.path));
  }

  /** Takes what a page's other descriptions say. */
  addTexts(directory: Directory): void {
    if (this.found.length >= MOST_ACCOUNTS || !directory.has(TAG.imageDescription)) return;
    this.#add(textAccounts(directory, readDescriptions(directory, this.#wanted).texts));
  }

  #add(accounts: Account[]): void {
    for (const account of accounts)
      if (this.found.length < MOST_ACCOUNTS && !this.found.some(known => saysSame(known, account)))
        this.found.push({ ...account, isLater: true });
  }
}

/** Of what an OME-XML says. */
export function omeAccount(images: OmeImage[]): Account {
  const [image] = images;
  const account = { by: 'ome', ...plain } as const;
  if (images.length !== 1) {
    const said = `${images.length} images`;
    const planes = () => {
      throw new Error(said);
    };
    return { ...account, said, pages: Infinity, planes, calibration: UNCALIBRATED };
  }
  const { size, order, channels, blocks, calibration, timeStep, page } = image;
  const samples = channels[0]?.samples ?? 1;
  const lengths = { ...size, C: Math.ceil(size.C / samples) };
  const pages = lengths.T * lengths.C * lengths.Z;
  const strides = { Z: 1, C: 1, T: 1 };
  order.reduce((product, axis) => {
    strides[axis] = product;
    return product * lengths[axis];
  }, 1);
  const planes: Planes = {
    outerShape: { t: lengths.T, c: lengths.C },
    depth: lengths.Z,
    page: !isInOrder(blocks) ? null : (t, c, z) => t * strides.T + c * strides.C + z * strides.Z,
    channels: channels.some(({ name }) => name !== '')
      ? channels.map(({ name, color }, n) => ({ name: name || channelName(n), color }))
      : null,
    timeStep
  };
  return { ...account, pages, said: counts(planes), planes: fitting(pages, planes), calibration, page };
}

/** Whether planes are on all pages, one after another, by what is said of their places. */
function isInOrder(blocks: Blocks): boolean {
  const [block] = blocks;
  if (blocks.length === 0) return true;
  const { ifd, count, first } = block;
  return blocks.length === 1 && count === null && ifd + first.Z + first.C + first.T === 0;
}

const fitting =
  (own: number, planes: Planes) =>
  (pages: number): Planes => {
    if (own !== pages) throw new Error(`${own} pages`);
    return planes;
  };

function imagejAccount(text: string, directory: Directory): Account | null {
  const imagej = parseImageJ(text);
  if (!imagej) return null;
  const { images, channels: c, slices, frames: t } = imagej;
  const signed = isUnsigned16(directory) && isSignedOffset(imagej);
  return {
    by: 'imagej',
    pages: images,
    said: c * t * slices === images ? counts({ outerShape: { t, c }, depth: slices }) : `${images} images`,
    planes: pages => readHyperstack(imagej, directory, pages),
    calibration: imagejCalibration(imagej, directory),
    signed,
    calibrationFunction: signed
      ? null
      : readCalibrationFunction(imagej, directory.integer(TAG.bitsPerSample, 1)).calibrationFunction,
    page: null
  };
}

function describedAccount(text: string, directory: Directory): Account | null {
  const described = readDescribedAxes(text, directory);
  if (!described) return null;
  return {
    by: described.by,
    pages: Number.isSafeInteger(described.pages) ? described.pages : Infinity,
    said: described.said,
    planes: pages => readStack(described, pages, directory.file.path),
    calibration: described.calibration ?? readResolution(directory, text)?.calibration ?? UNCALIBRATED,
    ...plain
  };
}

/** The description that was believed, and the reading that it led to. */
export interface Believed {
  /** Null where nothing describes the stack, so that its pages are slices. */
  by: Describer | null;
  stack: Stack;
  signed: boolean;
  calibrationFunction: CalibrationFunction | null;
  /** Whether its pages say that white is 0, which ImageJ takes for a way to show them. */
  whiteIsZero: boolean;
  pages: number;
  /** Whether its planes are the pages of one file. */
  single: boolean;
}

/**
 * Warnings about each other description that differs from the one that was believed: in what, and how to choose it
 * instead.
 */
export function contradictions(believed: Believed, others: readonly Account[]): string[] {
  const { by } = believed;
  const found = others.flatMap(other => {
    const differs = differences(believed, other);
    if (differs.length === 0) return [];
    const [ours, theirs] = [0, 1].map(side => differs.map(pair => pair[side]).join(' and '));
    const own = by === null ? 'It is read without a description, as' : `Its ${NAMES[by]} says`;
    const its = `${other.isLater ? "a later page's" : other.by === by ? 'its other' : 'its'} ${NAMES[other.by]} says`;
    const choose =
      other.isLater || other.by === by
        ? 'save it again with that one alone, on its first page'
        : `say so with ${option('describedBy', other.by)}`;
    return [
      `${own} ${ours}${by === null ? '' : ', and was believed'}, but ${its} ${theirs}: if that is right, ${choose}.`
    ];
  });
  return [...new Set(found)];
}

/** Pairs of what was believed and what the other says. */
function differences(believed: Believed, other: Account): [string, string][] {
  const { by, stack, signed, calibrationFunction, pages } = believed;
  const found: [string, string][] = [];
  // One that is about a page, where there are more, says nothing of how they belong together.
  if (believed.single && other.pages !== 1) found.push(...planesDiffer(stack, other, pages));
  // Only ImageJ's says what numbers mean.
  if (other.by === 'imagej') {
    const stored = 'that its numbers are as they are stored';
    const added = 'that they are signed, with 32,768 added';
    if (signed !== other.signed) found.push(signed ? [added, stored] : [stored, added]);
    if (believed.whiteIsZero && by !== 'imagej') found.push(['that its numbers are inverted (MinIsWhite)', stored]);
  }
  const own = calibrationFunction;
  const its = other.calibrationFunction;
  if (its && JSON.stringify(its) !== JSON.stringify(own))
    found.push([
      own ? `the calibration function ${own.formula}` : 'no calibration function',
      `${its.formula} (${shortly([its.unit])})`
    ]);
  return found;
}

function planesDiffer(stack: Stack, other: Account, pages: number): [string, string][] {
  const own = counts(stack);
  const planes = tried(other, pages);
  if (!planes) return [[own, `${other.said}, which cannot be its ${pages} pages`]];
  const found: [string, string][] = [];
  if (counts(planes) !== own) found.push([own, counts(planes)]);
  else if (planes.page && !isSameOrder(stack, planes.page)) found.push([own, `${other.said} in another order`]);
  const [names, others] = [stack.channels, planes.channels].map(given);
  if (names && others && names !== others) found.push([`channels ${names}`, `channels ${others}`]);
  const [step, next] = [stack.timeStep, planes.timeStep];
  if (step !== null && next !== null && Math.abs(step / next - 1) > 0.01)
    found.push([`${step} s between time points`, `${next} s`]);
  return found;
}

function tried({ planes }: Account, pages: number): Planes | null {
  try {
    return planes(pages);
  } catch {
    return null;
  }
}

/** Names that channels were given; null where they have none of their own. */
function given(channels: Channel[] | null): string | null {
  const named = channels?.filter(({ name }, n) => name !== channelName(n)) ?? [];
  return named.length > 0 ? shortly(channels!.map(({ name }) => name)) : null;
}

function isSameOrder({ outerShape, depth, page }: Stack, other: Stack['page']): boolean {
  for (let t = 0; t < outerShape.t; t++)
    for (let c = 0; c < outerShape.c; c++)
      for (let z = 0; z < depth; z++) if (page(t, c, z) !== other(t, c, z)) return false;
  return true;
}

const OME_TYPES: Partial<Record<string, string>> = { float: 'float32', double: 'float64' };
const WHOLE = /^u?int(8|16|32)$/;

/** Warnings where OME-XML says something else of a page than the page's own tags: these are right. */
export function pageContradictions(account: Pick<Account, 'page'>, { width, height, pixel }: PageFormat): string[] {
  const { page } = account;
  if (!page) return [];
  const bits = [8, 16, 32, 64].find(n => n >= pixel.bits);
  const stored = `${pixel.kind}${bits}`;
  const type = OME_TYPES[page.type] ?? page.type;
  const known = WHOLE.test(type) || type in { float32: 1, float64: 1 };
  const says: [string, string][] = [];
  if (known && type !== stored) says.push([`numbers of the type ${page.type}`, stored]);
  if ((page.width > 0 && page.width !== width) || (page.height > 0 && page.height !== height))
    says.push([`${page.width} × ${page.height} pixels`, `${width} × ${height}`]);
  return says.map(([said, is]) => `Its OME-XML says ${said}, but its pages have ${is}: they are read as they are.`);
}

/** Whether ImageJ may have stored signed numbers as these. */
export const isUnsigned16 = (directory: Directory): boolean =>
  directory.integer(TAG.bitsPerSample, 1) === 16 && directory.integer(TAG.sampleFormat, 1) === 1;
