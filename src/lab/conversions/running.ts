import type { IRunningSessions } from '@jupyterlab/running';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { Job } from '../../protocol/index.ts';
import { isActive } from '../connection/jobs.ts';
import type { IHelper } from '../helper.ts';
import { pyramidIcon, stackIcon } from '../icons.ts';
import { CommandIDs } from '../ids.ts';
import { jobDetails, jobName, jobStatus } from './describe.ts';
import { showDetails } from './notifications.ts';

/** The *Conversions* section of the Running panel: the newest first. */
export class RunningConversions implements IRunningSessions.IManager {
  readonly name = 'Conversions';
  readonly shutdownAllLabel = 'Clear All';
  readonly shutdownAllConfirmationText = 'Cancel the conversions that run, and dismiss those that have ended?';

  constructor(helper: IHelper, commands: CommandRegistry) {
    this._helper = helper;
    this._commands = commands;
    const throttler = new Throttler(() => this._runningChanged.emit(), { limit: 400, edge: 'trailing' });
    helper.jobs.changed.connect((_, { now, before }) => {
      if (now?.state === before?.state) {
        void throttler.invoke();
      } else {
        this._runningChanged.emit();
      }
    });
  }

  get runningChanged(): ISignal<this, void> {
    return this._runningChanged;
  }

  readonly shutdownLabel = (item: IRunningSessions.IRunningItem): string =>
    item instanceof Item && isActive(item.job) ? 'Cancel' : 'Dismiss';

  running(): Item[] {
    return [...this._helper.jobs.items].reverse().map(job => new Item(job, this._commands));
  }

  refreshRunning(): void {
    void this._helper.join().catch(() => undefined);
  }

  shutdownAll(): void {
    this.running().forEach(item => item.shutdown());
  }

  private readonly _helper: IHelper;
  private readonly _commands: CommandRegistry;
  private readonly _runningChanged = new Signal<this, void>(this);
}

class Item implements IRunningSessions.IRunningItem {
  readonly job: Job;
  readonly className: string;
  readonly context = 'microct-io-vis-conversion';

  constructor(job: Job, commands: CommandRegistry) {
    this.job = job;
    this.className = `mct-Conversion mct-mod-${job.state}`;
    this._commands = commands;
  }

  open(): void {
    if (this.job.result) {
      void this._commands.execute(CommandIDs.openViewer, { path: this.job.result.output });
    } else {
      void showDetails(this.job);
    }
  }

  shutdown(): void {
    void this._commands.execute(isActive(this.job) ? CommandIDs.cancel : CommandIDs.dismiss, { job: this.job.id });
  }

  icon(): LabIcon {
    return this.job.kind === 'verify' || this.job.state === 'done' ? pyramidIcon : stackIcon;
  }

  label(): string {
    return jobName(this.job);
  }

  labelTitle(): string {
    return jobDetails(this.job);
  }

  detail(): string {
    return jobStatus(this.job);
  }

  private readonly _commands: CommandRegistry;
}
