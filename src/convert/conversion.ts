import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ConvertError, cancelled } from '../model/errors.ts';
import { headerHash } from '../reader/header-hash.ts';
import { BlockRun } from './block-run.ts';
import type { Prepared } from './prepare.ts';
import { provenance } from './provenance.ts';
import { blockExtent, rootsOf } from '../pyramid/blocks.ts';
import { product } from '../model/levels.ts';
import { performAll } from '../pyramid/schedule.ts';
import { type Report, type Task, addReport, emptyReport } from '../pyramid/task.ts';
import { Distribution, type Statistics } from '../model/statistics.ts';
import type { JournalHead } from './unfinished.ts';
import { needsHistogram, rangeOf } from './value-range.ts';
import { BYTES_PER_VOXEL, volumeCount } from '../model/volume.ts';
import { isChunkName } from '../zarr/bucket/claim.ts';
import { type BlockEntry, Journal } from '../zarr/journal.ts';
import { volumeFolders } from '../zarr/keys.ts';
import { SCRATCH } from '../zarr/owner.ts';
import { type Documents, type ContrastLimits, arrayDocuments, imageDocuments } from '../zarr/metadata.ts';
import type { ConversionSource } from '../model/source-layout.ts';
import type { UnfinishedOutput } from '../zarr/unfinished-output.ts';
import { writeError } from '../zarr/system-errors.ts';
import { option } from '../model/words.ts';

/** Values of a channel shown as black and white, and its least and greatest. */
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

/** Parts of a volume that other processes have converted, put together. */
export interface Merged {
  reports: Report[];
  /** By channel, then by bin. */
  counts: Float64Array[];
  /** Fills in the values at the points of the grid that the parts have. */
  fill(sample: Float64Array): void;
  /** Their coarsest blocks, from which all others are made. */
  blocks: BlockEntry[];
  /** Whether their files are on the disk. */
  synced: boolean;
  /** Hears of those whose files are not as they were written. @throws ConvertError */
  damaged(blocks: readonly BlockEntry[]): Promise<never>;
  range: [number, number] | null;
  /** Warnings of a scan for the range. */
  warnings: string[];
  /**
   * Hears how many bytes the chunks of all levels have, and how many were written. @throws ConvertError where that is
   * not the same
   */
  check(found: number, written: number): Promise<void>;
}

/** What a conversion has written. */
export interface Written {
  report: Report;
  range: [number, number] | null;
  statistics: (Statistics | null)[];
  /** Text of the image's metadata. */
  image: string;
}

/** One conversion under way: what is read, made and written, and what is known of it in the end. */
export class Conversion {
  readonly #prepared: Prepared;
  readonly #source: ConversionSource;
  readonly #destination: UnfinishedOutput;
  readonly #run: BlockRun;
  /** Null: the parts have theirs. */
  readonly #journal: Journal<JournalHead> | null;
  readonly #scratch: string;
  readonly #parts: Merged | null;
  /** Bytes read back of the blocks that the parts have made. */
  #readBack = 0;
  /** Ends when the documents that were begun last are written. */
  #described: Promise<number> = Promise.resolve(0);
  #closed: Promise<void> | null = null;

