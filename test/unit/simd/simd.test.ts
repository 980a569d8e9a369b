import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { binCount, binEnds, binOf } from '../../../src/model/histogram.ts';
import { DOWNSAMPLINGS, type Downsampling } from '../../../src/model/options.ts';
import {
  type Element,
  LZ4_TABLE,
  MEMORY_START,
  SHUFFLE_SCRATCH,
  COUNTS_PER_BIN,
  createMemory,
  instantiate
} from '../../../src/simd/index.ts';
import { bytesLike, random } from '../random.ts';

const ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array
};
const LONG_ARRAYS = { uint64: BigUint64Array, int64: BigInt64Array };
type Long = keyof typeof LONG_ARRAYS;
/** Whose voxels are numbers. */
type Plain = Exclude<Element, Long>;
const isLong = (element: Element): element is Long => Object.hasOwn(LONG_ARRAYS, element);
const memory = createMemory(4 * 2 ** 20);
const heap = new Uint8Array(memory.buffer);
const simd = instantiate(memory);
const END = heap.length;
const GUARD = 0xa5;

type Box = { at: number; plane: number; row: number };

const ends = (from: Box, to: Box) => [from.at, from.plane, from.row, to.at, to.plane, to.row] as const;
const triple = ([a, b, c]: number[]) => [a, b, c] as const;

/**
 * Voxels with every trouble that a type has: extremes, and for float32 NaNs, infinities, values whose sum overflows,
 * subnormals.
 */
function voxels(element: Plain, n: number, next: () => number, trouble = 0.1): Float64Array {
  const array = new ARRAYS[element](n);
  const bits = new Uint8Array(array.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = next() * 256;
  const special =
    element === 'float32'
      ? [NaN, NaN, Infinity, -Infinity, 3e38, -3e38, 1e-45, -1e-45, 0, -0]
      : element === 'float64'
        ? [NaN, NaN, Infinity, -Infinity, Number.MAX_VALUE, -1.7e308, 5e-324, 1e39, 0, -0]
        : [0, -1, 2 ** 31 - 1, -(2 ** 31)];
  for (let i = 0; i < n; i++) {
    if (element.startsWith('float')) array[i] = 1000 * (next() - 0.5);
    if (next() < trouble) array[i] = special[Math.floor(next() * special.length)];
  }
  return Float64Array.from(array);
}

/** Puts voxels into a box with loose strides whose last byte is `end`; the bytes between rows are guards. */
function put(values: Float64Array, element: Plain, [nz, ny, nx]: number[], end: number, gaps: [number, number]): Box {
  const Array = ARRAYS[element];
  const row = nx * Array.BYTES_PER_ELEMENT + gaps[0];
  const plane = ny * row + gaps[1];
  const at = end - ((nz - 1) * plane + (ny - 1) * row + nx * Array.BYTES_PER_ELEMENT);
  heap.fill(GUARD, at, end);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const line = Array.from(values.subarray((z * ny + y) * nx, (z * ny + y + 1) * nx));
      heap.set(new Uint8Array(line.buffer), at + z * plane + y * row);
    }
  }
  return { at, plane, row };
}

/** Runs `work` on a target box between guards, and gives the voxels back; every other byte must be untouched. */
function onTarget(element: Plain, [nz, ny, nx]: number[], gaps: [number, number], work: (box: Box) => void) {
  const Array = ARRAYS[element];
  const bytes = nx * Array.BYTES_PER_ELEMENT;
  const row = bytes + gaps[0];
  const box = { at: MEMORY_START + 101, row, plane: ny * row + gaps[1] };
  const length = (nz - 1) * box.plane + (ny - 1) * row + bytes;
  heap.fill(GUARD, box.at - 64, box.at + length + 64);
  work(box);
  const out = new Array(nz * ny * nx);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const from = box.at + z * box.plane + y * row;
      new Uint8Array(out.buffer).set(heap.subarray(from, from + bytes), (z * ny + y) * bytes);
      heap.fill(GUARD, from, from + bytes);
    }
  }
  const around = heap.subarray(box.at - 64, box.at + length + 64);
  assert.ok(
    around.every(byte => byte === GUARD),
    'a byte outside the box was written'
  );
  return Float64Array.from(out);
}

