import { allotment, jobMemory, processors } from '../../pyramid/allotment.ts';
import { formatBytes } from '../../model/bytes.ts';
import { DEFAULT_OPTIONS } from '../../model/options.ts';
import { named, option } from '../../model/words.ts';
import { bad, isNumber, isWhole, show } from './given.ts';

const MAX_JOBS = 256;

/** Bytes of memory that may be taken where nobody says: no more than there are for this process. */
export const usualMemory = (): number => Math.min(allotment()?.bytes ?? Infinity, DEFAULT_OPTIONS.maxMemory);

/**
 * What is too little memory, and how to have more, in words.
 *
 * @param taken bytes that may be taken
 * @param needs bytes that are needed
 * @param isLimited whether no more than the job has is taken, whatever is asked for
 */
export function tooLittle(taken: number, needs: number, isLimited = false): { budget: string; enough: string } {
  const allotted = allotment();
  const isTheJobs = allotted !== null && (taken === allotted.bytes || (isLimited && allotted.bytes < needs));
  const needed = needs / 2 ** 20;
  return {
    budget: `a memory budget of ${formatBytes(taken)}${taken === allotted?.bytes ? ` (${allotted.of})` : ''}`,
    enough: isTheJobs
      ? `have its job be given at least ${jobMemory(needs) / 2 ** 20} MiB, of which nine tenths are taken`
      : `give at least ${needed} MiB (${needs} bytes, ${option('maxMemory', `${needed}M`)})`
  };
}

export function memory(value: number): number {
  if (!isNumber(value) || value <= 0)
    throw bad('maxMemory', `${named('maxMemory')} must be a number of bytes greater than 0, found ${show(value)}`);
  return Math.floor(value);
}

export function jobs(value: number | null): number {
  if (value === null) return Math.min(MAX_JOBS, processors());
  if (!isWhole(value) || value < 1 || value > MAX_JOBS)
    throw bad('jobs', `${named('jobs')} must be a whole number from 1 to ${MAX_JOBS}, found ${show(value)}`);
  return value;
}
