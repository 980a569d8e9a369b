import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { formatBytes } from '../model/bytes.ts';

/** Of what a job may take, the part that voxels and threads may: the rest is for what starts this, and for slack. */
const OURS = 0.9;
const MiB = 2 ** 20;

type Environment = Record<string, string | undefined>;

/**
 * How many threads can run at once: what a scheduler has given this job, where one has, and otherwise what the system
 * gives this process, which knows affinities and the quota of a control group.
 */
export function processors(env: Environment = process.env, system = availableParallelism()): number {
  // Where a job asks for no processors a task, SLURM names those of the job on this node alone.
  const [given] = [
    env.SLURM_CPUS_PER_TASK,
    env.SLURM_CPUS_ON_NODE,
    env.LSB_DJOB_NUMPROC,
    env.PBS_NCPUS,
    env.NSLOTS
  ].flatMap(whole);
  return given === undefined ? system : Math.min(given, system);
}

/** A limit of memory, in bytes, and whose it is. */
interface Limit {
  bytes: number;
  from: string;
}

/** What this process may take of the memory that its job has. */
export interface Allotment {
  bytes: number;
  /** Of how much that is, and who says so, in words. */
  of: string;
}

/**
 * Memory that this process may take of what its job has: by the scheduler's word, and by the control groups that it is
 * in; null where nobody limits it.
 *
 * @param root where the system's files are
 */
export function allotment(env: Environment = process.env, root = '/'): Allotment | null {
  const [least] = [...bySlurm(env), ...byControlGroups(root)].sort((a, b) => a.bytes - b.bytes);
  if (!least) return null;
  const bytes = OURS * least.bytes;
  return {
    bytes: bytes < MiB ? Math.floor(bytes) : Math.floor(bytes / MiB) * MiB,
    of: `nine tenths of the ${formatBytes(least.bytes)} of ${least.from}`
  };
}

/** Bytes that a job must have, for this process to be allotted so many. */
export const jobMemory = (bytes: number): number => Math.ceil(bytes / OURS / MiB) * MiB;

const whole = (text: string | undefined): number[] =>
  text !== undefined && /^[1-9]\d*$/.test(text) ? [Number(text)] : [];

/** In MiB; 0 is all that the node has. */
function bySlurm(env: Environment): Limit[] {
  const node = whole(env.SLURM_MEM_PER_NODE);
  if (node.length > 0) return node.map(n => ({ bytes: n * MiB, from: `SLURM_MEM_PER_NODE=${n}` }));
  const [cpus = 1] = [env.SLURM_CPUS_PER_TASK, env.SLURM_CPUS_ON_NODE].flatMap(whole);
  const from = (n: number) => `SLURM_MEM_PER_CPU=${n}${cpus > 1 ? ` and ${cpus} processors` : ''}`;
  return whole(env.SLURM_MEM_PER_CPU).map(n => ({ bytes: n * cpus * MiB, from: from(n) }));
}

/** Limits of the control groups that this process is in, and of those around them (Linux, both versions). */
function byControlGroups(root: string): Limit[] {
  const found: Limit[] = [];
  for (const line of read(join(root, 'proc/self/cgroup')).split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const isSecond = controllers === '';
    if (!isSecond && !controllers.split(',').includes('memory')) continue;
    const mount = join(root, 'sys/fs/cgroup', isSecond ? '' : 'memory');
    const name = isSecond ? 'memory.max' : 'memory.limit_in_bytes';
    const names = path.split('/').filter(part => part !== '');
    // In a container the path is the host's, and its own group lies at the top.
    for (let depth = names.length; depth >= 0; depth--) {
      const file = join(mount, ...names.slice(0, depth), name);
      found.push(...whole(read(file).trim()).map(bytes => ({ bytes, from: `this job's control group (${file})` })));
    }
  }
  // Version 1 writes a number beyond all memory where there is no limit.
  return found.filter(({ bytes }) => bytes < 2 ** 50);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
