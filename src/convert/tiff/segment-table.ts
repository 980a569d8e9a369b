import { type Layout, NOT_FLIPPED } from '../layout.ts';
import { type Frames, volumeCount } from '../volume.ts';
import type { About } from './about.ts';
import { type Absent, absentWarning, fillOf } from './absent.ts';
import { fail } from './fail.ts';
import { GrowingNumbers } from './growing-numbers.ts';
import { type Page, type PageFormat, segmentGroups, segmentRowBytes } from './page.ts';
import { type Meaning, pixelDifference, storedType } from './pixel-format.ts';
import { COMPRESSION, compressionName } from './tags.ts';

/** A segment's place and size take at least this much in a file (two SHORT values). */
const LEAST_BYTES_LISTED = 4;

const describe = (f: PageFormat): string => `${f.height} × ${f.width} ${storedType(f.pixel)}`;

const nameOf = (compression: number): string => compressionName(compression) ?? `method ${compression}`;

/** What differs between two formats, in words that fit both sides; null when they can be one volume. */
export function difference(a: PageFormat, b: PageFormat): [string, string] | null {
  if (a.width !== b.width || a.height !== b.height || storedType(a.pixel) !== storedType(b.pixel))
    return [describe(a), describe(b)];
  const pixels = pixelDifference(a.pixel, b.pixel);
  if (pixels) return pixels;
  if (a.compression !== b.compression || a.predictor !== b.predictor)
    return [a, b].map(f => `compressed by ${nameOf(f.compression)} with predictor ${f.predictor}`) as [string, string];
  if (a.littleEndian !== b.littleEndian)
    return [a, b].map(f => `${f.littleEndian ? 'little' : 'big'}-endian`) as [string, string];
  if (a.tiled !== b.tiled || (a.tiled && (a.segmentWidth !== b.segmentWidth || a.segmentHeight !== b.segmentHeight)))
    return [a, b].map(f => (f.tiled ? `tiles of ${f.segmentHeight} × ${f.segmentWidth}` : 'strips')) as [
      string,
      string
    ];
  return null;
}

/** What the planes of a layout are. */
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

/**
 * Collects the segments of all pages, after checking that the pages are alike and that every segment lies in its file.
 * Strips that are not compressed and follow one another count as one, page by page: a volume with 20,000 pages of 400 strips then has
 * 20,000 segments, each to be read at once. Only when a page's strips lie scattered is every strip kept.
 */
export class SegmentTable {
  #format: PageFormat | null = null;
  #first: Origin | null = null;
  #joined = true;
  /** Rows of a strip where pages agree on them. */
  #stripRows: number | null = null;
  #offsets = new GrowingNumbers();
  #byteCounts = new GrowingNumbers();
  #files = new GrowingNumbers();
  /** Segments as the files list them, and the files' bytes together: what bounds the work that a hostile header can ask for. */
  #listed = 0;
  #fileBytes = 0;
  /** Orientations of the pages, with the first that has each. */
  readonly orientations = new Map<number, string>();
  readonly #absent: Absent & { known: boolean } = { count: 0, of: 0, nodata: '', known: false };

  get pages(): number {
    return this.#files.length;
  }

