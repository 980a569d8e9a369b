import { readdirSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isArchiveName } from '../model/output-name.ts';
import { finishedPlace } from './finished-place.ts';
import { isTaken } from './occupied.ts';
import { isOmeZarr } from './ome-zarr.ts';
import { isProcess, ownerOf } from './owner.ts';

let count = 0;

/**
 * A name beside an output that nothing else has: of a folder in the making, or, with an ending, of one that is moved
 * out of the way.
 */
export const besideName = (output: string): string =>
  `${output}.partial-${process.pid}-${Date.now().toString(36)}${(count++).toString(36)}`;

/** Suffix of what moves aside to be removed: half removed, it must not have a name that anybody looks at. */
const GONE = '-gone';

/** The name that an output has while its successor takes its own. */
export const previousName = (output: string): string => `${output}.previous-${process.pid}`;
const PREVIOUS = /^\.previous-(\d+)$/;

/**
 * Where an output is that a run has taken the name from, and was ended before it gave that to the new one; null where
 * there is none.
 */
export function heldBack(output: string): string | null {
  const found = readdirSync(dirname(output)).find(name => {
    const [, pid] = (name.startsWith(basename(output)) && PREVIOUS.exec(name.slice(basename(output).length))) || [];
    return pid !== undefined && !isOfAnother(Number(pid)) && isOmeZarr(join(dirname(output), name));
  });
  return found === undefined ? null : join(dirname(output), found);
}

/** Removes a folder beside `output`, or `output` itself. */
export async function remove(folder: string, output: string): Promise<void> {
  const gone = besideName(output) + GONE;
  let last = folder;
  try {
    renameSync(folder, gone);
    last = gone;
  } catch {
    // Windows moves nothing that is open somewhere.
  }
  await rm(last, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Clears up what runs that ended in between have left beside an output whose name in the making this process has. Where
 * one was ended when it had taken the name from the old output and not yet given it to the new one, the old one has it
 * again.
 */
export async function clearLeftovers(output: string): Promise<void> {
  // Nobody else is between taking and giving the name: that one would have the name in the making.
  const previous = isTaken(output) ? null : heldBack(output);
  if (previous !== null) renameSync(previous, output);
  await clearBeside(output, true);
  clearRecord(finishedPlace(output));
}

/**
 * Removes what runs that ended in between were about to remove beside an output, and, where this process has the name
 * in the making, what they were about to make: else somebody may be about to do that on another machine.
 */
export async function clearBeside(output: string, isHeld: boolean): Promise<void> {
  const folder = dirname(output);
  const name = basename(output);
  const left = readdirSync(folder, { withFileTypes: true })
    .filter(entry => (entry.isDirectory() || isArchiveName(name)) && entry.name.startsWith(name))
    .map(entry => ({ path: join(folder, entry.name), ending: entry.name.slice(name.length) }));
  for (const { path, ending } of left) {
    const [, pid, state] = /^\.partial-(\d+)-[0-9a-z]+(-old|-gone)?$/.exec(ending) ?? [];
    if (pid === undefined || isOfAnother(Number(pid))) continue;
    if (state === GONE) await rm(path, { recursive: true, force: true });
    else if (isHeld && ownerOf(path) === 'stale') await remove(path, output);
  }
  for (const { path, ending } of left) {
    const [, pid] = PREVIOUS.exec(ending) ?? [];
    if (pid !== undefined && !isOfAnother(Number(pid)) && isOmeZarr(output)) await remove(path, output);
  }
}

/** Removes a record of how the output came to be that is replaced, and what one has left who was writing such a one. */
function clearRecord(place: string): void {
  const folder = dirname(place);
  const name = basename(place);
  try {
    for (const found of readdirSync(folder))
      if (found === name || found.startsWith(`${name}-`)) rmSync(join(folder, found));
  } catch {
    // Without it the output is the same.
  }
}

/** Whether another process has that number, and may be the one that is at it. */
const isOfAnother = (pid: number): boolean => pid !== process.pid && isProcess(pid);
