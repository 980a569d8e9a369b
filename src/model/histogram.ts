import { BYTES_PER_VOXEL, type Dtype, type OuterShape, type Shape, volumeCount } from './volume.ts';
import { product } from './levels.ts';

/** Finite float32 values are less than this. */
const BEYOND = 2 ** 128;
/** The greatest; the outermost bins take float64 values beyond it too. */
export const LARGEST = BEYOND - 2 ** 104;

const bits = new DataView(new ArrayBuffer(4));

/** Whether each bin is one value: those of 8 and 16 bits. */
export const isExact = (dtype: Dtype): boolean => BYTES_PER_VOXEL[dtype] <= 2;

/**
 * How many bins voxels are counted in: one for each value of 8 and 16 bits, else one for each sign, exponent and 7 bits
 * of a float32.
 */
export const binCount = (dtype: Dtype): number => (BYTES_PER_VOXEL[dtype] === 1 ? 256 : 65536);

/** The least value of 8 or 16 bits. */
const least = (dtype: Dtype): number => (dtype.startsWith('int') ? -binCount(dtype) / 2 : 0);

/** The bin of a finite value, in the order of values. */
export function binOf(dtype: Dtype, value: number): number {
  if (isExact(dtype)) return value - least(dtype);
  bits.setFloat32(0, Math.max(-LARGEST, Math.min(LARGEST, value)));
  const pattern = bits.getUint32(0);
  return (pattern & 0x80000000 ? ~pattern >>> 0 : (pattern | 0x80000000) >>> 0) >>> 16;
}

/** The least and the greatest value of a bin; null where it is not of finite values. */
export function binEnds(dtype: Dtype, bin: number): [number, number] | null {
  if (isExact(dtype)) return [bin + least(dtype), bin + least(dtype)];
  const value = (pattern: number) => {
    bits.setUint32(0, pattern & 0x80000000 ? pattern & 0x7fffffff : ~pattern >>> 0);
    return bits.getFloat32(0);
  };
  const [low, high] = [value((bin << 16) >>> 0), value(((bin << 16) | 0xffff) >>> 0)];
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null;
}

/** As many voxels of a channel are counted at least, where it has them. */
const ENOUGH = 1 << 22;

/**
 * Of how many rows of level 0 one is counted: a power of 2 up to 8, by the shape of the volumes alone. Rows take turns
 * from plane to plane.
 */
export function rowStep(shape: Shape, outerShape: OuterShape): number {
  const voxels = (product(shape) * volumeCount(outerShape)) / outerShape.c;
  return Math.max(1, Math.min(8, 2 ** Math.floor(Math.log2(voxels / ENOUGH))));
}
