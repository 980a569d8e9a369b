import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binCount, binEnds, binOf, rowStep } from '../../../src/model/histogram.ts';
import { Distribution } from '../../../src/model/statistics.ts';
import { DTYPES, type Dtype } from '../../../src/model/volume.ts';
import { random } from '../random.ts';

/** How values are counted, and a sample of every `nth`. */
function distribution(dtype: Dtype, values: number[], nth = 1): Distribution {
  const counts = new Float64Array(binCount(dtype));
  const finite = values.filter(Number.isFinite);
  for (const value of finite) counts[binOf(dtype, value)]++;
  const sample = Float64Array.from(values.filter((_, i) => i % nth === 0));
  return new Distribution(dtype, counts, sample, Math.min(...finite), Math.max(...finite));
}

test('bins lie in the order of values, and cover all finite ones', () => {
  for (const dtype of DTYPES) {
    let last = -Infinity;
    for (let bin = 0; bin < binCount(dtype); bin++) {
      const ends = binEnds(dtype, bin);
      if (!ends) continue;
      const [low, high] = ends;
      // The two zeros are alike, but in bins of their own.
      assert.ok(low <= high && (low > last || Object.is(low, 0)), `${dtype} ${bin}: ${low} to ${high} after ${last}`);
      assert.equal(binOf(dtype, low), bin);
      assert.equal(binOf(dtype, high), bin);
      assert.ok(high - low <= Math.max(1e-38, Math.abs(low) / 128, Math.abs(high) / 128));
      last = high;
    }
  }
  assert.deepEqual(binEnds('int8', 0), [-128, -128]);
  assert.deepEqual(binEnds('uint16', 65535), [65535, 65535]);
  assert.equal(binEnds('float32', binOf('float32', 3.4e38) + 1), null);
});

test('percentiles of the nearest rank, of finite values', () => {
  const values = Array.from({ length: 1001 }, (_, i) => 1000 - i);
  const whole = distribution('uint16', values);
  assert.deepEqual(
    [0, 0.1, 50, 99.9, 100].map(percent => whole.percentile(percent)),
    [0, 1, 500, 999, 1000]
  );
  const few = distribution('float32', [NaN, 4, Infinity, -Infinity]);
  assert.deepEqual(
    [0, 10, 90, 100].map(percent => few.percentile(percent)),
    [4, 4, 4, 4]
  );
  assert.equal(few.counted, 1);
});

test('within a bin of wide types, the sample tells where values lie; without one they lie evenly', () => {
  const next = random(3);
  const values = Array.from({ length: 20_000 }, () => Math.fround(1000 + 0.5 * (next() + next() + next())));
  const sorted = [...values].sort((a, b) => a - b);
  const off = (found: Distribution, percent: number) =>
    Math.abs(found.percentile(percent) - sorted[Math.round((percent / 100) * (sorted.length - 1))]);
  for (const percent of [0.1, 1, 50, 99, 99.9]) {
    assert.equal(off(distribution('float32', values), percent), 0);
    assert.ok(off(distribution('float32', values, 20), percent) < 0.1, `${percent}`);
    assert.ok(off(distribution('float32', values, 2000), percent) <= 4);
  }
  const { start, end, counts } = distribution('float32', values, 20).histogram();
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    values.length
  );
  const third = sorted.filter(value => value < start + (end - start) / 4).length;
  assert.ok(Math.abs(counts.slice(0, 64).reduce((a, b) => a + b, 0) - third) < 300);
});

test('of large volumes one row of up to eight is counted', () => {
  const one = { t: 1, c: 1 };
  assert.equal(rowStep([1, 1, 1], one), 1);
  assert.equal(rowStep([128, 128, 256], one), 1);
  assert.equal(rowStep([128, 256, 256], one), 2);
  assert.equal(rowStep([128, 256, 256], { t: 2, c: 3 }), 4);
  assert.equal(rowStep([20000, 3000, 3000], one), 8);
});
