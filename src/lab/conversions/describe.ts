// Past the form's door, which brings React along: these run in Node's tests as well.
import { describeProgress, describeSeconds, describeSource } from '../../form/describe.ts';
import { baseName } from '../../form/output.ts';
import { shownAddress } from '../../model/address.ts';
import { formatBytes } from '../../model/bytes.ts';
import { count } from '../../model/count.ts';
import { LISTED, differing, verdictWord } from '../../protocol/verdict.ts';
import type { Job, VerifyResult } from '../../protocol/index.ts';

/** `scan.tif → scan.ome.zarr`, `bone.tif → scan.ome.zarr/labels/bone`, or `Verify scan.ome.zarr` */
export function jobName(job: Job): string {
  if (job.kind === 'verify') {
    return `Verify ${shorten(describeSource(job.source), 36)}`;
  }
  const source = shorten(describeSource(job.source), 36);
  if (!job.output) {
    return source;
  }
  const { parent } = job.options;
  const output = parent == null ? baseName(job.output) : `${baseName(parent)}/labels/${baseName(job.output)}`;
  return `${source} → ${shorten(output, 36)}`;
}

/** Where a job stands, in a few words. `find` finds the one that it waits for. */
export function jobStatus(job: Job, find: (id: string) => Job | undefined = () => undefined): string {
  switch (job.state) {
    case 'queued':
      return waitingText(job, find);
    case 'running':
      return job.progress ? describeProgress(job.progress) : 'starting';
    case 'done':
      if (job.verdict) {
        return verdict(job.verdict);
      }
      return job.result
        ? `done in ${describeSeconds(job.result.seconds)}, ${formatBytes(job.result.bytesWritten)}`
        : 'done';
    case 'cancelled':
      return job.error?.message ?? 'cancelled';
    case 'failed':
      return `failed: ${job.error?.message ?? 'for no known reason'}`;
  }
}

/** `waiting until scan.tif → scan.ome.zarr has ended`, or `waiting behind scan.tif → scan.ome.zarr` */
function waitingText({ waiting }: Job, find: (id: string) => Job | undefined): string {
  const behind = waiting && find(waiting.behind);
  if (!behind) {
    return 'waiting';
  }
  if (behind.state === 'queued') {
    return `waiting behind ${jobName(behind)}`;
  }
  const why = waiting.reason === 'memory' ? ': there is not enough memory for both' : '';
  return `waiting until ${jobName(behind)} has ended${why}`;
}

/**
 * `OK: 4 levels, 1,200 voxels compared with scan.tif in 3 s`, `READABLE: …, nothing to compare with`, or `DIFFERENT: 2
 * voxels in 1 chunk differ`
 */
function verdict(found: VerifyResult): string {
  const number = (n: number): string => n.toLocaleString('en');
  if (!found.ok) {
    return `${verdictWord(found)}: ${differing(found, number)}`;
  }
  const { levels, voxelsCompared, against, seconds } = found;
  const read = `${verdictWord(found)}: ${count(levels, 'level', number)}`;
  if (found.compared === false) {
    return `${read}, ${count(found.chunksRead, 'chunk', number)} read in ${describeSeconds(seconds)}, nothing to compare with`;
  }
  return `${read}, ${count(voxelsCompared, 'voxel', number)} compared ${against === null ? 'without a source' : `with ${baseName(against)}`} in ${describeSeconds(seconds)}`;
}

/** Everything about a job, a line each. */
export function jobDetails(job: Job, find?: (id: string) => Job | undefined): string {
  if (job.kind === 'verify') {
    const { differences = [], notes = [], against } = job.verdict ?? {};
    const left = differences.length - LISTED;
    return [
      job.output,
      against && `compared with ${against}`,
      jobStatus(job, find),
      ...differences.slice(0, LISTED).map(({ message }) => message),
      left > 0 && `… and more: microct-io-vis verify --json tells the first 100`,
      ...notes
    ]
      .filter(Boolean)
      .join('\n');
  }
  const source = typeof job.source === 'string' ? shownAddress(job.source) : describeSource(job.source);
  return [`From ${source}`, job.output ? `to ${job.output}` : '', jobStatus(job, find), ...(job.result?.warnings ?? [])]
    .filter(Boolean)
    .join('\n');
}

/** Leaves out the middle of a long name, so that its end, which tells names apart, stays. */
export function shorten(text: string, length: number): string {
  const half = Math.floor((length - 1) / 2);
  return text.length <= length ? text : `${text.slice(0, length - 1 - half)}…${text.slice(-half)}`;
}
