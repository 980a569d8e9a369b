import { basename } from 'node:path';
import { type Encoding, type Layout, NOT_FLIPPED } from '../../model/layout.ts';
import { type OuterShape, type VolumeInfo, volumeCount } from '../../model/volume.ts';
import { type Absent, absentWarning, fillOf } from './absent.ts';
import { sameTables, tableBytes } from './decoder-tables.ts';
import { fail } from '../common/fail.ts';
import { GrowingNumbers } from '../common/growing-numbers.ts';
import { type Page, type PageFormat, segmentGroups, segmentRowBytes } from './page.ts';
import { type SampleInterpretation, pixelDifference, storedType } from './pixel-format.ts';

/** A segment's place and size take at least this much in a file (two SHORT values). */
const LEAST_BYTES_LISTED = 4;

const describe = (f: PageFormat): string => `${f.height} × ${f.width} ${storedType(f.pixel)}`;

/**
 * Ways of storing pages, and bytes of their decoders' tables, that one source has at most: each thread keeps them all.
 */
const MAX_ENCODINGS = 256;
const MAX_TABLE_BYTES = 1 << 22;

/** Difference between two formats, in words that fit both sides; null when they can be one volume. */
export function difference(a: PageFormat, b: PageFormat): [string, string] | null {
  if (a.width !== b.width || a.height !== b.height || storedType(a.pixel) !== storedType(b.pixel))
    return [describe(a), describe(b)];
  return pixelDifference(a.pixel, b.pixel);
}

/** A key that is the same for two formats that can be pages of one volume. */
export const kindOf = ({ width, height, pixel }: PageFormat): string => JSON.stringify({ width, height, pixel });

/** Planes of a layout. */
export interface Planes {
  /** Number of each plane's page, among those that were added. */
  page: Uint32Array;
  /** Which sample of its page each plane is (over a SharedArrayBuffer); null where pages have one. */
  sample: Uint16Array | null;
}

/** Where a page comes from, for messages and for finding it again. */
export interface Origin {
  file: number;
  path: string;
  /** Size of the file. */
  size: number;
  /** How the page is called beside others: `page 7`, or the file's name. */
  name: string;
}

/** A segment in a message that begins with its file: as much as tells it from others in that. */
function segmentName({ tiled }: PageFormat, { path, name }: Origin, segments: number, n: number): string {
  const isOnly = name === basename(path);
  if (segments === 1) return isOnly ? 'its image' : name;
  const segment = `${tiled ? 'tile' : 'strip'} ${n + 1}`;
  return isOnly ? segment : `${segment} of ${name}`;
}

/**
 * Collects the segments of all pages, after checking that the pages are alike and that every segment lies in its file.
 * How each is stored is its own matter: slices that several programs saved may differ in byte order, compression,
 * strips and tiles.
 *
 * Strips that are not compressed and follow one another count as one: a volume with 20,000 pages of 400 strips then has
 * 20,000 segments, each to be read at once. Only of a page whose strips lie scattered every strip is kept.
 */
export class SegmentTable {
  #format: PageFormat | null = null;
  #first: Origin | null = null;
  #firstIsOnePiece = false;
  readonly #encodings: Encoding[] = [];
  #tableBytes = 0;
  /** By page: its number in `#encodings`, that of its first segment, and that of its file. */
  #encodingOf = new GrowingNumbers();
  #firstOf = new GrowingNumbers();
  #files = new GrowingNumbers();
  #offsets = new GrowingNumbers();
  #byteCounts = new GrowingNumbers();
  readonly #tiled = new Set<boolean>();
  /**
   * Segments as the files list them, and the files' bytes together: what bounds the work that a hostile header can ask
   * for.
   */
  #listed = 0;
  #fileBytes = 0;
  /** Orientations of the pages, with the first that has each. */
  readonly orientations = new Map<number, string>();
  readonly #absent: Absent & { known: boolean } = { count: 0, of: 0, nodata: '', known: false };

  get pages(): number {
    return this.#files.length;
  }

