import { closeSync, openSync, writeSync } from 'node:fs';
import { type Layout, NOT_FLIPPED, plainEncoding, plainPacking } from '../model/layout.ts';
import type { SourceLayout } from '../model/source-layout.ts';
import type { BoxReader } from '../reader/index.ts';
import { BYTES_PER_VOXEL, type Shape } from '../model/volume.ts';
import { writeError } from '../zarr/system-errors.ts';
import { slabs } from './slabs.ts';

/** A region of each volume, uncompressed, in one file: little-endian, C order, one plane after another. */
export function scratchLayout(file: string, layout: SourceLayout, shape: Shape): Layout {
  const [depth, height, width] = shape;
  const pages = layout.outerShape.t * layout.outerShape.c * depth;
  const pageBytes = height * width * BYTES_PER_VOXEL[layout.dtype];
  const offsets = new Float64Array(new SharedArrayBuffer(8 * pages));
  const firstSegment = new Float64Array(new SharedArrayBuffer(8 * pages));
  for (let page = 0; page < pages; page++) {
    offsets[page] = page * pageBytes;
    firstSegment[page] = page;
  }
  return {
    kind: 'segments',
    remote: null,
    files: [file],
    shape,
    outerShape: layout.outerShape,
    dtype: layout.dtype,
    packing: plainPacking(layout.dtype),
    shownInverted: layout.shownInverted,
    encodings: [plainEncoding(shape)],
    planeEncoding: new Uint16Array(new SharedArrayBuffer(2 * pages)),
    firstSegment,
    pageFile: new Uint32Array(new SharedArrayBuffer(4 * pages)),
    planeSample: null,
    flip: NOT_FLIPPED,
    offsets,
    byteCounts: new Float64Array(new SharedArrayBuffer(8 * pages)).fill(pageBytes),
    fill: 0,
    signedOffset: false
  };
}

/**
 * Decodes one plane's part of a region (first voxel `start` of each volume, lengths `shape`) into its place in the
 * scratch file, each segment once.
 *
 * @param plane counted through the regions of all volumes
 * @param staging room for a slab of `slab` bytes
 * @param check runs between slabs, and throws to end the work
 */
export async function decodePage(
  reader: BoxReader,
  layout: SourceLayout,
  region: { start: Shape; shape: Shape },
  plane: number,
  file: string,
  staging: Uint8Array,
  slab: number,
  check: () => void
): Promise<void> {
  const [depth, height, width] = region.shape;
  const [z, top, left] = region.start;
  const from = Math.floor(plane / depth) * layout.shape[0] + z + (plane % depth);
  const rowBytes = width * BYTES_PER_VOXEL[layout.dtype];
  const target = openSync(file, 'r+');
  try {
    for (const part of slabs(layout, top, [1, height, width], slab)) {
      check();
      const length = part.height * rowBytes;
      const bytes = staging.subarray(0, length);
      await reader.read([from, top + part.y, left], [1, part.height, width], bytes, rowBytes, length);
      const at = (plane * height + part.y) * rowBytes;
      for (let done = 0; done < length;) done += write(target, file, bytes.subarray(done), at + done);
    }
  } finally {
    closeSync(target);
  }
}

function write(target: number, path: string, bytes: Uint8Array, at: number): number {
  try {
    return writeSync(target, bytes, 0, bytes.length, at);
  } catch (error) {
    throw writeError(error, path);
  }
}
