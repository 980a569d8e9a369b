import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TOOL } from '../version.ts';

/** Lies in an unfinished output and says whose it is. */
export const MARKER = `.${TOOL}.json`;
/** How often a running conversion touches its marker, and for how long an untouched one of another machine is believed, in ms. */
export const HEARTBEAT = 15_000;
const BELIEVED = 8 * HEARTBEAT;

interface Owner {
  tool: string;
  host: string;
  pid: number;
  /** Tells a process from a later one of the same number; null where the system does not say. */
  started: string | null;
  /** Tells one marker from all others. */
  id: string;
}

/** When a process started, in ticks since the machine did (Linux; null elsewhere and where there is no such process). */
function startTime(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

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
 * Who an unfinished output belongs to: a conversion that still runs (its process, in words), one of ours that ended without tidying up,
 * or somebody else altogether.
 */
export async function ownerOf(folder: string): Promise<{ running: string } | 'stale' | 'foreign'> {
  const path = join(folder, MARKER);
  let owner: Owner;
  let touched: number;
  try {
    owner = JSON.parse(readFileSync(path, 'utf8')) as Owner;
    touched = (await stat(path)).mtimeMs;
  } catch {
    return 'foreign';
  }
  if (owner?.tool !== TOOL) return 'foreign';
  const running = { running: `process ${owner.pid} on ${owner.host}` };
  if (owner.host !== hostname()) return Date.now() - touched < BELIEVED ? running : 'stale';
  if (owner.pid === process.pid && owner.started === startTime(process.pid))
    return active.has(folder) ? running : 'stale';
  return exists(owner.pid) && owner.started === startTime(owner.pid) ? running : 'stale';
}
