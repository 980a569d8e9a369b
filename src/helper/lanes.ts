/** Jobs of more voxel bytes than this run one at a time. */
const SMALL = 2 ** 30;
/** Most memory of a job that runs beside another. It has one thread. */
const BESIDE = 2 ** 29;
/** Budgets from here up leave so much for one beside. */
const SHARED = 4 * BESIDE;

/** Size and memory of a job, for those that run at the same time. */
export interface Load {
  /** Bytes of the voxels to be read; infinite where it is not known. */
  bytes: number;
  /** Most memory that a person allows the process, in bytes. */
  budget: number;
  /** Bytes of the budget that it is planned to take. */
  peak: number;
  /** Whether it has failed for want of memory with less than its budget. */
  needsAll: boolean;
}

/** In `main` a job has what it asks for; `beside` it one small job runs at a time. */
export type Lane = 'main' | 'beside';

/** Limits of a job in a lane: memory, and threads where they are fewer than it asks for. */
export interface Share {
  maxMemory: number;
  jobs?: number;
}

export const isSmall = ({ bytes, needsAll }: Load): boolean => bytes <= SMALL && !needsAll;

export function shareOf({ budget, needsAll }: Load, lane: Lane): Share {
  if (lane === 'beside') return { maxMemory: Math.min(budget, BESIDE), jobs: 1 };
  return { maxMemory: budget >= SHARED && !needsAll ? budget - BESIDE : budget };
}

/** Whether both stay, together, within what a person has allowed the process for one of them. */
export function fitTogether(main: Load, beside: Load): boolean {
  const takes = (load: Load, lane: Lane): number => Math.min(load.peak, shareOf(load, lane).maxMemory);
  return takes(main, 'main') + shareOf(beside, 'beside').maxMemory <= Math.max(main.budget, beside.budget);
}
