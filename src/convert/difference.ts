/** A voxel's value; what JSON has no number for goes by its name. */
export type Value = number | 'NaN' | 'Infinity' | '-Infinity';

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

export const value = (number: number): Value => (Number.isFinite(number) ? number : (String(number) as Value));
