// The volumes of a tab, while others come, and are moved.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Volumes, volumeOf } from '../../../src/lab/viewer/volumes.ts';

test('a volume that is renamed while another is added is known by itself: its output takes its place afterwards', async () => {
  const volumes = new Volumes(['a.tif'], { asLabels: true, reading: { zAxis: 'c' } });
  const [first] = volumes.all;
  first.isSampled = true;
  await volumes.take(volumeOf('b.ome.zarr', false), async () => {
    volumes.move(path => path.replace(/^/, 'moved/'));
  });
  assert.deepEqual(volumes.paths, ['moved/a.tif', 'moved/b.ome.zarr']);
  // The picture has the one that came from where it was.
  assert.deepEqual(
    volumes.moved(['a.tif', 'b.ome.zarr']).map(({ number, source }) => [number, source]),
    [
      [0, 'moved/a.tif'],
      [1, 'moved/b.ome.zarr']
    ]
  );
  assert.deepEqual(volumes.way, { reading: { zAxis: 'c' }, asLabels: [true, false], isStack: false });
  const source = volumes.sampledFrom('moved/a.tif')!;
  assert.equal(source, first);
  await volumes.take(volumeOf('moved/a.ome.zarr', true), () => Promise.resolve(), source);
  assert.deepEqual(volumes.paths, ['moved/a.ome.zarr', 'moved/b.ome.zarr']);
  assert.equal(volumes.isSampled, false);
});

test('each volume has a name of its own, the same when it is opened again', async () => {
  assert.deepEqual(new Volumes(['old/a.ome.zarr', 'a.ome.zarr'], {}).names, ['a.ome.zarr', 'a.ome.zarr (2)']);
  const volumes = new Volumes(['d/a.ome.zarr', 'y/b.ome.zarr'], {});
  const pictured = volumes.names;
  volumes.move(path => path.replace('d/a', 'x/b'));
  assert.deepEqual(
    volumes.moved(pictured).map(({ number, name }) => [number, name]),
    [
      [0, 'b.ome.zarr'],
      [1, 'y/b.ome.zarr']
    ]
  );
  assert.deepEqual(new Volumes(volumes.paths, {}).names, volumes.names);
});

test('a volume that could not be added is none of the tab’s', async () => {
  const volumes = new Volumes(['a.tif'], {});
  await assert.rejects(volumes.take(volumeOf('b.tif', false), () => Promise.reject(new Error('closed'))));
  assert.deepEqual(volumes.paths, ['a.tif']);
  assert.equal(
    volumes.move(path => path),
    false
  );
});

test('slices of one volume are one, and an OME-Zarr may take their place', async () => {
  const volumes = new Volumes(['s/1.tif', 's/2.tif'], { isStack: true });
  volumes.all[0].isSampled = true;
  assert.deepEqual([volumes.isStack, volumes.names], [true, ['1.tif and 1 other']]);
  assert.ok(volumes.move(path => path.replace('s/', 't/')));
  const stack = volumes.sampledFrom(['t/1.tif', 't/2.tif'])!;
  await volumes.take(volumeOf('t.ome.zarr', false), () => Promise.resolve(), stack);
  assert.deepEqual([volumes.isStack, volumes.paths, volumes.key], [false, ['t.ome.zarr'], 't.ome.zarr']);
});
