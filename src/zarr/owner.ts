import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TOOL } from '../model/version.ts';
import { JOURNAL } from './journal.ts';
import { readJson } from './json.ts';
import { giveSign, isSilent } from './sign-of-life.ts';

/**
 * Lies in an unfinished output and says whose it is. Names that begin so are of markers that are put in its place or
 * taken from it.
 */
export const MARKER = `.${TOOL}.json`;
/** Lies in an unfinished output whose source is decoded first. */
export const SCRATCH = '.decoded';
/** Lie in an unfinished output that is converted in parts: what was planned, and what has become of each part. */
export const PLAN = `.${TOOL}.plan`;
export const PARTS = `.${TOOL}.parts`;
/** Names that this program gives in the folder of an unfinished output, and names that systems leave in any. */
const OURS = /^(\d+|zarr\.json|\.zattrs|\.zgroup)$/;
const ANYWHERE = /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.nfs[0-9a-f]+|\.fuse_hidden[0-9a-f]+)$/;
const isUsual = (name: string): boolean => OURS.test(name) || ANYWHERE.test(name);

/**
 * How often a running conversion gives a sign of life in its marker, and for how long one of another machine is
 * believed without, in ms.
 */
export const HEARTBEAT = 15_000;
export const BELIEVED = 8 * HEARTBEAT;

/** Has this process give them in a marker of its own until the timer is cleared. */
export const givingSigns = (path: string): NodeJS.Timeout =>
  setInterval(() => {
    try {
      giveSign(path);
    } catch {
      // Gone: whatever writes next will say so.
    }
  }, HEARTBEAT).unref();

export interface Owner {
  tool: string;
  host: string;
  pid: number;
  /** Tells a process from a later one of the same number; null where the system does not say. */
  started: string | null;
  /** Tells one marker from all others. */
  id: string;
}

/** Linux's fields of a process, from its state on (proc_pid_stat(5)); none elsewhere, or without that process. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/**
 * When a process started, in ticks since the machine did (Linux; null elsewhere and where there is no such process).
 */
export const startTime = (pid: number): string | null => statOf(pid)[19] ?? null;

/** Whether this machine has a process of that number, which has not ended. */
export function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // One that was killed keeps its number until its parent asks after it, which in many a container nobody does.
  return !/^[ZX]/.test(statOf(pid)[0] ?? '');
}

/** Whether a process of this machine that has told of itself is still there. */
export const isStillRunning = ({ pid, started }: Pick<Owner, 'pid' | 'started'>): boolean =>
  isProcess(pid) && started === startTime(pid);

export const isThisProcess = ({ pid, host, started }: Owner): boolean =>
  host === hostname() && pid === process.pid && started === startTime(pid);

export const marker = (): string => {
  const owner: Owner = {
    tool: TOOL,
    host: hostname(),
    pid: process.pid,
    started: startTime(process.pid),
    id: randomUUID()
  };
  return `${JSON.stringify(owner)}\n`;
};

/** Unfinished outputs that this process is writing. */
export const active = new Set<string>();

/**
 * Of whom an unfinished output is: a conversion that still runs (its process, in words), one that was planned to be
 * done in parts, whether one of these runs or not, one of ours that has ended, or somebody else altogether.
 */
export type Ownership = Running | 'planned' | 'stale' | 'foreign';
export interface Running {
  running: string;
  /** Whether it is on another machine, where it may have been killed: it is believed for a while. */
  elsewhere: boolean;
}

/**
 * Whose an unfinished output is. A power failure may have left an empty marker, or none: then the folder is known by
 * its journal, and by there being nothing in it that this program does not write.
 */
export function ownerOf(folder: string): Ownership {
  if (active.has(folder)) return running(process.pid, hostname());
  const marked = ownerIn(folder, MARKER);
  if (marked && marked !== 'stale') return marked;
  if (existsSync(join(folder, PLAN))) return 'planned';
  if (marked) return marked;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return 'foreign';
  }
  // Somebody may be about to put his own in place of it.
  const markers = names.filter(name => name.startsWith(MARKER));
  for (const name of markers) {
    const owner = ownerIn(folder, name);
    if (owner && owner !== 'stale') return owner;
  }
  const others = names.filter(name => !markers.includes(name) && name !== JOURNAL && name !== SCRATCH);
  const isKnown = names.length === 0 || markers.length > 0 || names.includes(JOURNAL);
  return isKnown && others.every(isUsual) ? 'stale' : 'foreign';
}

/** Whether an unfinished output is beyond doubt what this program was writing: its marker is whole, all in it known. */
export function isOurs(folder: string): boolean {
  if (!lstatSync(folder).isDirectory() || ownerIn(folder, MARKER) === null) return false;
  const known = [MARKER, JOURNAL, SCRATCH, PLAN, PARTS];
  return readdirSync(folder).every(name => isUsual(name) || known.some(each => name.startsWith(each)));
}

export const running = (pid: number, host: string): Running => ({
  running: `process ${pid} on ${host}`,
  elsewhere: host !== hostname()
});

/** Whom a marker names; null where it cannot be understood. */
export function ownerIn(folder: string, name: string): Running | 'stale' | null {
  let owner: Owner;
  try {
    owner = readJson(join(folder, name)) as unknown as Owner;
    if (owner.tool !== TOOL || typeof owner.host !== 'string' || !Number.isSafeInteger(owner.pid)) return null;
    const { pid, host } = owner;
    if (host !== hostname()) return isSilent(join(folder, name), BELIEVED) ? 'stale' : running(pid, host);
    if (isThisProcess(owner)) return 'stale';
    return isStillRunning(owner) ? running(pid, host) : 'stale';
  } catch {
    return null;
  }
}
