import { isBucketAddress } from '../model/address.ts';
import type { BoxReader } from './box-reader.ts';
import { type EncodedLayout, type Layout, encodedAs, isPlain, storedBytes } from '../model/layout.ts';
import { BYTES_PER_VOXEL } from '../model/volume.ts';
import { fillVoxel } from './tiff/absent.ts';
import { type ByteOrder, byteOrder, invertsInPlace, isNative, rowsToNative, toNative } from './decode/byte-order.ts';
import { Absent, Brought, type Range } from './common/brought.ts';
import { FilePool } from './common/file-pool.ts';
import { mirror } from './decode/mirror.ts';
import { remoteFile } from '../remote/reach.ts';
import { SegmentCache } from './segment-cache.ts';
import { SegmentDecoder } from './segment-decoder.ts';
import { SEGMENT_CODECS } from './segment-codecs.ts';
import { asStored, halves, storedRanges } from './stored-ranges.ts';
import { type Unpack, unpacker } from './decode/unpack.ts';

/** Some voxels, as `read` takes them. */
export type Box = { start: Triple; shape: Triple };
type Triple = readonly [z: number, y: number, x: number];

/** Memory for rows of which a part is wanted. */
const STAGING_BYTES = 1 << 18;
/** Most that an unpacker takes for tables. */
const UNPACKING_BYTES = 1 << 18;
/** A piece that is read and then swapped; a multiple of every voxel's size. */
const SWAP_BYTES = 1 << 18;
/** A gap between the wanted parts of two rows, above which each row is read by itself. */
export const GAP_BYTES = 8 << 10;

/** Bytes of a remote file that a reader brings together, and in how many requests at a time. */
const BROUGHT_BYTES = 8 << 20;
const REQUESTS = 16;

/** Memory of a thread that speaks to a bucket; measured. */
const SDK_BYTES = 32 << 20;

/** How the planes of one of a layout's encodings are read. */
interface Way {
  layout: EncodedLayout;
  /** Bytes of a segment's row, as stored. */
  segmentRow: number;
  order: ByteOrder;
  invertedOrder: ByteOrder;
  /** Null where segments are not compressed. */
  decoder: SegmentDecoder | null;
}

/** Where a part of one segment goes: `rows` pieces of `width` bytes. */
interface Part {
  file: number;
  /** Which sample of its page the plane is. */
  sample: number;
  way: Way;
  /** First row and column wanted of the segment. */
  top: number;
  left: number;
  columns: number;
  width: number;
  rows: number;
  target: Uint8Array;
  at: number;
  rowBytes: number;
}

/**
 * Pixels of a row that are read and unpacked together: as many as staging holds, eight of them beginning with a whole
 * byte.
 */
const unpackedPixels = ({ packing }: Layout): number =>
  Math.max(8, 8 * Math.floor(STAGING_BYTES / Math.max(8, storedBytes(packing, 8)) - 1));

/**
 * Most memory that a reader of this layout holds beside its target, in bytes: pieces read, decoded segments and what
 * decoders need.
 */
export function readerBytes(layout: Layout): number {
  const { encodings, planeEncoding, firstSegment, byteCounts } = layout;
  const stored = encodings.map(() => 0);
  for (let plane = 0; plane < planeEncoding.length; plane++) {
    const encoding = planeEncoding[plane];
    const { segmentRows, segmentColumns } = encodings[encoding];
    const first = firstSegment[plane];
    for (let i = first; i < first + segmentRows * segmentColumns; i++)
      if (byteCounts[i] > stored[encoding]) stored[encoding] = byteCounts[i];
  }
  const each = encodings.map((_, n) => encodingBytes(encodedAs(layout, n), stored[n]));
  const most = (isRaw: boolean) =>
    each.reduce((sum, n, i) => ((encodings[i].coding === 'none') === isRaw ? Math.max(sum, n) : sum), 0);
  const brought = layout.remote ? 2 * Math.max(BROUGHT_BYTES, ...stored) : 0;
  const sdk = isBucketAddress(layout.files[0]) ? SDK_BYTES : 0;
  return most(true) + most(false) + brought + sdk;
}

