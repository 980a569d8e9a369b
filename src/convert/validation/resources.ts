import { processors } from '../../pyramid/allotment.ts';
import { named } from '../../model/words.ts';
import { bad, isNumber, isWhole, show } from './given.ts';

const MAX_JOBS = 256;

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
