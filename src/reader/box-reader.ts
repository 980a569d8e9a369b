import type { Shape } from '../model/volume.ts';

/** Reads boxes of a source's voxels. One a thread; boxes one after another. */
export interface BoxReader {
  /**
   * Fills `target` with a box of voxels, native and in C order (Z, Y, X); bytes between rows and planes stay as they
   * are.
   *
   * @param start first voxel of the box, its Z counted through all volumes, and `shape` its lengths
   * @param rowBytes from one row's start to the next in `target`
   * @param planeBytes from one plane's start to the next
   */
  read(
    start: Readonly<Shape>,
    shape: Readonly<Shape>,
    target: Uint8Array,
    rowBytes: number,
    planeBytes: number
  ): Promise<void>;
  close(): void;
}
