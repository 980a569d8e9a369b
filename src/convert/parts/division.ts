import {
  blockUnit,
  blockExtent,
  blockGrids,
  blockIndex,
  childRange,
  indices,
  rootsOf,
  type Grid
} from '../../pyramid/blocks.ts';
import type { ExecutionPlan } from '../../pyramid/execution-plan.ts';
import { planExecution } from '../../pyramid/execution-plan.ts';
import { map3, product } from '../../model/levels.ts';
import { BYTES_PER_VOXEL, type Shape, volumeCount } from '../../model/volume.ts';
import type { Prepared } from '../prepare.ts';

/** How a volume is cut into parts. */
export interface Division {
  executionPlan: ExecutionPlan;
  /** See `PartsPlan`. */
  level: number;
  parts: [from: number, to: number][];
}

/** How long a voxel takes that is read back at the end, by one process, beside one that a part reads and writes. */
const READ_BACK = 0.3;
/** The same of a plane's voxel that a part decodes into a file first. */
const DECODED = 1.5;
/** How many times more blocks than parts there may be to choose from, so that parts are of the same size. */
const FINENESS = [1, 2, 4, 8, 16];

/** The grids of the levels that parts make. */
export const truncated = (plan: ExecutionPlan, level: number): ExecutionPlan => ({
  ...plan,
  grids: plan.grids.slice(0, level + 1),
  slots: plan.slots.slice(0, level + 1),
  slotBytes: plan.slotBytes.slice(0, level + 1)
});

/**
 * Cuts a volume into as many parts as asked for, or into as many as there can be, so that the longest of them, and what
 * one process does after all, take the least time together.
 */
export function divide(prepared: Prepared, wanted: number): Division {
  const { levels, settings, layout, workload } = prepared;
  const volumes = volumeCount(layout.outerShape);
  const file = settings.shard ?? settings.chunk;
  const finest = blockGrids(
    levels,
    file,
    map3(blockUnit(file), (n, axis) => Math.min(n, levels[0].shape[axis]))
  );
  const most = finest.map(({ count }) => volumes * product(count));
  const count = Math.min(wanted, most[0]);
  let best: (Division & { time: number }) | null = null;
  for (let level = levels.length - 1; level >= 0; level--) {
    if (most[level] < count) continue;
    for (const times of FINENESS) {
      const least = Math.min(most[level], times * count);
      const found = planExecution({ ...workload, accepts: grids => volumes * product(grids[level].count) >= least });
      if ('needs' in found) continue;
      const parts = evenly(prepared, found.grids[level], level, count);
      const time = longest(prepared, found, level, parts) + READ_BACK * share(prepared, level);
      if (!best || time < best.time - 1e-9) best = { executionPlan: found, level, parts, time };
    }
  }
  if (best) return best;
  const { executionPlan } = prepared;
  const level = levels.length - 1;
  return { executionPlan, level, parts: [[0, volumes * product(executionPlan.grids[level].count)]] };
}

/** Ranges of the numbers of blocks of a level, each with about as many voxels, and one block at least. */
function evenly({ levels, layout }: Prepared, grid: Grid, level: number, parts: number): [number, number][] {
  const volumes = volumeCount(layout.outerShape);
  const count = volumes * product(grid.count);
  const all = product(levels[level].shape) * volumes;
  const ranges: [number, number][] = [];
  let voxels = 0;
  let from = 0;
  for (let number = 0; number < count; number++) {
    voxels += product(blockExtent(levels[level], grid, blockIndex(grid, number)));
    const left = parts - ranges.length - 1;
    const isFull = voxels >= ((ranges.length + 1) / parts) * all - 1e-9 * all;
    if (left === 0 || (!isFull && count - number - 1 > left)) continue;
    ranges.push([from, number + 1]);
    from = number + 1;
  }
  return [...ranges, [from, count]];
}

/** A level's voxels beside those of level 0. */
const share = ({ levels }: Prepared, level: number): number => product(levels[level].shape) / product(levels[0].shape);

/** The longest part beside the whole. */
function longest({ levels, layout }: Prepared, plan: ExecutionPlan, level: number, parts: [number, number][]): number {
  const grids = plan.grids.slice(0, level + 1);
  const volumes = volumeCount(layout.outerShape);
  const all = product(levels[level].shape) * volumes;
  const planes = levels[level].shape[0] * volumes;
  let most = 0;
  for (const range of parts) {
    let voxels = 0;
    const depths = new Map<string, number>();
    for (const { volume, index } of rootsOf(grids, volumes, range)) {
      const extent = blockExtent(levels[level], grids[level], index);
      voxels += product(extent);
      depths.set(`${volume}/${index[0]}`, extent[0]);
    }
    const decoded = plan.decodeFirst ? [...depths.values()].reduce((sum, n) => sum + n, 0) / planes : 0;
    most = Math.max(most, voxels / all + DECODED * decoded);
  }
  return most;
}

/** Cost of a part: bytes of the source's level 0 that it reads, blocks, and files of all levels that it makes. */
export function costOf(
  { levels, layout, settings }: Prepared,
  { executionPlan, level, parts }: Division,
  part: number
): { bytes: number; blocks: number; files: number } {
  const grids = executionPlan.grids.slice(0, level + 1);
  const file = settings.shard ?? settings.chunk;
  const cost = { bytes: 0, blocks: 0, files: 0 };
  const add = (at: number, index: Shape) => {
    const extent = blockExtent(levels[at], grids[at], index);
    cost.files += product(map3(extent, (n, axis) => Math.ceil(n / file[axis])));
    if (at === 0) {
      cost.blocks++;
      cost.bytes += product(extent) * BYTES_PER_VOXEL[layout.dtype];
      return;
    }
    const { start, end } = childRange(grids[at], grids[at - 1], index);
    for (const child of indices(start, end)) add(at - 1, child);
  };
  for (const { index } of rootsOf(grids, volumeCount(layout.outerShape), parts[part])) add(level, index);
  return cost;
}

/** Files of the levels above the parts, and bytes of the blocks that these are made from. */
export function finishCost(
  { levels, layout, settings }: Prepared,
  { level }: Pick<Division, 'level'>
): { bytes: number; files: number } {
  const file = settings.shard ?? settings.chunk;
  const volumes = volumeCount(layout.outerShape);
  const above = levels.slice(level + 1);
  const files = above.reduce((sum, { shape }) => sum + product(map3(shape, (n, axis) => Math.ceil(n / file[axis]))), 0);
  const read = above.length > 0 ? product(levels[level].shape) * BYTES_PER_VOXEL[settings.dtype] : 0;
  return { bytes: volumes * read, files: volumes * files };
}

/** How the levels above the parts are made: of blocks that are read back, by nothing of the source. */
export function finishing(prepared: Prepared, level: number): ExecutionPlan {
  const { workload, levels, executionPlan } = prepared;
  const grids: Grid[] = executionPlan.grids;
  const found = planExecution({
    ...workload,
    layout: null,
    readerBytes: 0,
    levels: levels.slice(level),
    leaf: grids[level].size
  });
  if ('needs' in found) return executionPlan;
  const none = new Array<number>(level).fill(0);
  return { ...found, grids, slots: [...none, ...found.slots], slotBytes: [...none, ...found.slotBytes] };
}
