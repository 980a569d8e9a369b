import type { Layout } from '../layout.ts';
import { BYTES_PER_VOXEL } from '../volume.ts';
import { type ByteOrder, isNative, rowsToNative, toNative } from './byte-order.ts';
import { FilePool } from './file-pool.ts';
import { SegmentDecoder } from './segment-decoder.ts';
import { COMPRESSION } from './tags.ts';

type Triple = readonly [z: number, y: number, x: number];

/** Decoded segments that are kept, in bytes; the last one is kept whatever its size. */
const CACHE_BYTES = 4 << 20;
/** Memory for rows of which a part is wanted. */
const STAGING_BYTES = 1 << 18;
/** A piece that is read and then swapped; a multiple of every voxel's size. */
const SWAP_BYTES = 1 << 18;
/** A gap between the wanted parts of two rows, above which each row is read by itself. */
export const GAP_BYTES = 8 << 10;

/** Where a part of one segment goes: `rows` pieces of `width` bytes. */
interface Part {
  file: number;
  /** First byte wanted of the segment's rows, relative to the segment, and the length of its rows. */
  from: number;
  segmentRow: number;
  width: number;
  rows: number;
  target: Uint8Array;
  at: number;
  rowBytes: number;
}

/** Most memory that a reader of this layout holds beside its target, in bytes: pieces read, decoded segments and what decoders need. */
export function readerBytes(layout: Layout): number {
  if (layout.compression === COMPRESSION.none) return STAGING_BYTES;
  const segment = layout.segmentWidth * layout.segmentHeight * BYTES_PER_VOXEL[layout.dtype];
  let stored = 0;
  for (const count of layout.byteCounts) if (count > stored) stored = count;
  return stored + Math.max(segment, CACHE_BYTES) + 2 * segment + STAGING_BYTES;
}

