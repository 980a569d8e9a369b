import { ConvertError } from '../errors.ts';
import type { Shape } from '../volume.ts';
import type { Arrangement } from './arrangement.ts';
import { blockNumber, childRange, depthFirst, parentIndex } from './blocks.ts';
import type { Crew } from './crew.ts';
import { map3, product } from './levels.ts';
import { type Report, type Task, addReport, nothing } from './task.ts';

/** Gives tasks to idle threads as they come up, until there are no more; the sum of what they report. */
export async function performAll(crew: Crew, tasks: Iterable<Task>): Promise<Report> {
  const sum = nothing();
  const queue = tasks[Symbol.iterator]();
  const work = async (n: number) => {
    for (let next = queue.next(); !next.done; next = queue.next()) addReport(sum, await crew.perform(n, next.value));
  };
  await Promise.all(Array.from({ length: crew.size }, (_, n) => work(n)));
  return sum;
}

interface Block {
  level: number;
  index: Shape;
  address: number;
  /** Children that are not done yet. */
  pending: number;
}

/**
 * Which block is done when and where. Level-0 blocks are given out depth first, each only when it and all blocks that it is reduced into have a
 * place in memory; a block whose children are done goes before new ones. The oldest level-0 block under way has all the places that it needs,
 * so one place a level is enough to get to the end.
 */
export class Schedule {
  readonly #arrangement: Arrangement;
  readonly #leaves: Iterator<Shape>;
  #next: IteratorResult<Shape>;
  /** Addresses that are free, by level. */
  readonly #free: number[][];
  /** Blocks in memory, by level and number. */
  readonly #open: Map<number, Block>[];
  readonly #ready: Block[] = [];
  #underWay = 0;

  /** `addresses`: those of each level's slots. */
  constructor(arrangement: Arrangement, addresses: number[][]) {
    this.#arrangement = arrangement;
    this.#leaves = depthFirst(arrangement.grids);
    this.#next = this.#leaves.next();
    this.#free = addresses.map(level => [...level]);
    this.#open = addresses.map(() => new Map());
  }

  /** The next task that can be done now; null when one under way must end first, or when all are done. */
  take(): Extract<Task, { kind: 'block' }> | null {
    const block = this.#ready.pop() ?? this.#openLeaf();
    if (!block) return null;
    this.#underWay++;
    const { level, index, address } = block;
    return { kind: 'block', level, index, address, parent: this.#parent(level, index)?.address ?? null };
  }

  /** A task that `take` gave is done. */
  finish({ level, index, address }: Extract<Task, { kind: 'block' }>): void {
    this.#underWay--;
    this.#open[level].delete(blockNumber(this.#arrangement.grids[level], index));
    this.#free[level].push(address);
    const parent = this.#parent(level, index);
    if (parent && --parent.pending === 0) this.#ready.push(parent);
  }

  /** Whether nothing is under way and nothing is left. */
  get done(): boolean {
    return this.#underWay === 0 && this.#ready.length === 0 && this.#next.done === true;
  }

  #parent(level: number, index: Shape): Block | undefined {
    const grid = this.#arrangement.grids[level + 1];
    return grid && this.#open[level + 1].get(blockNumber(grid, parentIndex(grid, index)));
  }

  #openLeaf(): Block | null {
    if (this.#next.done) return null;
    const { grids } = this.#arrangement;
    const chain: { index: Shape; number: number; isNew: boolean }[] = [];
    let index = this.#next.value;
    for (let level = 0; level < grids.length; level++) {
      if (level > 0) index = parentIndex(grids[level], index);
      const number = blockNumber(grids[level], index);
      const isNew = !this.#open[level].has(number);
      if (isNew && this.#free[level].length === 0) return null;
      chain.push({ index, number, isNew });
    }
    chain.forEach((link, level) => {
      if (!link.isNew) return;
      const pending = level === 0 ? 0 : this.#childCount(level, link.index);
      this.#open[level].set(link.number, { level, index: link.index, address: this.#free[level].pop()!, pending });
    });
    this.#next = this.#leaves.next();
    return this.#open[0].get(chain[0].number)!;
  }

  #childCount(level: number, index: Shape): number {
    const { grids } = this.#arrangement;
    const { start, end } = childRange(grids[level], grids[level - 1], index);
    return product(map3(start, (from, axis) => end[axis] - from));
  }
}

/** Has the threads do all blocks of all levels; the sum of what they report. */
export async function performBlocks(crew: Crew, schedule: Schedule): Promise<Report> {
  const sum = nothing();
  let wake: (() => void)[] = [];
  const work = async (n: number) => {
    while (!schedule.done) {
      const task = schedule.take();
      if (!task) {
        await new Promise<void>(resolve => wake.push(resolve));
        continue;
      }
      addReport(sum, await crew.perform(n, task));
      schedule.finish(task);
      const waiting = wake;
      wake = [];
      for (const resolve of waiting) resolve();
    }
  };
  await Promise.all(Array.from({ length: crew.size }, (_, n) => work(n)));
  if (!schedule.done) throw new ConvertError('internal', 'The conversion ended with blocks left over.');
  return sum;
}
