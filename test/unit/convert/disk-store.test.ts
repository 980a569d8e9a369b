// What machines that convert parts of one volume read of a disk that they share.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DiskStore } from '../../../src/convert/parts/disk-store.ts';
import { ConvertError } from '../../../src/model/errors.ts';
import { Destination } from '../../../src/zarr/destination.ts';
import { PARTS, PLAN, SCRATCH } from '../../../src/zarr/owner.ts';
import { scratch } from '../scratch.ts';

const { fresh } = scratch('disk-store');

test('a plan that has taken the place of the one that was read is another one', async () => {
  const output = join(fresh(), 'a.ome.zarr');
  mkdirSync(`${output}.partial`);
  const [one, other] = [new DiskStore(output), new DiskStore(output)];
  assert.equal(await one.read(PLAN), null);
  assert.equal(await one.isPlanned(), false);
  await other.write(PLAN, 'x', 'first');
  assert.equal(await one.isPlanned(), true);
  assert.equal(await one.read(PLAN), 'first');
  assert.equal(await one.isPlanned(), true);
  await other.remove(PLAN);
  assert.equal(await one.isPlanned(), false);
  await other.write(PLAN, 'x', 'second');
  assert.deepEqual([await one.isPlanned(), await other.isPlanned()], [false, true]);
});

test('what cannot be read is not taken for missing, nor for damaged', async () => {
  const output = join(fresh(), 'a.ome.zarr');
  mkdirSync(join(`${output}.partial`, PLAN), { recursive: true });
  const store = new DiskStore(output);
  const refused = (error: unknown) =>
    error instanceof ConvertError && error.field === 'output' && error.message.includes('.partial/');
  await assert.rejects(store.read(PLAN), refused);
  await assert.rejects(store.isPlanned(), refused);
  const parts = join(`${output}.partial`, PARTS);
  symlinkSync(parts, parts);
  await assert.rejects(store.runs(), refused);
  await assert.rejects(store.hadSeveral(1), refused);
  rmSync(parts);
  writeFileSync(parts, '');
  assert.deepEqual(await store.runs(1), []);
});

test('of what is discarded nothing stays', async () => {
  const folder = fresh();
  const store = new DiskStore(join(folder, 'a.ome.zarr'));
  const destination = await store.claim(2, false, false);
  await store.write(PLAN, 'x', 'plan');
  await destination.keep();
  assert.equal(await store.isPlanned(), true);
  await store.discard(false);
  assert.deepEqual(readdirSync(folder), []);
});

test('what cannot be tidied up stands in for no error', async () => {
  const destination = await Destination.claim(join(fresh(), 'a.ome.zarr'), false);
  rmSync(destination.partial, { recursive: true });
  symlinkSync(destination.partial, destination.partial);
  assert.throws(() => rmSync(join(destination.partial, SCRATCH), { force: true }));
  assert.equal(destination.keep(), true);
});
