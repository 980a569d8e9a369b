import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isStillRunning, startTime } from '../convert/index.ts';
import type { Job } from '../protocol/index.ts';
import type { Jobs } from './jobs.ts';

const NAME = 'microct-io-vis-jobs';
/** Milliseconds after which a helper on another machine that has not touched its record is taken to have gone. */
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
 * What a helper's jobs are, on the disk, as long as nobody has been told how they ended: if the helper goes, the next one for the same folder
 * can say it. A record that cannot be written or read is none.
 */
export class Records {
  private readonly _folder: string;
  private readonly _prefix: string;
  private readonly _file: string;
  private _kept = '[]';
  private _beat: NodeJS.Timeout | null = null;

  /** `folder`: where records are; `root`: the folder that the helper is for. */
  constructor(folder: string, root: string) {
    this._folder = folder;
    this._prefix = `${NAME}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}-`;
    this._file = join(folder, `${this._prefix}${hostname()}-${process.pid}.json`);
  }

  /** Jobs of helpers that have gone, which are this one's to tell from now on. */
  take(): Job[] {
    const found: Job[] = [];
    for (const name of this._names()) {
      const file = join(this._folder, name);
      if (file === this._file) {
        continue;
      }
      try {
        const { mtimeMs } = statSync(file);
        const age = Date.now() - mtimeMs;
        if (age > FORGOTTEN) {
          rmSync(file);
        } else if (name.startsWith(this._prefix) && name.endsWith('.json')) {
          const { jobs, ...owner } = JSON.parse(readFileSync(file, 'utf8')) as Record;
          if (owner.host === hostname() ? isStillRunning(owner) : age < BELIEVED) {
            continue;
          }
          // Of two helpers that find it, one gets it.
          const mine = `${file}.${process.pid}`;
          renameSync(file, mine);
          rmSync(mine);
          found.push(...jobs.map(asEnded));
        }
      } catch {
        // Another has taken it, or it is damaged.
      }
    }
    return found;
  }

  /** Keeps up with the jobs from now on. */
  follow(jobs: Jobs): void {
    this._keep(jobs);
    jobs.listen(() => this._keep(jobs));
  }

  private _keep(jobs: Jobs): void {
    const left = jobs.list().filter(({ ended, seen }) => ended === null || !seen);
    const text = JSON.stringify(left.map(job => ({ ...job, progress: null, waiting: null })));
    if (text === this._kept) {
      return;
    }
    this._kept = text;
    try {
      if (left.length === 0) {
        rmSync(this._file, { force: true });
      } else {
        const owner = { pid: process.pid, host: hostname(), started: startTime(process.pid) };
        mkdirSync(this._folder, { recursive: true });
        const fresh = `${this._file}.new`;
        writeFileSync(fresh, `${JSON.stringify(owner).slice(0, -1)},"jobs":${text}}`, { mode: 0o600 });
        renameSync(fresh, this._file);
      }
    } catch {
      // The jobs go on without.
    }
    this._beat ??= setInterval(() => this._touch(), BEAT).unref();
  }

  private _touch(): void {
    try {
      utimesSync(this._file, new Date(), new Date());
    } catch {
      // There is none.
    }
  }

  private _names(): string[] {
    try {
      return readdirSync(this._folder).filter(name => name.startsWith(NAME));
    } catch {
      return [];
    }
  }
}

/** A job as it is once its helper has gone. */
function asEnded(job: Job): Job {
  if (job.ended !== null) {
    return job;
  }
  const isBegun = job.kind === 'convert' && job.state === 'running';
  const rest = isBegun ? 'What it had written is there to be resumed.' : 'Start it again.';
  const message = `${job.output}: The helper that was at this has ended. ${rest}`;
  const error = { code: isBegun ? ('interrupted' as const) : ('internal' as const), message, field: null };
  return { ...job, state: 'failed', error, ended: Date.now() };
}