  /** `parts`: what is converted already; null: nothing. */
  constructor(
    prepared: Prepared,
    source: ConversionSource,
    destination: UnfinishedOutput,
    onBroken: (error: ConvertError) => void,
    parts: Merged | null = null
  ) {
    const { layout, settings, executionPlan } = prepared;
    this.#prepared = prepared;
    this.#source = source;
    this.#destination = destination;
    this.#parts = parts;
    this.#journal = parts ? null : this.#openJournal();
    this.#scratch = join(destination.folder, SCRATCH);
    this.#run = new BlockRun(
      {
        prepared,
        folder: destination.folder,
        courier: destination.courier,
        roots: [...rootsOf(executionPlan.grids, volumeCount(layout.outerShape))],
        aside: null,
        scratch: this.#scratch,
        journal: this.#journal,
        range: parts ? parts.range : (settings.scaling?.range ?? prepared.resumed?.range ?? null)
      },
      onBroken
    );
  }

  /** Bytes that are read in all passes together: of the source, or of the parts' coarsest blocks. */
  get totalBytes(): number {
    if (this.#parts) return this.#parts.blocks.reduce((sum, entry) => sum + this.#bytesOf(entry), 0);
    const { settings, executionPlan, layout } = this.#prepared;
    const passes = 1 + Number(executionPlan.decodeFirst) + Number(settings.scaling !== null && !settings.scaling.range);
    return passes * volumeCount(layout.outerShape) * product(settings.shape) * BYTES_PER_VOXEL[layout.dtype];
  }

  /** How many of `doneBytes` an earlier conversion has done. */
  get restoredBytes(): number {
    return this.#run.restoredBytes;
  }

  get doneBytes(): number {
    return this.#parts ? this.#readBack : this.#run.doneBytes;
  }

  /**
   * Writes everything under the partial name; returns what the result says, and the metadata's bytes in `bytesWritten`.
   */
  async run(): Promise<Written> {
    const { settings, layout, plan } = this.#prepared;
    const hashed = early(layout.kind === 'segments' ? headerHash(layout) : Promise.resolve(null));
    this.#described = early(this.#destination.writeDocuments(this.#arrayDocuments()));
    const counts = this.#parts ? await this.#takeOver(this.#parts) : await this.#convert();
    // The statistics are reckoned while the threads put the folders on the disk.
    const synced = early(performAll(this.#run.pool, this.#folders()));
    const report = emptyReport();
    for (const channel of this.#run.reports) addReport(report, channel);
    const { range } = this.#run;
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
    const statistics = this.#run.reports.map((_, channel) => this.#statistics(channel, counts(channel)));
    const written = report.bytesWritten;
    report.bytesWritten += await this.#described;
    const headerSha256 = await hashed;
    // A conversion that was cancelled meanwhile has no folder any more, and must not make it anew.
    if (this.#closed) throw cancelled();
    await this.#parts?.check((await this.#bytesSent()) ?? (await synced).bytesWritten, written);
    const documents = this.#imageDocuments(headerSha256, statistics);
    this.#described = early(this.#destination.writeDocuments(documents));
    report.bytesWritten += await this.#described;
    await synced;
    const [, image] = documents.find(([path]) => path === 'zarr.json' || path === '.zattrs')!;
    return { report, range, statistics, image };
  }

  /** Whether something is done that another conversion can go on with. */
  get resumable(): boolean {
    return this.#journal?.begun ?? false;
  }

  /** Ends the threads, and what they write; a second time it only waits for the first. */
  close(patience: number): Promise<void> {
    this.#closed ??= this.#end(patience);
    return this.#closed;
  }

  async #end(patience: number): Promise<void> {
    // Files that were sent may still be noted: the journal closes last.
    await Promise.allSettled([this.#run.close(patience), this.#described, this.#destination.courier?.stop()]);
    this.#journal?.close();
  }

  /** Makes all levels of the source; returns what tells the counts of a channel. */
  async #convert(): Promise<(channel: number) => Float64Array> {
    const { settings, executionPlan, resumed, plan } = this.#prepared;
    const { scaling } = settings;
    const run = this.#run;
    if (resumed) await run.restore(resumed.blocks, scaling !== null && !scaling.range && run.range !== null);
    if (executionPlan.decodeFirst) await run.decodeFirst();
    run.begin();
    if (scaling && !run.range) {
      const { ends } = scaling as Extract<typeof scaling, { range: null }>;
      const found = rangeOf(this.#prepared, ends, await run.scan(needsHistogram(ends)), run.sample);
      plan.warnings.push(...found.warnings);
      this.#writing(() => this.#journal!.range(found.range));
      run.range = found.range;
      run.begin();
    }
    await run.countStored();
    await run.perform();
    if (executionPlan.decodeFirst) rmSync(this.#scratch);
    return channel => run.takeCounts(settings.dtype, channel);
  }

  /** Makes the levels above the parts. */
  async #takeOver({
    reports,
    counts,
    fill,
    blocks,
    warnings,
    damaged
  }: Merged): Promise<(channel: number) => Float64Array> {
    const run = this.#run;
    this.#prepared.plan.warnings.push(...warnings);
    reports.forEach((report, channel) => addReport(run.reports[channel], report));
    fill(run.sample);
    run.begin();
    // What is in a bucket is known by its ETags; what nothing is made of is not read back.
    const isLookedAt = !this.#destination.courier && blocks[0].level < this.#prepared.levels.length - 1;
    const found = isLookedAt ? [] : await run.damaged(blocks);
    if (found.length > 0) await damaged(found);
    run.takeForDone(blocks, isLookedAt);
    await run.perform(task => {
      if (task.kind === 'restore') this.#readBack += this.#bytesOf(task);
    });
    if (run.harmed.length > 0) await damaged(run.harmed);
    return channel => counts[channel];
  }

  #bytesOf({ level, index }: Pick<BlockEntry, 'level' | 'index'>): number {
    const { levels, executionPlan, settings } = this.#prepared;
    return product(blockExtent(levels[level], executionPlan.grids[level], index)) * BYTES_PER_VOXEL[settings.dtype];
  }

  #writing<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      throw writeError(error, this.#destination.folder);
    }
  }

  #openJournal(): Journal<JournalHead> {
    const { resumed, record, executionPlan } = this.#prepared;
    const { folder } = this.#destination;
    return this.#writing(() =>
      resumed
        ? Journal.reopen(folder, resumed)
        : Journal.create<JournalHead>(folder, { ...record, leaf: executionPlan.grids[0].size })
    );
  }

  /** The folders with all chunks of one z each, and those above them, to be put on the disk. */
  *#folders(): Generator<Task> {
    if (this.#destination.courier) return;
    const synced = this.#parts?.synced ? this.#parts.blocks[0].level : -1;
    const { levels, layout, settings } = this.#prepared;
    const above = new Set<string>();
    for (let level = 0; level < levels.length; level++)
      for (let volume = 0; volume < volumeCount(layout.outerShape); volume++) {
        const folders = volumeFolders(settings.omeZarr, level, layout.outerShape, volume);
        for (const folder of [String(level), ...folders]) above.add(join(this.#destination.folder, folder));
        const inner = join(this.#destination.folder, folders.at(-1)!);
        // In OME-Zarr 0.4 the array's document lies beside them.
        for (const entry of readdirSync(inner, { withFileTypes: true }))
          if (entry.isDirectory())
            yield { kind: 'sync', folder: join(inner, entry.name), files: level <= synced ? 'looked at' : 'put' };
      }
    for (const folder of above) yield { kind: 'sync', folder, files: null };
  }

  /** Bytes of all chunks in a bucket; null where they were not sent to one. */
  async #bytesSent(): Promise<number | null> {
    const { courier } = this.#destination;
    if (!courier) return null;
    await courier.look();
    return courier.files.reduce((sum, [name, bytes]) => sum + (isChunkName(name) ? bytes : 0), 0);
  }

  /** Null where no voxel of a channel is a finite number. */
  #statistics(channel: number, counts: Float64Array): Statistics | null {
    const { layout, settings } = this.#prepared;
    const { t, c } = layout.outerShape;
    const { min, max } = this.#run.reports[channel];
    if (min > max) return null;
    const { points, sample: all } = this.#run;
    const sample = new Float64Array(t * points);
    for (let time = 0; time < t; time++) {
      const from = (time * c + channel) * points;
      sample.set(all.subarray(from, from + points), time * points);
    }
    return new Distribution(settings.dtype, counts, sample, min, max).statistics();
  }

  #arrayDocuments(): Documents {
    const { settings, levels, layout } = this.#prepared;
    return arrayDocuments({ ...settings, outerShape: layout.outerShape, levels }, settings.omeZarr);
  }

  #imageDocuments(headerSha256: string | null, statistics: (Statistics | null)[]): Documents {
    const { settings, levels, layout, plan } = this.#prepared;
    const { dtype, chunk, shard, downsample, compression, checksum, voxelSize, unit, omeZarr, offset } = settings;
    const origin = provenance(this.#prepared, this.#source, {
      range: this.#run.range,
      headerSha256,
      statistics
    });
    const name = basename(settings.output).replace(/(\.ome)?\.(zarr|ozx)$/i, '');
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
