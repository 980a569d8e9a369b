import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExecutionPlan, type Workload, planExecution } from '../../../src/pyramid/execution-plan.ts';
import {
  blockGrids,
  blockNumber,
  blockUnit,
  childRange,
  depthFirst,
  rootsOf,
  indices,
  parentIndex
} from '../../../src/pyramid/blocks.ts';
import { map3, product, pyramid } from '../../../src/model/levels.ts';
import { forEachPoint, sampleGrid } from '../../../src/pyramid/sample-grid.ts';
import { Block } from '../../../src/pyramid/block.ts';
import { Layers } from '../../../src/pyramid/digest-plan.ts';
import { Schedule } from '../../../src/pyramid/schedule.ts';
import { slabBytes, slabs } from '../../../src/pyramid/slabs.ts';
import type { Settings } from '../../../src/model/settings.ts';
import { type Layout, type SegmentCoding, plainEncoding, plainPacking } from '../../../src/model/layout.ts';
import { BYTES_PER_VOXEL, type Dtype, type Shape } from '../../../src/model/volume.ts';

const MiB = 2 ** 20;

test('levels halve rounding up, until the coarsest fits one chunk', () => {
  const shapes = (shape: Shape, chunk: Shape, wanted: number | 'auto') =>
    pyramid(shape, chunk, null, wanted).map(l => l.shape);
  assert.deepEqual(shapes([300, 257, 129], [128, 128, 128], 'auto'), [
    [300, 257, 129],
    [150, 129, 65],
    [75, 65, 33]
  ]);
  assert.deepEqual(shapes([128, 128, 128], [128, 128, 128], 'auto'), [[128, 128, 128]]);
  assert.deepEqual(shapes([1, 1, 1], [128, 128, 128], 5), [[1, 1, 1]]);
  assert.deepEqual(shapes([1, 5, 2], [4, 4, 4], 9), [
    [1, 5, 2],
    [1, 3, 1],
    [1, 2, 1],
    [1, 1, 1]
  ]);
});

test('an axis of length 1 is no longer halved and keeps its scale', () => {
  const levels = pyramid([1, 3, 9], [1, 1, 1], null, 'auto');
  assert.deepEqual(
    levels.map(l => l.factor),
    [
      [1, 1, 1],
      [1, 2, 2],
      [1, 4, 4],
      [1, 4, 8],
      [1, 4, 16]
    ]
  );
  assert.deepEqual(levels[3].reduction, [1, 1, 2]);
});

const windows = (shape: Shape, voxelSize: Shape | null, wanted: number | 'auto', chunk: Shape = [8, 8, 8]) =>
  pyramid(shape, chunk, voxelSize, wanted)
    .slice(1)
    .map(({ reduction: window }) => window.join(''));

test('an axis twice as coarse as the finest waits for it', () => {
  const shape: Shape = [64, 64, 64];
  assert.deepEqual(windows(shape, [5, 1, 1], 'auto'), ['122', '122', '222', '222', '222']);
  assert.deepEqual(windows(shape, [2, 1, 1], 3), ['122', '222']);
  assert.deepEqual(windows(shape, [1, 4, 2], 4), ['211', '212', '222']);
  assert.deepEqual(windows(shape, [0.6, 0.3, 0.2], 4), ['122', '222', '222']);
  // Programs round voxel sizes; 1.8 times is not twice.
  assert.deepEqual(windows(shape, [1.97, 1, 1.02], 3), ['122', '222']);
  assert.deepEqual(windows(shape, [1.8, 1, 1], 3), ['222', '222']);
  assert.deepEqual(windows(shape, [1, 1, 1], 3), ['222', '222']);
  assert.deepEqual(windows(shape, null, 3), ['222', '222']);
  const { factor, shape: last } = pyramid([9, 100, 101], [8, 8, 8], [5, 1, 1], 4)[3];
  assert.deepEqual(
    [factor, last],
    [
      [2, 8, 8],
      [5, 13, 13]
    ]
  );
});

