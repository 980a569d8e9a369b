import { randomUUID } from 'node:crypto';
import type { Control } from '../convert/convert.ts';
import { ConvertError } from '../convert/errors.ts';
import type { ConvertOptions } from '../convert/options.ts';
import type { Plan } from '../convert/plan.ts';
import type { ConvertResult, Progress } from '../convert/progress.ts';
import type { VerifyOptions, VerifyResult } from '../convert/verify/index.ts';
import type { HelperEvent, Job, Source } from '../protocol/index.ts';
import { toFailure } from './failure.ts';

/** What runs the jobs: the engine's functions of the same names. */
export interface Engine {
  estimate(source: Source, options: Partial<ConvertOptions>): Promise<Plan>;
  convert(source: Source, options: Partial<ConvertOptions>, control: Control): Promise<ConvertResult>;
  verify(output: string, options: Partial<VerifyOptions>, control: Control): Promise<VerifyResult>;
}

/** How many ended jobs are remembered. */
const KEPT = 100;
/** Least milliseconds between two events of one job's progress, a little less than the engine's own beat: Jupyter drops messages above 1,000 a second. */
const INTERVAL = 180;

interface Entry {
  job: Job;
  /** Does the job; what it has come to. */
  work: (control: Control) => Promise<Pick<Job, 'result'> | Pick<Job, 'verdict'>>;
  controller: AbortController;
  /** When progress was last told. */
  told: number;
  ended: Promise<Job>;
  settle: (job: Job) => void;
}

/**
 * The queue of conversions and verifications. One runs at a time, since each uses all processors; the others wait in the order they came.
 * A job is a plain object that is replaced, never changed, so that listeners may keep it.
 */
export class Jobs {
  private readonly _engine: Engine;
  private readonly _entries = new Map<string, Entry>();
  private readonly _listeners = new Set<(event: HelperEvent) => void>();
  private _running: Entry | null = null;
  private _closed = false;

  constructor(engine: Engine) {
    this._engine = engine;
  }

  /** Every job, oldest first. */
  list(): Job[] {
    return [...this._entries.values()].map(({ job }) => job);
  }

  /** True while a job runs or waits. */
  get active(): boolean {
    return this._running !== null || this.list().some(({ state }) => state === 'queued');
  }

  /** Calls back at every change until the returned function is called. */
  listen(listener: (event: HelperEvent) => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  /**
   * Plans a conversion and puts it at the end of the queue. What cannot work is refused at once, and no job is made.
   * @throws ConvertError
   */
  async start(source: Source, options: Partial<ConvertOptions>): Promise<Job> {
    const { output } = await this._engine.estimate(source, options);
    const rival = this.list().find(job => job.kind === 'convert' && isActive(job) && job.output === output);
    if (rival) {
      throw new ConvertError(
        'output-exists',
        `${output}: another conversion is about to write this; wait for it, cancel it, or choose another output`,
        'output'
      );
    }
    const chosen = { ...options, output };
    return this._add({ kind: 'convert', source, output, options: chosen }, async control => ({
      result: await this._engine.convert(source, chosen, control)
    }));
  }

  /** Puts the verification of an OME-Zarr at the end of the queue. */
  verify(output: string, options: Partial<VerifyOptions>): Job {
    return this._add({ kind: 'verify', source: output, output, options: {} }, async control => ({
      verdict: await this._engine.verify(output, options, control)
    }));
  }

  private _add(what: Pick<Job, 'kind' | 'source' | 'output' | 'options'>, work: Entry['work']): Job {
    if (this._closed) {
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
      created: Date.now(),
      ended: null
    };
    this._entries.set(job.id, { job, work, controller: new AbortController(), told: 0, ended, settle });
    this._emit({ event: 'job', job });
    this._next();
    return this._find(job.id).job;
  }

  /** Cancels a job that waits or runs; a running one ends a little later. An ended one stays as it is. */
  cancel(id: string): Job {
    const entry = this._find(id);
    if (entry.job.state === 'queued') {
      this._end(entry, { state: 'cancelled' });
    } else if (entry.job.state === 'running') {
      entry.controller.abort(new ConvertError('cancelled', 'cancelled'));
    }
    return entry.job;
  }

  /** Forgets an ended job. */
  dismiss(id: string): void {
    const { job } = this._find(id);
    if (isActive(job)) {
      throw new ConvertError(
        'bad-option',
        `This ${job.kind === 'verify' ? 'verification' : 'conversion'} is still ${job.state}: cancel it first.`
      );
    }
    this._entries.delete(id);
    this._emit({ event: 'dismissed', job: id });
  }

  /** Resolves to the job as it has ended, however that was. */
  wait(id: string): Promise<Job> {
    return this._find(id).ended;
  }

  /** Cancels everything, takes nothing more, and resolves when the last job has ended. */
  async close(): Promise<void> {
    this._closed = true;
    const entries = [...this._entries.values()].filter(({ job }) => isActive(job));
    // The waiting ones first, or they would start as the running one ends.
    entries.reverse().forEach(({ job }) => this.cancel(job.id));
    await Promise.all(entries.map(({ ended }) => ended));
  }

  private _find(id: string): Entry {
    const entry = this._entries.get(id);
    if (!entry) {
      throw new ConvertError(
        'not-found',
        `No conversion has the id ${id}: the helper was restarted, or it was dismissed.`
      );
    }
    return entry;
  }

  private _next(): void {
    const entry = this._running ? undefined : [...this._entries.values()].find(({ job }) => job.state === 'queued');
    if (entry) {
      this._running = entry;
      void this._run(entry);
    }
  }

  private async _run(entry: Entry): Promise<void> {
    this._change(entry, { state: 'running' });
    try {
      const found = await entry.work({
        signal: entry.controller.signal,
        onProgress: progress => this._progress(entry, progress)
      });
      this._running = null;
      this._end(entry, { state: 'done', ...found });
    } catch (error) {
      const failure = toFailure(error);
      this._running = null;
      this._end(entry, failure.code === 'cancelled' ? { state: 'cancelled' } : { state: 'failed', error: failure });
    }
    this._next();
  }

  private _progress(entry: Entry, progress: Progress): void {
    const now = Date.now();
    entry.job = { ...entry.job, progress };
    if (now - entry.told >= INTERVAL) {
      entry.told = now;
      this._emit({ event: 'job', job: entry.job });
    }
  }

  private _end(entry: Entry, change: Partial<Job>): void {
    this._change(entry, { ...change, ended: Date.now() });
    entry.settle(entry.job);
    const ended = this.list().filter(job => !isActive(job));
    ended.slice(0, Math.max(0, ended.length - KEPT)).forEach(({ id }) => this.dismiss(id));
  }

  private _change(entry: Entry, change: Partial<Job>): void {
    entry.job = { ...entry.job, ...change };
    this._emit({ event: 'job', job: entry.job });
  }

  private _emit(event: HelperEvent): void {
    this._listeners.forEach(listener => listener(event));
  }
}

function isActive({ state }: Job): boolean {
  return state === 'queued' || state === 'running';
}