/** The same for planes of one encoding, whose segments have up to `stored` bytes. */
function encodingBytes(layout: EncodedLayout, stored: number): number {
  const { segmentWidth, segmentHeight, packing, dtype } = layout;
  const plain = isPlain(layout);
  if (layout.coding === 'none' && plain) return STAGING_BYTES;
  if (layout.coding === 'none')
    return UNPACKING_BYTES + Math.max(STAGING_BYTES, storedBytes(packing, 16)) + 8 * unpackedPixels(layout);
  const voxels = segmentWidth * segmentHeight * BYTES_PER_VOXEL[dtype];
  const segment = plain ? voxels : segmentHeight * storedBytes(packing, segmentWidth);
  const decoding = SEGMENT_CODECS[layout.coding]?.workingBytes?.(layout, segment) ?? 0;
  const unpacked = plain ? 0 : UNPACKING_BYTES + voxels + segmentWidth * 8;
  return stored + Math.max(voxels, new SegmentCache().bytes) + 2 * segment + decoding + unpacked + STAGING_BYTES;
}

/** Reads boxes of voxels out of the segments of files. */
export class BlockReader implements BoxReader {
  readonly #layout: Layout;
  /** Bytes brought for the box under way; null where files are on disks. */
  readonly #brought: Brought | null;
  /** Whether it was brought for further boxes, too. */
  #isAhead = false;
  readonly #files: FilePool;
  readonly #bytesPerVoxel: number;
  readonly #unpack: Unpack | null;
  readonly #ways: Way[];
  readonly #prepared: Promise<unknown>;
  #staging = new Uint8Array(0);
  #stored = new Uint8Array(0);
  /** Decoded segments by their index in the layout's tables, counted from the reader's first number. */
  readonly #cache: SegmentCache;
  readonly #first: number;