function meanOfInteger(window: number[]): number {
  const sum = window.reduce((a, b) => a + b, 0);
  return Math.floor((2 * sum + window.length) / (2 * window.length));
}

/** `at(dz, dy, dx)`, the nearest voxel where there is none. */
function meanOfFloat(at: (z: number, y: number, x: number) => number, round: (v: number) => number): number {
  const add = (a: number, b: number) => round(a + b);
  const column = (x: number) => add(add(at(0, 0, x), at(0, 1, x)), add(at(1, 0, x), at(1, 1, x)));
  const sum = add(column(0), column(1));
  if (Number.isFinite(sum)) return round(sum / 8);
  let total = 0;
  let count = 0;
  for (let i = 0; i < 8; i++) {
    const v = at(i >> 2, (i >> 1) & 1, i & 1);
    if (!Number.isNaN(v)) {
      total += v / 8;
      count++;
    }
  }
  const mean = round((total / count) * 8);
  const greatest = Number.MAX_VALUE;
  return Number.isFinite(total) ? Math.max(-greatest, Math.min(greatest, mean)) : mean;
}

/** NaNs left out; of values that are as frequent, the first. */
function modeOf(window: number[]): number {
  let best = NaN;
  let most = 0;
  for (const value of window) {
    const count = window.filter(other => other === value).length;
    if (count > most) [best, most] = [value, count];
  }
  return best;
}

const PICKS: Record<Exclude<Downsampling, 'mean'>, (window: number[]) => number> = {
  mode: modeOf,
  max: window => window.reduce((a, b) => (b > a || Number.isNaN(a) ? b : a)),
  nearest: ([first]) => first
};

function halved(
  values: Float64Array,
  element: Plain,
  method: Downsampling,
  shape: number[],
  factors: number[]
): Float64Array {
  const out = shape.map((n, axis) => Math.ceil(n / factors[axis]));
  const result: number[] = [];
  for (let z = 0; z < out[0]; z++) {
    for (let y = 0; y < out[1]; y++) {
      for (let x = 0; x < out[2]; x++) {
        const corner = [z * factors[0], y * factors[1], x * factors[2]];
        const value = (dz: number, dy: number, dx: number) => {
          const [k, j, i] = [dz, dy, dx].map((d, axis) =>
            Math.min(corner[axis] + Math.min(d, factors[axis] - 1), shape[axis] - 1)
          );
          return values[(k * shape[1] + j) * shape[2] + i];
        };
        if (method === 'mean' && element.startsWith('float')) {
          result.push(meanOfFloat(value, element === 'float32' ? Math.fround : Number));
          continue;
        }
        const window: number[] = [];
        for (let dz = 0; dz < factors[0] && corner[0] + dz < shape[0]; dz++)
          for (let dy = 0; dy < factors[1] && corner[1] + dy < shape[1]; dy++)
            for (let dx = 0; dx < factors[2] && corner[2] + dx < shape[2]; dx++) window.push(value(dz, dy, dx));
        result.push(method === 'mean' ? meanOfInteger(window) : PICKS[method](window));
      }
    }
  }
  return Float64Array.from(result);
}

const SHAPES = [
  [1, 1, 1],
  [1, 1, 2],
  [2, 2, 2],
  [3, 1, 5],
  [2, 3, 33],
  [4, 2, 64],
  [3, 3, 31],
  [1, 5, 130],
  [5, 1, 67],
  [2, 2, 257]
];

