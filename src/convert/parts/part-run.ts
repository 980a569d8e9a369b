import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { ConvertError } from '../../model/errors.ts';
import { isExact } from '../../model/histogram.ts';
import { HEARTBEAT, type Running, marker, ownerIn } from '../../zarr/owner.ts';
import { type BlockEntry, Journal } from '../../zarr/journal.ts';
import { type Root, blockExtent, blockStart } from '../../pyramid/blocks.ts';
import { forEachPoint, sampleGrid } from '../../pyramid/sample-grid.ts';
import { performAll } from '../../pyramid/schedule.ts';
import { asideName, writeSynced } from '../../zarr/sync.ts';
import { BlockRun } from '../block-run.ts';
import type { Prepared } from '../prepare.ts';
import { needsHistogram } from '../value-range.ts';
import { type PartRecord, type PartsPlan, type ScanRecord, packed, partFolder, recordOf } from './files.ts';

/** How often a run looks whether another one has done the part meanwhile, in ms. */
const LOOK = 3_000;
const RUN = 'run-';
const JOURNAL = 'journal-';

/** Which part of what plan, and where. */
export interface PartJob {
  plan: PartsPlan;
  partial: string;
  /** From 1. */
  part: number;
}

/**
 * A process that is at a part. Several may be, at once too: each has a journal of its own, and gives files their names
 * when they are whole, so that they write the same over each other.
 */
export class PartRun {
  readonly #job: PartJob;
  readonly #own: string;
  readonly #folder: string;
  readonly #prepared: Prepared;
  readonly #run: BlockRun;
  readonly #journal: Journal<{ id: string }>;
  readonly #timers: NodeJS.Timeout[];

  /** `onBroken` hears of a thread that died; `onDone` of another run that has done the part. */
  static async begin(
    job: PartJob,
    own: string,
    name: 'done' | 'scanned',
    work: { prepared: Prepared; roots: readonly Root[]; range: [number, number] | null },
    onBroken: (error: ConvertError) => void,
    onDone: () => void
  ): Promise<PartRun> {
    const folder = partFolder(job.partial, job.part);
    await writeSynced(join(folder, `${RUN}${own}`), marker());
    return new PartRun(job, own, name, work, onBroken, onDone);
  }

  private constructor(
    job: PartJob,
    own: string,
    name: 'done' | 'scanned',
    { prepared, roots, range }: { prepared: Prepared; roots: readonly Root[]; range: [number, number] | null },
    onBroken: (error: ConvertError) => void,
    onDone: () => void
  ) {
    const { plan, partial, part } = job;
    this.#job = job;
    this.#own = own;
    this.#prepared = prepared;
    this.#folder = partFolder(partial, part);
    this.#journal = Journal.create(this.#folder, { id: plan.id }, `${JOURNAL}${own}`);
    this.#run = new BlockRun(
      {
        prepared,
        folder: partial,
        roots,
        courier: null,
        aside: asideName(own),
        scratch: join(this.#folder, `decoded-${own}`),
        journal: this.#journal,
        range
      },
      onBroken
    );
    const touch = () => {
      const now = new Date();
      try {
        utimesSync(join(this.#folder, `${RUN}${own}`), now, now);
      } catch {
        // Gone: whatever writes next will say so.
      }
    };
    const look = () => {
      if (!existsSync(this.#folder) || recordOf(plan, partial, part, name)) onDone();
    };
    this.#timers = [setInterval(touch, HEARTBEAT), setInterval(look, LOOK)];
    this.#timers.forEach(timer => timer.unref());
  }

  get totalBytes(): number {
    return this.#run.sourceBytes * (1 + Number(this.#prepared.executionPlan.decodeFirst));
  }

  get doneBytes(): number {
    return this.#run.doneBytes;
  }

  get restoredBytes(): number {
    return this.#run.restoredBytes;
  }

  /** Converts the part. */
  async convert(): Promise<PartRecord> {
    const { plan } = this.#job;
    const { settings, executionPlan } = this.#prepared;
    const run = this.#run;
    const left = this.#left();
    if (left.length > 0) await run.restore(left, false);
    for (const entry of run.stored) this.#journal.block(entry);
    if (executionPlan.decodeFirst) await run.decodeFirst();
    run.begin();
    await run.countStored();
    const all = [...run.stored];
    await run.perform((_, entry) => {
      if (entry) all.push(entry);
    });
    await performAll(
      run.pool,
      all.map(({ volume, level, index }) => ({ kind: 'flush' as const, volume, level, index }))
    );
    return {
      id: plan.id,
      reports: run.reports.map(({ bytesWritten, min, max, nan, overflow }) => ({
        bytesWritten,
        min: finite(min),
        max: finite(max),
        nan,
        overflow
      })),
      counts: run.reports.map((_, channel) => packed(run.takeCounts(settings.dtype, channel))),
      ...this.#points(!isExact(settings.dtype)),
      blocks: all.filter(({ level }) => level === plan.level)
    };
  }

  /** Looks at the source's values. */
  async scan(): Promise<ScanRecord> {
    const { executionPlan, settings } = this.#prepared;
    const { scaling } = settings;
    if (executionPlan.decodeFirst) await this.#run.decodeFirst();
    this.#run.begin();
    const ends = scaling && !scaling.range ? scaling.ends : null;
    const { min, max, counts } = await this.#run.scan(ends !== null && needsHistogram(ends));
    return {
      id: this.#job.plan.id,
      min: finite(min),
      max: finite(max),
      counts: packed(counts),
      ...this.#points(true)
    };
  }

  /** Ends the threads and leaves what is done to the next run. */
  async close(patience: number): Promise<void> {
    this.#timers.forEach(timer => clearInterval(timer));
    await this.#run.close(patience);
    this.#journal.close();
    for (const name of [`${RUN}${this.#own}`, `decoded-${this.#own}`])
      rmSync(join(this.#folder, name), { force: true });
  }

  /** Blocks that earlier runs of this plan have noted. */
  #left(): BlockEntry[] {
    const own = `${JOURNAL}${this.#own}`;
    return readdirSync(this.#folder)
      .filter(name => name.startsWith(JOURNAL) && name !== own)
      .map(name => Journal.read<{ id: string }>(this.#folder, name))
      .filter(record => record?.head.id === this.#job.plan.id)
      .flatMap(record => record!.blocks);
  }

  /** Values at the points of the sample grid that lie in the part. */
  #points(wanted: boolean): Pick<PartRecord, 'points' | 'values'> {
    const { levels, layout, executionPlan } = this.#prepared;
    const grid = sampleGrid(levels[0].shape, layout.outerShape);
    const points: number[] = [];
    if (wanted)
      for (const { volume, index } of this.#run.leaves()) {
        const [leaf] = executionPlan.grids;
        const before = volume * this.#run.points;
        forEachPoint(grid, blockStart(leaf, index), blockExtent(levels[0], leaf, index), point => {
          points.push(before + point);
        });
      }
    const { sample } = this.#run;
    return {
      points: packed(Float64Array.from(points)),
      values: packed(Float64Array.from(points, point => sample[point]))
    };
  }
}

/** Processes that are at a part, in words. */
export function runsOf(partial: string, part: number): Running[] {
  const folder = partFolder(partial, part);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter(name => name.startsWith(RUN))
    .map(name => ownerIn(folder, name))
    .filter(owner => owner !== null && owner !== 'stale');
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