test('levels come to an end, whatever waits', () => {
  // An axis that is a single voxel already makes no other wait.
  assert.deepEqual(windows([64, 1, 1], [100, 1, 1], 'auto'), ['211', '211', '211']);
  assert.deepEqual(windows([32, 4, 4], [1000, 1, 1], 'auto'), ['122', '122', '211', '211']);
  const sizes: Shape[] = [
    [1e-300, 1, 1e300],
    [1e308, 1e308, 1e308],
    [Infinity, 1e308, 1e-308],
    [5e-324, 5e-324, 1]
  ];
  for (const size of sizes) {
    const levels = pyramid([70, 80, 90], [1, 1, 1], size, 'auto');
    assert.deepEqual(levels.at(-1)!.shape, [1, 1, 1]);
    assert.ok(levels.length <= 22);
  }
  // A number of levels gives the first of what more would give.
  const all = pyramid([70, 80, 90], [1, 1, 1], [3, 1, 2], 'auto');
  for (let n = 1; n < all.length; n++)
    assert.deepEqual(pyramid([70, 80, 90], [64, 64, 64], [3, 1, 2], n), all.slice(0, n));
});

/** A layout without files, enough to plan with. */
function layoutOf(shape: Shape, dtype: Dtype, coding: SegmentCoding = 'none', segmentHeight = shape[1]): Layout {
  const rows = Math.ceil(shape[1] / segmentHeight);
  return {
    files: ['volume.tif'],
    shape,
    outerShape: { t: 1, c: 1 },
    dtype,
    packing: plainPacking(dtype),
    encodings: [{ ...plainEncoding(shape), coding, segmentHeight, segmentRows: rows }],
    planeEncoding: new Uint16Array(shape[0]),
    firstSegment: Float64Array.from({ length: shape[0] }, (_, z) => z * rows),
    pageFile: new Uint32Array(shape[0]),
    planeSample: null,
    offsets: new Float64Array(shape[0] * rows),
    byteCounts: new Float64Array(shape[0] * rows),
    kind: 'segments',
    remote: null,
    flip: { rows: false, columns: false },
    fill: 0,
    signedOffset: false
  };
}

function settingsFor(shape: Shape, dtype: Dtype, changes: Partial<Settings> = {}): Settings {
  return {
    output: '/nowhere/volume.ome.zarr',
    image: null,
    describedBy: 'auto',
    zAxis: 'auto',
    palette: 'apply',
    orientation: 'ignore',
    chunk: [128, 128, 128],
    shard: null,
    levels: 'auto',
    downsample: 'mean',
    compression: 'none',
    checksum: 'none',
    maxMemory: 4096 * MiB,
    dtype,
    channel: null,
    scaling: null,
    start: [0, 0, 0],
    offset: [0, 0, 0],
    labels: false,
    parent: null,
    shape,
    voxelSize: null,
    unit: null,
    voxelSizeFrom: null,
    voxelSizeFile: null,
    slices: null,
    omeZarr: '0.5',
    jobs: 2,
    overwrite: false,
    resume: false,
    warnings: [],
    ...changes
  };
}

function planFor(layout: Layout, changes: Partial<Settings> = {}, more: Partial<Workload> = {}) {
  const settings = settingsFor(layout.shape, layout.dtype, changes);
  const levels = pyramid(settings.shape, settings.chunk, settings.voxelSize, settings.levels);
  return {
    settings,
    levels,
    plan: planExecution({
      layout,
      outerShape: layout.outerShape,
      settings,
      levels,
      encoder: null,
      codecBytes: 0,
      readerBytes: MiB,
      memoryStart: 65536,
      processors: 2,
      leaf: null,
      ...more
    })
  };
}

function fits(plan: ExecutionPlan | { needs: number }): ExecutionPlan {
  assert.ok(!('needs' in plan), `needs ${'needs' in plan ? plan.needs : 0} bytes`);
  return plan;
}

