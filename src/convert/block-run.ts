import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { posix } from 'node:path';
import type { ConvertError } from '../model/errors.ts';
import { binCount, rowStep } from '../model/histogram.ts';
import { product } from '../model/levels.ts';
import { BYTES_PER_VOXEL, type Dtype, volumeCount } from '../model/volume.ts';
import { BlockFiles } from '../pyramid/block-files.ts';
import {
  type IsStored,
  type Leaf,
  type Root,
  blockExtent,
  blockStart,
  depthFirst,
  rootsOf
} from '../pyramid/blocks.ts';
import { sampleGrid } from '../pyramid/sample-grid.ts';
import { Schedule, performAll, performBlocks } from '../pyramid/schedule.ts';
import { scratchLayout } from '../pyramid/scratch-file.ts';
import { layOut, share } from '../pyramid/shared-memory.ts';
import {
  type BlockJob,
  type BlockTask,
  type CheckTask,
  type CountingJob,
  type FilesNote,
  type Report,
  type Shared,
  type SourceJob,
  type Task,
  type WriteJob,
  addReport,
  areSameFiles,
  emptyReport
} from '../pyramid/task.ts';
import { WorkerPool } from '../pyramid/worker-pool.ts';
import type { Courier } from '../zarr/bucket/courier.ts';
import type { BlockEntry, Journal } from '../zarr/journal.ts';
import { writeError } from '../zarr/system-errors.ts';
import { PageCache } from './page-cache.ts';
import type { Prepared } from './prepare.ts';
import { Stored } from './unfinished.ts';

/** The blocks that one process is to do, and where. */
export interface BlockWork {
  prepared: Prepared;
  /** The unfinished output. */
  folder: string;
  /** Of the last level of the execution plan. */
  roots: readonly Root[];
  /** See `WriteJob`. */
  aside: string | null;
  /** Where the source is decoded to, if it is. */
  scratch: string;
  /** Carrier of the files to where they belong; null: that is `folder`. */
  courier: Courier | null;
  /** Where blocks are noted that are done; null: nowhere. */
  journal: Journal<unknown> | null;
  range: [number, number] | null;
}

/** Voxels of the source by value. */
export interface Scan {
  min: number;
  max: number;
  /** By bin; empty where none were asked for. */
  counts: Float64Array;
}

/** Blocks on their way from a source into files: threads, memory, and what has become known of the values. */
export class BlockRun {
  readonly #work: BlockWork;
  readonly #prepared: Prepared;
  readonly #shared: Shared;
  readonly #slots: number[][];
  readonly #stored: Stored;
  readonly #pageCache: PageCache | null;
  #job: BlockJob & { source: SourceJob; counting: CountingJob; sink: WriteJob };
  #restoredBytes = 0;
  readonly #unseen = new Map<string, BlockEntry>();
  readonly #harmed: BlockEntry[] = [];
  #closed: Promise<void> | null = null;
  readonly pool: WorkerPool;
  /** Reports on the blocks that are done, by an earlier run too; one for each channel. */
  readonly reports: Report[];
  /** How many points the sample has in a volume. */
  readonly points: number;