for (const element of (Object.keys(ARRAYS) as Element[]).filter(name => !isLong(name)) as Plain[]) {
  for (const method of DOWNSAMPLINGS) {
    test(`halve ${element}: the ${method} of the voxels that exist`, () => {
      const next = random(7);
      for (const shape of SHAPES) {
        for (let f = 0; f < 8; f++) {
          const factors = [1 + (f >> 2), 1 + ((f >> 1) & 1), 1 + (f & 1)];
          // With few values, some are as frequent as others.
          for (const trouble of method === 'mean' ? [0, 0.05, 0.9] : [0, 0.9, 1]) {
            const values = voxels(element, shape[0] * shape[1] * shape[2], next, trouble);
            const from = put(values, element, shape, END, [3, 17]);
            const out = shape.map((n, axis) => Math.ceil(n / factors[axis]));
            const halve = simd.halve(element, method);
            const got = onTarget(element, out, [1, 5], to =>
              halve(...ends(from, to), ...triple(shape), ...triple(factors))
            );
            const plain = (array: Float64Array) => (method === 'max' ? array.map(v => v + 0) : array);
            const expected = halved(values, element, method, shape, factors);
            assert.deepEqual(plain(got), plain(expected), `${shape} by ${factors}`);
          }
        }
      }
    });
  }

  test(`scan ${element}: finite extremes and NaNs`, () => {
    const next = random(8);
    for (const shape of SHAPES) {
      for (const trouble of [0, 0.2, 1]) {
        const values = voxels(element, shape[0] * shape[1] * shape[2], next, trouble);
        const from = put(values, element, shape, END, [2, 9]);
        const finite = [...values].filter(Number.isFinite);
        const expected = {
          min: finite.reduce((a, b) => Math.min(a, b), Infinity),
          max: finite.reduce((a, b) => Math.max(a, b), -Infinity),
          nan: values.filter(Number.isNaN).length
        };
        const found = simd.scan(element)(from.at, from.plane, from.row, shape[0], shape[1], shape[2]);
        assert.deepEqual(
          { ...found, min: found.min + 0, max: found.max + 0 },
          { ...expected, min: expected.min + 0, max: expected.max + 0 }
        );
      }
    }
  });

  test(`histogram ${element}: one row of step, by value`, () => {
    const next = random(18);
    const bins = binCount(element);
    const [table, total] = [MEMORY_START, MEMORY_START + 4 * COUNTS_PER_BIN * bins];
    heap.fill(0, table, total + 8 * bins);
    const expected = new Float64Array(bins);
    for (const step of [1, 2, 8])
      for (const shape of SHAPES) {
        const values = voxels(element, shape[0] * shape[1] * shape[2], next, 0.3);
        const from = put(values, element, shape, END, [3, 17]);
        simd.histogram(element)(from.at, from.plane, from.row, ...triple(shape), 3, 5, step, table);
        for (const [i, value] of values.entries()) {
          const [z, y] = [Math.floor(i / shape[1] / shape[2]), Math.floor(i / shape[2]) % shape[1]];
          if ((5 * (z + 3) + y + 5) % step === 0 && Number.isFinite(value)) expected[binOf(element, value)]++;
        }
        simd.addHistogram(table, bins, total);
      }
    const counted = Float64Array.from(new BigUint64Array(memory.buffer, total, bins), Number);
    const finite = (counts: Float64Array) => counts.map((n, bin) => (binEnds(element, bin) ? n : 0));
    assert.deepEqual(finite(counted), finite(expected));
    assert.ok(heap.subarray(table, total).every(byte => byte === 0));
  });

  for (const target of ['uint16', 'uint8'] as const) {
    test(`scale ${element} to ${target}: rounded halves up, clipped, NaN to 0`, () => {
      const next = random(9);
      const top = target === 'uint16' ? 65535 : 255;
      for (const shape of SHAPES) {
        for (const [min, max] of [
          [-500, 500],
          [0, top],
          [0, 2 * top],
          [-3.7, 120.25],
          [-(2 ** 31), 2 ** 32]
        ]) {
          const values = voxels(element, shape[0] * shape[1] * shape[2], next);
          const from = put(values, element, shape, END, [5, 3]);
          let nans = -1;
          const got = onTarget(target, shape, [3, 7], to => {
            nans = simd.scale(element, target)(...ends(from, to), ...triple(shape), min, max);
          });
          const expected = values.map(v =>
            Number.isNaN(v) ? 0 : Math.floor(Math.max(0, Math.min(top, ((v - min) / (max - min)) * top)) + 0.5)
          );
          assert.deepEqual(got, expected, `${shape} of ${min} to ${max}`);
          assert.equal(nans, values.filter(Number.isNaN).length);
        }
      }
    });
  }

  for (const target of ['float32', 'float64'] as const) {
    if (element === target) continue;
    test(`cast ${element} to ${target}`, () => {
      const next = random(10);
      for (const shape of SHAPES) {
        const values = voxels(element, shape[0] * shape[1] * shape[2], next);
        const from = put(values, element, shape, END, [5, 3]);
        let overflow = -1;
        const got = onTarget(target, shape, [3, 7], to => {
          overflow = simd.cast(element, target)(...ends(from, to), ...triple(shape));
        });
        const expected = target === 'float32' ? values.map(Math.fround) : values;
        assert.deepEqual(got, expected);
        assert.equal(overflow, values.filter((v, i) => Number.isFinite(v) && !Number.isFinite(expected[i])).length);
      }
    });
  }
}

