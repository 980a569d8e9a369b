import { type Layout, decodedTogether } from '../../model/layout.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape, type VoxelBytes } from '../../model/volume.ts';
import type { BlockReader, Box } from '../../reader/index.ts';

/** A chunk of a level: its first voxel and lengths in voxels of that level. */
export interface LookChunk {
  /** Number of the first plane of its volume. */
  plane: number;
  start: Shape;
  /** Lengths of the part of the chunk that lies in the level. */
  shape: Shape;
  chunk: Shape;
  factor: Shape;
  /** Type that its voxels are converted to. */
  dtype: Dtype;
}

/** Bytes of segments that are decoded side by side, about. */
const TOGETHER = 8 << 20;

/** Milliseconds for one row from which on a disk counts as slow to answer, as over a network. */
const SLOW = 2;
/** Bytes that such a disk sends in a millisecond, about, and that are read together at most. */
const SENT = 100_000;
const SPAN_BYTES = 32 << 20;

/** How long a source takes for a row, in milliseconds, as it was lately. */
export interface Pace {
  row: number;
}

const VIEWS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };

/**
 * The voxels of a chunk in C order, with zeros where it reaches beyond its level.
 *
 * @param pace of the source, kept from chunk to chunk
 * @param isWanted asked between planes
 * @param makeRoom lets go of memory, before as many bytes are taken beside the chunk
 * @returns null where it is wanted no more
 * @throws ConvertError as the reader does
 */
export async function sampleChunk(
  reader: BlockReader,
  layout: Layout,
  { plane, start, shape, chunk, factor, dtype }: LookChunk,
  pace: Pace,
  isWanted: () => boolean,
  makeRoom: (bytes: number) => void
): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = BYTES_PER_VOXEL[layout.dtype];
  const [rowBytes, planeBytes] = [chunk[2] * bytes, chunk[1] * chunk[2] * bytes];
  const target = new Uint8Array(chunk[0] * planeBytes);
  const [nz, ny, nx] = shape;
  const [fz, fy, fx] = factor;
  const pieces = piecesOf(layout, start[2], nx, fx);
  const line = new Uint8Array(((Math.max(...pieces.map(({ count }) => count)) - 1) * fx + 1) * bytes);
  const rowsAt = (at: number): Box[] =>
    Array.from({ length: ny }, (_, y) => ({
      start: [at, (start[1] + y) * fy, start[2] * fx],
      shape: [1, 1, (nx - 1) * fx + 1]
    }));
  const isOnDisk = layout.remote === null && decodedTogether(layout) === null;
  const fullRow = layout.shape[2] * bytes;
  const spanRows = (ny - 1) * fy + 1;
  /** Whether rows one by one take longer than all that lies from the first to the last. */
  const isSlow = (): boolean => {
    const spanBytes = spanRows * fullRow;
    return isOnDisk && pace.row > SLOW && ny * pace.row > spanBytes / SENT && spanBytes <= SPAN_BYTES && ny > 1;
  };
  let span = new Uint8Array(0);
  async function readSpan(at: number, to: Uint8Array<ArrayBuffer>): Promise<void> {
    if (span.length === 0) {
      makeRoom(spanRows * fullRow);
      span = new Uint8Array(spanRows * fullRow);
    }
    const began = performance.now();
    await reader.read([at, start[1] * fy, 0], [1, spanRows, layout.shape[2]], span, fullRow, span.length);
    // A disk that is quick again is noticed here.
    pace.row = Math.min(pace.row, performance.now() - began);
    for (let y = 0; y < ny; y++) {
      const row = span.subarray(y * fy * fullRow + start[2] * fx * bytes, (y * fy + 1) * fullRow);
      pick(row, to, y * rowBytes, nx, fx, bytes);
    }
  }
  /** False where it has come to light that rows are slow. */
  async function readRows(at: number, to: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const read = async (rows: number, ...how: Parameters<BlockReader['read']>): Promise<void> => {
      const began = performance.now();
      await reader.read(...how);
      pace.row += ((performance.now() - began) / rows - pace.row) / 4;
    };
    if (fy === 1 && fx === 1) {
      await read(ny, [at, start[1], start[2]], [1, ny, nx], to, rowBytes, planeBytes);
      return true;
    }
    for (const { first, count } of pieces)
      for (let y = 0; y < ny; y++) {
        const length = (count - 1) * fx + 1;
        const from = (start[2] + first) * fx;
        await read(1, [at, (start[1] + y) * fy, from], [1, 1, length], line, length * bytes, length * bytes);
        pick(line, to, y * rowBytes + first * bytes, count, fx, bytes);
        if (y < ny - 1 && isSlow()) return false;
      }
    return true;
  }
  const planes = Array.from({ length: nz }, (_, z) => plane + (start[0] + z) * fz);
  const hasAll = layout.remote === null || (await reader.bring(planes.flatMap(rowsAt)));
  for (const [z, at] of planes.entries()) {
    if (!isWanted()) return null;
    if (!hasAll) await reader.bring(rowsAt(at));
    const to = target.subarray(z * planeBytes, (z + 1) * planeBytes);
    if (isSlow() || !(await readRows(at, to))) await readSpan(at, to);
  }
  return dtype === layout.dtype ? target : toFloat32(target);
}

/**
 * Pieces of a row, each read at once: of tiles only so many that all are still decoded for the next rows, which lie in
 * the same ones.
 */
function piecesOf(layout: Layout, start: number, length: number, step: number): { first: number; count: number }[] {
  const together = decodedTogether(layout);
  const bytes = BYTES_PER_VOXEL[layout.dtype];
  const columns = together ? Math.floor(TOGETHER / (together.rows * together.columns * bytes)) * together.columns : 0;
  const most = together && together.columns < layout.shape[2] ? Math.max(columns, together.columns) : Infinity;
  const pieces: { first: number; count: number }[] = [];
  for (let first = 0; first < length;) {
    const end = Math.min(
      length,
      Math.ceil((((Math.floor(((start + first) * step) / most) || 0) + 1) * most) / step) - start
    );
    const count = Math.max(1, end - first);
    pieces.push({ first, count });
    first += count;
  }
  return pieces;
}

/** Copies every `step`-th voxel of a row. */
function pick(
  from: Uint8Array<ArrayBuffer>,
  to: Uint8Array<ArrayBuffer>,
  at: number,
  count: number,
  step: number,
  bytes: VoxelBytes
): void {
  const View = VIEWS[bytes];
  const source = new View(from.buffer, from.byteOffset, from.length / bytes);
  const target = new View(to.buffer, to.byteOffset + at, count);
  for (let i = 0; i < count; i++) target[i] = source[i * step];
}

/** Neuroglancer has no wider floats. */
const toFloat32 = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Float32Array.from(new Float64Array(bytes.buffer)).buffer);
