// Headers that are read once for facts, plan and conversion, and again as soon as anything of the source is another.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openVolume } from '../../../src/reader/index.ts';
import { headersOf } from '../../../src/reader/kept-headers.ts';
import { DEFAULT_INTERPRETATION } from '../../../src/reader/tiff/pixel-format.ts';
import { writeTiff } from './tiff-writer.ts';

const { image, describedBy } = DEFAULT_INTERPRETATION;
const root = mkdtempSync(join(tmpdir(), 'kept-headers-test-'));
after(() => rmSync(root, { recursive: true, force: true }));

const tiff = (width: number): Buffer =>
  writeTiff([{ width, height: 3, bits: 8, segments: [new Uint8Array(3 * width)] }]);

/** A file that was written long ago, as most are. */
function write(path: string, width = 4): string {
  writeFileSync(path, tiff(width));
  utimesSync(path, 1e9, 1e9);
  return path;
}

const shapeOf = async (source: string | string[]): Promise<number[]> => (await openVolume(source)).info.shape;

/** The headers of a file that have been kept; an error where they would be read. */
const keptOf = (path: string) =>
  headersOf(JSON.stringify([path, null, image, describedBy]), () => Promise.reject(new Error('was read')));

test('what is asked of a source again costs no reading of its headers', async () => {
  const path = write(join(root, 'once.tif'));
  await assert.rejects(keptOf(path), /was read/);
  const { layout } = await openVolume(path);
  assert.deepEqual((await keptOf(path)).files, layout.files);
});

test('a source that is written anew, with the time of change of the old, is read anew', async () => {
  const path = write(join(root, 'again.tif'));
  assert.deepEqual(await shapeOf(path), [1, 3, 4]);
  write(path, 8);
  assert.deepEqual(await shapeOf(path), [1, 3, 8]);
  renameSync(write(join(root, 'other.tif'), 5), path);
  assert.deepEqual(await shapeOf(path), [1, 3, 5]);
  rmSync(path);
  await assert.rejects(shapeOf(path), /there is no such file/);
});

test('a folder that a slice is put into, taken from or changed in is read anew', async () => {
  const folder = join(root, 'slices');
  mkdirSync(folder);
  for (const n of [1, 2, 3]) write(join(folder, `s${n}.tif`));
  assert.deepEqual(await shapeOf(folder), [3, 3, 4]);
  write(join(folder, 's4.tif'));
  assert.deepEqual(await shapeOf(folder), [4, 3, 4]);
  rmSync(join(folder, 's4.tif'));
  assert.deepEqual(await shapeOf(folder), [3, 3, 4]);
  write(join(folder, 's2.tif'), 6);
  await assert.rejects(shapeOf(folder), /s2\.tif is 3 × 6/);
});

test('a file that has just been written is not relied on', async () => {
  const path = join(root, 'fresh.tif');
  writeFileSync(path, tiff(4));
  await openVolume(path);
  await assert.rejects(keptOf(path), /was read/);
});