  constructor(work: BlockWork, onBroken: (error: ConvertError) => void) {
    const { layout, settings, levels, executionPlan, info } = work.prepared;
    const { total, areas, slots } = layOut(executionPlan);
    const points = sampleGrid(levels[0].shape, layout.outerShape);
    this.#work = work;
    this.#prepared = work.prepared;
    this.points = product(points.count);
    this.#shared = share(executionPlan, volumeCount(layout.outerShape) * this.points);
    this.#slots = slots;
    this.#stored = new Stored(executionPlan.grids);
    this.#pageCache = PageCache.of(layout, settings.start);
    this.reports = Array.from({ length: layout.outerShape.c }, emptyReport);
    this.pool = new WorkerPool(areas, onBroken);
    this.#job = {
      levels,
      chunk: settings.chunk,
      dtype: settings.dtype,
      downsample: settings.downsample,
      plan: executionPlan,
      source: {
        layout,
        start: settings.start,
        origin: { source: info.source, start: settings.start },
        range: work.range
      },
      counting: {
        sampleGrid: points,
        channels: layout.outerShape.c,
        total,
        step: rowStep(levels[0].shape, layout.outerShape)
      },
      sink: {
        kind: 'write',
        folder: work.folder,
        omeZarr: settings.omeZarr,
        outerShape: layout.outerShape,
        shard: settings.shard,
        compression: settings.compression,
        checksum: settings.checksum,
        aside: work.aside
      },
      shared: this.#shared
    };
  }

  /** Bytes of level 0 as read, under the roots. */
  get sourceBytes(): number {
    const { levels, executionPlan, layout } = this.#prepared;
    const { roots } = this.#work;
    const [grid] = executionPlan.grids;
    let voxels = 0;
    for (const { index } of depthFirst(executionPlan.grids, roots))
      voxels += product(blockExtent(levels[0], grid, index));
    return voxels * BYTES_PER_VOXEL[layout.dtype];
  }

  /** How many of `doneBytes` an earlier run has done. */
  get restoredBytes(): number {
    return this.#restoredBytes;
  }

  get doneBytes(): number {
    return Number(Atomics.load(this.#shared.done, 0));
  }

  get range(): [number, number] | null {
    return this.#job.source.range;
  }

  set range(range: [number, number] | null) {
    this.#readFrom({ range });
  }

  /** Values at the points of the grid; see `Shared`. */
  get sample(): Float64Array {
    return this.#shared.sample;
  }

  /** Ends the threads, and what they write; a second time it only waits for the first. */
  close(patience: number): Promise<void> {
    if (!this.#closed) Atomics.store(this.#shared.stop, 0, 1);
    this.#closed ??= Promise.all([this.pool.close(patience), this.#pageCache?.close()]).then(() => {});
    return this.#closed;
  }

  /** Makes the threads work on what there is to do now. */
  begin(): void {
    this.pool.begin(this.#job);
  }

  /** Takes over the blocks whose files are as a journal has them, with its reports on them. */
  async restore(blocks: readonly BlockEntry[], scanned: boolean): Promise<void> {
    const { executionPlan, levels, layout } = this.#prepared;
    const entries = new Map(blocks.map(entry => [keyOf(entry), entry]));
    this.begin();
    for (const entry of await this.#unharmed([...entries.values()])) this.#stored.add(entry);
    this.#stored.prune();
    let voxels = 0;
    for (const entry of this.#stored) {
      const { volume, level, index, bytes, min, max, nan, overflow, checksum } = entry;
      const range = { min: min ?? Infinity, max: max ?? -Infinity };
      addReport(this.reportOf(volume), { bytesWritten: bytes, ...range, nan, overflow, checksum });
      if (level > 0) continue;
      voxels += product(blockExtent(levels[0], executionPlan.grids[0], index));
    }
    // A scan that has come to its end is not repeated.
    this.#restoredBytes = voxels * BYTES_PER_VOXEL[layout.dtype] + (scanned ? this.sourceBytes : 0);
    Atomics.add(this.#shared.done, 0, BigInt(this.#restoredBytes));
  }

  /** Blocks that an earlier run has done. */
  get stored(): Iterable<BlockEntry> {
    return this.#stored;
  }

  /** Takes blocks for done whose values are counted elsewhere; `look`: files are looked at as they are read back. */
  takeForDone(blocks: Iterable<BlockEntry>, look: boolean): void {
    for (const entry of blocks) {
      this.#stored.add(entry);
      if (look) this.#unseen.set(keyOf(entry), entry);
    }
  }

  /** Blocks of which files were found, as they were read back, that are not as they were noted. */
  get harmed(): readonly BlockEntry[] {
    return this.#harmed;
  }

  /** Those of the blocks whose files are not as they are to be. */
  async damaged(blocks: readonly BlockEntry[]): Promise<BlockEntry[]> {
    const unharmed = new Set(await this.#unharmed(blocks));
    return blocks.filter(entry => !unharmed.has(entry));
  }

  /** Those whose files are as they were noted: by their ETags in a bucket, otherwise by what is in them. */
  async #unharmed(blocks: readonly BlockEntry[]): Promise<BlockEntry[]> {
    const { courier } = this.#work;
    await courier?.look(this.#lookedAt(blocks));
    const isKnown = blocks.map(entry => courier?.has(this.#names(entry), entry.etags ?? [], entry.bytes) ?? null);
    const found = blocks.filter((_, n) => isKnown[n]);
    const unsure = blocks.filter((_, n) => isKnown[n] === null);
    const tasks = unsure.map(({ volume, level, index }, n) => ({ kind: 'check' as const, volume, level, index, n }));
    await performAll(
      this.pool,
      tasks,
      async ({ n }, { bytesWritten, checksum }) => {
        if (areSameFiles({ bytesWritten, checksum }, noteOf(unsure[n]))) found.push(unsure[n]);
        await courier?.drop(this.#names(unsure[n]));
      },
      async ({ n }) => courier?.fetch(this.#names(unsure[n]))
    );
    return found;
  }

  /** Folders that hold the files of blocks: those of the planes that they lie in, where it is not about all. */
  #lookedAt(blocks: readonly BlockEntry[]): Iterable<string> | undefined {
    const { executionPlan, layout } = this.#prepared;
    const all = [...rootsOf(executionPlan.grids, volumeCount(layout.outerShape))].length;
    if (this.#work.roots.length === all) return undefined;
    return new Set(blocks.flatMap(entry => this.#names(entry).map(name => `${posix.dirname(posix.dirname(name))}/`)));
  }

  /** Reads, encodes and writes all blocks that are not stored, and waits until all is written. */
  async perform(onDone?: (task: BlockTask, entry: BlockEntry | null) => void): Promise<void> {
    const schedule = new Schedule(this.#prepared.executionPlan, this.#slots, this.#work.roots, this.#stored.has);
    const { courier } = this.#work;
    await performBlocks(
      this.pool,
      schedule,
      async (task, report, thread) => {
        if (task.kind === 'block' && task.level === 0) this.#hasRead(task);
        const noted = task.kind === 'restore' ? this.#unseen.get(keyOf(task)) : undefined;
        if (noted && !areSameFiles(report, noteOf(noted))) this.#harmed.push(noted);
        const note = (etags?: string[]) => {
          const entry = this.#note(task, report, etags);
          onDone?.(task, entry);
        };
        if (courier) return this.#send(courier, task, thread, note);
        note();
      },
      async task => {
        if (task.kind !== 'restore') return task;
        await courier?.fetch(this.#names(task));
        const noted = this.#unseen.get(keyOf(task));
        return noted ? { ...task, expected: noteOf(noted) } : task;
      }
    );
    await courier?.settle();
  }

  /** Counts the voxels of what an earlier run has done: its counts ended with it. */
  async countStored(): Promise<void> {
    const stored = this.#stored;
    const tasks = function* (): Generator<CheckTask> {
      for (const { volume, level, index } of stored) if (level === 0) yield { kind: 'count', volume, level, index };
    };
    const { courier } = this.#work;
    await performAll(
      this.pool,
      tasks(),
      task => courier?.drop(this.#names(task)),
      async task => courier?.fetch(this.#names(task))
    );
  }

  reportOf(volume: number): Report {
    return this.reports[volume % this.reports.length];
  }

  /** Voxels of a channel by the bin of their value, counted since this was last asked for. */
  takeCounts(dtype: Dtype, channel = 0): Float64Array {
    const { counting, shared } = this.#job;
    const bins = binCount(dtype);
    const totals = new BigUint64Array(shared.memory.buffer, counting.total + channel * bins * 8, bins);
    const counts = new Float64Array(bins);
    // Most are 0, and numbers of 64 bits are slow.
    totals.forEach((n, bin) => n && (counts[bin] = Number(n)));
    totals.fill(0n);
    return counts;
  }

  /** Looks at every voxel of the source under the roots; `histogram`: and counts it. */
  async scan(histogram: boolean): Promise<Scan> {
    const tasks = scanTasks(this.leaves(), histogram);
    const { min, max } = await performAll(this.pool, tasks, task => this.#hasRead(task));
    const counts = histogram ? this.takeCounts(this.#prepared.layout.dtype) : new Float64Array(0);
    return { min, max, counts };
  }

  /** Makes the threads read from a decoded copy of the region, in a file. */
  async decodeFirst(): Promise<void> {
    const { layout, levels, executionPlan } = this.#prepared;
    const { shape } = levels[0];
    const { scratch: file } = this.#work;
    try {
      const made = openSync(file, 'w');
      ftruncateSync(made, executionPlan.scratchFileBytes);
      closeSync(made);
    } catch (error) {
      throw writeError(error, file);
    }
    this.begin();
    const planes = this.#planesLeft();
    const decoded = (this.#planesUnder(false).size - planes.size) * shape[1] * shape[2] * BYTES_PER_VOXEL[layout.dtype];
    this.#restoredBytes += decoded;
    Atomics.add(this.#shared.done, 0, BigInt(decoded));
    const tasks = [...planes].map(plane => ({ kind: 'decode' as const, plane, file }));
    await performAll(this.pool, tasks, ({ plane }) =>
      this.#pageCache?.wasRead(Math.floor(plane / shape[0]), [plane % shape[0], 0, 0], [1, shape[1], shape[2]])
    );
    this.#readFrom({ layout: scratchLayout(file, layout, shape), start: [0, 0, 0] });
  }

  /** Hears of a block that was worked on. */
  #hasRead({ volume, index }: Pick<Leaf, 'volume' | 'index'>): void {
    const { levels, executionPlan, layout } = this.#prepared;
    // Blocks of a decoded copy read nothing of the source.
    if (this.#job.source.layout !== layout) return;
    this.#pageCache?.blockWasRead(volume, levels[0], executionPlan.grids[0], index);
  }

  leaves(isStored?: IsStored): Generator<Leaf> {
    return depthFirst(this.#prepared.executionPlan.grids, this.#work.roots, isStored);
  }

  /** Names of a block's files, relative to the folder. */
  #names(block: Pick<BlockEntry, 'volume' | 'level' | 'index'>): string[] {
    const { folder } = this.#work;
    const files = new BlockFiles(this.#job, this.#job.sink).files({ ...block, kind: 'check' });
    return [...files].map(({ path }) => path.slice(folder.length + 1));
  }

  /** Has the files of a block that is done brought away, and notes it when they are there. */
  async #send(courier: Courier, task: BlockTask, thread: number, note: (etags?: string[]) => void): Promise<void> {
    const names = this.#names(task);
    if (task.kind === 'restore') {
      await courier.drop(names);
      return note();
    }
    await this.pool.run(thread, { kind: 'settle' });
    await courier.send(names, note);
  }

  /** Notes a block that is done. */
  #note({ kind, volume, level, index }: BlockTask, report: Report, etags?: string[]): BlockEntry | null {
    if (kind === 'restore') return null;
    addReport(this.reportOf(volume), report);
    const { bytesWritten: bytes, checksum, min, max, nan, overflow } = report;
    const known = { volume, level, index, bytes, checksum, min: finite(min), max: finite(max), nan, overflow };
    const entry: BlockEntry = etags ? { ...known, etags } : known;
    try {
      this.#work.journal?.block(entry);
    } catch (error) {
      throw writeError(error, this.#work.folder);
    }
    return entry;
  }

  /** Changes the source that the threads read from the next `begin` on. */
  #readFrom(change: Partial<SourceJob>): void {
    this.#job = { ...this.#job, source: { ...this.#job.source, ...change } };
  }

  /** Planes of the region, through all volumes, that blocks to be read, or a scan, will ask for. */
  #planesLeft(): Set<number> {
    const { settings } = this.#prepared;
    const scans = settings.scaling !== null && !this.#job.source.range;
    return this.#planesUnder(!scans);
  }

  #planesUnder(left: boolean): Set<number> {
    const { levels, executionPlan } = this.#prepared;
    const [grid] = executionPlan.grids;
    const wanted = new Set<number>();
    for (const { volume, level, index, stored } of this.leaves(left ? this.#stored.has : undefined)) {
      if (level > 0 || stored) continue;
      const from = volume * levels[0].shape[0] + blockStart(grid, index)[0];
      for (let z = 0; z < blockExtent(levels[0], grid, index)[0]; z++) wanted.add(from + z);
    }
    return wanted;
  }
}

const keyOf = ({ volume, level, index }: Pick<BlockEntry, 'volume' | 'level' | 'index'>): string =>
  [volume, level, ...index].join('/');

const noteOf = ({ bytes, checksum }: BlockEntry): FilesNote => ({ bytesWritten: bytes, checksum });

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function* scanTasks(leaves: Iterable<Leaf>, histogram: boolean): Generator<Extract<Task, { kind: 'scan' }>> {
  for (const { volume, index } of leaves) yield { kind: 'scan', volume, index, histogram };
}
