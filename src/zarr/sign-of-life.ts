import { closeSync, openSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { TOOL } from '../model/version.ts';
import { withdraw } from './withdraw.ts';

// Machines that share a disk may have clocks that differ by more than one is believed that says nothing: what counts is
// the time that the disk gives to what is written.

/** Says in a file of this process, which is not empty, that it is still there. @throws where the file is gone */
export function giveSign(path: string): void {
  const file = openSync(path, 'r+');
  try {
    const first = Buffer.alloc(1);
    if (readSync(file, first, 0, 1, 0) === 1) writeSync(file, first, 0, 1, 0);
  } finally {
    closeSync(file);
  }
}

/** Whether nobody has written in a file for so many ms. @throws where there is none */
export function isSilent(path: string, ms: number): boolean {
  const { mtimeMs } = statSync(path);
  const silence = Date.now() - mtimeMs;
  // Where one's own clock says that somebody is there, nothing is lost by taking that for so.
  return (silence < 0 || silence >= ms) && nowIn(dirname(path)) - mtimeMs >= ms;
}

/**
 * By the file system's clock, in ms since 1970. It is asked by a file that is called as markers are, which are no part
 * of an output.
 */
function nowIn(folder: string): number {
  const probe = join(folder, `.${TOOL}.json-${randomUUID()}`);
  try {
    writeFileSync(probe, '');
    return statSync(probe).mtimeMs;
  } catch {
    // Who may only read cannot ask.
    return Date.now();
  } finally {
    withdraw(probe);
  }
}
