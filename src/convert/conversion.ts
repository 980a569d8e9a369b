import { closeSync, ftruncateSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConvertError, cancelled } from '../model/errors.ts';
import { headerHash } from '../reader/header-hash.ts';
import type { Prepared } from './prepare.ts';
import { provenance } from './provenance.ts';
import { type IsStored, type Leaf, blockExtent, blockStart, depthFirst } from '../pyramid/blocks.ts';
import { WorkerPool } from '../pyramid/worker-pool.ts';
import { product } from '../model/levels.ts';
import { sampleGrid } from '../pyramid/sample-grid.ts';
import { layOut, share } from '../pyramid/shared-memory.ts';
import { Schedule, performAll, performBlocks } from '../pyramid/schedule.ts';
import { scratchLayout } from '../pyramid/scratch-file.ts';
import { binCount, rowStep } from '../model/histogram.ts';
import {
  type BlockTask,
  type CheckTask,
  type BlockJob,
  type CountingJob,
  type Report,
  type Shared,
  type SourceJob,
  type Task,
  addReport,
  emptyReport
} from '../pyramid/task.ts';
import type { RangeEnd } from '../model/settings.ts';
import { Distribution, type Statistics, merged } from '../model/statistics.ts';
import { type JournalHead, Stored } from './unfinished.ts';
import { BYTES_PER_VOXEL, type Dtype, volumeCount } from '../model/volume.ts';
import type { Destination } from '../zarr/destination.ts';
import { Journal, type JournalRecord } from '../zarr/journal.ts';
import { volumeFolders } from '../zarr/keys.ts';
import { SCRATCH } from '../zarr/owner.ts';
import { type Documents, type ContrastLimits, arrayDocuments, imageDocuments } from '../zarr/metadata.ts';
import { writeError } from '../zarr/system-errors.ts';
import { named, option } from '../model/words.ts';

/** What is black and white, the least and the greatest of a channel. */
function contrastLimitsOf(statistics: Statistics | null): ContrastLimits {
  if (!statistics) return { start: 0, end: 1, min: 0, max: 1 };
  const { min, max, percentiles } = statistics;
  const [start, end] = [percentiles['0.1'], percentiles['99.9']];
  // One more, or the next number there is.
  const above = start + Math.max(1, 2 * Number.EPSILON * Math.abs(start));
  return { start, end: end > start ? end : above, min, max };
}

/** Greatest float32 up to which all whole numbers are there. */
const MOST_APART = 2 ** 24;

/** Something that is under way and will be waited for later, where it says how it ended. */
function early<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** One conversion under way: threads, memory and what has become known of the values. */
export class Conversion {
  readonly #prepared: Prepared;
  readonly #source: string | string[];
  readonly #destination: Destination;
  readonly #shared: Shared;
  readonly #slots: number[][];
  readonly #pool: WorkerPool;
  readonly #journal: Journal<JournalHead>;
  readonly #stored: Stored;
  /** What the blocks of each channel report that are done, by an earlier conversion too. */
  readonly #reports: Report[];
  /** How many points the points has in a volume. */
  readonly #points: number;
  #job: BlockJob & { source: SourceJob; counting: CountingJob };
  /** Ends when the documents that were begun last are written. */
  #described: Promise<number> = Promise.resolve(0);
  #closed: Promise<void> | null = null;
  #restoredBytes = 0;

