import { product } from '../model/levels.ts';
import { BYTES_PER_VOXEL } from '../model/volume.ts';
import { ChunkWriter } from '../zarr/chunk-writer.ts';
import { type Encoder, createEncoder } from '../zarr/codec/index.ts';
import { ShardFile } from '../zarr/shard.ts';
import { writeError } from '../zarr/system-errors.ts';
import type { Block, Box, Part } from './block.ts';
import { type BlockChunk, type BlockFile, BlockFiles } from './block-files.ts';
import type { BlockSink } from './sink.ts';
import type { BlockJob, BlockTask, Report, WriteJob } from './task.ts';
import type { ThreadContext } from './thread-context.ts';

/**
 * What chunks from so many bytes up are encoded to is given back at once (`moveInto`): of so many of their bytes one
 * counts as thrown away.
 */
const LARGE = 2 ** 20;
const GIVEN_BACK = 16;

/** Encodes the chunks of blocks and writes them, in one thread. */
export class ChunkSink implements BlockSink {
  readonly replacesVoxels = false;
  readonly #context: ThreadContext;
  readonly #job: BlockJob;
  readonly #sink: WriteJob;
  readonly #files: BlockFiles;
  readonly #encoder: Encoder | null;
  readonly #writer: ChunkWriter;
  /** Bytes of a stored voxel, and of one of the source. */
  readonly #bytes: number;
  readonly #sourceBytes: number;

  constructor(context: ThreadContext, job: BlockJob, sink: WriteJob) {
    const { simd, memory, areas } = context;
    this.#context = context;
    this.#job = job;
    this.#sink = sink;
    this.#files = new BlockFiles(job, sink);
    this.#encoder = createEncoder(sink.compression, BYTES_PER_VOXEL[job.dtype], simd, memory, sink.checksum);
    this.#writer = new ChunkWriter(memory, areas.encoded, sink.aside);
    this.#bytes = BYTES_PER_VOXEL[job.dtype];
    this.#sourceBytes = BYTES_PER_VOXEL[(job.source?.layout ?? job).dtype];
  }

  settle(): Promise<void> {
    return this.#writer.settle();
  }

  /** Encodes every chunk of a block and begins to write it. */
  async put(task: BlockTask, block: Block, _known: boolean, report: Report): Promise<void> {
    const done = ({ shape }: Part) => task.level === 0 && this.#context.progress(product(shape) * this.#sourceBytes);
    let folder = '';
    for (const file of this.#files.files(task)) {
      if (file.folder !== folder) this.#makeFolder(file.folder);
      folder = file.folder;
      const chunks = this.#files.chunks(file, block.extent);
      if (this.#sink.shard) {
        await this.#writeShard(file, chunks, block, report, done);
        continue;
      }
      for (const part of chunks) {
        const address = await this.#writer.area();
        this.#context.checkStop();
        const length = this.#encode(block, part, address);
        this.#writer.write(file.path, length);
        noteWritten(this.#context, report, address, length);
        done(part);
      }
    }
  }

  async #writeShard(
    { path }: BlockFile,
    chunks: Iterable<BlockChunk>,
    block: Block,
    report: Report,
    done: (part: Part) => void
  ): Promise<void> {
    const made = await ShardFile.create(this.#writer, this.#context.memory, path, this.#files.shardChunks!);
    try {
      for (const part of chunks) {
        this.#context.checkStop();
        const address = made.next;
        const length = this.#encode(block, part, address);
        noteWritten(this.#context, report, address, length);
        await made.append(part.number, length);
        done(part);
      }
      noteWritten(this.#context, report, ...made.finish());
    } finally {
      made.close();
    }
  }

  /** Encodes a chunk of a block, filled up with 0 where the volume ends, to `target`; returns how long it is. */
  #encode(block: Block, part: Part, target: number): number {
    const { chunk } = this.#job;
    const { simd, areas } = this.#context;
    const length = product(chunk) * this.#bytes;
    const box = block.at(part.start);
    if (!this.#encoder) {
      const used = this.#gather(box, part, target);
      simd.fill(target + used, 0, length - used);
      return length;
    }
    const isWhole = part.shape.every((n, axis) => n === chunk[axis]) && block.isDense(part, box);
    const source = isWhole ? box[0] : areas.chunk;
    const used = isWhole ? length : this.#gather(box, part, areas.chunk);
    const encodedLength = this.#encoder.encode(source, length, target, areas.scratch, used);
    if (this.#encoder.leavesGarbage) this.#context.threwAway(used < LARGE ? used : used / GIVEN_BACK);
    return encodedLength;
  }

  /** Makes of a part of a block the planes of a chunk that it has, filled up with 0; returns their bytes. */
  #gather(box: Box, { shape: [nz, ny, nx] }: Part, target: number): number {
    const { chunk } = this.#job;
    const { simd } = this.#context;
    const rowBytes = chunk[2] * this.#bytes;
    const planeBytes = chunk[1] * rowBytes;
    const used = nz * planeBytes;
    if (ny < chunk[1] || nx < chunk[2]) simd.fill(target, 0, used);
    simd.copyBox(...box, target, planeBytes, rowBytes, nz, ny, nx * this.#bytes);
    return used;
  }

  #makeFolder(path: string): void {
    try {
      this.#writer.makeFolder(this.#sink.folder, path);
    } catch (error) {
      throw writeError(error, path);
    }
  }
}

/** Adds a piece of a file, as it lies in memory, to what is reported of a block. */
export function noteWritten({ simd }: ThreadContext, report: Report, address: number, length: number): void {
  report.checksum = simd.checksum(address, length, report.checksum) >>> 0;
  report.bytesWritten += length;
}