for (const element of ['float32', 'float64'] as const)
  test(`whole ${element}: int32, or the first voxel that is none`, () => {
    const next = random(21);
    const edges = [-(2 ** 31), 2 ** 31 - (element === 'float32' ? 128 : 1), -0, 16777217, -1];
    const odd = [0.5, -0.25, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31) - 256, 1e-45, 2 ** 32, 3e38];
    for (const shape of SHAPES) {
      const values = Float64Array.from({ length: shape[0] * shape[1] * shape[2] }, () =>
        next() < 0.2 ? edges[Math.floor(next() * edges.length)] : Math.floor(next() * 2000) - 1000
      );
      for (const value of [null, ...odd]) {
        const at = Math.floor(next() * values.length);
        const given = Float64Array.from(values, (v, i) => (i === at && value !== null ? value : v));
        const from = put(given, element, shape, END, [5, 3]);
        let found = -2;
        const got = onTarget('int32', shape, [3, 7], to => {
          found = simd.whole(element)(...ends(from, to), ...triple(shape));
        });
        assert.equal(found, value === null ? -1 : at, `${value} in ${shape}`);
        const exact = Float64Array.from(new ARRAYS[element](given), v => v + 0);
        if (value === null) assert.deepEqual(got, exact);
      }
    }
  });

