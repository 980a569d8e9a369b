import { writeError } from '../zarr/system-errors.ts';
import { syncFolder, syncTree } from '../zarr/sync.ts';
import { BYTES_PER_VOXEL } from '../model/volume.ts';
import { Block } from './block.ts';
import { blockExtent } from './blocks.ts';
import { ChunkSink } from './chunk-sink.ts';
import { ComparingSink } from './comparing-sink.ts';
import { Digests } from './digests.ts';
import { Downsampler } from './downsampler.ts';
import type { BlockSink } from './sink.ts';
import { SourceFiller } from './source-filler.ts';
import { StoredBlocks } from './stored-blocks.ts';
import {
  type Areas,
  type BlockJob,
  type BlockTask,
  type Report,
  type Task,
  areSameFiles,
  emptyReport
} from './task.ts';
import { ThreadContext } from './thread-context.ts';
import { VoxelCounter } from './voxel-counter.ts';

/** Does the tasks of a job in one thread: a block is filled from the source, reduced into its parent, and put away. */
export class BlockWorker {
  readonly #context: ThreadContext;
  readonly #job: BlockJob;
  readonly #counter: VoxelCounter | null;
  readonly #filler: SourceFiller | null;
  readonly #downsampler: Downsampler;
  readonly #sink: BlockSink;
  /** Null where nothing is written. */
  readonly #stored: StoredBlocks | null;

  constructor(job: BlockJob, areas: Areas) {
    const context = new ThreadContext(areas, job.shared);
    const { source, counting, sink } = job;
    this.#context = context;
    this.#job = job;
    this.#counter = counting && new VoxelCounter(context, counting);
    const digests = sink.kind === 'compare' && sink.digests ? new Digests(context, job, sink.digests) : null;
    this.#filler = source && new SourceFiller(context, job, source, this.#counter, digests);
    this.#downsampler = new Downsampler(context, job);
    this.#sink =
      sink.kind === 'write' ? new ChunkSink(context, job, sink) : new ComparingSink(context, job, sink, digests);
    this.#stored = sink.kind === 'write' ? new StoredBlocks(context, job, sink) : null;
  }

  close(): void {
    this.#filler?.close();
  }

  /** `onReduced` hears when the parent has all of a block that is yet to be written. */
  async perform(task: Task, onReduced: () => void): Promise<Report> {
    switch (task.kind) {
      case 'decode':
        return this.#filler!.decode(task);
      case 'digest':
        return this.#filler!.digest(task);
      case 'scan':
        return this.#filler!.scan(task);
      case 'block':
        return this.#put(task, onReduced);
      case 'restore':
        return this.#restore(task);
      case 'check':
        return this.#stored!.check(task);
      case 'count':
        this.#stored!.count(task, this.#counter!);
        break;
      case 'flush':
        await this.#stored!.flush(task);
        break;
      case 'settle':
        await this.#sink.settle();
        break;
      case 'sync':
        return { ...emptyReport(), bytesWritten: await this.#sync(task) };
    }
    return emptyReport();
  }

  async #put(task: BlockTask, onReduced: () => void): Promise<Report> {
    const block = this.#block(task);
    const reduce = this.#downsampler.reducer(task, block);
    const report = emptyReport();
    const filler = task.level === 0 ? this.#filler : null;
    const isKnown = filler !== null || task.level > 0;
    if (this.#sink.replacesVoxels) {
      if (!this.#sink.putUnfilled?.(task, block, report)) {
        await filler?.fill(task, block, null, report);
        await this.#sink.put(task, block, isKnown, report);
      }
      reduce?.();
      return report;
    }
    if (filler) await filler.fill(task, block, reduce, report);
    else reduce?.();
    onReduced();
    await this.#sink.put(task, block, isKnown, report);
    return report;
  }

  /** Reads a stored block back, and reduces it into its parent. */
  async #restore(task: BlockTask): Promise<Report> {
    const block = this.#block(task);
    // A block is read back by way of an area that may still be written from.
    await this.#sink.settle();
    const { expected } = task;
    // Just before it is read, so that the disk is asked once.
    const found = expected ? this.#stored!.check({ ...task, kind: 'check' }) : emptyReport();
    if (expected && !areSameFiles(found, expected)) return found;
    this.#stored!.restore(task, block);
    this.#downsampler.reducer(task, block)?.();
    return found;
  }

  /** Puts a folder, and the chunks under it, on the disk; the bytes of these. */
  async #sync({ folder, files }: Extract<Task, { kind: 'sync' }>): Promise<number> {
    try {
      if (files) return await syncTree(folder, files, () => this.#context.checkStop());
      await syncFolder(folder);
      return 0;
    } catch (error) {
      throw writeError(error, folder);
    }
  }

  /** The block that a task is about. */
  #block({ level, index, address }: BlockTask): Block {
    const { levels, plan, chunk, dtype } = this.#job;
    return new Block(address, blockExtent(levels[level], plan.grids[level], index), chunk, BYTES_PER_VOXEL[dtype]);
  }
}
