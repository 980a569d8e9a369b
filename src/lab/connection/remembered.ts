import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { Job } from '../../protocol/index.ts';
import type { IJobs } from '../helper.ts';
import { isActive } from '../../protocol/job.ts';

const KEY = 'microct-io-vis:under-way';

/**
 * Jobs that were under way when a page was left, kept with JupyterLab's layout: whoever comes back is told what has
 * become of them.
 */
export class Remembered {
  constructor(state: IStateDB | null) {
    this.#state = state;
  }

  async fetch(): Promise<Job[]> {
    const found = await this.#state?.fetch(KEY);
    return Array.isArray(found) ? (found as unknown as Job[]).filter(job => typeof job?.id === 'string') : [];
  }

  /** Keeps up with the jobs from now on. */
  follow(jobs: IJobs): void {
    jobs.changed.connect((_, { now, before }) => {
      if (now?.state !== before?.state) {
        const left = jobs.items.filter(isActive).map(job => ({ ...job, progress: null }));
        void this.#state?.save(KEY, left as unknown as ReadonlyPartialJSONValue);
      }
    });
  }

  readonly #state: IStateDB | null;
}
