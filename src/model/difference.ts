/** A voxel's value; what JSON has no number for, or none that people can rely on (integers beyond 2^53), is text. */
export type Value = number | string;

/** Most differences that are told in detail, of a block and of all; Python is written it by `src/build/options.mjs`. */
export const MOST_TOLD = 100;

/** One way in which a stored image is not what it should be. */
export interface Difference {
  /** Null: the image as a whole. */
  level: number | null;
  /** Index along all axes of the first voxel of its chunk that differs; null where it is not about voxels. */
  voxel: number[] | null;
  expected: Value | null;
  found: Value | null;
  /** How many voxels of the chunk differ. */
  voxels: number | null;
  /** The file, relative to the image's folder. */
  path: string;
  /** All of it in one line. */
  message: string;
}

export function value(voxel: number | bigint): Value {
  const number = Number(voxel);
  const exact = typeof voxel === 'bigint' ? Number.isSafeInteger(number) : Number.isFinite(number);
  return exact ? number : String(voxel);
}
