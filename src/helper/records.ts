import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { giveSign, isSilent, isStillRunning, startTime } from '../convert/index.ts';
import type { Job } from '../protocol/index.ts';
import { HELPER_GONE, isActive, lost } from '../protocol/job.ts';
import type { Jobs } from './jobs.ts';

const NAME = 'microct-io-vis-jobs';
/** Milliseconds after which a helper on another machine that has given no sign of life is taken to have gone. */
const BELIEVED = 180_000;
const BEAT = 30_000;
/** Milliseconds after which nobody comes back to ask. */
const FORGOTTEN = 30 * 86_400_000;

interface Record {
  pid: number;
  host: string;
  started: string | null;
  jobs: Job[];
}

/**
 * A helper's jobs, on the disk as long as nobody has been told how they ended: if the helper goes, the next one for the
 * same folder can say it. A record that cannot be written or read counts as none.
 */
export class Records {
  readonly #folder: string;
  readonly #prefix: string;
  readonly #file: string;
  #kept = '[]';
  #beat: NodeJS.Timeout | null = null;

  /** `folder`: where records are; `root`: the folder that the helper is for. */
  constructor(folder: string, root: string) {
    this.#folder = folder;
    this.#prefix = `${NAME}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}-`;
    this.#file = join(folder, `${this.#prefix}${hostname()}-${process.pid}.json`);
  }

  /** Jobs of helpers that have gone, which are this one's to tell from now on. */
  take(): Job[] {
    const found: Job[] = [];
    for (const name of this.#names()) {
      const file = join(this.#folder, name);
      try {
        if (Date.now() - statSync(file).mtimeMs > FORGOTTEN) {
          rmSync(file);
        } else if (name.startsWith(this.#prefix) && name.endsWith('.json')) {
          const { jobs, ...owner } = JSON.parse(readFileSync(file, 'utf8')) as Record;
          if (owner.host === hostname() ? isStillRunning(owner) : !isSilent(file, BELIEVED)) {
            continue;
          }
          // What cannot be understood stays until it is forgotten.
          const told = jobs.map(job => (isActive(job) ? lost(job, HELPER_GONE) : job));
          // Of two helpers that find it, one gets it.
          const mine = `${file}.${process.pid}`;
          renameSync(file, mine);
          rmSync(mine);
          found.push(...told);
        }
      } catch {
        // Another has taken it, or it is damaged.
      }
    }
    return found;
  }

  /** Keeps up with the jobs from now on. */
  follow(jobs: Jobs): void {
    this.#keep(jobs);
    jobs.listen(() => this.#keep(jobs));
  }

  #keep(jobs: Jobs): void {
    const left = jobs.list().filter(({ ended, seen }) => ended === null || !seen);
    const text = JSON.stringify(left.map(job => ({ ...job, progress: null, waiting: null })));
    if (text === this.#kept) {
      return;
    }
    this.#kept = text;
    try {
      if (left.length === 0) {
        rmSync(this.#file, { force: true });
      } else {
        const owner = { pid: process.pid, host: hostname(), started: startTime(process.pid) };
        mkdirSync(this.#folder, { recursive: true });
        const fresh = `${this.#file}.new`;
        writeFileSync(fresh, `${JSON.stringify(owner).slice(0, -1)},"jobs":${text}}`, { mode: 0o600 });
        renameSync(fresh, this.#file);
      }
    } catch {
      // The jobs go on without.
    }
    this.#beat ??= setInterval(() => this.#touch(), BEAT).unref();
  }

  #touch(): void {
    try {
      giveSign(this.#file);
    } catch {
      // There is none.
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder).filter(name => name.startsWith(NAME));
    } catch {
      return [];
    }
  }
}
