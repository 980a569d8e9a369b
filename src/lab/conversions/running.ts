import type { IRunningSessions } from '@jupyterlab/running';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { Job } from '../../protocol/index.ts';
import { isActive } from '../../protocol/job.ts';
import type { IHelper, IJobs } from '../helper.ts';
import { pyramidIcon, stackIcon } from '../icons.ts';
import { CommandIDs } from '../ids.ts';
import { jobDetails, jobName, jobStatus } from './describe.ts';
import { lookAtSource, showDetails } from './show.ts';

/**
 * The *Conversions* section of the Running panel: those that run, those that wait in their order, then those that have
 * ended, the last first.
 */
export class RunningConversions implements IRunningSessions.IManager {
  readonly name = 'Conversions';
  readonly shutdownAllLabel = 'Clear All';
  readonly shutdownAllConfirmationText = 'Cancel the conversions that run, and dismiss those that have ended?';

  constructor(helper: IHelper, commands: CommandRegistry) {
    this.#helper = helper;
    this.#commands = commands;
    const throttler = new Throttler(() => this.#runningChanged.emit(), { limit: 400, edge: 'trailing' });
    helper.jobs.changed.connect((_, { now, before }) => {
      if (now?.state === before?.state) {
        void throttler.invoke();
      } else {
        this.#runningChanged.emit();
      }
    });
  }

  get runningChanged(): ISignal<this, void> {
    return this.#runningChanged;
  }

  readonly shutdownLabel = (item: IRunningSessions.IRunningItem): string =>
    item instanceof Item && isActive(item.job) ? 'Cancel' : 'Dismiss';

  running(): Item[] {
    const { jobs } = this.#helper;
    return [...jobs.items].sort(byTurn).map(job => new Item(job, jobs, this.#commands));
  }

  refreshRunning(): void {
    void this.#helper.join().catch(() => undefined);
  }

  shutdownAll(): void {
    this.running().forEach(item => item.shutdown());
  }

  readonly #helper: IHelper;
  readonly #commands: CommandRegistry;
  readonly #runningChanged = new Signal<this, void>(this);
}

function byTurn(a: Job, b: Job): number {
  const rank = ({ state, waiting, ended, created }: Job): [number, number] =>
    state === 'running' ? [0, created] : state === 'queued' ? [1, waiting?.place ?? Infinity] : [2, -(ended ?? 0)];
  const [[group, place], [otherGroup, otherPlace]] = [rank(a), rank(b)];
  return group - otherGroup || place - otherPlace;
}

class Item implements IRunningSessions.IRunningItem {
  readonly job: Job;
  readonly className: string;
  /** By this the commands of its context menu know it. */
  readonly context: string;

  constructor(job: Job, jobs: IJobs, commands: CommandRegistry) {
    this.job = job;
    this.context = job.id;
    this.#jobs = jobs;
    this.className = `mct-Conversion mct-mod-${job.state}`;
    this.#commands = commands;
  }

  open(): void {
    if (this.job.result) {
      void this.#commands.execute(CommandIDs.openViewer, { path: this.job.result.output });
    } else if (this.job.kind === 'convert' && isActive(this.job)) {
      void lookAtSource(this.job, this.#commands);
    } else {
      void showDetails(this.job, this.#jobs);
    }
  }

  shutdown(): void {
    void this.#commands.execute(isActive(this.job) ? CommandIDs.cancel : CommandIDs.dismiss, { job: this.job.id });
  }

  icon(): LabIcon {
    return this.job.kind === 'verify' || this.job.state === 'done' ? pyramidIcon : stackIcon;
  }

  label(): string {
    return jobName(this.job);
  }

  labelTitle(): string {
    return jobDetails(this.job, id => this.#jobs.get(id));
  }

  detail(): string {
    return jobStatus(this.job, id => this.#jobs.get(id));
  }

  readonly #jobs: IJobs;
  readonly #commands: CommandRegistry;
}