  constructor(
    prepared: Prepared,
    source: string | string[],
    destination: Destination,
    onBroken: (error: ConvertError) => void
  ) {
    const { layout, settings, levels, executionPlan } = prepared;
    const { total, areas, slots } = layOut(executionPlan);
    this.#prepared = prepared;
    this.#source = source;
    this.#destination = destination;
    const points = sampleGrid(levels[0].shape, layout.outerShape);
    this.#points = product(points.count);
    const shared = share(executionPlan, volumeCount(layout.outerShape) * this.#points);
    this.#shared = shared;
    this.#slots = slots;
    this.#stored = new Stored(executionPlan.grids);
    this.#reports = Array.from({ length: layout.outerShape.c }, emptyReport);
    this.#journal = this.#openJournal();
    this.#pool = new WorkerPool(areas, onBroken);
    this.#job = {
      levels,
      chunk: settings.chunk,
      dtype: settings.dtype,
      downsample: settings.downsample,
      plan: executionPlan,
      source: {
        layout,
        start: settings.start,
        origin: { source: prepared.info.source, start: settings.start },
        range: settings.scaling?.range ?? prepared.resumed?.range ?? null
      },
      counting: {
        sampleGrid: points,
        channels: layout.outerShape.c,
        total,
        step: rowStep(levels[0].shape, layout.outerShape)
      },
      sink: {
        kind: 'write',
        folder: destination.partial,
        omeZarr: settings.omeZarr,
        outerShape: layout.outerShape,
        shard: settings.shard,
        compression: settings.compression,
        checksum: settings.checksum
      },
      shared
    };
  }

  /** Bytes that are read in all passes together. */
  get totalBytes(): number {
    const { settings, executionPlan, layout } = this.#prepared;
    const passes = 1 + Number(executionPlan.decodeFirst) + Number(settings.scaling !== null && !settings.scaling.range);
    return passes * volumeCount(layout.outerShape) * product(settings.shape) * BYTES_PER_VOXEL[layout.dtype];
  }

  /** How many of `doneBytes` an earlier conversion has done. */
  get restoredBytes(): number {
    return this.#restoredBytes;
  }

