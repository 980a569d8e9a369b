import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boxPoints, boxVoxels } from '../../../src/viewer/box.ts';

test('a box is of the voxels that it touches, and comes back as it was', () => {
  const lengths = [60, 50, 40];
  const ranges = [3, 9, 10, 30, 20, 50];
  const [a, b] = boxPoints(ranges);
  assert.deepEqual(
    [a, b],
    [
      [19.5, 9.5, 2.5],
      [49.5, 29.5, 8.5]
    ]
  );
  assert.deepEqual(boxVoxels(b, a, lengths), ranges);
  // Of one that is flat the slice that it lies in; beyond the volume there is nothing.
  assert.deepEqual(boxVoxels([-9, 1.2, 13], [90, 2.6, 13], lengths), [13, 14, 1, 4, 0, 60]);
});
