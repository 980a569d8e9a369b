// Past the form's door, which brings React along: these run in Node's tests as well.
import { describeProgress, describeSeconds, describeSource } from '../../form/describe.ts';
import { baseName } from '../../form/output.ts';
import { formatBytes } from '../../protocol/bytes.ts';
import type { Job } from '../../protocol/index.ts';

/** `scan.tif → scan.ome.zarr` */
export function jobName(job: Job): string {
  const source = shorten(describeSource(job.source), 36);
  return job.output ? `${source} → ${shorten(baseName(job.output), 36)}` : source;
}

/** Where a job stands, in a few words. */
export function jobStatus(job: Job): string {
  switch (job.state) {
    case 'queued':
      return 'waiting';
    case 'running':
      return job.progress ? describeProgress(job.progress) : 'starting';
    case 'done':
      return job.result
        ? `done in ${describeSeconds(job.result.seconds)}, ${formatBytes(job.result.bytesWritten)}`
        : 'done';
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return `failed: ${job.error?.message ?? 'for no known reason'}`;
  }
}

/** Everything about a job, a line each. */
export function jobDetails(job: Job): string {
  const source = typeof job.source === 'string' ? job.source : describeSource(job.source);
  return [`From ${source}`, job.output ? `to ${job.output}` : '', jobStatus(job), ...(job.result?.warnings ?? [])]
    .filter(Boolean)
    .join('\n');
}

/** Leaves out the middle of a long name, so that its end, which tells names apart, stays. */
export function shorten(text: string, length: number): string {
  const half = Math.floor((length - 1) / 2);
  return text.length <= length ? text : `${text.slice(0, length - 1 - half)}…${text.slice(-half)}`;
}
