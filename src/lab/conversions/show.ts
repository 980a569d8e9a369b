import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';
import { readingIn } from '../../model/options.ts';
import type { Job } from '../../protocol/index.ts';
import type { IJobs } from '../helper.ts';
import { CommandIDs } from '../ids.ts';
import { jobDetails, jobName } from './describe.ts';

/** Shows what a job converts, read as it reads it. */
export async function lookAtSource({ source, options }: Job, commands: CommandRegistry): Promise<void> {
  const from = typeof source === 'string' ? { path: source } : { paths: source, isStack: true };
  const reading = readingIn(options);
  await commands.execute(CommandIDs.look, {
    ...from,
    ...(Object.keys(reading).length > 0 && { options: reading as ReadonlyPartialJSONObject })
  });
}

/** A job's whole story, for what a notification or a list cuts short. */
export async function showDetails(job: Job, jobs: IJobs): Promise<void> {
  const body = new Widget();
  body.addClass('mct-JobDetails');
  body.node.textContent = jobDetails(job, id => jobs.get(id));
  await showDialog({
    title: jobName(job),
    body,
    buttons: [Dialog.okButton({ label: 'Close' })]
  });
}
