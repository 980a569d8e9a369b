import { ConvertError } from '../model/errors.ts';
import { isExact } from '../model/histogram.ts';
import { add3, product } from '../model/levels.ts';
import { BYTES_PER_VOXEL, type Shape, type VoxelBytes } from '../model/volume.ts';
import { ChunkFile } from '../zarr/chunk-file.ts';
import type { Block, Box, Part } from './block.ts';
import { BlockFiles } from './block-files.ts';
import { blockExtent, blockStart } from './blocks.ts';
import { NO_FILTERS } from '../zarr/filters.ts';
import { syncFile, syncFolder } from '../zarr/sync.ts';
import { writeError } from '../zarr/system-errors.ts';
import { ChunkReader } from './chunk-reader.ts';
import { noteWritten } from './chunk-sink.ts';
import { type BlockJob, type BlockTask, type CheckTask, type Report, type WriteJob, emptyReport } from './task.ts';
import type { ThreadContext } from './thread-context.ts';
import type { VoxelCounter } from './voxel-counter.ts';

/** Reads blocks back that an interrupted conversion has written, in one thread. */
export class StoredBlocks {
  readonly #context: ThreadContext;
  readonly #job: BlockJob;
  readonly #files: BlockFiles;
  readonly #reader: ChunkReader;
  readonly #bytes: VoxelBytes;

  constructor(context: ThreadContext, job: BlockJob, sink: WriteJob) {
    const { areas } = job.plan;
    this.#context = context;
    this.#job = job;
    this.#bytes = BYTES_PER_VOXEL[job.dtype];
    this.#files = new BlockFiles(job, sink);
    this.#reader = new ChunkReader(
      context,
      {
        filters: NO_FILTERS,
        compression: sink.compression,
        checksum: sink.checksum,
        littleEndian: true,
        dtype: job.dtype,
        bytes: product(job.chunk) * this.#bytes
      },
      {
        target: context.areas.chunk,
        targetBytes: areas.chunk,
        encodedBytes: areas.encoded,
        scratchBytes: areas.scratch
      }
    );
  }

  /** Brings a block's voxels back into memory. */
  restore(task: BlockTask, block: Block): void {
    this.#read(task, block.extent, ({ start, shape: [nz, ny, nx] }, chunk) =>
      this.#context.simd.copyBox(...chunk, ...block.at(start), nz, ny, nx * this.#bytes)
    );
  }

  /** Counts the voxels of a block of level 0, as was done before it was written. */
  count(task: CheckTask, counter: VoxelCounter): void {
    const { volume, index } = task;
    const { levels, plan, dtype, counting } = this.#job;
    const from = blockStart(plan.grids[0], index);
    this.#read(task, blockExtent(levels[0], plan.grids[0], index), ({ start, shape }, chunk) => {
      const place = add3(from, start);
      counter.count(dtype, counting!.step, place, shape, chunk);
      if (!isExact(dtype)) counter.sample(dtype, volume, place, shape, chunk);
    });
    counter.addCounts(dtype, volume);
  }

  /** The report on a block as when its files were written, of the files as they are now; empty where one is missing. */
  check(task: CheckTask): Report {
    const [address] = this.#context.areas.encoded;
    const buffer = this.#context.heap.subarray(address, address + this.#job.plan.areas.encoded);
    const report = emptyReport();
    for (const { path } of this.#files.files(task)) {
      this.#context.checkStop();
      try {
        const file = new ChunkFile(path, this.#files.shardChunks);
        try {
          for (const length of file.pieces(buffer)) noteWritten(this.#context, report, address, length);
        } finally {
          file.close();
        }
      } catch {
        return emptyReport();
      }
    }
    return report;
  }

  /** Puts the files of a block on the disk, and the folders that they are in. */
  async flush(task: CheckTask): Promise<void> {
    const files = [...this.#files.files(task)];
    try {
      await Promise.all(files.map(({ path }) => syncFile(path)));
      const folders = new Set(files.map(({ folder }) => folder));
      await Promise.all([...folders].map(syncFolder));
    } catch (error) {
      throw writeError(error, files[0].path);
    }
  }

  /**
   * Reads the chunks of a block one after another: first voxel and lengths in the block, and where the voxels are for
   * the moment.
   */
  #read(task: CheckTask | BlockTask, extent: Shape, visit: (part: Part, chunk: Box) => void): void {
    const { chunk } = this.#job;
    const rowBytes = chunk[2] * this.#bytes;
    const box: Box = [this.#context.areas.chunk, chunk[1] * rowBytes, rowBytes];
    for (const blockFile of this.#files.files(task)) {
      try {
        const file = new ChunkFile(blockFile.path, this.#files.shardChunks);
        try {
          for (const part of this.#files.chunks(blockFile, extent)) {
            this.#context.checkStop();
            this.#reader.read(file, part.number);
            visit(part, box);
          }
        } finally {
          file.close();
        }
      } catch (error) {
        if (error instanceof ConvertError) throw error;
        const { message } = error as Error;
        throw new ConvertError('corrupt', `${blockFile.path}: cannot be read back (${message}): start over`, 'resume');
      }
    }
  }
}