test('every voxel of every level lies in one block, whose voxels go into one parent', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  for (let trial = 0; trial < 300; trial++) {
    const shape = map3([0, 0, 0], () => 1 + random(60));
    const chunk = map3([0, 0, 0], () => 1 + random(12));
    const voxelSize = random(3) ? map3([0, 0, 0], () => 1 + random(9)) : null;
    const levels = pyramid(shape, chunk, voxelSize, random(2) ? 'auto' : 1 + random(6));
    const unit = blockUnit(chunk);
    const leaf = map3(unit, (n, axis) => Math.min(n * 2 ** random(5), random(4) ? Infinity : shape[axis]));
    const usable = map3(leaf, (n, axis) => (n < shape[axis] && Math.log2(n / unit[axis]) % 1 ? unit[axis] : n));
    const grids = blockGrids(levels, chunk, usable);
    levels.forEach((level, k) => {
      const { size, count } = grids[k];
      for (let axis = 0; axis < 3; axis++) {
        assert.equal(count[axis], Math.ceil(level.shape[axis] / size[axis]));
        if (count[axis] === 1) continue;
        assert.equal(size[axis] % chunk[axis], 0, 'blocks are whole chunks');
        assert.equal(size[axis] % 2, 0, 'no window straddles blocks');
        const below = levels[k + 1];
        if (!below) continue;
        // The first and the last voxel of a block end up in the same block below.
        for (let i = 0; i < count[axis]; i++) {
          const last = Math.min((i + 1) * size[axis], level.shape[axis]) - 1;
          const of = (voxel: number) => Math.floor(Math.floor(voxel / below.reduction[axis]) / grids[k + 1].size[axis]);
          const parent = parentIndex(grids[k + 1], [i, i, i])[axis];
          assert.equal(of(i * size[axis]), parent);
          assert.equal(of(last), parent);
        }
      }
    });
    assert.equal([...depthFirst(grids, rootsOf(grids, 1))].length, product(grids[0].count));
  }
});

test('blocks come depth first: all children of a parent before the next parent', () => {
  const levels = pyramid([200, 300, 500], [16, 16, 16], [3, 1, 1], 'auto');
  const grids = blockGrids(levels, [16, 16, 16], [16, 32, 64]);
  for (let level = 1; level < levels.length; level++) {
    const seen = new Set<number>();
    let current = -1;
    for (const leaf of depthFirst(grids, rootsOf(grids, 2))) {
      let { index } = leaf;
      for (let k = 1; k <= level; k++) index = parentIndex(grids[k], index);
      const number = blockNumber(grids[level], leaf.volume, index);
      if (number === current) continue;
      assert.ok(!seen.has(number), `level ${level} comes back to block ${number}`);
      seen.add(number);
      current = number;
    }
    assert.equal(seen.size, 2 * product(grids[level].count));
  }
});

test('the schedule does every block once, children first, in the slots it has', () => {
  for (const workers of [1, 2, 5])
    for (const spare of [0, 1])
      for (const fraction of [0, 0.5, 0.95, 1])
        for (const voxelSize of [null, [5, 1, 2]] as (Shape | null)[]) runSchedule(workers, spare, fraction, voxelSize);
});

/**
 * Plays a schedule in which a fraction of the level-0 blocks, and about as many of those made of stored ones only, are
 * stored.
 */
