// Calculations of the viewer's toolbar: percentiles out of histograms of few bins, and shaders.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepTowardsPercentiles } from '../../../src/viewer/layers/percentilesInView.ts';
import { COLOUR_MAPS, mapOf, shaderOf } from '../../../src/viewer/state/colourMaps.ts';
import type { ColourMap } from '../../../src/viewer/state/colourMaps.ts';

/** As the graphics count: values below the window, in 254 bins, and above. */
function histogram(values: number[], [low, high]: [number, number]): number[] {
  const counts = Array<number>(256).fill(0);
  for (const value of values) {
    const at = Math.floor(((value - low) / (high - low)) * 254) + 1;
    counts[value < low ? 0 : value > high ? 255 : Math.min(254, at)]++;
  }
  return counts;
}

function percentiles(values: number[], window: [number, number], limits: [number, number] | null): [number, number] {
  for (let steps = 0; steps < 16; steps++) {
    const step = stepTowardsPercentiles(histogram(values, window), window, limits)!;
    if (step.done) return step.range;
    window = step.window;
  }
  throw new Error('the steps come to no end');
}

const from = (count: number, value: (n: number) => number): number[] =>
  Array.from({ length: count }, (_, n) => value(n));

for (const [what, values, window, limits] of [
  ['uint16 in a corner of the type', from(10_000, n => 41_000 + (n % 1000)), [0, 65_535], [0, 65_535]],
  ['uint8 of two values', from(1000, n => (n % 10 === 0 ? 200 : 7)), [0, 255], [0, 255]],
  ['float32 far below a thousandth', from(10_000, n => 1e-5 + n * 1e-9), [0, 1], null],
  ['float32 far out of the window', from(10_000, n => 5e6 + n), [0, 1], null],
  ['float32 of one value', from(100, () => 0.25), [0, 1], null],
  ['int16 on both sides of 0', from(10_000, n => n - 5000), [-32_768, 32_767], [-32_768, 32_767]]
] as [string, number[], [number, number], [number, number] | null][]) {
  test(`the percentiles in view: ${what}`, () => {
    const sorted = [...values].sort((a, b) => a - b);
    const [black, white] = [0.01, 0.99].map(share => sorted[Math.round(share * (sorted.length - 1))]);
    const [low, high] = percentiles(values, window, limits);
    // Two of a hundred parts of the range, or a step of the type.
    const tolerance = Math.max(0.02 * (white - black), limits ? 1 : 1e-5 * Math.abs(white));
    assert.ok(Math.abs(low - black) <= tolerance, `black is ${low} in place of ${black}`);
    assert.ok(Math.abs(high - white) <= tolerance, `white is ${high} in place of ${white}`);
    assert.ok(low < high);
  });
}

test('where nothing is in view there are no percentiles', () => {
  assert.equal(stepTowardsPercentiles(Array<number>(256).fill(0), [0, 1], null), null);
});

test('each colour map is known by its shader, of each type', () => {
  for (const dtype of ['uint8', 'int16', 'float32', 'uint64']) {
    for (const map of Object.keys(COLOUR_MAPS) as ColourMap[]) assert.equal(mapOf(shaderOf(map, dtype), dtype), map);
  }
  assert.equal(mapOf('void main() { emitGrayscale(1.0); }', 'uint8'), null);
});
