import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { startJupyter } from './jupyter.ts';
import { expectedSlice, shownSlice, sliceView } from './picture.ts';
import { consoleErrors, convert, openTab, picture, showsColours, showsSlice } from './viewer-page.ts';
import { writeVolume } from './volumes.ts';

const SHAPE: [number, number, number] = [40, 50, 60];
const Z = 13;

let jupyter: Jupyter;
let tiff: string;
let elsewhere: string;

const converted = (output: string, ...options: string[]): string => convert(tiff, output, ...options);

before(async () => {
  jupyter = await startJupyter();
  tiff = join(jupyter.root, 'scan.tif');
  writeVolume(tiff, SHAPE, 'uint16', 'imagej');
  elsewhere = mkdtempSync(join(tmpdir(), 'outside '));
});

after(async () => {
  await jupyter?.stop();
  if (elsewhere) rmSync(elsewhere, { recursive: true, force: true });
});

const open = (page: Page, path: string, state = sliceView(SHAPE, Z)): Promise<Locator> => openTab(page, path, state);
const shows = (panel: Locator, omeZarr: string, z = Z): Promise<void> =>
  showsSlice(panel, expectedSlice(tiff, z, omeZarr));

const name = (path: string): string => path.split('/').pop()!;

test('OME-Zarr 0.5 under the root: the voxels on the screen are those of the volume, over /files/', async () => {
  const output = converted(join(jupyter.root, 'Größe #1 50%.ome.zarr'));
  const page = await jupyter.open();
  const requests: string[] = [];
  page.context().on('request', request => requests.push(request.url()));
  const errors = consoleErrors(page);
  await shows(await open(page, name(output)), output);
  assert.ok(requests.some(url => /\/user\/alice\/files\/.*\/0\/c\//.test(url)));
  // It has no labels, nor what Neuroglancer may look for.
  assert.deepEqual(errors, []);
  await page.close();
});

test('the toolbar: contrast of what is in view, black and white swapped, colours, presets; undone by the same', async () => {
  const output = converted(join(jupyter.root, 'looks.ome.zarr'));
  const page = await jupyter.open();
  const panel = await open(page, name(output));
  await shows(panel, output);
  const slice = expectedSlice(tiff, Z, output);
  const sorted = slice.flat().sort((a, b) => a - b);
  const [black, white] = [0.01, 0.99].map(share => sorted[Math.round(share * (sorted.length - 1))]);
  const auto = slice.map(row => row.map(value => 255 * Math.min(1, Math.max(0, (value - black) / (white - black)))));
  const inverted = auto.map(row => row.map(value => 255 - value));
  await panel.getByRole('button', { name: 'Auto', exact: true }).click();
  // What the histogram does not tell apart is two of a hundred parts of the range.
  await showsSlice(panel, auto, 8);
  await panel.getByRole('button', { name: 'Invert' }).click();
  await showsSlice(panel, inverted, 8);
  await panel.getByRole('button', { name: 'Contrast' }).click();
  await panel.getByLabel('Name of a preset').fill('bones');
  await panel.getByRole('button', { name: 'Keep' }).click();
  await panel.getByLabel('Colours', { exact: true }).selectOption('Viridis');
  await showsColours(
    panel,
    inverted.map(row => row.map(viridis)),
    32
  );
  await panel.getByLabel(/kept for this volume/).selectOption('bones');
  await showsSlice(panel, inverted, 8);
  await page.close();
});

/** Matplotlib’s colours at five places, and straight lines between them: up to 20 off. */
function viridis(grey: number): number[] {
  const stops = [
    [68, 1, 84],
    [59, 82, 139],
    [33, 145, 140],
    [94, 201, 98],
    [253, 231, 37]
  ];
  const at = (grey / 255) * 4;
  const n = Math.min(3, Math.floor(at));
  return stops[n].map((value, part) => value + (stops[n + 1][part] - value) * (at - n));
}

test('OME-Zarr 0.4, whose dotfiles the server hides: over the helper', async () => {
  const output = converted(join(jupyter.root, 'old.ome.zarr'), '--ome-zarr', '0.4');
  const page = await jupyter.open();
  const errors = consoleErrors(page);
  await shows(await open(page, name(output)), output);
  assert.deepEqual(errors, []);
  await page.close();
});

test('an OME-Zarr outside the root: over the helper', async () => {
  const output = converted(join(elsewhere, 'far away.ome.zarr'));
  const page = await jupyter.open();
  await shows(await open(page, output), output);
  await page.close();
});

test('a reloaded page brings the tab and its view back', async () => {
  const output = converted(join(jupyter.root, 'kept.ome.zarr'));
  const page = await jupyter.open('lab/workspaces/kept');
  await shows(await open(page, name(output), sliceView(SHAPE, 29)), output, 29);
  await sleep(3000);
  await page.goto(`${jupyter.url}lab/workspaces/kept`);
  await shows(page.locator('.mct-ViewerPanel:visible'), output, 29);
  await page.close();
});

test('a login that expires is an error with a way back, and never a picture of nothing', async () => {
  const output = converted(join(jupyter.root, 'login.ome.zarr'));
  const page = await jupyter.open();
  let expired = true;
  await page
    .context()
    .route(/\/files\/.*\/c\//, route =>
      expired ? route.fulfill({ status: 403, body: 'Forbidden' }) : route.continue()
    );
  const panel = await open(page, name(output));
  const banner = panel.getByRole('alert');
  await banner.waitFor();
  assert.match(await banner.innerText(), /login has expired/);
  const shown = await shownSlice(picture(panel), SHAPE[1], SHAPE[2]);
  assert.ok(
    shown.flat().every(value => value > 0),
    'no voxel is shown as black'
  );
  expired = false;
  await banner.getByRole('button', { name: 'Retry' }).click();
  await shows(panel, output);
  assert.equal(await banner.isVisible(), false);
  await page.close();
});

test('a dropped connection is an error too', async () => {
  const output = converted(join(jupyter.root, 'dropped.ome.zarr'));
  const page = await jupyter.open();
  await page.context().route(/\/files\/.*\/c\//, route => route.abort('connectionreset'));
  const panel = await open(page, name(output));
  await panel.getByRole('alert').waitFor();
  assert.match(await panel.getByRole('alert').innerText(), /could not be reached/);
  await page.close();
});

test('a chunk that is not there is empty, and lost where all were written', async () => {
  const output = converted(join(jupyter.root, 'sparse.ome.zarr'), '-n', '1');
  rmSync(join(output, '0', 'c', '0', '1', '1'));
  const page = await jupyter.open();
  const panel = await open(page, name(output));
  const expected = expectedSlice(tiff, Z, output);
  for (let y = 16; y < 32; y++) expected[y].fill(0, 16, 32);
  await showsSlice(panel, expected);
  assert.equal(await panel.getByRole('alert').isVisible(), false);
  await panel.getByText(/sparse.ome.zarr: the file 0\/c\/0\/1\/1 is not there.*lost/).waitFor();
  await page.close();
});

test('what is no OME-Zarr says so', async () => {
  const page = await jupyter.open();
  const panel = await open(page, 'scan.tif');
  await panel.getByRole('alert').waitFor();
  await page.close();
});