function runSchedule(workers: number, spare: number, fraction: number, voxelSize: Shape | null): void {
  const levels = pyramid([90, 130, 170], [9, 16, 10], voxelSize, 'auto');
  const grids = blockGrids(levels, [9, 16, 10], [18, 16, 20]);
  let seed = 3;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const volumes = 2;
  const nameOf = (volume: number, level: number, index: Shape) => `${volume}/${level}/${index}`;
  const stored = new Set<string>();
  const childrenOf = (volume: number, level: number, index: Shape) => {
    if (level === 0) return [];
    const { start, end } = childRange(grids[level], grids[level - 1], index);
    return [...indices(start, end)].map(child => nameOf(volume, level - 1, child));
  };
  for (let volume = 0; volume < volumes; volume++)
    grids.forEach(({ count }, level) => {
      for (const index of indices([0, 0, 0], count))
        if (random() < fraction && childrenOf(volume, level, index).every(child => stored.has(child)))
          stored.add(nameOf(volume, level, index));
    });
  const addresses = grids.map((_, k) => Array.from({ length: k === 0 ? workers : 1 + spare }, (_, i) => 1000 * k + i));
  const schedule = new Schedule(
    { grids } as ExecutionPlan,
    addresses,
    rootsOf(grids, volumes),
    (volume, level, index) => stored.has(nameOf(volume, level, index))
  );
  const used = new Map<number, string>();
  const done = new Set<string>();
  const restored = new Set<string>();
  const running: NonNullable<ReturnType<Schedule['take']>>[] = [];
  const finish = (name: string, kind: string) => (kind === 'block' ? done : restored).add(name);
  while (!schedule.done) {
    const task = running.length < workers ? schedule.take() : null;
    if (task) {
      const { volume, level, index, kind, address } = task;
      const name = nameOf(volume, level, index);
      assert.ok(!done.has(name) && !restored.has(name));
      assert.equal(kind === 'restore', stored.has(name));
      assert.equal(task.parent === null, level === levels.length - 1);
      if (kind === 'block')
        for (const child of childrenOf(volume, level, index))
          assert.ok(done.has(child) || restored.has(child), 'a child is missing');
      if (level === 0) {
        assert.ok(!used.has(address), 'a slot has two blocks');
        used.set(address, name);
      }
      running.push(task);
      continue;
    }
    assert.ok(running.length > 0, 'nothing under way and nothing to do: stuck');
    // Some are reduced a while before they end.
    const early = running[Math.floor(random() * running.length)];
    if (random() < 0.5) {
      finish(nameOf(early.volume, early.level, early.index), early.kind);
      schedule.reduced(early);
      continue;
    }
    const [ended] = running.splice(Math.floor(random() * running.length), 1);
    if (ended.level === 0) used.delete(ended.address);
    finish(nameOf(ended.volume, ended.level, ended.index), ended.kind);
    schedule.finish(ended);
  }
  const blocks = volumes * grids.reduce((sum, { count }) => sum + product(count), 0);
  assert.equal(done.size + stored.size, blocks);
  for (const name of stored) {
    const [volume, level] = name.split('/').map(Number);
    const index = name.split('/')[2].split(',').map(Number) as Shape;
    const needed =
      level < levels.length - 1 && !stored.has(nameOf(volume, level + 1, parentIndex(grids[level + 1], index)));
    assert.equal(restored.has(name), needed, 'exactly what an unfinished block is made of is read back');
  }
}

test('a plan fits its budget, and the smallest budget that is named works', () => {
  for (const dtype of ['uint8', 'float32'] as const)
    for (const shape of [
      [2048, 2560, 2560],
      [300, 20000, 20000],
      [1, 50000, 50000],
      [5000, 100, 100],
      [1, 1, 1]
    ] as Shape[]) {
      const layout = layoutOf(shape, dtype);
      for (const budget of [256, 300, 512, 1024, 4096, 65536]) {
        const { plan } = planFor(layout, { maxMemory: budget * MiB, jobs: 8 });
        const { peakBytes, memoryBytes, workers } = fits(plan);
        assert.ok(peakBytes <= budget * MiB);
        assert.ok(memoryBytes < peakBytes && memoryBytes < 2 ** 32);
        assert.ok(workers >= 1 && workers <= 8);
      }
      const { plan } = planFor(layout, { maxMemory: 1 });
      assert.ok('needs' in plan && plan.needs % MiB === 0);
      fits(planFor(layout, { maxMemory: plan.needs }).plan);
      assert.ok('needs' in planFor(layout, { maxMemory: plan.needs - 1 }).plan);
    }
});