test('firstDifference finds the first row that differs, and nothing between rows', () => {
  const next = random(8);
  for (let turn = 0; turn < 300; turn++) {
    const [nz, ny, rowBytes] = [1, 2, 200].map(most => 1 + Math.floor(next() * most * 3));
    const boxes = [MEMORY_START + Math.floor(next() * 64), 2 ** 21 + Math.floor(next() * 64)].map(at => {
      const row = rowBytes + Math.floor(next() * 3) * 7;
      return { at, row, plane: ny * row + Math.floor(next() * 3) * 5 };
    });
    const [a, b] = boxes;
    for (const { at, plane } of boxes) for (let i = 0; i < nz * plane; i++) heap[at + i] = next() * 256;
    for (let z = 0; z < nz; z++)
      for (let y = 0; y < ny; y++)
        heap.copyWithin(
          b.at + z * b.plane + y * b.row,
          a.at + z * a.plane + y * a.row,
          a.at + z * a.plane + y * a.row + rowBytes
        );
    const find = () => simd.firstDifference(...ends(a, b), nz, ny, rowBytes);
    assert.equal(find(), -1);
    const [z, y, x] = [nz, ny, rowBytes].map(n => Math.floor(next() * n));
    heap[b.at + z * b.plane + y * b.row + x] ^= 1 << Math.floor(next() * 8);
    assert.equal(find(), z * ny + y);
    if (nz * ny > 1) assert.ok(simd.firstDifference(a.at, a.plane, a.row, b.at, 0, 0, nz, ny, rowBytes) >= 0);
  }
});
/** 64-bit integers of any size, the extremes among them. */
function longs(element: Long, n: number, next: () => number): BigUint64Array | BigInt64Array {
  const array = new LONG_ARRAYS[element](n);
  const bits = new Uint8Array(array.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = next() * 256;
  const special = [0n, -1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n];
  for (let i = 0; i < n; i++) if (next() < 0.4) array[i] = special[Math.floor(next() * special.length)];
  return array;
}

const frequency = (window: bigint[], value: bigint) => window.filter(other => other === value).length;
const PICKED: Record<Downsampling, (window: bigint[]) => bigint> = {
  mean: window => {
    const [doubled, divisor] = [
      2n * window.reduce((a, b) => a + b) + BigInt(window.length),
      2n * BigInt(window.length)
    ];
    return (doubled - (((doubled % divisor) + divisor) % divisor)) / divisor;
  },
  mode: window => window.reduce((a, b) => (frequency(window, b) > frequency(window, a) ? b : a)),
  max: window => window.reduce((a, b) => (b > a ? b : a)),
  nearest: ([first]) => first
};

for (const element of Object.keys(LONG_ARRAYS) as Long[]) {
  test(`halve, scan, scale and cast ${element}, exactly`, () => {
    const next = random(12);
    for (const [nz, ny, nx] of SHAPES) {
      const values = longs(element, nz * ny * nx, next);
      const source = MEMORY_START + 3;
      const target = source + values.byteLength + 13;
      heap.set(new Uint8Array(values.buffer), source);
      const from = [source, 8 * ny * nx, 8 * nx] as const;
      const numbers = Float64Array.from(values, Number);

      for (const method of DOWNSAMPLINGS)
        for (let f = 0; f < 8; f++) {
          const [fz, fy, fx] = [1 + (f >> 2), 1 + ((f >> 1) & 1), 1 + (f & 1)];
          const [oz, oy, ox] = [Math.ceil(nz / fz), Math.ceil(ny / fy), Math.ceil(nx / fx)];
          simd.halve(element, method)(...from, target, 8 * oy * ox, 8 * ox, nz, ny, nx, fz, fy, fx);
          const got = new LONG_ARRAYS[element](heap.slice(target, target + 8 * oz * oy * ox).buffer);
          for (let z = 0, o = 0; z < nz; z += fz)
            for (let y = 0; y < ny; y += fy)
              for (let x = 0; x < nx; x += fx, o++) {
                const window: bigint[] = [];
                for (let k = z; k < Math.min(nz, z + fz); k++)
                  for (let j = y; j < Math.min(ny, y + fy); j++)
                    for (let i = x; i < Math.min(nx, x + fx); i++) window.push(values[(k * ny + j) * nx + i]);
                const message = `${method} of ${[nz, ny, nx]} by ${[fz, fy, fx]} at ${o}`;
                assert.equal(got[o], PICKED[method](window), message);
              }
        }

      const { min, max, nan } = simd.scan(element)(...from, nz, ny, nx);
      assert.deepEqual([min, max, nan], [Math.min(...numbers), Math.max(...numbers), 0]);

      const range = [-(2 ** 62), 2 ** 63] as const;
      simd.scale(element, 'uint16')(...from, target, 2 * ny * nx, 2 * nx, nz, ny, nx, ...range);
      const scaled = new Uint16Array(heap.slice(target, target + 2 * values.length).buffer);
      const place = (v: number) => ((v - range[0]) / (range[1] - range[0])) * 65535;
      assert.deepEqual(
        Array.from(scaled),
        Array.from(numbers, v => Math.floor(Math.max(0, Math.min(65535, place(v))) + 0.5))
      );

      assert.equal(simd.cast(element, 'float64')(...from, target, 8 * ny * nx, 8 * nx, nz, ny, nx), 0);
      assert.deepEqual(new Float64Array(heap.slice(target, target + values.byteLength).buffer), numbers);
      simd.cast(element, 'float32')(...from, target, 4 * ny * nx, 4 * nx, nz, ny, nx);
      assert.deepEqual(
        new Float32Array(heap.slice(target, target + 4 * values.length).buffer),
        // By way of float64 a number may be rounded twice.
        Float32Array.from(values, toFloat32)
      );
    }
  });
}

/** The float32 nearest to an integer, ties to even. */
function toFloat32(value: bigint): number {
  const size = value < 0n ? -value : value;
  const extra = BigInt(Math.max(0, size.toString(2).length - 24));
  const [unit, half] = [1n << extra, extra > 0n ? 1n << (extra - 1n) : 0n];
  const [quotient, rest] = [size / unit, size % unit];
  const up = extra > 0n && (rest > half || (rest === half && quotient % 2n === 1n));
  return Number((quotient + (up ? 1n : 0n)) * unit) * (value < 0n ? -1 : 1);
}

test('copyBox gathers and scatters, fill fills', () => {
  const next = random(11);
  for (const shape of SHAPES) {
    for (const gaps of [
      [0, 0],
      [7, 0],
      [3, 5]
    ] as [number, number][]) {
      const values = voxels('uint8', shape[0] * shape[1] * shape[2], next);
      const from = put(values, 'uint8', shape, END, gaps);
      const got = onTarget('uint8', shape, [gaps[1], gaps[0]], to => simd.copyBox(...ends(from, to), ...triple(shape)));
      assert.deepEqual(got, values);
    }
  }
  const filled = onTarget('uint8', [1, 1, 99], [0, 0], to => simd.fill(to.at, 200, 99));
  assert.ok(filled.every(byte => byte === 200));
});

test('swap reverses the bytes of each element', () => {
  for (const size of [2, 4, 8] as const) {
    for (let n = 0; n < 40; n++) {
      const bytes = bytesLike('noise', n * size, n);
      heap.set(bytes, END - bytes.length);
      simd.swap(END - bytes.length, bytes.length, size);
      const expected = bytes.map((_, i) => bytes[i - (i % size) + size - 1 - (i % size)]);
      assert.deepEqual(heap.slice(END - bytes.length), expected);
    }
  }
});

const LENGTHS = [
  0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 255, 256, 512, 520, 1000, 1024, 1032, 4095, 4096, 4104, 65536, 69999, 70016
];

/** Bytes made of others by way of shuffling's scratch; nothing but the promised ranges may change. */
function withScratch(bytes: Uint8Array, run: (source: number, target: number, scratch: number) => void): Uint8Array {
  const [source, scratch] = [END - bytes.length, 2 ** 20];
  heap.set(bytes, source);
  heap.fill(GUARD, scratch, scratch + SHUFFLE_SCRATCH + 64);
  const got = onTarget('uint8', [1, 1, bytes.length], [0, 0], to => run(source, to.at, scratch));
  const guard = heap.subarray(scratch + SHUFFLE_SCRATCH, scratch + SHUFFLE_SCRATCH + 64);
  assert.ok(guard.every(byte => byte === GUARD));
  return Uint8Array.from(got);
}

const unshuffled = (bytes: Uint8Array, size: number, shuffling: 1 | 2): Uint8Array =>
  withScratch(bytes, (source, target, scratch) =>
    simd.unshuffleBlock(source, target, bytes.length, size, shuffling, scratch)
  );

test('shuffle: byte k of every element into stream k, the rest as it is', () => {
  for (const size of [1, 2, 3, 4, 8, 12]) {
    for (const length of LENGTHS) {
      const bytes = bytesLike('noise', length, size);
      heap.set(bytes, END - length);
      const n = Math.floor(length / size);
      const expected = bytes.slice();
      for (let i = 0; i < n * size; i++) expected[(i % size) * n + Math.floor(i / size)] = bytes[i];
      const got = onTarget('uint8', [1, 1, length], [0, 0], to => simd.shuffle(END - length, to.at, length, size));
      assert.deepEqual(Uint8Array.from(got), expected, `${length} bytes of ${size}`);
      assert.deepEqual(unshuffled(expected, size, 1), bytes, `${length} bytes of ${size}, back`);
    }
  }
});

test('bitshuffle: bit k of byte b of every element into stream 8 b + k, the rest as it is', () => {
  for (const size of [1, 2, 3, 4, 8, 255]) {
    for (const length of LENGTHS) {
      const bytes = bytesLike('noise', length, size);
      const n = Math.floor(length / size);
      const expected = bytes.slice();
      if (n % 8 === 0) {
        expected.fill(0, 0, n * size);
        for (let i = 0; i < n; i++) {
          for (let bit = 0; bit < 8 * size; bit++) {
            const value = (bytes[i * size + (bit >> 3)] >> (bit & 7)) & 1;
            expected[(bit * n) / 8 + (i >> 3)] |= value << (i & 7);
          }
        }
      }
      const got = withScratch(bytes, (source, target, scratch) =>
        simd.bitshuffle(source, target, length, size, scratch)
      );
      assert.deepEqual(got, expected, `${length} bytes of ${size}`);
      assert.deepEqual(unshuffled(expected, size, 2), bytes, `${length} bytes of ${size}, back`);
    }
  }
});

/** The LZ4 block format, read with all its rules checked. */
function unlz4(block: Uint8Array, length: number): Uint8Array {
  const out: number[] = [];
  let at = 0;
  const more = (start: number) => {
    let n = start;
    if (start === 15) for (let byte = 255; byte === 255; n += byte) byte = block[at++];
    return n;
  };
  while (true) {
    const token = block[at++];
    const literals = more(token >> 4);
    for (let i = 0; i < literals; i++) out.push(block[at++]);
    if (at === block.length) {
      assert.ok(literals >= Math.min(5, length), 'the last five bytes are literals');
      assert.equal(token & 15, 0);
      break;
    }
    assert.ok(at < block.length);
    const distance = block[at] | (block[at + 1] << 8);
    at += 2;
    assert.ok(distance > 0 && distance <= out.length, 'a match lies within what was written');
    assert.ok(out.length <= length - 12, 'the last match starts twelve bytes before the end');
    const count = more(token & 15) + 4;
    for (let i = 0; i < count; i++) out.push(out[out.length - distance]);
  }
  return Uint8Array.from(out);
}

test('lz4: blocks that keep the format, within their capacity', () => {
  const table = 2 ** 20;
  heap.fill(GUARD, table + LZ4_TABLE, table + LZ4_TABLE + 64);
  for (const kind of ['zeros', 'ramp', 'noise', 'repeats', 'text', 'nan'] as const) {
    for (const length of [...LENGTHS, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 300, 2000, 66000]) {
      const bytes = bytesLike(kind, length, length);
      heap.set(bytes, END - length);
      const bound = length + Math.ceil(length / 255) + 16;
      let written = 0;
      const got = onTarget('uint8', [1, 1, bound], [0, 0], to => {
        written = simd.lz4(END - length, length, to.at, bound, table, 1 + (length % 9));
      });
      assert.ok(written > 0, `${kind} ${length}`);
      assert.deepEqual(unlz4(Uint8Array.from(got.subarray(0, written)), length), bytes, `${kind} ${length}`);
      // It says 0 rather than write past the end.
      for (const capacity of [written, written - 1, written >> 1, 3, 1, 0]) {
        let size = -1;
        onTarget('uint8', [1, 1, Math.max(1, capacity)], [0, 0], to => {
          heap[to.at + capacity] = GUARD;
          size = simd.lz4(END - length, length, to.at, capacity, table, 1 + (length % 9));
        });
        if (capacity < written) assert.equal(size, 0);
        else assert.equal(size, written);
      }
    }
  }
  assert.ok(heap.subarray(table + LZ4_TABLE, table + LZ4_TABLE + 64).every(byte => byte === GUARD));
});

test('nothing below MEMORY_START is touched, and threads do not share state', async () => {
  assert.ok(heap.subarray(0, MEMORY_START).every(byte => byte === 0));
  const url = new URL('../../../src/simd/index.ts', import.meta.url).href;
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { instantiate } = await import(${JSON.stringify(url)});
    const { memory, at, n, value } = workerData;
    const simd = instantiate(memory);
    new Float32Array(memory.buffer, at, n).fill(value);
    let wrong = 0;
    for (let i = 0; i < 3000; i++) {
      const { min, max } = simd.scan('float32')(at, 4 * n, 4 * n, 1, 1, n);
      if (min !== value || max !== value) wrong++;
    }
    parentPort.postMessage(wrong);`;
  const results = [1, 2, 3].map(
    value =>
      new Promise((resolve, reject) => {
        const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
          workerData: { memory, at: MEMORY_START + value * 65536, n: 4000, value }
        });
        worker.on('message', resolve);
        worker.on('error', reject);
      })
  );
  assert.deepEqual(await Promise.all(results), [0, 0, 0]);
});

test('a checksum tells every byte, the length and the piece before', () => {
  const next = random(21);
  for (const length of [0, 1, 15, 63, 64, 65, 1000, 4096]) {
    const at = END - length;
    for (let i = 0; i < length; i++) heap[at + i] = next() * 256;
    const whole = simd.checksum(at, length, 7);
    assert.equal(simd.checksum(at, length, 7), whole);
    assert.notEqual(simd.checksum(at, length, 8), whole);
    for (let n = 0; n < Math.min(length, 300); n++) {
      const place = at + Math.floor(next() * length);
      const bit = 1 << Math.floor(next() * 8);
      heap[place] ^= bit;
      assert.notEqual(simd.checksum(at, length, 7), whole, `byte ${place - at} of ${length}`);
      heap[place] ^= bit;
    }
    assert.equal(simd.checksum(at, length, 7), whole);
    if (length > 0) assert.notEqual(simd.checksum(at, length - 1, 7), whole);
  }
});

test('noise is told from what can be compressed, wherever in a row that lies', () => {
  const [source, table] = [MEMORY_START, MEMORY_START + 2 ** 20];
  const next = random(5);
  const noisy = (length: number, at: (i: number) => boolean) => {
    for (let i = 0; i < length; i++) heap[source + i] = at(i) ? 256 * next() : 7;
    return simd.isIncompressible(source, length, table);
  };
  for (const length of [4096, 4097, 32768, 2 ** 17, 2 ** 18 + 77]) {
    assert.ok(
      noisy(length, () => true),
      `${length} bytes of noise`
    );
    // Rows of which an end is of one value, as at the edge of a volume; a stretch of it, as in a masked one.
    for (const row of [64, 128, 256, 1024])
      assert.ok(!noisy(length, i => i % row < row * 0.8), `noise in ${length} bytes, in rows of ${row}`);
    assert.ok(!noisy(length, i => i < 0.85 * length), `noise and a stretch of one value in ${length} bytes`);
  }
  assert.ok(!noisy(4095, () => true), 'too little to tell');
});
