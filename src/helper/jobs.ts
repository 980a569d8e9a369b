import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import {
  type Control,
  type OmeZarrInfo,
  type VerifyOptions,
  type VerifyResult,
  limitsOf,
  makeFolder,
  usualMemory
} from '../convert/index.ts';
import { ConvertError, cancelled, interrupted } from '../model/errors.ts';
import type { ConvertOptions } from '../model/options.ts';
import type { Plan } from '../model/plan.ts';
import type { ConvertResult, Progress } from '../model/progress.ts';
import { BYTES_PER_VOXEL, type VolumeInfo } from '../model/volume.ts';
import type { HelperEvent, Job, Methods, Source, Waiting } from '../protocol/index.ts';
import { isActive, lost } from '../protocol/job.ts';
import { toFailure } from './failure.ts';
import { type Lane, type Load, type Share, fitTogether, isSmall, shareOf } from './lanes.ts';

/** The engine that runs the jobs, by its functions of the same names. */
export interface Engine {
  inspect(source: Source): Promise<VolumeInfo | OmeZarrInfo>;
  estimate(source: Source, options: Partial<ConvertOptions>, makesFolder?: boolean): Promise<Plan>;
  convert(source: Source, options: Partial<ConvertOptions>, control: Control): Promise<ConvertResult>;
  verify(output: string, options: Partial<VerifyOptions>, control: Control): Promise<VerifyResult>;
}

/** How many ended jobs are remembered. */
const KEPT = 100;
/**
 * Least milliseconds between two events of one job's progress, a little less than the engine's own beat: Jupyter drops
 * messages above 1,000 a second.
 */
const INTERVAL = 180;

interface Entry {
  job: Job;
  load: Load;
  /** Does the job and resolves to its result. */
  work: (share: Share, control: Control) => Promise<Pick<Job, 'result'> | Pick<Job, 'verdict'>>;
  controller: AbortController;
  /** When progress was last told. */
  told: number;
  ended: Promise<Job>;
  settle: (job: Job) => void;
}

/**
 * The queue of conversions and verifications. One runs at a time, since each uses all processors, and one small one
 * beside it; the others wait in the order they came, or in another that a person has chosen. All that run stay within
 * the memory that is allowed for one. A job is a plain object that is replaced, never changed, so that listeners may
 * keep it.
 */
