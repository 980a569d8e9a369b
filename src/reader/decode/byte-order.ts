import { type EncodedLayout, type Layout, isPlain } from '../../model/layout.ts';

/** How bytes of a file become numbers in memory (little-endian). */
export interface ByteOrder {
  /** Bytes of a stored number; 1 where numbers are packed into bits, the highest first. */
  bytes: number;
  /** The file is big-endian. */
  swap: boolean;
  /** Each byte's bits are in reverse. */
  reversedBits: boolean;
  /** Numbers become the greatest there is, less what they were: all bits change. */
  inverted: boolean;
  /** 32,768 is to be subtracted from each 16-bit number. */
  signedOffset: boolean;
}

/** Changes to be made to a layout's stored samples; whether they are inverted is each plane's own matter. */
export function byteOrder({ packing, littleEndian, signedOffset }: EncodedLayout, inverted: boolean): ByteOrder {
  const { bits, reversedBits } = packing;
  return {
    bytes: [16, 32, 64].includes(bits) ? bits / 8 : 1,
    swap: !littleEndian,
    reversedBits,
    inverted,
    signedOffset
  };
}

/** Whether a plane's voxels are to be inverted in place; those that are unpacked are inverted then. */
export const invertsInPlace = (layout: Layout, sample: number): boolean =>
  layout.packing.inverted && sample === 0 && isPlain(layout);

/** Whether bytes can stay as they are. */
export const isNative = ({ bytes, swap, reversedBits, inverted, signedOffset }: ByteOrder): boolean =>
  (!swap || bytes === 1) && !reversedBits && !inverted && !signedOffset;

/** Turns `length` bytes at `at` into native numbers, in place; `bytes` may lie in shared memory. */
export function toNative(bytes: Uint8Array, at: number, length: number, order: ByteOrder): void {
  if (order.reversedBits) reverseBits(bytes, at, length);
  if (order.swap) swapBytes(bytes, at, length, order.bytes);
  toValues(bytes, at, length, order);
}

const REVERSED = Uint8Array.from({ length: 256 }, (_, byte) => {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
});

export function reverseBits(bytes: Uint8Array, at: number, length: number): void {
  for (let i = at; i < at + length; i++) bytes[i] = REVERSED[bytes[i]];
}

export function swapBytes(bytes: Uint8Array, at: number, length: number, size: number): void {
  if (size === 1) return;
  const part = Buffer.from(bytes.buffer, bytes.byteOffset + at, length);
  if (size === 2) part.swap16();
  else if (size === 4) part.swap32();
  else part.swap64();
}

/** Makes voxels of native numbers that stand for others. */
export function toValues(bytes: Uint8Array, at: number, length: number, { inverted, signedOffset }: ByteOrder): void {
  if (inverted) for (let i = at; i < at + length; i++) bytes[i] ^= 0xff;
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
  const { bytes: size, reversedBits, inverted, signedOffset } = order;
  const first = bytes.byteOffset + at;
  const aligned = first % size === 0 && rowBytes % size === 0;
  if (rows === 1 || width >= SHORT_ROW || reversedBits || inverted || signedOffset || size > 4 || !aligned) {
    for (let row = 0; row < rows; row++) toNative(bytes, at + row * rowBytes, width, order);
    return;
  }
  const length = ((rows - 1) * rowBytes + width) / size;
  if (size === 2) swapRows16(new Uint16Array(bytes.buffer, first, length), width / 2, rows, rowBytes / 2);
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
