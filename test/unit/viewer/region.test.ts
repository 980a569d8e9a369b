import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regionFields } from '../../../src/form/picture.ts';
import type { Grip, Region, Triple } from '../../../src/viewer/choosing/region.ts';
import { dragged, endedAt } from '../../../src/viewer/choosing/region.ts';

const SHAPE: Triple = [10, 20, 30];
const BOX: Region = { from: [2, 4, 6], to: [5, 8, 12] };
const drag = (grip: Grip, start: Triple, now: Triple): Region => dragged(BOX, grip, start, now, SHAPE);

test('a box that is drawn has all voxels that were touched, whichever way it was drawn', () => {
  const grip: Grip = { kind: 'draw', axes: [1, 2] };
  const drawn = { from: [2, 1, 3], to: [5, 7, 9] };
  assert.deepEqual(drag(grip, [0, 1.9, 3.1], [0, 6.1, 8.9]), drawn);
  assert.deepEqual(drag(grip, [0, 6.1, 8.9], [0, 1.9, 3.1]), drawn);
  assert.deepEqual(drag(grip, [0, -5, 25], [0, -4, 99]), { from: [2, 0, 25], to: [5, 1, 30] });
});

test('edges go to the nearest edge of a voxel, and a box keeps a voxel and its size within the volume', () => {
  const resize = (side: 'from' | 'to', to: number): Region =>
    drag({ kind: 'resize', sides: new Map([[2, side]]) }, [0, 0, 0], [0, 0, to]);
  assert.equal(resize('from', 3.4).from[2], 3);
  assert.equal(resize('from', 50).from[2], 11);
  assert.equal(resize('to', 3).to[2], 7);
  assert.equal(resize('to', 50).to[2], 30);
  const moved = drag({ kind: 'move', axes: [1, 2] }, [0, 5, 7], [0, -9, 8.6]);
  assert.deepEqual(moved, { from: [2, 0, 8], to: [5, 4, 14] });
});

test('slices begin and end a region, which is never empty', () => {
  assert.deepEqual(endedAt(BOX, 'from', 3, SHAPE).from, [3, 4, 6]);
  assert.deepEqual(endedAt(BOX, 'from', 7, SHAPE).to, [10, 8, 12]);
  assert.deepEqual(endedAt(BOX, 'to', 0, SHAPE), { from: [0, 4, 6], to: [1, 8, 12] });
});

test('ends of a region that are those of the volume leave their fields empty', () => {
  assert.deepEqual(regionFields({ from: [0, 4, 6], to: [5, 20, 12] }, SHAPE), {
    roiFrom: ['', '4', '6'],
    roiTo: ['5', '', '12']
  });
  assert.deepEqual(regionFields(null, SHAPE), { roiFrom: ['', '', ''], roiTo: ['', '', ''] });
});
