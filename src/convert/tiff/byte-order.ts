/** How bytes of a file become voxels in memory (little-endian). */
export interface ByteOrder {
  bytesPerVoxel: number;
  /** The file is big-endian. */
  swap: boolean;
  /** 32,768 is to be subtracted from each 16-bit voxel. */
  signedOffset: boolean;
}

/** Whether bytes can stay as they are. */
export const isNative = ({ swap, signedOffset, bytesPerVoxel }: ByteOrder): boolean =>
  (!swap || bytesPerVoxel === 1) && !signedOffset;

/** Turns `length` bytes at `at` into native voxels, in place; `bytes` may lie in shared memory. */
export function toNative(
  bytes: Uint8Array,
  at: number,
  length: number,
  { bytesPerVoxel, swap, signedOffset }: ByteOrder
): void {
  if (swap && bytesPerVoxel > 1) {
    const part = Buffer.from(bytes.buffer, bytes.byteOffset + at, length);
    if (bytesPerVoxel === 2) part.swap16();
    else part.swap32();
  }
  // Subtracting 32,768 from 16 bits turns the highest one round.
  if (signedOffset) for (let i = at + 1; i < at + length; i += 2) bytes[i] ^= 0x80;
}

/** Rows shorter than this are not worth a call into Node for each. */
const SHORT_ROW = 4096;

/** Turns the rows of a box into native voxels, in place: `rows` pieces of `width` bytes, `rowBytes` apart. */
export function rowsToNative(
  bytes: Uint8Array,
  at: number,
  width: number,
  rows: number,
  rowBytes: number,
  order: ByteOrder
): void {
  if (isNative(order)) return;
  const { bytesPerVoxel, signedOffset } = order;
  const first = bytes.byteOffset + at;
  const aligned = first % bytesPerVoxel === 0 && rowBytes % bytesPerVoxel === 0;
  if (rows === 1 || width >= SHORT_ROW || signedOffset || !aligned) {
    for (let row = 0; row < rows; row++) toNative(bytes, at + row * rowBytes, width, order);
    return;
  }
  const length = ((rows - 1) * rowBytes + width) / bytesPerVoxel;
  if (bytesPerVoxel === 2) swapRows16(new Uint16Array(bytes.buffer, first, length), width / 2, rows, rowBytes / 2);
  else swapRows32(new Uint32Array(bytes.buffer, first, length), width / 4, rows, rowBytes / 4);
}

function swapRows16(voxels: Uint16Array, width: number, rows: number, step: number): void {
  for (let row = 0; row < rows; row++)
    for (let i = row * step, end = i + width; i < end; i++) {
      const v = voxels[i];
      voxels[i] = (v << 8) | (v >>> 8);
    }
}

function swapRows32(voxels: Uint32Array, width: number, rows: number, step: number): void {
  for (let row = 0; row < rows; row++)
    for (let i = row * step, end = i + width; i < end; i++) {
      const v = voxels[i];
      voxels[i] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
    }
}
