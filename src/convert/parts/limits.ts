import { type ConvertOptions, DEFAULT_OPTIONS } from '../../model/options.ts';
import { allotment } from '../../pyramid/allotment.ts';
import type { PartsPlan } from './files.ts';

/** Memory and threads of this process: as asked for, and no more than its job has. */
export function within({ maxMemory, jobs }: PartsPlan['limits']): Partial<ConvertOptions> {
  const allotted = allotment()?.bytes;
  return {
    maxMemory: Math.min(maxMemory ?? Infinity, allotted ?? maxMemory ?? DEFAULT_OPTIONS.maxMemory),
    ...(jobs !== undefined && { jobs })
  };
}
