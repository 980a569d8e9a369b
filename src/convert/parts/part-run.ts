import { join } from 'node:path';
import type { ConvertError } from '../../model/errors.ts';
import { isExact } from '../../model/histogram.ts';
import { type BlockEntry, Journal } from '../../zarr/journal.ts';
import { withdraw } from '../../zarr/withdraw.ts';
import { type Root, blockExtent, blockStart } from '../../pyramid/blocks.ts';
import { forEachPoint, sampleGrid } from '../../pyramid/sample-grid.ts';
import { performAll } from '../../pyramid/schedule.ts';
import { BlockRun } from '../block-run.ts';
import type { Prepared } from '../prepare.ts';
import { needsHistogram } from '../value-range.ts';
import { type PartRecord, type PartsPlan, SCANNED, type ScanRecord, packed } from './files.ts';
import type { PartPlace, PartsStore } from './store.ts';
import type { Wanted } from './wanted.ts';

/** How often a run looks whether another one has done the part meanwhile, in ms. */
const LOOK = 3_000;

/** What is to be done of which part of what plan, and where. */
export interface PartJob {
  plan: PartsPlan;
  store: PartsStore;
  /** From 1. */
  part: number;
  wanted: Wanted;
  prepared: Prepared;
  roots: readonly Root[];
  range: [number, number] | null;
}

/**
 * A process that is at a part. Several may be, at once too: each has a journal of its own, and they write the same over
 * each other.
 */
export class PartRun {
  readonly #job: PartJob;
  readonly #place: PartPlace;
  readonly #run: BlockRun;
  readonly #journal: Journal<{ id: string }> | null;
  readonly #scratch: string;
  readonly #timer: NodeJS.Timeout;

  /** `onBroken` hears of a thread that died; `onDone` that another run has done the part, or nobody wants it. */
  static async begin(
    job: PartJob,
    own: string,
    onBroken: (error: ConvertError) => void,
    onDone: () => void
  ): Promise<PartRun> {
    const { store, part, wanted } = job;
    const look = () =>
      wanted.ask().then(
        isWanted => isWanted || onDone(),
        // Whatever is written next will say so.
        () => undefined
      );
    const place = await store.enter(part, own, wanted.permit);
    try {
      return new PartRun(job, own, place, look, onBroken);
    } catch (error) {
      await place.leave().catch(() => {});
      throw error;
    }
  }

  private constructor(
    job: PartJob,
    own: string,
    place: PartPlace,
    look: () => Promise<unknown>,
    onBroken: (error: ConvertError) => void
  ) {
    const { plan, prepared, roots, range } = job;
    const { folder, courier, aside } = place;
    this.#job = job;
    this.#place = place;
    // A look at the values leaves no blocks behind.
    this.#journal = job.wanted.kind === SCANNED ? null : Journal.create(place.own, { id: plan.id }, place.journal);
    this.#scratch = join(place.own, `decoded-${own}`);
    this.#run = new BlockRun(
      { prepared, folder, roots, courier, aside, scratch: this.#scratch, journal: this.#journal, range },
      onBroken
    );
    this.#timer = setInterval(() => void look(), LOOK).unref();
  }

  get totalBytes(): number {
    return this.#run.sourceBytes * (1 + Number(this.#job.prepared.executionPlan.decodeFirst));
  }

  get doneBytes(): number {
    return this.#run.doneBytes;
  }

  get restoredBytes(): number {
    return this.#run.restoredBytes;
  }

  /** See `Courier.told`. */
  told(error: unknown): unknown {
    return this.#place.courier?.told(error) ?? error;
  }

  /** Converts the part. */
  async convert(): Promise<PartRecord> {
    const { plan, prepared } = this.#job;
    const { settings, executionPlan } = prepared;
    const run = this.#run;
    const left = await this.#left();
    if (left.length > 0) await run.restore(left, false);
    for (const entry of run.stored) this.#journal?.block(entry);
    if (executionPlan.decodeFirst) await run.decodeFirst();
    run.begin();
    await run.countStored();
    const all = [...run.stored];
    await run.perform((_, entry) => {
      if (entry) all.push(entry);
    });
    if (!this.#place.courier)
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
    const { executionPlan, settings } = this.#job.prepared;
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
    clearInterval(this.#timer);
    // Files that were sent may still be noted: the journal closes after that.
    await Promise.allSettled([this.#run.close(patience), this.#place.courier?.stop()]);
    this.#journal?.close();
    withdraw(this.#scratch);
    await this.#place.leave();
  }

  /** Blocks that earlier runs of this plan have noted. */
  async #left(): Promise<BlockEntry[]> {
    const records = await this.#place.journals();
    return records.filter(({ head }) => head.id === this.#job.plan.id).flatMap(({ blocks }) => blocks);
  }

  /** Values at the points of the sample grid that lie in the part. */
  #points(wanted: boolean): Pick<PartRecord, 'points' | 'values'> {
    const { levels, layout, executionPlan } = this.#job.prepared;
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

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