export class Jobs {
  readonly #engine: Engine;
  #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(event: HelperEvent) => void>();
  /** In the order in which they will run. */
  #waiting: Entry[] = [];
  readonly #running: Record<Lane, Entry | null> = { main: null, beside: null };
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Every job, oldest first. */
  list(): Job[] {
    return [...this.#entries.values()].map(({ job }) => job);
  }

  /** True while a job runs or waits. */
  get active(): boolean {
    return this.list().some(isActive);
  }

  /** Calls back at every change until the returned function is called. */
  listen(listener: (event: HelperEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Plans a conversion and puts it at the end of the queue. What cannot work is refused at once, and no job is made.
   *
   * @param makesFolder whether the output's folder is made where there is none
   * @throws ConvertError
   */
  async start(source: Source, options: Partial<ConvertOptions>, makesFolder = false): Promise<Job> {
    const plan = await this.#engine.estimate(source, options, makesFolder);
    const { output, outputRefusal, levels, peakMemoryBytes } = plan;
    if (outputRefusal && !outputRefusal.isMade) {
      throw new ConvertError(outputRefusal.code, outputRefusal.message, 'output');
    }
    const rival = this.list().find(job => job.kind === 'convert' && isActive(job) && job.output === output);
    if (rival) {
      throw new ConvertError(
        'output-exists',
        `${output}: another conversion is about to write this; wait for it, cancel it, or choose another output`,
        'output'
      );
    }
    if (outputRefusal) makeFolder(dirname(output));
    const chosen = { ...options, output };
    const budget = options.maxMemory ?? usualMemory();
    return this.#add(
      { kind: 'convert', source, output, options: chosen },
      { bytes: levels[0].bytes, budget, peak: peakMemoryBytes, needsAll: false },
      async (share, control) => ({ result: await this.#engine.convert(source, { ...chosen, ...share }, control) })
    ).job;
  }

  /** Puts the verification of an OME-Zarr at the end of the queue. */
  verify(output: string, options: Partial<VerifyOptions>): Job {
    const budget = limitsOf(options).maxMemory;
    const entry = this.#add(
      { kind: 'verify', source: output, output, options: {} },
      { bytes: Infinity, budget, peak: budget, needsAll: false },
      async (share, control) => ({ verdict: await this.#engine.verify(output, { ...options, ...share }, control) })
    );
    if (entry.job.state === 'queued') {
      this.#engine.inspect(output).then(
        ({ shape, dtype }) => {
          if (!shape || !dtype) return;
          entry.load.bytes = shape.reduce((product, n) => product * n, BYTES_PER_VOXEL[dtype]);
          this.#next();
        },
        // It will say so itself.
        () => undefined
      );
    }
    return entry.job;
  }

  /** Takes up jobs that have ended with another helper, so that somebody is told how. */
  recall(ended: readonly Job[]): void {
    const fresh = ended.filter(({ id }) => !this.#entries.has(id));
    if (fresh.length === 0) {
      return;
    }
    const load = { bytes: 0, budget: 0, peak: 0, needsAll: false };
    const entries = fresh.map((job): [string, Entry] => {
      const work = () => Promise.reject(new Error('it has ended'));
      const controller = new AbortController();
      return [job.id, { job, load, work, controller, told: 0, ended: Promise.resolve(job), settle: () => undefined }];
    });
    this.#entries = new Map(
      [...this.#entries, ...entries].sort(([, { job: a }], [, { job: b }]) => a.created - b.created)
    );
    fresh.forEach(job => this.#emit({ event: 'job', job }));
  }

  #add(what: Pick<Job, 'kind' | 'source' | 'output' | 'options'>, load: Load, work: Entry['work']): Entry {
    if (this.#closed) {
      throw new ConvertError('cancelled', 'The helper is shutting down.');
    }
    let settle: (job: Job) => void = () => {};
    const ended = new Promise<Job>(done => {
      settle = done;
    });
    const job: Job = {
      id: randomUUID(),
      ...what,
      state: 'queued',
      progress: null,
      error: null,
      result: null,
      verdict: null,
      waiting: null,
      seen: false,
      created: Date.now(),
      ended: null
    };
    const entry: Entry = { job, load, work, controller: new AbortController(), told: 0, ended, settle };
    this.#entries.set(job.id, entry);
    this.#waiting.push(entry);
    this.#emit({ event: 'job', job });
    this.#next();
    return entry;
  }

  /** Gives a job that waits another place among those. */
  move(id: string, to: Methods['move']['params']['to']): Job {
    const entry = this.#find(id);
    const from = this.#waiting.indexOf(entry);
    if (from < 0) {
      throw new ConvertError('bad-option', `This job is ${entry.job.state}: only those that wait can change places.`);
    }
    const place = { first: 0, up: Math.max(0, from - 1), down: from + 1 }[to];
    if (place === undefined) {
      throw new ConvertError('bad-option', `move: expected to be told first, up or down, found ${JSON.stringify(to)}`);
    }
    this.#waiting.splice(from, 1);
    this.#waiting.splice(place, 0, entry);
    this.#next();
    return entry.job;
  }

  /** Notes that a person has been told how a job ended. */
  seen(id: string): Job {
    const entry = this.#find(id);
    if (!isActive(entry.job) && !entry.job.seen) {
      this.#change(entry, { seen: true });
    }
    return entry.job;
  }

  /** Cancels a job that waits or runs; a running one ends a little later. An ended one stays as it is. */
  cancel(id: string): Job {
    const entry = this.#find(id);
    if (entry.job.state === 'queued') {
      this.#waiting = this.#waiting.filter(other => other !== entry);
      this.#end(entry, { state: 'cancelled' });
      this.#next();
    } else if (entry.job.state === 'running') {
      entry.controller.abort(cancelled());
    }
    return entry.job;
  }

  /** Forgets an ended job. */
  dismiss(id: string): void {
    const { job } = this.#find(id);
    if (isActive(job)) {
      throw new ConvertError(
        'bad-option',
        `This ${job.kind === 'verify' ? 'verification' : 'conversion'} is still ${job.state}: cancel it first.`
      );
    }
    this.#entries.delete(id);
    this.#emit({ event: 'dismissed', job: id });
  }

  /** Resolves to the job as it has ended, however that was. */
  wait(id: string): Promise<Job> {
    return this.#find(id).ended;
  }

  /**
   * Ends everything, so that what is done of it can be resumed, takes nothing more, and resolves when the last job has
   * ended. Those that wait end too, and nobody has cancelled them. `reason`: `ended by SIGTERM` and the like;
   * `patience`: milliseconds after which a job that a disk holds up is told to have ended as well.
   */
  async close(reason: string, patience: number): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries.values()].filter(({ job }) => isActive(job));
    entries.forEach(entry => {
      if (entry.job.state === 'queued') {
        this.#waiting = this.#waiting.filter(other => other !== entry);
        const message = `${entry.job.output}: not begun, because the helper was ${reason}. Start it again.`;
        this.#end(entry, { state: 'failed', error: { code: 'internal', message, field: null } });
      } else {
        entry.controller.abort(interrupted(reason));
      }
    });
    const timer = setTimeout(() => {
      const left = entries.filter(({ job }) => isActive(job));
      left.forEach(entry => this.#end(entry, lost(entry.job, `The helper was ${reason}.`)));
    }, patience);
    await Promise.all(entries.map(({ ended }) => ended));
    clearTimeout(timer);
  }

  #find(id: string): Entry {
    const entry = this.#entries.get(id);
    if (!entry) {
      throw new ConvertError(
        'not-found',
        `No conversion has the id ${id}: the helper was restarted, or it was dismissed.`
      );
    }
    return entry;
  }

  /** Begins what can begin, and tells the others what they wait for. */
  #next(): void {
    if (this.#closed) {
      return;
    }
    for (const entry of [...this.#waiting]) {
      const lane = this.#laneOf(entry);
      if (lane) {
        this.#waiting = this.#waiting.filter(other => other !== entry);
        this.#running[lane] = entry;
        void this.#run(entry, lane);
      }
    }
    this.#waiting.forEach((entry, index) => {
      const waiting = this.#waitingOf(entry, index);
      if (JSON.stringify(waiting) !== JSON.stringify(entry.job.waiting)) {
        this.#change(entry, { waiting });
      }
    });
  }

  /** Where a job that waits can run now; null where it has to go on waiting. */
  #laneOf(entry: Entry): Lane | null {
    const { main, beside } = this.#running;
    if (!main) {
      const fits = !beside || fitTogether(entry.load, beside.load);
      return entry === this.#waiting[0] && fits ? 'main' : null;
    }
    return !beside && isSmall(entry.load) && fitTogether(main.load, entry.load) ? 'beside' : null;
  }

