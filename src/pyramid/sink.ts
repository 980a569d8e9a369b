import type { Block } from './block.ts';
import type { BlockTask, Report } from './task.ts';

/** Where the blocks of all levels go, in one thread: into files, or beside those that are there. */
export interface BlockSink {
  /**
   * Whether it puts what is stored in the place of a block's voxels: it is then reduced into its parent after that, and
   * before it otherwise.
   */
  readonly replacesVoxels: boolean;
  /**
   * Takes a block, and adds to its report. `known`: whether its voxels are in memory.
   *
   * @throws ConvertError for what cannot be written, or `cancelled`
   */
  put(task: BlockTask, block: Block, known: boolean, report: Report): void | Promise<void>;
  /**
   * Takes a block whose voxels are not in memory, where it can do without them; false, and nothing is done, where it
   * cannot.
   */
  putUnfilled?(task: BlockTask, block: Block, report: Report): boolean;
  /** Ends when all that was begun is done. @throws ConvertError for what could not be written */
  settle(): Promise<void>;
}