  get doneBytes(): number {
    return Number(Atomics.load(this.#shared.done, 0));
  }

  /**
   * Writes everything under the partial name; returns what the result says, and the metadata's bytes in `bytesWritten`.
   */
  async run(): Promise<{ report: Report; range: [number, number] | null; statistics: (Statistics | null)[] }> {
    const { settings, executionPlan, layout, plan, resumed } = this.#prepared;
    const hashed = early(headerHash(layout.files));
    this.#described = early(this.#destination.writeDocuments(this.#arrayDocuments()));
    if (resumed) await this.#restore(resumed);
    const scratch = executionPlan.decodeFirst ? await this.#decodeFirst() : null;
    this.#pool.begin(this.#job);
    if (settings.scaling && !this.#job.source.range) {
      const range = settings.scaling.range ?? (await this.#findRange(settings.scaling.ends));
      this.#writing(() => this.#journal.range(range));
      this.#readFrom({ range });
      this.#pool.begin(this.#job);
    }
    const schedule = new Schedule(executionPlan, this.#slots, volumeCount(layout.outerShape), this.#stored.has);
    await this.#countStored();
    await performBlocks(this.#pool, schedule, (task, report) => this.#note(task, report));
    if (scratch) rmSync(scratch);
    // What is reckoned here is reckoned while the threads are at it.
    const synced = early(performAll(this.#pool, this.#folders()));
    const report = emptyReport();
    for (const channel of this.#reports) addReport(report, channel);
    const { range } = this.#job.source;
    if (report.nan > 0 && range)
      plan.warnings.push(`${report.nan} voxels that are not a number (NaN) were written as 0.`);
    if (report.overflow > 0)
      plan.warnings.push(
        `${report.overflow} voxels are greater than float32 can hold, and were written as infinity: ${option('dtype', 'float64')} keeps them.`
      );
    if (settings.labels && layout.dtype === 'float32' && Math.max(report.max, -report.min) > MOST_APART)
      plan.warnings.push(
        `Its labels reach ${report.max > MOST_APART ? report.max : report.min}, and float32 holds whole numbers exactly up to 16,777,216 only: neighbouring ones may have become one when they were saved.`
      );
    const statistics = this.#reports.map((_, channel) => this.#statistics(channel));
    report.bytesWritten += await this.#described;
    const headerSha256 = await hashed;
    // A conversion that was cancelled meanwhile has no folder any more, and must not make it anew.
    if (this.#closed) throw cancelled();
    this.#described = early(this.#destination.writeDocuments(this.#imageDocuments(headerSha256, statistics)));
    report.bytesWritten += await this.#described;
    await synced;
    return { report, range, statistics };
  }

  /** Whether something is done that another conversion can go on with. */
  get resumable(): boolean {
    return this.#journal.begun;
  }

  /** Ends the threads, and what they write; a second time it only waits for the first. */
  close(patience: number): Promise<void> {
    this.#closed ??= this.#end(patience);
    return this.#closed;
  }

  async #end(patience: number): Promise<void> {
    Atomics.store(this.#shared.stop, 0, 1);
    await Promise.allSettled([this.#pool.close(patience), this.#described]);
    this.#journal.close();
  }

  #writing<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      throw writeError(error, this.#destination.partial);
    }
  }

  #openJournal(): Journal<JournalHead> {
    const { resumed, record, executionPlan } = this.#prepared;
    const { partial } = this.#destination;
    return this.#writing(() =>
      resumed
        ? Journal.reopen(partial, resumed)
        : Journal.create<JournalHead>(partial, { ...record, leaf: executionPlan.grids[0].size })
    );
  }

  /** Takes over the blocks whose files are as the journal has them, and what it says of them. */
  async #restore({ blocks }: JournalRecord<JournalHead>): Promise<void> {
    const { executionPlan, levels, layout, settings } = this.#prepared;
    const nameOf = ({ volume, level, index }: Omit<CheckTask, 'kind'>) => [volume, level, ...index].join('/');
    const entries = new Map(blocks.map(entry => [nameOf(entry), entry]));
    this.#pool.begin(this.#job);
    const checks = function* (): Generator<CheckTask> {
      for (const { volume, level, index } of entries.values()) yield { kind: 'check', volume, level, index };
    };
    await performAll(this.#pool, checks(), (task, { bytesWritten, checksum }) => {
      const entry = entries.get(nameOf(task))!;
      if (bytesWritten === entry.bytes && checksum === entry.checksum) this.#stored.add(entry);
    });
    this.#stored.prune();
    let voxels = 0;
    for (const entry of this.#stored) {
      const { volume, level, index, bytes, min, max, nan, overflow, checksum } = entry;
      const range = { min: min ?? Infinity, max: max ?? -Infinity };
      addReport(this.#reportOf(volume), { bytesWritten: bytes, ...range, nan, overflow, checksum });
      if (level > 0) continue;
      voxels += product(blockExtent(levels[0], executionPlan.grids[0], index));
    }
    // A scan that has come to its end is not repeated.
    const scanned =
      settings.scaling && !settings.scaling.range && this.#job.source.range
        ? volumeCount(layout.outerShape) * product(settings.shape)
        : 0;
    this.#restoredBytes = (voxels + scanned) * BYTES_PER_VOXEL[layout.dtype];
    Atomics.add(this.#shared.done, 0, BigInt(this.#restoredBytes));
  }

  #reportOf(volume: number): Report {
    return this.#reports[volume % this.#reports.length];
  }

  /** Notes a block that is done. */
  #note({ kind, volume, level, index }: BlockTask, report: Report): void {
    if (kind === 'restore') return;
    addReport(this.#reportOf(volume), report);
    const { bytesWritten: bytes, checksum, min, max, nan, overflow } = report;
    const entry = { volume, level, index, bytes, checksum, min: finite(min), max: finite(max), nan, overflow };
    this.#writing(() => this.#journal.block(entry));
  }

  /** Counts the voxels of what an earlier conversion has done: its counts ended with it. */
  async #countStored(): Promise<void> {
    const stored = this.#stored;
    const tasks = function* (): Generator<CheckTask> {
      for (const { volume, level, index } of stored) if (level === 0) yield { kind: 'count', volume, level, index };
    };
    await performAll(this.#pool, tasks());
  }

  /** How often there were values of each bin, of a channel, since this was asked last. */
  #takeCounts(dtype: Dtype, channel = 0): Float64Array {
    const { counting, shared } = this.#job;
    const bins = binCount(dtype);
    const totals = new BigUint64Array(shared.memory.buffer, counting.total + channel * bins * 8, bins);
    const counts = new Float64Array(bins);
    // Most are 0, and numbers of 64 bits are slow.
    totals.forEach((n, bin) => n && (counts[bin] = Number(n)));
    totals.fill(0n);
    return counts;
  }

  /** What the threads work on from the next `begin` on. */
  #readFrom(change: Partial<SourceJob>): void {
    this.#job = { ...this.#job, source: { ...this.#job.source, ...change } };
  }

  /** Makes the workers read from a decoded copy of the region, and returns its path. */
  async #decodeFirst(): Promise<string> {
    const { layout, levels, executionPlan } = this.#prepared;
    const { shape } = levels[0];
    const file = join(this.#destination.partial, SCRATCH);
    try {
      const made = openSync(file, 'w');
      ftruncateSync(made, executionPlan.scratchFileBytes);
      closeSync(made);
    } catch (error) {
      throw writeError(error, file);
    }
    this.#pool.begin(this.#job);
    const planes = this.#planesLeft();
    const all = volumeCount(layout.outerShape) * shape[0];
    const decoded = (all - planes.length) * shape[1] * shape[2] * BYTES_PER_VOXEL[layout.dtype];
    this.#restoredBytes += decoded;
    Atomics.add(this.#shared.done, 0, BigInt(decoded));
    await performAll(
      this.#pool,
      planes.map((plane): Task => ({ kind: 'decode', plane, file }))
    );
    this.#readFrom({ layout: scratchLayout(file, layout, shape), start: [0, 0, 0] });
    return file;
  }

  /** Planes of the region, through all volumes, that blocks to be read, or a scan, will ask for. */
  #planesLeft(): number[] {
    const { settings, levels, executionPlan } = this.#prepared;
    const [grid] = executionPlan.grids;
    const scans = settings.scaling !== null && !this.#job.source.range;
    const wanted = new Set<number>();
    for (const { volume, level, index, stored } of this.#leaves(scans ? undefined : this.#stored.has)) {
      if (level > 0 || stored) continue;
      const from = volume * levels[0].shape[0] + blockStart(grid, index)[0];
      for (let z = 0; z < blockExtent(levels[0], grid, index)[0]; z++) wanted.add(from + z);
    }
    return [...wanted];
  }

  #leaves(isStored?: IsStored): Generator<Leaf> {
    const { executionPlan, layout } = this.#prepared;
    return depthFirst(executionPlan.grids, volumeCount(layout.outerShape), isStored);
  }

  /**
   * The source values that become the ends of the integer type. Every voxel is looked at, and counted where percentages
   * are asked for.
   */
  async #findRange(ends: [RangeEnd, RangeEnd]): Promise<[number, number]> {
    const { plan, info, layout } = this.#prepared;
    const histogram = ends.some(end => typeof end === 'object' && end.percent > 0 && end.percent < 100);
    const { min, max } = await performAll(this.#pool, scanTasks(this.#leaves(), histogram));
    const counts = histogram ? this.#takeCounts(layout.dtype) : [];
    if (min > max) {
      plan.warnings.push('No voxel of the source is a finite number: every voxel was written as 0.');
      return [0, 0];
    }
    const distribution = new Distribution(layout.dtype, counts, this.#shared.sample, min, max);
    const [low, high] = ends.map(end => (typeof end === 'number' ? end : distribution.percentile(end.percent)));
    if (low < high && Number.isFinite(high - low)) {
      this.#warnOfMerged([low, high]);
      return [low, high];
    }
    const percents = ends.flatMap(end => (typeof end === 'number' ? [] : `${end.percent} %`)).join(' and ');
    if (low < high || ends.some(end => typeof end === 'number'))
      throw new ConvertError(
        'bad-option',
        `${info.source}: ${percents} of its values, which lie between ${min} and ${max}, make a ${named('valueRange')} from ${low} to ${high}, ` +
          'where the first must be less than the second by no more than numbers can express: give other numbers',
        'valueRange'
      );
    if (min < max)
      plan.warnings.push(
        `${percents} of the source's values are both ${low}: the range of all values is taken, ${min} to ${max}.`
      );
    return [min, max];
  }

  /** A few values far from all others make these one: what is then left to see is told, and how to see more. */
  #warnOfMerged(range: [number, number]): void {
    const { plan, settings } = this.#prepared;
    const found = merged(this.#shared.sample, range, settings.dtype === 'uint8' ? 255 : 65535);
    if (!found) return;
    const { stored, share, low, high } = found;
    const percent = Math.min(99.9, Math.floor(1000 * share) / 10);
    const text = (value: number) => Number(value.toPrecision(6));
    plan.warnings.push(
      `About ${percent} % of the voxels, with values from ${text(low)} to ${text(high)}, become ${stored}, because the range of values is ` +
        `${text(range[0])} to ${text(range[1])}: ${option('valueRange', '0.1%', '99.9%')} leaves out what is rare.`
    );
  }

  /** The folders with all chunks of one z each, and those above them, to be put on the disk. */
  *#folders(): Generator<Task> {
    const { levels, layout, settings } = this.#prepared;
    const above = new Set<string>();
    for (let level = 0; level < levels.length; level++)
      for (let volume = 0; volume < volumeCount(layout.outerShape); volume++) {
        const folders = volumeFolders(settings.omeZarr, level, layout.outerShape, volume);
        for (const folder of [String(level), ...folders]) above.add(join(this.#destination.partial, folder));
        const inner = join(this.#destination.partial, folders.at(-1)!);
        // In OME-Zarr 0.4 the array's document lies beside them.
        for (const entry of readdirSync(inner, { withFileTypes: true }))
          if (entry.isDirectory()) yield { kind: 'sync', folder: join(inner, entry.name), deep: true };
      }
    for (const folder of above) yield { kind: 'sync', folder, deep: false };
  }

  /** Null where no voxel of a channel is a finite number. */
  #statistics(channel: number): Statistics | null {
    const { layout, settings } = this.#prepared;
    const { t, c } = layout.outerShape;
    const { min, max } = this.#reports[channel];
    if (min > max) return null;
    const sample = new Float64Array(t * this.#points);
    for (let time = 0; time < t; time++) {
      const from = (time * c + channel) * this.#points;
      sample.set(this.#shared.sample.subarray(from, from + this.#points), time * this.#points);
    }
    const counts = this.#takeCounts(settings.dtype, channel);
    return new Distribution(settings.dtype, counts, sample, min, max).statistics();
  }

  #arrayDocuments(): Documents {
    const { settings, levels, layout } = this.#prepared;
    return arrayDocuments({ ...settings, outerShape: layout.outerShape, levels }, settings.omeZarr);
  }

  #imageDocuments(headerSha256: string, statistics: (Statistics | null)[]): Documents {
    const { settings, levels, layout, plan } = this.#prepared;
    const { dtype, chunk, shard, downsample, compression, checksum, voxelSize, unit, omeZarr, offset } = settings;
    const origin = provenance(this.#prepared, this.#source, {
      range: this.#job.source.range,
      headerSha256,
      statistics
    });
    const name = basename(settings.output).replace(/(\.ome)?\.zarr$/i, '');
    const { outerShape } = layout;
    const { timeStep, timeUnit } = plan;
    const channels = Array.from({ length: outerShape.c }, (_, n) => ({
      ...(plan.channels?.[n] ?? { name: outerShape.c > 1 ? `Channel ${n + 1}` : name, color: null }),
      window: contrastLimitsOf(statistics[n]),
      inverted: layout.shownInverted ?? false
    }));
    return imageDocuments(
      {
        name,
        outerShape,
        levels,
        chunk,
        shard,
        dtype,
        compression,
        checksum,
        downsample,
        voxelSize,
        unit,
        offset,
        labels: settings.labels ? { image: settings.parent && '../../' } : null,
        timeStep,
        timeUnit,
        channels,
        origin
      },
      omeZarr
    );
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function* scanTasks(leaves: Iterable<Leaf>, histogram: boolean): Generator<Task> {
  for (const { volume, index } of leaves) yield { kind: 'scan', volume, index, histogram };
}