  #waitingOf({ load }: Entry, index: number): Waiting {
    const { main, beside } = this.#running;
    const before = this.#waiting.slice(0, index).filter(other => !isSmall(load) || isSmall(other.load));
    const [reason, behind] = before.length
      ? (['turn', before.at(-1)!] as const)
      : !main
        ? (['memory', beside!] as const)
        : !isSmall(load)
          ? (['turn', main] as const)
          : beside
            ? (['turn', beside] as const)
            : (['memory', main] as const);
    return { place: index + 1, behind: behind.job.id, reason };
  }

  async #run(entry: Entry, lane: Lane): Promise<void> {
    this.#change(entry, { state: 'running', waiting: null });
    try {
      const found = await entry.work(shareOf(entry.load, lane), {
        signal: entry.controller.signal,
        onProgress: progress => this.#progress(entry, progress)
      });
      this.#running[lane] = null;
      this.#end(entry, { state: 'done', ...found });
    } catch (error) {
      const failure = toFailure(error);
      this.#running[lane] = null;
      if (failure.code === 'memory-too-small' && !entry.load.needsAll && !this.#closed) {
        // Nothing was written yet: by itself it may have more.
        entry.load = { ...entry.load, peak: entry.load.budget, needsAll: true };
        this.#waiting.unshift(entry);
        this.#change(entry, { state: 'queued' });
      } else {
        const isCancelled = failure.code === 'cancelled';
        // That it was cancelled is no error; that something of it stays is one.
        const error = isCancelled && failure.field === null ? null : failure;
        this.#end(entry, { state: isCancelled ? 'cancelled' : 'failed', error });
      }
    }
    this.#next();
  }

  #progress(entry: Entry, progress: Progress): void {
    const now = Date.now();
    entry.job = { ...entry.job, progress };
    if (now - entry.told >= INTERVAL) {
      entry.told = now;
      this.#emit({ event: 'job', job: entry.job });
    }
  }

  #end(entry: Entry, change: Partial<Job>): void {
    // It was told that it has ended, as it took too long.
    if (!isActive(entry.job)) return;
    this.#change(entry, { ...change, waiting: null, ended: Date.now() });
    entry.settle(entry.job);
    const ended = this.list().filter(job => !isActive(job));
    ended.slice(0, Math.max(0, ended.length - KEPT)).forEach(({ id }) => this.dismiss(id));
  }

  #change(entry: Entry, change: Partial<Job>): void {
    entry.job = { ...entry.job, ...change };
    this.#emit({ event: 'job', job: entry.job });
  }

  #emit(event: HelperEvent): void {
    this.#listeners.forEach(listener => listener(event));
  }
}