  /** Memory that the tables take. */
  get bytes(): number {
    const tables = [this.#encodingOf, this.#firstOf, this.#files, this.#offsets, this.#byteCounts];
    return tables.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Of the first page; what it has of storage is its own. */
  get format(): PageFormat {
    if (!this.#format) throw new Error('no page was added');
    return this.#format;
  }

  /** Whether the first page is one piece of uncompressed bytes. */
  get contiguous(): boolean {
    return this.#firstIsOnePiece && segmentGroups(this.format) === 1 && this.#byteCounts.at(0) > 0;
  }

  /** How the pages are stored, in words. */
  get storage(): Pick<VolumeInfo, 'byteOrder' | 'layout' | 'compression'> {
    const one = <T>(values: Iterable<T>): T | 'mixed' => {
      const [first, ...others] = new Set(values);
      return others.length > 0 ? 'mixed' : first;
    };
    const names = this.#encodings.map(({ coding }) => (coding.startsWith('bmp') ? 'none' : coding));
    return {
      byteOrder: one(this.#encodings.map(({ littleEndian }) => (littleEndian ? 'little' : 'big'))),
      layout: one([...this.#tiled].map(tiled => (tiled ? 'tiles' : 'strips'))),
      compression: [...new Set(names)].join(', ')
    };
  }

  get #pieces(): string {
    const [tiled, other] = this.#tiled;
    return other !== undefined ? 'strips and tiles' : tiled ? 'tiles' : 'strips';
  }

  /** Notes for the user on the pages together: a sentence each. */
  get notes(): string[] {
    const { pixel } = this.format;
    return this.#absent.count > 0 ? [absentWarning(this.#absent, pixel, this.#pieces)] : [];
  }

  /** @throws ConvertError `mixed-pages`, `truncated`, `corrupt` */
  add(page: Page, origin: Origin): void {
    const { format } = page;
    this.#format ??= format;
    this.#first ??= origin;
    const differs = difference(format, this.#format);
    if (differs)
      throw fail(
        'mixed-pages',
        origin.path,
        `${origin.name} is ${differs[0]}, but ${this.#first.name} is ${differs[1]}: a volume needs pages of one size and kind; convert them separately`
      );
    if (this.#files.length === 0 || origin.file !== this.#files.at(this.pages - 1)) this.#fileBytes += origin.size;
    this.#listed += page.offsets.length;
    if (this.#listed * LEAST_BYTES_LISTED > this.#fileBytes)
      throw fail(
        'corrupt',
        origin.path,
        `up to ${origin.name} it lists ${this.#listed} pieces, more than ${this.#fileBytes} bytes can hold: export it again`
      );
    const sizes = this.#sizes(page, origin);
    this.#noteAbsent(page, sizes, origin);
    if (!this.orientations.has(page.orientation)) this.orientations.set(page.orientation, origin.name);
    this.#tiled.add(format.tiled);
    const strips = sizes.length / segmentGroups(format);
    const isOnePiece = !format.tiled && format.coding === 'none' && areOnePiece(page.offsets, sizes, strips);
    if (this.pages === 0) this.#firstIsOnePiece = isOnePiece;
    this.#firstOf.push(this.#offsets.length);
    this.#encodingOf.push(this.#encoding(page, isOnePiece ? format.height : format.segmentHeight, origin));
    this.#files.push(origin.file);
    for (let i = 0; i < sizes.length; i += isOnePiece ? strips : 1) {
      this.#offsets.push(page.offsets[i]);
      this.#byteCounts.push(isOnePiece && sizes[i] > 0 ? format.height * segmentRowBytes(format) : sizes[i]);
    }
  }

  /**
   * Adds the `count` pages that follow a single described one without a gap, as ImageJ writes them.
   *
   * @throws ConvertError `truncated`
   */
  addFollowing(count: number, origin: Origin): void {
    const pageBytes = this.#byteCounts.at(0);
    const start = this.#offsets.at(0);
    const needed = start + (count + 1) * pageBytes;
    if (needed > origin.size)
      throw fail(
        'truncated',
        origin.path,
        `its ${count + 1} pages need ${needed} bytes, but the file has ${origin.size}: copy or export it again`
      );
    for (let page = 1; page <= count; page++) {
      this.#firstOf.push(this.#offsets.length);
      this.#encodingOf.push(0);
      this.#files.push(origin.file);
      this.#offsets.push(start + page * pageBytes);
      this.#byteCounts.push(pageBytes);
    }
  }

  /** The layout of volumes whose planes, in the order of `Layout`, are the samples of the pages given. */
  toLayout(
    files: string[],
    { signedOffset }: { signedOffset: boolean },
    { dtype, packing, shownInverted }: Pick<SampleInterpretation, 'dtype' | 'packing' | 'shownInverted'>,
    outerShape: OuterShape,
    { page: pages, sample: samples }: Planes
  ): Layout {
    const { format } = this;
    if (this.#absent.count > 0 && this.#absent.count === this.#absent.of)
      throw fail('truncated', files[0], `none of its ${this.#pieces} has data: export it again`);
    const { planar } = format.pixel;
    const perPlane = this.#encodings.map(({ segmentRows, segmentColumns }) => segmentRows * segmentColumns);
    const pageFile = new Uint32Array(new SharedArrayBuffer(4 * pages.length));
    const planeEncoding = new Uint16Array(new SharedArrayBuffer(2 * pages.length));
    const firstSegment = new Float64Array(new SharedArrayBuffer(8 * pages.length));
    this.#files.pick(pages, pageFile);
    this.#encodingOf.pick(pages, planeEncoding);
    let segments = 0;
    for (let plane = 0; plane < pages.length; plane++) {
      firstSegment[plane] = segments;
      segments += perPlane[planeEncoding[plane]];
    }
    const offsets = new Float64Array(new SharedArrayBuffer(8 * segments));
    const byteCounts = new Float64Array(new SharedArrayBuffer(8 * segments));
    for (let plane = 0; plane < pages.length; plane++) {
      const count = perPlane[planeEncoding[plane]];
      const first = this.#firstOf.at(pages[plane]) + (planar ? samples![plane] : 0) * count;
      this.#offsets.copy(first, count, offsets, firstSegment[plane]);
      this.#byteCounts.copy(first, count, byteCounts, firstSegment[plane]);
    }
    return {
      kind: 'segments',
      remote: null,
      files,
      shape: [pages.length / volumeCount(outerShape), format.height, format.width],
      outerShape,
      dtype: signedOffset ? 'int16' : dtype,
      packing,
      shownInverted,
      encodings: this.#encodings,
      planeEncoding,
      pageFile,
      planeSample: samples,
      firstSegment,
      offsets,
      byteCounts,
      flip: NOT_FLIPPED,
      fill: fillOf(this.#absent, format.pixel),
      signedOffset
    };
  }

  /** The number of a page's way of being stored, in segments of so many rows. */
  #encoding({ format, decoderTables }: Page, segmentHeight: number, origin: Origin): number {
    const { littleEndian, coding, predictor, segmentWidth, height, width } = format;
    const found = this.#encodings.findIndex(
      known =>
        known.littleEndian === littleEndian &&
        known.coding === coding &&
        known.predictor === predictor &&
        known.segmentWidth === segmentWidth &&
        known.segmentHeight === segmentHeight &&
        sameTables(known.decoderTables, decoderTables)
    );
    if (found >= 0) return found;
    this.#tableBytes += tableBytes(decoderTables);
    if (this.#encodings.length === MAX_ENCODINGS || this.#tableBytes > MAX_TABLE_BYTES)
      throw fail(
        'mixed-pages',
        origin.path,
        `up to ${origin.name} its pages are stored in ${this.#encodings.length + 1} ways (compression, tables, strips), where at most ${MAX_ENCODINGS} were expected: save the volume again in one go`
      );
    const segmentRows = Math.ceil(height / segmentHeight);
    const segmentColumns = Math.ceil(width / segmentWidth);
    const shape = { segmentHeight, segmentWidth, segmentRows, segmentColumns };
    return this.#encodings.push({ littleEndian, coding, predictor, ...shape, decoderTables }) - 1;
  }

  /** Bytes of each segment: what the file says, and for uncompressed ones what their voxels take. */
  #sizes({ format, offsets, byteCounts }: Page, origin: Origin): ArrayLike<number> {
    const raw = format.coding === 'none';
    const rowBytes = segmentRowBytes(format);
    const strips = offsets.length / segmentGroups(format);
    const nameOf = (n: number): string => segmentName(format, origin, offsets.length, n);
    const sizes = raw ? new Float64Array(offsets.length) : byteCounts;
    // Sizes of which none is told follow from the pixels; a single one that is 0 does not.
    const told = raw && Array.prototype.some.call(byteCounts, size => size > 0);
    for (let i = 0; i < offsets.length; i++) {
      let size = byteCounts[i];
      if (size === 0 && offsets[i] === 0) continue;
      if (raw && !(told && size === 0)) {
        const rows = format.tiled
          ? format.segmentHeight
          : Math.min(format.segmentHeight, format.height - (i % strips) * format.segmentHeight);
        const needed = rows * rowBytes;
        if (size > 0 && size < needed && offsets.length > 1)
          throw fail('truncated', origin.path, `${nameOf(i)} needs ${needed} bytes, but has ${size}: export it again`);
        size = needed;
        (sizes as Float64Array)[i] = needed;
      } else if (size === 0) throw fail('truncated', origin.path, `${nameOf(i)} has no data: export it again`);
      if (offsets[i] < 8)
        throw fail(
          'corrupt',
          origin.path,
          `${nameOf(i)} would lie at byte ${offsets[i]}, in the file's header: export it again`
        );
      if (offsets[i] + size > origin.size)
        throw fail(
          'truncated',
          origin.path,
          `${nameOf(i)} needs ${offsets[i] + size} bytes, but the file has ${origin.size}: copy or export it again`
        );
    }
    return sizes;
  }

  /** Counts the segments that are in no file, which all must stand for the same. */
  #noteAbsent({ nodata }: Page, sizes: ArrayLike<number>, origin: Origin): void {
    const absent = this.#absent;
    let count = 0;
    for (let i = 0; i < sizes.length; i++) if (sizes[i] === 0) count++;
    absent.of += sizes.length;
    if (count === 0) return;
    if (absent.known && absent.nodata !== nodata)
      throw fail(
        'mixed-pages',
        origin.path,
        `${origin.name} has pixels that are in no file and stand for "${nodata}" (GDAL_NODATA), where those before it stand for "${absent.nodata}": save them with their values`
      );
    Object.assign(absent, { count: absent.count + count, nodata, known: true });
  }
}

/** Whether strips lie one behind the other, in groups of `strips`. */
function areOnePiece(offsets: ArrayLike<number>, sizes: ArrayLike<number>, strips: number): boolean {
  for (let i = 1; i < offsets.length; i++)
    if (i % strips !== 0 && offsets[i] !== offsets[i - 1] + sizes[i - 1]) return false;
  return true;
}
