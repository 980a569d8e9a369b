import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { Job } from '../../protocol/index.ts';
import { HELPER_GONE, isActive, lost } from '../../protocol/job.ts';
import type { IJobs, JobChange } from '../helper.ts';

/** The page's copy of the helper's jobs, in the order they were made. */
export class Jobs implements IJobs {
  get items(): readonly Job[] {
    return [...this.#jobs.values()].sort((a, b) => a.created - b.created);
  }

  get changed(): ISignal<this, JobChange> {
    return this.#changed;
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  set(job: Job): void {
    const before = this.#jobs.get(job.id) ?? null;
    this.#jobs.set(job.id, job);
    this.#changed.emit({ now: job, before });
  }

  delete(id: string): void {
    const before = this.#jobs.get(id);
    if (before) {
      this.#jobs.delete(id);
      this.#changed.emit({ now: null, before });
    }
  }

  /**
   * Takes up the jobs that were under way when a page was left, until the helper says what has become of them. Who
   * listens already hears of them now: later they are no news.
   */
  recall(jobs: readonly Job[]): void {
    jobs.filter(job => !this.#jobs.has(job.id)).forEach(job => this.set(job));
  }

  /** Takes over the helper's list; a job that was under way and is not in it has been lost. */
  sync(jobs: readonly Job[]): void {
    const known = new Set(jobs.map(job => job.id));
    this.fail(HELPER_GONE, job => !known.has(job.id));
    jobs.forEach(job => this.set(job));
  }

  /** Ends the jobs under way, because nothing more will be heard of them, for a reason that is told with its name. */
  fail(reason: string, which: (job: Job) => boolean = () => true): void {
    for (const job of this.items) {
      if (isActive(job) && which(job)) {
        this.set(lost(job, reason));
      }
    }
  }

  readonly #jobs = new Map<string, Job>();
  readonly #changed = new Signal<this, JobChange>(this);
}
