import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkOf, viewIn, withoutView } from '../../../src/lab/viewer/viewLink.ts';

test('a link holds a view, wherever it stands in the address, and one that lost a part says so', async () => {
  const view = {
    paths: ['Größe #1 & 50%.ome.zarr', '/data/b.ome.zarr'],
    asLabels: [false, true],
    state: { position: [1, 2, 3], layout: 'xy' }
  };
  const link = await linkOf('https://hub/user/alice/lab', view);
  assert.match(link, /^https:\/\/hub\/user\/alice\/lab\?microct-view=[\w-]+$/);
  assert.deepEqual(await viewIn(link), view);
  assert.deepEqual(await viewIn(link.replace('?', '?reset&').concat('&token=a')), view);
  assert.equal(withoutView(link.concat('&token=a')), 'https://hub/user/alice/lab?token=a');
  assert.equal(await viewIn('https://hub/user/alice/lab?reset'), null);
  await assert.rejects(viewIn(link.slice(0, -9)), /part of it was lost/);
  const state = { notes: Array.from({ length: 3000 }, (_, n) => Math.sin(n)) };
  await assert.rejects(linkOf('https://hub/lab', { ...view, state }), /servers refuse addresses/);
});