/** Reads boxes of voxels out of the files of a layout. One a thread; boxes one after another. */
export class BlockReader {
  readonly #layout: Layout;
  readonly #files: FilePool;
  readonly #bytesPerVoxel: number;
  readonly #order: ByteOrder;
  readonly #decoder: SegmentDecoder | null;
  #staging = new Uint8Array(0);
  #stored = new Uint8Array(0);
  /** Decoded segments by their index in the layout's tables; the least recently used first. */
  readonly #decoded = new Map<number, Uint8Array>();
  #decodedBytes = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#files = new FilePool(layout.files);
    this.#bytesPerVoxel = BYTES_PER_VOXEL[layout.dtype];
    this.#order = { bytesPerVoxel: this.#bytesPerVoxel, swap: !layout.littleEndian, signedOffset: layout.signedOffset };
    this.#decoder = layout.compression === COMPRESSION.none ? null : new SegmentDecoder(layout);
  }

  /**
   * Fills `target` with a box of voxels, native and in C order (Z, Y, X); bytes between rows and planes stay as they are.
   *
   * @param start first voxel of the box, its Z counted through all volumes, and `shape` its lengths
   * @param rowBytes from one row's start to the next in `target`
   * @param planeBytes from one plane's start to the next
   * @throws ConvertError `corrupt`, `truncated`, `unreadable`, `not-found`; RangeError for a box outside the volume or the target
   */
  async read(start: Triple, shape: Triple, target: Uint8Array, rowBytes: number, planeBytes: number): Promise<void> {
    const { segmentHeight, segmentWidth, segmentColumns, segmentRows, pageFile } = this.#layout;
    this.#check(start, shape, target, rowBytes, planeBytes);
    const [z0, y0, x0] = start;
    const [nz, ny, nx] = shape;
    if (nz === 0 || ny === 0 || nx === 0) return;
    const bytes = this.#bytesPerVoxel;
    const perPage = segmentRows * segmentColumns;
    const [firstRow, lastRow] = [Math.floor(y0 / segmentHeight), Math.floor((y0 + ny - 1) / segmentHeight)];
    const [firstColumn, lastColumn] = [Math.floor(x0 / segmentWidth), Math.floor((x0 + nx - 1) / segmentWidth)];
    for (let z = 0; z < nz; z++)
      for (let row = firstRow; row <= lastRow; row++) {
        const top = Math.max(y0, row * segmentHeight);
        const bottom = Math.min(y0 + ny, (row + 1) * segmentHeight);
        for (let column = firstColumn; column <= lastColumn; column++) {
          const left = Math.max(x0, column * segmentWidth);
          const right = Math.min(x0 + nx, (column + 1) * segmentWidth);
          const part: Part = {
            file: pageFile[z0 + z],
            from: ((top - row * segmentHeight) * segmentWidth + left - column * segmentWidth) * bytes,
            segmentRow: segmentWidth * bytes,
            width: (right - left) * bytes,
            rows: bottom - top,
            target,
            at: z * planeBytes + (top - y0) * rowBytes + (left - x0) * bytes,
            rowBytes
          };
          const segment = (z0 + z) * perPage + row * segmentColumns + column;
          if (this.#decoder) copyRows(await this.#segment(segment, z0 + z), part.from, part);
          else this.#readRaw(this.#layout.offsets[segment], part);
        }
      }
  }

  close(): void {
    this.#files.close();
    this.#decoded.clear();
    this.#decodedBytes = 0;
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
    const { file, from, segmentRow, width, rows, target, at, rowBytes } = part;
    const position = offset + from;
    if (width === segmentRow && rowBytes === width) this.#readDense(position, part);
    else if (segmentRow - width <= GAP_BYTES && rows > 1) this.#readThroughStaging(position, part);
    else {
      for (let row = 0; row < rows; row++)
        this.#files.read(file, target, at + row * rowBytes, width, position + row * segmentRow);
      rowsToNative(target, at, width, rows, rowBytes, this.#order);
    }
  }

  /** Reads whole rows in one piece; in smaller ones, that stay in the processor's cache, where bytes must be swapped. */
  #readDense(position: number, { file, width, rows, target, at }: Part): void {
    const length = width * rows;
    const step = isNative(this.#order) ? length : SWAP_BYTES;
    for (let done = 0; done < length; done += step) {
      const count = Math.min(step, length - done);
      this.#files.read(file, target, at + done, count, position + done);
      if (!isNative(this.#order)) toNative(target, at + done, count, this.#order);
    }
  }

  /** Reads some rows whole, and copies what is wanted of them. */
  #readThroughStaging(position: number, part: Part): void {
    const { file, segmentRow, width, rows, target, at, rowBytes } = part;
    const together = Math.max(1, Math.min(rows, Math.floor(STAGING_BYTES / segmentRow)));
    const room = (together - 1) * segmentRow + width;
    if (this.#staging.length < room) this.#staging = new Uint8Array(room);
    for (let row = 0; row < rows; row += together) {
      const count = Math.min(together, rows - row);
      this.#files.read(file, this.#staging, 0, (count - 1) * segmentRow + width, position + row * segmentRow);
      const to = at + row * rowBytes;
      copyRows(this.#staging, 0, { ...part, rows: count, at: to });
      rowsToNative(target, to, width, count, rowBytes, this.#order);
    }
  }

  async #segment(index: number, page: number): Promise<Uint8Array> {
    const kept = this.#decoded.get(index);
    if (kept) {
      this.#decoded.delete(index);
      this.#decoded.set(index, kept);
      return kept;
    }
    const { offsets, byteCounts, pageFile, segmentRows, segmentColumns, segmentHeight, shape, files } = this.#layout;
    const length = byteCounts[index];
    if (this.#stored.length < length) this.#stored = new Uint8Array(length);
    this.#files.read(pageFile[page], this.#stored, 0, length, offsets[index]);
    const within = index - page * segmentRows * segmentColumns;
    const strips = segmentColumns === 1 && this.#layout.segmentWidth === shape[2];
    const rows = strips ? Math.min(segmentHeight, shape[1] - within * segmentHeight) : segmentHeight;
    const spare = this.#makeRoom(rows * this.#layout.segmentWidth * this.#bytesPerVoxel);
    const decoded = await this.#decoder!.decode(this.#stored.subarray(0, length), rows, spare, () => ({
      file: files[pageFile[page]],
      name: `${strips ? 'strip' : 'tile'} ${within + 1} of page ${page + 1}`
    }));
    this.#decoded.set(index, decoded);
    this.#decodedBytes += decoded.length;
    return decoded;
  }

  /** Forgets segments until one of `length` bytes fits; returns the memory of the last one forgotten. */
  #makeRoom(length: number): Uint8Array | null {
    let freed: Uint8Array | null = null;
    for (const [index, segment] of this.#decoded) {
      if (this.#decodedBytes + length <= CACHE_BYTES) break;
      this.#decoded.delete(index);
      this.#decodedBytes -= segment.length;
      freed = segment;
    }
    return freed;
  }
}

/** Copies rows of a segment to their places in the target. */
function copyRows(source: Uint8Array, from: number, { segmentRow, width, rows, target, at, rowBytes }: Part): void {
  if (width === segmentRow && rowBytes === width) {
    target.set(source.subarray(from, from + rows * width), at);
    return;
  }
  for (let row = 0; row < rows; row++, from += segmentRow, at += rowBytes)
    target.set(source.subarray(from, from + width), at);
}
