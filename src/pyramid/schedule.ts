import { ConvertError } from '../model/errors.ts';
import type { Shape } from '../model/volume.ts';
import type { ExecutionPlan } from './execution-plan.ts';
import { type IsStored, type Leaf, type Root, blockNumber, childRange, depthFirst, parentIndex } from './blocks.ts';
import type { WorkerPool } from './worker-pool.ts';
import { map3, product } from '../model/levels.ts';
import { type BlockTask, type Report, type Task, addReport, emptyReport } from './task.ts';

/**
 * Gives tasks to idle threads as they come up, until there are no more; the sum of what they report, each report also
 * to `onReport`. `onTask` may make ready for a task that is about to be done.
 */
export async function performAll<T extends Task>(
  pool: WorkerPool,
  tasks: Iterable<T>,
  onReport?: (task: T, report: Report) => void | Promise<void>,
  onTask?: (task: T) => Promise<void>
): Promise<Report> {
  const sum = emptyReport();
  const queue = tasks[Symbol.iterator]();
  const work = async (n: number) => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const { value } = next;
      await onTask?.(value);
      const report = await pool.run(n, value);
      await onReport?.(value, report);
      addReport(sum, report);
    }
  };
  await Promise.all(Array.from({ length: pool.size }, (_, n) => work(n)));
  return sum;
}

interface Block extends Leaf {
  address: number;
  /** Children that are not reduced into it yet. */
  pending: number;
  /** Whether it is reduced into its parent. */
  reduced: boolean;
}

/**
 * Which block is done when and where. Leaves are given out depth first, each only when it and all blocks that it is
 * reduced into have a place in memory; a block whose children are reduced goes before new ones. The oldest leaf under
 * way has all the places that it needs, so one place a level is enough to get to the end.
 */
export class Schedule {
  readonly #plan: ExecutionPlan;
  readonly #leaves: Iterator<Leaf>;
  #next: IteratorResult<Leaf>;
  /** Addresses that are free, by level. */
  readonly #free: number[][];
  /** Blocks in memory, by level and number. */
  readonly #open: Map<number, Block>[];
  readonly #ready: Block[] = [];
  #underWay = 0;

  /** `addresses`: those of each level's slots. `roots`, `isStored`: see `depthFirst`. */
  constructor(plan: ExecutionPlan, addresses: number[][], roots: Iterable<Root>, isStored?: IsStored) {
    this.#plan = plan;
    this.#leaves = depthFirst(plan.grids, roots, isStored);
    this.#next = this.#leaves.next();
    this.#free = addresses.map(level => [...level]);
    this.#open = addresses.map(() => new Map());
  }

  /** The next task that can be done now; null when one under way must end first, or when all are done. */
  take(): BlockTask | null {
    const block = this.#ready.pop() ?? this.#openLeaf();
    if (!block) return null;
    this.#underWay++;
    const { volume, level, index, address, stored } = block;
    const parent = this.#parent(volume, level, index)?.address ?? null;
    return { kind: stored ? 'restore' : 'block', volume, level, index, address, parent };
  }

  /** The block of a task that `take` gave is reduced into its parent, which need not wait until it is written. */
  reduced({ volume, level, index }: BlockTask): void {
    const block = this.#open[level].get(blockNumber(this.#plan.grids[level], volume, index))!;
    if (block.reduced) return;
    block.reduced = true;
    const parent = this.#parent(volume, level, index);
    if (parent && --parent.pending === 0) this.#ready.push(parent);
  }

  /** A task that `take` gave is done. */
  finish(task: BlockTask): void {
    const { volume, level, index, address } = task;
    this.reduced(task);
    this.#underWay--;
    this.#open[level].delete(blockNumber(this.#plan.grids[level], volume, index));
    this.#free[level].push(address);
  }

  /** Whether nothing is under way and nothing is left. */
  get done(): boolean {
    return this.#underWay === 0 && this.#ready.length === 0 && this.#next.done === true;
  }

  #parent(volume: number, level: number, index: Shape): Block | undefined {
    const grid = this.#plan.grids[level + 1];
    return grid && this.#open[level + 1].get(blockNumber(grid, volume, parentIndex(grid, index)));
  }

  #openLeaf(): Block | null {
    if (this.#next.done) return null;
    const { grids } = this.#plan;
    const leaf = this.#next.value;
    const { volume } = leaf;
    const chain: { level: number; index: Shape; number: number; isNew: boolean }[] = [];
    let { index } = leaf;
    for (let { level } = leaf; level < grids.length; level++) {
      if (level > leaf.level) index = parentIndex(grids[level], index);
      const number = blockNumber(grids[level], volume, index);
      const isNew = !this.#open[level].has(number);
      if (isNew && this.#free[level].length === 0) return null;
      chain.push({ level, index, number, isNew });
    }
    for (const { level, index: at, number, isNew } of chain) {
      if (!isNew) continue;
      const isLeaf = level === leaf.level;
      const pending = isLeaf ? 0 : this.#childCount(level, at);
      const address = this.#free[level].pop()!;
      const stored = isLeaf && leaf.stored;
      this.#open[level].set(number, { volume, level, index: at, stored, address, pending, reduced: false });
    }
    this.#next = this.#leaves.next();
    return this.#open[leaf.level].get(chain[0].number)!;
  }

  #childCount(level: number, index: Shape): number {
    const { grids } = this.#plan;
    const { start, end } = childRange(grids[level], grids[level - 1], index);
    return product(map3(start, (from, axis) => end[axis] - from));
  }
}

/**
 * Has the threads do all blocks of all levels, and waits until all is written; the sum of what they report, each report
 * also to `onReport`, with the number of the thread. `onTask` may add to a task that is about to be done.
 */
export async function performBlocks(
  pool: WorkerPool,
  schedule: Schedule,
  onReport: (task: BlockTask, report: Report, thread: number) => void | Promise<void>,
  onTask: (task: BlockTask) => BlockTask | Promise<BlockTask> = task => task
): Promise<Report> {
  const sum = emptyReport();
  let asleep: (() => void)[] = [];
  const wake = () => {
    const waiting = asleep;
    asleep = [];
    for (const resolve of waiting) resolve();
  };
  const work = async (n: number) => {
    while (!schedule.done) {
      const task = schedule.take();
      if (!task) {
        await new Promise<void>(resolve => asleep.push(resolve));
        continue;
      }
      const report = await pool.run(n, await onTask(task), () => {
        schedule.reduced(task);
        wake();
      });
      await onReport(task, report, n);
      addReport(sum, report);
      schedule.finish(task);
      wake();
    }
  };
  await Promise.all(Array.from({ length: pool.size }, (_, n) => work(n).then(() => pool.run(n, { kind: 'settle' }))));
  if (!schedule.done) throw new ConvertError('internal', 'The conversion ended with blocks left over.');
  return sum;
}
