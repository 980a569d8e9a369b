/**
 * Simulation of many threads on a volume of 50 GB, by the engine's own plan and schedule: no thread is started, and
 * time is what voxels are said to take. Prints JSON: a row for each number of threads and memory budget.
 */
import { MEMORY_START } from '../../src/simd/index.ts';
import { createEncoder, codecBytes } from '../../src/zarr/codec/index.ts';
import { createMemory, instantiate } from '../../src/simd/index.ts';
import { pyramid, product } from '../../src/model/levels.ts';
import { type ExecutionPlan, planExecution } from '../../src/pyramid/execution-plan.ts';
import { blockExtent, rootsOf } from '../../src/pyramid/blocks.ts';
import { Schedule } from '../../src/pyramid/schedule.ts';
import { layOut } from '../../src/pyramid/shared-memory.ts';
import type { BlockTask } from '../../src/pyramid/task.ts';
import type { Shape } from '../../src/model/volume.ts';
import { type Layout, plainEncoding, plainPacking } from '../../src/model/layout.ts';

const SHAPE: Shape = [2930, 2930, 2930];
const CHUNK: Shape = [128, 128, 128];
const GiB = 2 ** 30;
/** Seconds that a processor takes for 1e9 voxels of uint16: read and reduced, then encoded and written. */
const SECONDS = { reduce: 1.1, encode: 1.5 };

function planned(workers: number, maxMemory: number): ExecutionPlan | null {
  const levels = pyramid(SHAPE, CHUNK, null, 'auto');
  const memory = createMemory(MEMORY_START);
  const found = planExecution({
    layout: sourceLayout(),
    outerShape: { t: 1, c: 1 },
    settings: {
      chunk: CHUNK,
      shard: null,
      dtype: 'uint16',
      scaling: null,
      start: [0, 0, 0],
      shape: SHAPE,
      maxMemory,
      jobs: workers
    },
    levels,
    encoder: createEncoder('blosc-zstd', 2, instantiate(memory), memory, 'none'),
    codecBytes: codecBytes('blosc-zstd', product(CHUNK) * 2),
    readerBytes: 2 ** 20,
    memoryStart: MEMORY_START,
    processors: workers,
    leaf: null
  });
  return 'needs' in found ? null : found;
}

/** Has threads do all blocks in reckoned time. */
function simulate(plan: ExecutionPlan) {
  const levels = pyramid(SHAPE, CHUNK, null, 'auto');
  const { slots } = layOut(plan);
  const schedule = new Schedule(plan, slots, rootsOf(plan.grids, 1));
  const idle = Array.from({ length: plan.workers }, (_, n) => n);
  const events: { at: number; does: () => void }[] = [];
  const spans: { from: number; to: number }[] = [];
  const put = (at: number, does: () => void) => {
    const place = events.findIndex(event => event.at > at);
    events.splice(place < 0 ? events.length : place, 0, { at, does });
  };
  let now = 0;
  let busy = 0;
  let firstWait: number | null = null;
  let waited = 0;
  const give = () => {
    while (idle.length > 0) {
      const task: BlockTask | null = schedule.take();
      if (!task) break;
      idle.pop();
      const voxels = product(blockExtent(levels[task.level], plan.grids[task.level], task.index)) / 1e9;
      const reduced = voxels * SECONDS.reduce;
      const whole = reduced + voxels * SECONDS.encode;
      const from = now;
      put(now + reduced, () => schedule.reduced(task));
      put(now + whole, () => {
        schedule.finish(task);
        idle.push(0);
        busy += whole;
        spans.push({ from, to: now });
      });
    }
    if (idle.length > 0 && firstWait === null) firstWait = now;
  };
  give();
  while (events.length > 0) {
    const { at, does } = events.shift()!;
    waited += idle.length * (at - now);
    now = at;
    does();
    give();
  }
  if (!schedule.done) throw new Error('blocks are left over');
  const end = [...spans].sort((a, b) => a.to - b.to)[Math.max(0, spans.length - plan.workers)].to;
  return { seconds: now, busy: busy / (now * plan.workers), waited, tail: now - end, firstWait };
}

/** Of a page in one uncompressed strip. */
function sourceLayout(): Layout {
  const [pages, height] = SHAPE;
  return {
    files: ['scan.tif'],
    shape: SHAPE,
    outerShape: { t: 1, c: 1 },
    dtype: 'uint16',
    packing: plainPacking('uint16'),
    encodings: [{ ...plainEncoding(SHAPE), coding: 'none', segmentHeight: height, segmentRows: 1 }],
    planeEncoding: new Uint16Array(pages),
    firstSegment: Float64Array.from({ length: pages }, (_, z) => z),
    pageFile: new Uint32Array(pages),
    planeSample: null,
    offsets: new Float64Array(pages),
    byteCounts: new Float64Array(pages),
    kind: 'segments',
    remote: null,
    flip: { rows: false, columns: false },
    fill: 0,
    signedOffset: false
  };
}

const rows = [];
for (const workers of [2, 4, 16, 64])
  for (const budget of [1, 4, 16, 64]) {
    const plan = planned(workers, budget * GiB);
    if (!plan) continue;
    const { grids, slots, memoryBytes, peakBytes } = plan;
    const { seconds, busy, tail } = simulate(plan);
    rows.push({
      asked: workers,
      budget,
      workers: plan.workers,
      leaf: grids[0].size,
      blocks: product(grids[0].count),
      slots,
      memoryBytes,
      peakBytes,
      busy: (busy * plan.workers) / workers,
      seconds,
      tail
    });
  }
console.log(JSON.stringify(rows));
