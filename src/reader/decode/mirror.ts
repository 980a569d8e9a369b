/** A box of voxels in a piece of memory. */
interface Box {
  bytes: Uint8Array;
  /** Planes, rows and columns. */
  shape: readonly [number, number, number];
  rowBytes: number;
  planeBytes: number;
  voxelBytes: number;
}

/** Turns the order of rows, of columns, or of both round, in place. */
export function mirror(
  { bytes, shape: [nz, ny, nx], rowBytes, planeBytes, voxelBytes }: Box,
  { rows, columns }: { rows: boolean; columns: boolean }
): void {
  const width = nx * voxelBytes;
  const kept = new Uint8Array(width);
  for (let z = 0; z < nz; z++) {
    const plane = z * planeBytes;
    if (rows)
      for (let y = 0; y < ny >> 1; y++) {
        const [upper, lower] = [plane + y * rowBytes, plane + (ny - 1 - y) * rowBytes];
        kept.set(bytes.subarray(upper, upper + width));
        bytes.copyWithin(upper, lower, lower + width);
        bytes.set(kept, lower);
      }
    if (columns)
      for (let y = 0; y < ny; y++) {
        const first = plane + y * rowBytes;
        kept.set(bytes.subarray(first, first + width));
        for (let x = 0, from = width - voxelBytes; x < width; x += voxelBytes, from -= voxelBytes)
          for (let byte = 0; byte < voxelBytes; byte++) bytes[first + x + byte] = kept[from + byte];
      }
  }
}