  /** `cache`: one that readers of a thread share. */
  constructor(layout: Layout, cache = new SegmentCache()) {
    this.#cache = cache;
    this.#first = cache.join();
    this.#layout = layout;
    const { files, remote } = layout;
    this.#brought = remote && new Brought(remoteFile(files[0]), remote, REQUESTS, Infinity);
    this.#files = new FilePool(files, this.#brought);
    this.#bytesPerVoxel = BYTES_PER_VOXEL[layout.dtype];
    this.#unpack = isPlain(layout) ? null : unpacker(layout);
    this.#ways = layout.encodings.map((encoding, n) => {
      const encoded = encodedAs(layout, n);
      const codec = SEGMENT_CODECS[encoding.coding];
      return {
        layout: encoded,
        segmentRow: storedBytes(layout.packing, encoding.segmentWidth),
        order: byteOrder(encoded, false),
        invertedOrder: byteOrder(encoded, true),
        decoder: codec && new SegmentDecoder(encoded, codec, this.#unpack)
      };
    });
    this.#prepared = Promise.all(layout.encodings.map(({ coding }) => SEGMENT_CODECS[coding]?.prepare?.()));
  }

  /**
   * @throws ConvertError `corrupt`, `truncated`, `unreadable`, `not-found`; RangeError for a box outside the volume or
   *   the target
   */
  async read(start: Triple, shape: Triple, target: Uint8Array, rowBytes: number, planeBytes: number): Promise<void> {
    const { flip } = this.#layout;
    const stored = asStored(this.#layout, start, shape);
    await this.#prepared;
    this.#check(stored, shape, target, rowBytes, planeBytes);
    if (this.#brought) await this.#readRemote(this.#brought, stored, shape, target, rowBytes, planeBytes);
    else this.#readStored(stored, shape, target, rowBytes, planeBytes);
    if (flip.rows || flip.columns)
      mirror({ bytes: target, shape, rowBytes, planeBytes, voxelBytes: this.#bytesPerVoxel }, flip);
  }

  /**
   * Brings what boxes are read from that are read next, so that the delays of a remote file overlap; false where that
   * is too much for one time.
   */
  async bring(boxes: readonly Box[]): Promise<boolean> {
    const brought = this.#brought;
    if (!brought) return true;
    const all = boxes.flatMap(({ start, shape }) => this.#ranges(asStored(this.#layout, start, shape), shape));
    // Rows of one segment want the same.
    const ranges = [...new Map(all.map(range => [range.position, range])).values()];
    if (bytesOf(ranges) > BROUGHT_BYTES) return false;
    brought.clear();
    await brought.bring(ranges);
    this.#isAhead = true;
    return true;
  }

  #ranges(stored: Triple, shape: Triple): Range[] {
    return storedRanges(this.#layout, stored, shape, n => this.#cache.get(this.#first + n) !== undefined);
  }

  /** The same of a remote file, in boxes for which no more is brought at a time than was reckoned with. */
  async #readRemote(
    brought: Brought,
    start: Triple,
    shape: Triple,
    target: Uint8Array,
    rowBytes: number,
    planeBytes: number
  ): Promise<void> {
    const ranges = this.#ranges(start, shape);
    const parts = bytesOf(ranges) > BROUGHT_BYTES && halves(this.#layout, start, shape);
    if (parts) {
      for (const part of parts) {
        const [z, y, x] = part.start.map((from, axis) => from - start[axis]);
        const at = z * planeBytes + y * rowBytes + x * this.#bytesPerVoxel;
        await this.#readRemote(brought, part.start, part.shape, target.subarray(at), rowBytes, planeBytes);
      }
      return;
    }
    for (let wanted = ranges; ;)
      try {
        await brought.bring(wanted);
        this.#readStored(start, shape, target, rowBytes, planeBytes);
        break;
      } catch (error) {
        // A decoded segment was forgotten meanwhile.
        if (!(error instanceof Absent)) throw error;
        wanted = [error.range];
      }
    if (!this.#isAhead) brought.clear();
  }

  /** Fills a box with voxels where rows and columns are as they are stored. */
  #readStored(start: Triple, shape: Triple, target: Uint8Array, rowBytes: number, planeBytes: number): void {
    const { pageFile, planeSample, planeEncoding, firstSegment } = this.#layout;
    const [z0, y0, x0] = start;
    const [nz, ny, nx] = shape;
    if (nz === 0 || ny === 0 || nx === 0) return;
    const bytes = this.#bytesPerVoxel;
    for (let z = 0; z < nz; z++) {
      const way = this.#ways[planeEncoding[z0 + z]];
      const { segmentHeight, segmentWidth, segmentColumns } = way.layout;
      const [firstRow, lastRow] = [Math.floor(y0 / segmentHeight), Math.floor((y0 + ny - 1) / segmentHeight)];
      const [firstColumn, lastColumn] = [Math.floor(x0 / segmentWidth), Math.floor((x0 + nx - 1) / segmentWidth)];
      for (let row = firstRow; row <= lastRow; row++) {
        const top = Math.max(y0, row * segmentHeight);
        const bottom = Math.min(y0 + ny, (row + 1) * segmentHeight);
        for (let column = firstColumn; column <= lastColumn; column++) {
          const left = Math.max(x0, column * segmentWidth);
          const right = Math.min(x0 + nx, (column + 1) * segmentWidth);
          const part: Part = {
            file: pageFile[z0 + z],
            sample: planeSample ? planeSample[z0 + z] : 0,
            way,
            top: top - row * segmentHeight,
            left: left - column * segmentWidth,
            columns: right - left,
            width: (right - left) * bytes,
            rows: bottom - top,
            target,
            at: z * planeBytes + (top - y0) * rowBytes + (left - x0) * bytes,
            rowBytes
          };
          const segment = firstSegment[z0 + z] + row * segmentColumns + column;
          if (this.#layout.byteCounts[segment] === 0) fillRows(part, fillVoxel(this.#layout, part.sample));
          else if (way.decoder) {
            const decoded = this.#segment(segment, z0 + z, part.sample, way.layout, way.decoder);
            const segmentRow = segmentWidth * bytes;
            copyRows(decoded, part.top * segmentRow + part.left * bytes, segmentRow, part);
          } else if (this.#unpack) this.#readPacked(this.#layout.offsets[segment], part, this.#unpack);
          else this.#readRaw(this.#layout.offsets[segment], part);
        }
      }
    }
  }

  close(): void {
    this.#files.close();
    this.#brought?.close();
    this.#cache.leave(this.#first);
  }

  #check([z, y, x]: Triple, [nz, ny, nx]: Triple, target: Uint8Array, rowBytes: number, planeBytes: number): void {
    const [planes, height, width] = [this.#layout.pageFile.length, ...this.#layout.shape.slice(1)];
    if (Math.min(z, y, x, nz, ny, nx) < 0 || z + nz > planes || y + ny > height || x + nx > width)
      throw new RangeError(
        `box ${nz} × ${ny} × ${nx} at ${z}, ${y}, ${x} leaves the ${planes} planes of ${height} × ${width}`
      );
    if (nz === 0 || ny === 0 || nx === 0) return;
    const needed = (nz - 1) * planeBytes + (ny - 1) * rowBytes + nx * this.#bytesPerVoxel;
    if (needed > target.length)
      throw new RangeError(`box ${nz} × ${ny} × ${nx} needs ${needed} bytes, but its target has ${target.length}`);
  }

  #readRaw(offset: number, part: Part): void {
    const { file, sample, way, top, left, width, rows, target, at, rowBytes } = part;
    const { segmentRow } = way;
    const position = offset + top * segmentRow + left * this.#bytesPerVoxel;
    const order = invertsInPlace(this.#layout, sample) ? way.invertedOrder : way.order;
    if (width === segmentRow && rowBytes === width) this.#readDense(position, part, order);
    else if (segmentRow - width <= GAP_BYTES && rows > 1) this.#readThroughStaging(position, part, order);
    else {
      for (let row = 0; row < rows; row++)
        this.#files.read(file, target, at + row * rowBytes, width, position + row * segmentRow);
      rowsToNative(target, at, width, rows, rowBytes, order);
    }
  }

  /**
   * Reads whole rows in one piece; in smaller ones, that stay in the processor's cache, where bytes must be swapped.
   */
  #readDense(position: number, { file, width, rows, target, at }: Part, order: ByteOrder): void {
    const length = width * rows;
    const step = isNative(order) ? length : SWAP_BYTES;
    for (let done = 0; done < length; done += step) {
      const count = Math.min(step, length - done);
      this.#files.read(file, target, at + done, count, position + done);
      if (!isNative(order)) toNative(target, at + done, count, order);
    }
  }

  /** Reads some rows whole, and copies what is wanted of them. */
  #readThroughStaging(position: number, part: Part, order: ByteOrder): void {
    const { file, way, width, rows, target, at, rowBytes } = part;
    const { segmentRow } = way;
    const together = Math.max(1, Math.min(rows, Math.floor(STAGING_BYTES / segmentRow)));
    this.#makeStaging((together - 1) * segmentRow + width);
    for (let row = 0; row < rows; row += together) {
      const count = Math.min(together, rows - row);
      this.#files.read(file, this.#staging, 0, (count - 1) * segmentRow + width, position + row * segmentRow);
      const to = at + row * rowBytes;
      copyRows(this.#staging, 0, segmentRow, { ...part, rows: count, at: to });
      rowsToNative(target, to, width, count, rowBytes, order);
    }
  }

  /** Reads some rows, or pieces of them, as stored, and makes voxels of what is wanted of them. */
  #readPacked(offset: number, part: Part, unpack: Unpack): void {
    const { file, sample, way, top, left, columns, rows, target, at, rowBytes } = part;
    const { segmentRow, order } = way;
    const { packing } = this.#layout;
    const most = unpackedPixels(this.#layout);
    for (let column = left; column < left + columns; column += most) {
      const count = Math.min(most, left + columns - column);
      const before = column % 8;
      const width = storedBytes(packing, before + count);
      const position = offset + top * segmentRow + storedBytes(packing, column - before);
      const together = segmentRow - width <= GAP_BYTES ? Math.max(1, Math.floor(STAGING_BYTES / segmentRow)) : 1;
      for (let row = 0; row < rows; row += together) {
        const here = Math.min(together, rows - row);
        const length = (here - 1) * segmentRow + width;
        this.#makeStaging(length);
        this.#files.read(file, this.#staging, 0, length, position + row * segmentRow);
        toNative(this.#staging, 0, length, order);
        for (let r = 0; r < here; r++) {
          const stored = this.#staging.subarray(r * segmentRow, r * segmentRow + width);
          const to = at + (row + r) * rowBytes + (column - left) * this.#bytesPerVoxel;
          target.set(unpack(stored, before, count, sample), to);
        }
      }
    }
  }

  #makeStaging(length: number): void {
    if (this.#staging.length < length) this.#staging = new Uint8Array(length);
  }

  #segment(index: number, page: number, sample: number, layout: EncodedLayout, decoder: SegmentDecoder): Uint8Array {
    const kept = this.#cache.get(this.#first + index);
    if (kept) return kept;
    const { offsets, byteCounts, pageFile, firstSegment, shape, files } = layout;
    const { segmentColumns, segmentHeight, segmentWidth } = layout;
    const length = byteCounts[index];
    if (this.#stored.length < length) this.#stored = new Uint8Array(length);
    this.#files.read(pageFile[page], this.#stored, 0, length, offsets[index]);
    const within = index - firstSegment[page];
    const strips = segmentColumns === 1 && segmentWidth === shape[2];
    const rows = strips ? Math.min(segmentHeight, shape[1] - within * segmentHeight) : segmentHeight;
    const spare = this.#cache.makeRoom(rows * segmentWidth * this.#bytesPerVoxel);
    const decoded = decoder.decode(this.#stored.subarray(0, length), rows, sample, spare, () => ({
      file: files[pageFile[page]],
      name: segmentName(layout, page, within, strips ? 'strip' : 'tile')
    }));
    this.#cache.add(this.#first + index, decoded);
    return decoded;
  }
}

/** What a plane's segment is called in a message that begins with its file: as much as tells it from others in that. */
function segmentName(
  { pageFile, shape: [depth], outerShape, segmentRows, segmentColumns }: EncodedLayout,
  plane: number,
  within: number,
  kind: string
): string {
  const there = [...pageFile.keys()].filter(other => pageFile[other] === pageFile[plane]);
  const placeOf = (n: number) => ({ t: Math.floor(n / (depth * outerShape.c)), z: n % depth });
  const { t, z } = placeOf(plane);
  const isOnly = there.every(other => placeOf(other).t === t && placeOf(other).z === z);
  const segment = segmentRows * segmentColumns > 1 ? `${kind} ${within + 1}` : null;
  if (isOnly) return segment ?? 'its image';
  const page =
    outerShape.t * outerShape.c === 1
      ? `page ${there.indexOf(plane) + 1}`
      : `the plane of T ${t}, C ${Math.floor(plane / depth) % outerShape.c}, Z ${z}`;
  return segment ? `${segment} of ${page}` : page;
}

const bytesOf = (ranges: readonly Range[]): number => ranges.reduce((sum, { length }) => sum + length, 0);

/** Makes every voxel of a part the same. */
function fillRows({ width, rows, target, at, rowBytes }: Part, voxel: Uint8Array): void {
  const row = new Uint8Array(width);
  for (let i = 0; i < width; i += voxel.length) row.set(voxel, i);
  for (let n = 0; n < rows; n++) target.set(row, at + n * rowBytes);
}

/** Copies rows of a segment to their places in the target. */
function copyRows(
  source: Uint8Array,
  from: number,
  segmentRow: number,
  { width, rows, target, at, rowBytes }: Part
): void {
  if (width === segmentRow && rowBytes === width) {
    target.set(source.subarray(from, from + rows * width), at);
    return;
  }
  for (let row = 0; row < rows; row++, from += segmentRow, at += rowBytes)
    target.set(source.subarray(from, from + width), at);
}