  get format(): PageFormat {
    if (!this.#format) throw new Error('no page was added');
    return this.#format;
  }

  /** Whether one page is one piece of uncompressed bytes. */
  get contiguous(): boolean {
    return this.#joined && segmentGroups(this.format) === 1 && this.#byteCounts.at(0) > 0;
  }

  /** What a person should know of the pages together: a sentence each. */
  get notes(): string[] {
    const { pixel, tiled } = this.format;
    return this.#absent.count > 0 ? [absentWarning(this.#absent, pixel, tiled)] : [];
  }

  /** Bytes of a page's rows where they are not compressed; of one sample where it is planar. */
  get pageBytes(): number {
    return this.format.height * segmentRowBytes(this.format);
  }

  /** @throws ConvertError `mixed-pages`, `truncated`, `corrupt` */
  add(page: Page, origin: Origin): void {
    const { format } = page;
    if (!this.#format || !this.#first) {
      this.#format = format;
      this.#first = origin;
      this.#stripRows = format.segmentHeight;
      this.#joined = !format.tiled && format.compression === COMPRESSION.none;
    }
    const differs = difference(format, this.#format);
    if (differs)
      throw fail(
        'mixed-pages',
        origin.path,
        `${origin.name} is ${differs[0]}, but ${this.#first.name} is ${differs[1]}: a volume needs pages of one size and kind; convert them separately`
      );
    if (format.segmentHeight !== this.#stripRows) this.#stripRows = null;
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
    const strips = sizes.length / segmentGroups(format);
    if (this.#joined && !areOnePiece(page.offsets, sizes, strips)) this.#separate(origin);
    if (this.#joined) {
      for (let first = 0; first < sizes.length; first += strips) {
        this.#offsets.push(page.offsets[first]);
        this.#byteCounts.push(sizes[first] === 0 ? 0 : this.pageBytes);
      }
    } else {
      if (this.#stripRows === null) throw this.#unlike(origin);
      for (let i = 0; i < sizes.length; i++) {
        this.#offsets.push(page.offsets[i]);
        this.#byteCounts.push(sizes[i]);
      }
    }
    this.#files.push(origin.file);
  }

  /**
   * Adds the `count` pages that follow a single described one without a gap, as ImageJ writes them.
   *
   * @throws ConvertError `truncated`
   */
  addFollowing(count: number, origin: Origin): void {
    const { pageBytes } = this;
    const start = this.#offsets.at(0);
    const needed = start + (count + 1) * pageBytes;
    if (needed > origin.size)
      throw fail(
        'truncated',
        origin.path,
        `its ${count + 1} pages need ${needed} bytes, but the file has ${origin.size}: copy or export it again`
      );
    for (let page = 1; page <= count; page++) {
      this.#offsets.push(start + page * pageBytes);
      this.#byteCounts.push(pageBytes);
      this.#files.push(origin.file);
    }
  }

  /** The layout of volumes whose planes, in the order of `Layout`, are the samples of the pages given. */
  toLayout(
    files: string[],
    { decoderTags, signedOffset }: Pick<About, 'decoderTags' | 'signedOffset'>,
    { dtype, packing, shownInverted }: Pick<Meaning, 'dtype' | 'packing' | 'shownInverted'>,
    frames: Frames,
    { page: pages, sample: samples }: Planes
  ): Layout {
    const { format } = this;
    if (this.#absent.count > 0 && this.#absent.count === this.#absent.of)
      throw fail('truncated', files[0], `none of its ${format.tiled ? 'tiles' : 'strips'} has data: export it again`);
    const segmentHeight = this.#joined ? format.height : format.segmentHeight;
    const segmentRows = Math.ceil(format.height / segmentHeight);
    const segmentColumns = Math.ceil(format.width / format.segmentWidth);
    const perPlane = segmentRows * segmentColumns;
    const { planar } = format.pixel;
    const groups = segmentGroups(format);
    const pageFile = new Uint32Array(new SharedArrayBuffer(4 * pages.length));
    const offsets = new Float64Array(new SharedArrayBuffer(8 * perPlane * pages.length));
    const byteCounts = new Float64Array(new SharedArrayBuffer(8 * perPlane * pages.length));
    for (let plane = 0; plane < pages.length; plane++) {
      const first = (pages[plane] * groups + (planar ? samples![plane] : 0)) * perPlane;
      this.#files.copy(pages[plane], 1, pageFile, plane);
      this.#offsets.copy(first, perPlane, offsets, plane * perPlane);
      this.#byteCounts.copy(first, perPlane, byteCounts, plane * perPlane);
    }
    return {
      files,
      shape: [pages.length / volumeCount(frames), format.height, format.width],
      frames,
      dtype: signedOffset ? 'int16' : dtype,
      packing,
      shownInverted,
      littleEndian: format.littleEndian,
      compression: format.compression,
      predictor: format.predictor,
      segmentHeight,
      segmentWidth: format.segmentWidth,
      segmentRows,
      segmentColumns,
      pageFile,
      planeSample: samples,
      offsets,
      byteCounts,
      flip: NOT_FLIPPED,
      fill: fillOf(this.#absent, format.pixel),
      decoderTags,
      signedOffset
    };
  }

  /** Bytes of each segment: what the file says, and for uncompressed ones what their voxels take. */
  #sizes({ format, offsets, byteCounts }: Page, origin: Origin): ArrayLike<number> {
    const raw = format.compression === COMPRESSION.none;
    const rowBytes = segmentRowBytes(format);
    const strips = offsets.length / segmentGroups(format);
    const kind = format.tiled ? 'tile' : 'strip';
    const sizes = raw ? new Float64Array(offsets.length) : byteCounts;
    for (let i = 0; i < offsets.length; i++) {
      let size = byteCounts[i];
      if (size === 0 && offsets[i] === 0) continue;
      if (raw) {
        const rows = format.tiled
          ? format.segmentHeight
          : Math.min(format.segmentHeight, format.height - (i % strips) * format.segmentHeight);
        const needed = rows * rowBytes;
        if (size > 0 && size < needed && offsets.length > 1)
          throw fail(
            'truncated',
            origin.path,
            `${kind} ${i + 1} of ${origin.name} needs ${needed} bytes, but has ${size}: export it again`
          );
        size = needed;
        (sizes as Float64Array)[i] = needed;
      } else if (size === 0)
        throw fail('truncated', origin.path, `${kind} ${i + 1} of ${origin.name} has no data: export it again`);
      if (offsets[i] < 8)
        throw fail(
          'corrupt',
          origin.path,
          `${kind} ${i + 1} of ${origin.name} would lie at byte ${offsets[i]}, in the file's header: export it again`
        );
      if (offsets[i] + size > origin.size)
        throw fail(
          'truncated',
          origin.path,
          `${kind} ${i + 1} of ${origin.name} needs ${offsets[i] + size} bytes, but the file has ${origin.size}: copy or export it again`
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

  /** Goes back to keeping every strip, for the pages that were joined too. */
  #separate(origin: Origin): void {
    const { height } = this.format;
    if (this.#stripRows === null) throw this.#unlike(origin);
    const rows = this.#stripRows;
    const offsets = new GrowingNumbers();
    const byteCounts = new GrowingNumbers();
    const rowBytes = segmentRowBytes(this.format);
    for (let piece = 0; piece < this.#offsets.length; piece++)
      for (let row = 0; row < height; row += rows) {
        const absent = this.#byteCounts.at(piece) === 0;
        offsets.push(absent ? 0 : this.#offsets.at(piece) + row * rowBytes);
        byteCounts.push(absent ? 0 : Math.min(rows, height - row) * rowBytes);
      }
    this.#offsets = offsets;
    this.#byteCounts = byteCounts;
    this.#joined = false;
  }

  #unlike(origin: Origin) {
    return fail(
      'mixed-pages',
      origin.path,
      `${origin.name} has strips of another height than the pages before it: save the volume again in one go`
    );
  }
}

/** Whether strips lie one behind the other, in groups of `strips`. */
function areOnePiece(offsets: ArrayLike<number>, sizes: ArrayLike<number>, strips: number): boolean {
  for (let i = 1; i < offsets.length; i++)
    if (i % strips !== 0 && offsets[i] !== offsets[i - 1] + sizes[i - 1]) return false;
  return true;
}
