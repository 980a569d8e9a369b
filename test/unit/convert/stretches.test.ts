import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stretches } from '../../../src/convert/stretches.ts';

const KiB = 1 << 10;
const range = (start: number, end: number) => ({ position: start * KiB, length: (end - start) * KiB });
const grown = (stretches: Stretches) => stretches.takeGrown().sort((one, other) => one.position - other.position);

test('stretches that touch, or nearly, grow together, and only what has grown is told again', () => {
  const stretches = new Stretches(range(0, 1024));
  stretches.add(range(2048, 3072));
  assert.deepEqual(grown(stretches), [range(0, 1024), range(2048, 3072)]);
  assert.deepEqual(grown(stretches), []);
  stretches.add(range(1025, 2000));
  assert.deepEqual(grown(stretches), [range(0, 3072)]);
  stretches.add(range(4096, 5120));
  assert.deepEqual(grown(stretches), [range(4096, 5120)]);
  stretches.add(range(3080, 3500));
  assert.deepEqual(grown(stretches), [range(0, 3500)]);
});

test('what is told of is told as one stretch in whatever order it came', () => {
  const [first, ...others] = Array.from({ length: 97 }, (_, n) => (n * 31) % 97).map(n =>
    range(100 * n, 100 * (n + 1))
  );
  const stretches = new Stretches(first);
  others.forEach(other => stretches.add(other));
  assert.deepEqual(grown(stretches), [range(0, 9700)]);
});

test('the hull of stretches reaches from the first to the end of the last', () => {
  const stretches = new Stretches(range(2048, 3072));
  stretches.add(range(512, 1024));
  assert.deepEqual(stretches.hull(), range(512, 3072));
  stretches.add(range(8192, 9216));
  assert.deepEqual(stretches.hull(), range(512, 9216));
});
