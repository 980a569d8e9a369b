import { Notification } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import { fraction } from '../../form/index.ts';
import { isAbsolute } from '../../form/output.ts';
import type { Job } from '../../protocol/index.ts';
import { isActive } from '../../protocol/job.ts';
import type { IHelper, JobChange } from '../helper.ts';
import { CommandIDs } from '../ids.ts';
import { jobName, jobStatus } from './describe.ts';
import { lookAtSource, showDetails } from './show.ts';

/** A notification is redrawn no more often than this, in milliseconds. */
const REST = 500;

/** How long a page may take until JupyterLab draws notifications, in milliseconds. */
const LOADING = 60_000;

interface Shown {
  id: string;
  made: number;
  /** When it was made or last redrawn. */
  at: number;
  /** Redraws it with what has changed since. */
  timer?: ReturnType<typeof setTimeout>;
}

/**
 * One notification a job, updated in place: progress with Cancel, then the outcome with what can be done next. How a
 * job ended is told once, by whichever page is there first.
 */
export class JobNotifications {
  constructor(helper: IHelper, commands: CommandRegistry, isWanted: () => boolean) {
    this.#helper = helper;
    this.#commands = commands;
    this.#isWanted = isWanted;
    helper.jobs.changed.connect(this.#onChanged, this);
    helper.jobs.items.forEach(job => this.#onChanged(helper.jobs, { now: job, before: null }));
  }

  #onChanged(_: unknown, { now, before }: JobChange): void {
    if (!now) {
      this.#forget(before);
    } else if (isActive(now)) {
      this.#progress(now, before);
    } else {
      // A job that was given up for lost may have ended otherwise: the next helper knows.
      const isCorrected = before !== null && !isActive(before) && before.state !== now.state;
      if (isCorrected || (!this.#told.has(now.id) && (!now.seen || this.#shown.has(now.id)))) {
        this.#outcome(now);
      }
      if (!now.seen) {
        void this.#acknowledge(now.id);
      }
      this.#told.add(now.id);
    }
  }

  /** Keeps other pages from reporting the same, as soon as somebody can see it here. */
  async #acknowledge(job: string): Promise<void> {
    while (document.visibilityState !== 'visible') {
      await new Promise(seen => document.addEventListener('visibilitychange', seen, { once: true }));
    }
    // The outcome is reported before the connection is ready.
    while (this.#helper.state === 'starting' || this.#helper.state === 'waiting') {
      await new Promise<void>(changed => {
        const onChanged = (): void => {
          this.#helper.stateChanged.disconnect(onChanged);
          changed();
        };
        this.#helper.stateChanged.connect(onChanged);
      });
    }
    // A helper that has ended meanwhile is not started for this.
    if (this.#helper.state === 'connected') {
      await this.#helper.request('seen', { job }).catch(() => undefined);
    }
  }

  #progress(job: Job, before: Job | null): void {
    const shown = this.#shown.get(job.id);
    const message = `${jobName(job)}: ${jobStatus(job, id => this.#helper.jobs.get(id))}`;
    if (shown) {
      // One that the person has dismissed stays away until there is an outcome.
      this.#redraw(shown, () =>
        Notification.update({ id: shown.id, message, type: 'in-progress', ...this.#running(job) })
      );
    } else if (this.#isWanted() && !before) {
      this.#emit(job, message, 'in-progress', this.#running(job));
    }
  }

  #running(job: Job): Notification.IOptions<never> {
    return {
      autoClose: false,
      progress: fraction(job.progress),
      actions: [
        ...(job.kind === 'convert'
          ? [
              {
                label: 'Look at It',
                caption: 'Look at the source while it is converted; the output takes its place when it is whole',
                callback: (event: MouseEvent) => {
                  event.preventDefault();
                  void lookAtSource(job, this.#commands);
                }
              }
            ]
          : []),
        {
          label: 'Cancel',
          caption: job.kind === 'verify' ? 'Cancel this verification' : 'Cancel this conversion',
          callback: event => {
            event.preventDefault();
            void this.#commands.execute(CommandIDs.cancel, { job: job.id });
          }
        }
      ]
    };
  }

  #outcome(job: Job): void {
    if (job.verdict) {
      const { ok, against } = job.verdict;
      this.#emit(job, `${jobName(job)}: ${jobStatus(job)}`, !ok ? 'error' : against === null ? 'warning' : 'success', {
        autoClose: false,
        actions: [this.#details(job)]
      });
    } else if (job.state === 'done') {
      const path = job.output;
      const warnings = job.result?.warnings.length ? ', with warnings' : '';
      this.#emit(job, `${jobName(job)}: ${jobStatus(job)}${warnings}`, warnings ? 'warning' : 'success', {
        autoClose: false,
        actions: [
          {
            label: 'Open in Neuroglancer',
            displayType: 'accent',
            callback: () => void this.#commands.execute(CommandIDs.openViewer, { path })
          },
          // The file browser shows nothing that is outside the server's root.
          ...(path !== null && isAbsolute(path) ? [] : [this.#show(path)]),
          {
            label: 'Verify',
            caption: 'Read every voxel back, and compare it with the source',
            callback: () => void this.#commands.execute(CommandIDs.verify, { path })
          },
          ...(warnings ? [this.#details(job)] : [])
        ]
      });
    } else if (job.state === 'failed') {
      // The reason names the file.
      const isKept = job.error?.code === 'interrupted' || job.error?.options?.includes('resume');
      const message = `Not ${job.kind === 'verify' ? 'verified' : 'converted'}: ${job.error?.message ?? jobName(job)}`;
      this.#emit(job, message, 'error', {
        autoClose: false,
        actions: [
          this.#details(job),
          {
            label: job.kind === 'verify' ? 'Try again' : isKept ? 'Resume…' : 'Try again…',
            callback: () => void this.#retry(job)
          }
        ]
      });
    } else if (job.error) {
      this.#emit(job, job.error.message, 'warning', { autoClose: false, actions: [this.#details(job)] });
    } else {
      const rest = job.kind === 'verify' ? '' : ', nothing was kept';
      this.#emit(job, `${jobName(job)}: cancelled${rest}`, 'info', { autoClose: 5000, actions: [] });
    }
  }

  #retry({ kind, source, output, options }: Job): Promise<unknown> {
    if (kind === 'verify') {
      return this.#commands.execute(CommandIDs.verify, { path: output });
    }
    const from = typeof source === 'string' ? { path: source } : { paths: source };
    return this.#commands.execute(CommandIDs.convert, { ...from, options });
  }

  #show(path: string | null): Notification.IAction {
    return {
      label: 'Show',
      caption: 'Show it in the file browser',
      callback: () => void this.#commands.execute(CommandIDs.showInBrowser, { path })
    };
  }

  #details(job: Job): Notification.IAction {
    return {
      label: 'Details',
      callback: event => {
        event.preventDefault();
        void showDetails(job, this.#helper.jobs);
      }
    };
  }

  /** Turns the job's notification into this one, or makes one. */
  #emit(job: Job, message: string, type: Notification.TypeOptions, options: Notification.IOptions<never>): void {
    const make = (): void => {
      if (this.#isWanted() || type === 'error') {
        const now = Date.now();
        this.#shown.set(job.id, { id: Notification.emit(message, type, options), made: now, at: now });
      }
    };
    const shown = this.#shown.get(job.id);
    if (!shown) {
      make();
      return;
    }
    const update = { progress: undefined, ...options };
    this.#redraw(shown, () => {
      if (!Notification.update({ id: shown.id, message, type, ...update })) {
        make();
      }
    });
  }

  /**
   * Draws the latest of what is to be drawn, when it is time. JupyterLab loses what changes before it has drawn any
   * notification at all, which takes a page that is being loaded a while: until then it is drawn again.
   */
  #redraw(shown: Shown, draw: () => void): void {
    clearTimeout(shown.timer);
    const isDrawn = isReady() || Date.now() > shown.made + LOADING;
    shown.timer = setTimeout(
      () => {
        shown.at = Date.now();
        draw();
        if (!isDrawn) {
          this.#redraw(shown, draw);
        }
      },
      Math.max(0, shown.at + REST - Date.now())
    );
  }

  #forget(job: Job | null): void {
    const shown = job && this.#shown.get(job.id);
    if (shown) {
      clearTimeout(shown.timer);
      this.#shown.delete(job.id);
      Notification.dismiss(shown.id);
    }
  }

  readonly #helper: IHelper;
  readonly #commands: CommandRegistry;
  readonly #isWanted: () => boolean;
  /** Jobs whose end was told. */
  readonly #told = new Set<string>();
  readonly #shown = new Map<string, Shown>();
}

/** Whether JupyterLab draws notifications: its container for them is there. */
const isReady = (): boolean => document.querySelector('.Toastify') !== null;