test('what the budget leaves over gives each worker room to write from, and changes nothing else', () => {
  const layout = layoutOf([2048, 2560, 2560], 'float32');
  const encoder = { scratchBytes: () => 4 * MiB, encodedBound: (bytes: number) => bytes + 4096 };
  const planned = (settings: Partial<Settings>, others: Partial<Workload> = {}) =>
    fits(planFor(layout, { jobs: 4, ...settings }, { encoder, ...others }).plan);
  const roomy = planned({ maxMemory: 4096 * MiB });
  assert.equal(roomy.encodedBuffers, 4);
  const tighter = planned({ maxMemory: roomy.peakBytes - 1 });
  assert.equal(tighter.encodedBuffers, 3);
  const same = ({ workers, grids, slots, areas }: ExecutionPlan) => ({ workers, grids, slots, areas });
  assert.deepEqual(same(tighter), same(roomy));
  const { plan: none } = planFor(layout, { jobs: 4, maxMemory: 1 }, { encoder });
  assert.ok('needs' in none);
  assert.equal(planned({ maxMemory: none.needs }).encodedBuffers, 2);
  const small = fits(planFor(layoutOf([128, 256, 256], 'float32'), { maxMemory: 4096 * MiB }, { encoder }).plan);
  assert.deepEqual([small.grids[0].count, small.encodedBuffers], [[1, 2, 2], 2], 'blocks of one chunk');
  assert.equal(planned({ maxMemory: 4096 * MiB, shard: [256, 256, 256] }).encodedBuffers, 2);
  assert.equal(planned({ maxMemory: 4096 * MiB }, { readOnly: true }).encodedBuffers, 1);
});

test('a compressed page in one strip is not decoded over and over', () => {
  const shape: Shape = [512, 2560, 2560];
  const small = fits(planFor(layoutOf(shape, 'float32', 'deflate'), { maxMemory: 1024 * MiB }).plan);
  assert.ok(small.decodeFirst);
  assert.equal(small.scratchFileBytes, product(shape) * 4);
  const strips = fits(planFor(layoutOf(shape, 'float32', 'deflate', 16), { maxMemory: 1024 * MiB }).plan);
  assert.ok(!strips.decodeFirst);
  assert.equal(strips.grids[0].count[2], 1, 'whole rows are read');
  const thin = fits(planFor(layoutOf([512, 512, 512], 'uint8', 'deflate'), { maxMemory: 4096 * MiB }).plan);
  assert.ok(!thin.decodeFirst);
  assert.deepEqual(thin.grids[0].count.slice(1), [1, 1], 'whole pages fit');
  assert.ok(!fits(planFor(layoutOf(shape, 'float32'), { maxMemory: 1024 * MiB }).plan).decodeFirst);
});

test('where nothing may be written such a page is digested', () => {
  const planned = (shape: Shape, maxMemory: number, digestible: boolean) =>
    fits(planFor(layoutOf(shape, 'float32', 'deflate'), { maxMemory }, { readOnly: true, digestible }).plan);
  const large: Shape = [512, 2560, 2560];
  const { digests, decodeFirst } = planned(large, 512 * MiB, true);
  assert.ok(!decodeFirst);
  assert.deepEqual(digests, { depth: 64, bytes: 8 * 20 * 20 * 32 });
  assert.equal(planned(large, 512 * MiB, false).digests, null);
  assert.equal(planned([512, 512, 512], 4096 * MiB, true).digests, null, 'whole pages fit');
});

test('each plane is in one layer, and no layer has planes of two chunks', () => {
  for (const [depth, chunk, most] of [
    [50, 16, 5],
    [50, 16, 16],
    [7, 16, 3],
    [64, 1, 1]
  ]) {
    const layers = new Layers([depth, 9, 9], [chunk, 4, 4], most);
    const found: number[] = [];
    for (let layer = 0; layer < layers.count; layer++) {
      const [from, to] = layers.planes(layer);
      assert.ok(to - from <= most);
      for (let z = from; z < to; z++) {
        found.push(z);
        assert.equal(layers.of(z), layer);
        assert.equal(Math.floor(z / chunk), Math.floor(from / chunk));
      }
    }
    assert.deepEqual(found, [...Array(depth).keys()]);
  }
});

test('slabs cover a box once and never cut rows that decode together', () => {
  for (const coding of ['none', 'deflate'] as const)
    for (const top of [0, 5, 31])
      for (const limit of [100, 5_000, 1e6]) {
        const layout = layoutOf([40, 128, 30], 'uint16', coding, 16);
        const box: Shape = [7, 90, 30];
        const seen = new Uint8Array(box[0] * box[1]);
        for (const { z, y, depth, height } of slabs(layout, top, box, limit)) {
          assert.ok(depth * height * 60 <= slabBytes(layout, box, limit));
          for (let k = z; k < z + depth; k++) for (let j = y; j < y + height; j++) seen[k * box[1] + j]++;
          if (coding !== 'none' && y > 0) assert.equal((top + y) % 16, 0);
        }
        assert.ok(seen.every(n => n === 1));
      }
});

