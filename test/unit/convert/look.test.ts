import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookGrid } from '../../../src/convert/look/grid.ts';
import { type Encoding, type Layout, plainEncoding } from '../../../src/model/layout.ts';
import type { Shape } from '../../../src/model/volume.ts';

const layoutOf = (shape: Shape, encoding: Partial<Encoding> = {}) =>
  ({ shape, dtype: 'uint16', encodings: [{ ...plainEncoding(shape), ...encoding }] }) as Layout;
const factors = (layout: Layout, voxelSize: Shape | null = null) =>
  lookGrid(layout, voxelSize).levels.map(({ factor }) => factor.join(' '));

test('levels that would need the whole file for one view are left out, where a cheaper one is near', () => {
  const shape: Shape = [1000, 3000, 3000];
  const page = layoutOf(shape, { coding: 'deflate' });
  // Slices that are twice as far apart wait: a level that is halved along (Y, X) alone needs every page.
  assert.deepEqual(lookGrid(page, [2, 1, 1]).leftOut, [2]);
  assert.deepEqual(factors(page, [2, 1, 1]).slice(0, 2), ['1 1 1', '2 4 4']);
  assert.deepEqual(lookGrid(page, null).leftOut, []);
  assert.deepEqual(lookGrid(layoutOf(shape), [2, 1, 1]).leftOut, []);
  assert.deepEqual(lookGrid(layoutOf([1, 60000, 60000], { coding: 'deflate' }), null).leftOut, []);
  assert.deepEqual(lookGrid(layoutOf([10, 300, 300], { coding: 'deflate' }), [2, 1, 1]).leftOut, []);
});

test('chunks are flat, as long as tiles where there are some, and deep where planes cost little', () => {
  const shape: Shape = [1000, 3000, 3000];
  const chunks = (layout: Layout) => lookGrid(layout, null).levels.map(({ chunk }) => chunk);
  assert.deepEqual(chunks(layoutOf(shape))[0], [1, 128, 256]);
  const tiles = layoutOf(shape, { coding: 'deflate', segmentHeight: 64, segmentWidth: 64 });
  assert.deepEqual(chunks(tiles)[0], [1, 256, 256]);
  assert.deepEqual(chunks(layoutOf([500, 32, 32]))[0], [32, 32, 32]);
  // A whole page is decoded for each plane of the coarsest level, whatever is wanted of it.
  assert.equal(chunks(layoutOf(shape, { coding: 'deflate' })).at(-1)![0], 1);
  assert.ok(chunks(layoutOf(shape)).at(-1)![0] > 1);
});
