import { shownAddress } from '../model/address.ts';
import type { Job } from './index.ts';

/** Whether a job is still to end. */
export const isActive = ({ state }: Job): boolean => state === 'queued' || state === 'running';

/** A job that was to end and of which nothing more will be heard, for a reason in a sentence of its own. */
export function lost(job: Job, reason: string): Job {
  const isBegun = job.kind === 'convert' && job.state === 'running';
  const rest = isBegun ? 'What it had written is there to be resumed.' : 'Start it again.';
  const message = `${job.output ?? shownAddress([job.source].flat()[0])}: ${reason} ${rest}`;
  const error = { code: isBegun ? ('interrupted' as const) : ('internal' as const), message, field: null };
  return { ...job, state: 'failed', waiting: null, error, ended: Date.now() };
}

/** The reason where nobody has said one. */
export const HELPER_GONE = 'The helper that was at this has ended.';