test('the tiles of a block give each voxel a place of its own, and a whole chunk one piece', () => {
  const extents: Shape[] = [
    [3, 20, 30],
    [4, 16, 32],
    [1, 1, 1],
    [2, 17, 65]
  ];
  for (const chunk of [
    [4, 8, 16],
    [2, 5, 7]
  ] as Shape[])
    for (const extent of extents) {
      const block = new Block(1000, extent, chunk, 2);
      const seen = new Uint8Array(product(extent));
      for (const [z, y, x] of indices([0, 0, 0], extent)) {
        const [address] = block.at([z, y, x]);
        assert.equal((address - 1000) % 2, 0);
        seen[(address - 1000) / 2]++;
      }
      assert.ok(seen.every(n => n === 1));
      const parts = [...block.parts()];
      assert.equal(
        parts.reduce((sum, { shape }) => sum + product(shape), 0),
        product(extent)
      );
      for (const { start, shape } of parts) {
        const [address, planeBytes, rowBytes] = block.at(start);
        const last = map3(start, (from, axis) => from + shape[axis] - 1);
        const within = (shape[0] - 1) * planeBytes + (shape[1] - 1) * rowBytes + (shape[2] - 1) * 2;
        assert.equal(block.at(last)[0], address + within, 'the strides hold throughout a part');
        if (chunk[1] % 2 === 0) assert.ok(block.isDense({ start, shape }, [address, planeBytes, rowBytes]));
      }
      const some = { start: [0, 3, 5], shape: [1, 9, 11] } as { start: Shape; shape: Shape };
      if (extent[1] < 12 || extent[2] < 16) continue;
      for (const { start, shape } of block.parts(some))
        for (const axis of [1, 2]) {
          const tile = chunk[axis] % 2 ? 2 * chunk[axis] : chunk[axis];
          assert.equal(Math.floor(start[axis] / tile), Math.floor((start[axis] + shape[axis] - 1) / tile));
        }
    }
});

test('sample points depend on the shape alone and every block finds its own', () => {
  for (const shape of [
    [1, 1, 1],
    [300, 200, 1000],
    [1, 40000, 3]
  ] as Shape[]) {
    const grid = sampleGrid(shape, { t: 1, c: 1 });
    assert.ok(product(grid.count) <= 100_000);
    const seen = new Set<number>();
    const blocks = map3(shape, n => Math.ceil(n / 64));
    for (const block of indices([0, 0, 0], blocks)) {
      const start = map3(block, n => 64 * n);
      const extent = map3(start, (from, axis) => Math.min(64, shape[axis] - from));
      forEachPoint(grid, start, extent, (point, ...place) => {
        assert.ok(!seen.has(point), 'a point lies in two blocks');
        seen.add(point);
        assert.ok(place.every((at, axis) => at >= start[axis] && at < start[axis] + extent[axis]));
        assert.ok(place.every((at, axis) => (at - grid.first[axis]) % grid.step[axis] === 0));
      });
    }
    assert.equal(seen.size, product(grid.count));
  }
});

test('sample points are shared out among time points, and among channels where there are many', () => {
  const points = (t: number, c: number) => t * c * product(sampleGrid([300, 200, 1000], { t, c }).count);
  for (const [t, c, most] of [
    [10, 1, 100_000],
    [5, 3, 300_000],
    [1, 40, 400_000]
  ])
    assert.ok(points(t, c) <= most && points(t, c) > most / 4, `${points(t, c)} points`);
  assert.equal(points(500_000, 1), 500_000);
});

test('plans of levels are as large as their blocks', () => {
  const { plan, levels } = planFor(layoutOf([512, 1024, 1024], 'float32'));
  const { grids, slotBytes } = fits(plan);
  grids.forEach(({ size }, k) => {
    const voxels = product(map3(size, (n, axis) => Math.min(n, levels[k].shape[axis])));
    assert.ok(slotBytes[k] >= voxels * BYTES_PER_VOXEL.float32);
  });
});
