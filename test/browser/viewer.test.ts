import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { startJupyter } from './jupyter.ts';
import { LabPage } from './lab-page.ts';
import { ZOOM, expectedSlice, shownSlice, sliceView } from './picture.ts';
import { consoleErrors, convert, openTab, picture, showsColours, showsSlice } from './viewer-page.ts';
import { writeFlipped, writeVolume } from './volumes.ts';

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

test('a copied link asks for a login, and opens the same view in another browser; a view can be edited as JSON', async () => {
  const output = converted(join(jupyter.root, 'Verknüpft & geteilt.ome.zarr'));
  const page = await jupyter.open();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const panel = await open(page, name(output), sliceView(SHAPE, 31));
  await shows(panel, output, 31);
  await panel.getByRole('button', { name: 'Copy link' }).click();
  await panel.getByText('in the clipboard').waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.close();
  assert.ok(link.startsWith(`${jupyter.url}lab?`), link);
  assert.ok(!link.includes(jupyter.token));

  const context = await jupyter.browser.newContext({ viewport: { width: 1280, height: 900 } });
  const other = await context.newPage();
  await other.goto(link);
  await other.locator('#password_input').fill(jupyter.token);
  await other.locator('#login_submit').click();
  const opened = other.locator('.mct-ViewerPanel:visible');
  await opened.waitFor({ timeout: 90_000 });
  await shows(opened, output, 31);
  assert.ok(!other.url().includes('microct-view'), 'a reload must not bring the old view back');

  await opened.getByRole('button', { name: 'State' }).click();
  const text = opened.getByLabel('The view as JSON');
  const state = JSON.parse(await text.inputValue());
  await text.fill('{"position": [1, 2');
  await opened.getByRole('button', { name: 'Apply' }).click();
  await opened.getByText(/not JSON, and nothing was changed/).waitFor();
  await text.fill(JSON.stringify({ ...state, position: [1, 2] }));
  await opened.getByRole('button', { name: 'Apply' }).click();
  await opened
    .locator('dialog')
    .getByText(/2 coordinates, and there are 3/)
    .waitFor();
  await text.fill(JSON.stringify({ ...state, ...sliceView(SHAPE, 4) }));
  await opened.getByRole('button', { name: 'Apply' }).click();
  await shows(opened, output, 4);
  await context.close();
});

test('a measured length is the true one; measurements are exported, imported and kept with the view', async () => {
  const output = converted(join(jupyter.root, 'measured.ome.zarr'));
  const page = await jupyter.open('lab/workspaces/measured');
  const panel = await open(page, name(output));
  await shows(panel, output);
  await panel.getByLabel('What is measured next').selectOption('Line');
  await panel.getByText('Ctrl-click both ends').waitFor();
  await shows(panel, output);
  const box = (await picture(panel).boundingBox())!;
  // 40 voxels across and 30 down, of 0.5 µm.
  for (const [x, y] of [
    [10, 10],
    [50, 40]
  ]) {
    const at = [box.x + box.width / 2 + (x - 29.5) * ZOOM, box.y + box.height / 2 + (y - 24.5) * ZOOM] as const;
    await page.mouse.move(at[0] - 4, at[1]);
    await page.mouse.move(...at);
    await page.keyboard.down('Control');
    await page.mouse.click(...at);
    await page.keyboard.up('Control');
  }
  const line = panel.getByRole('button', { name: 'Line: 25 µm' });
  await line.waitFor();
  const download = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'CSV' }).click();
  const csv = readFileSync((await (await download).path())!, 'utf8');
  const [first, second] = csv
    .split('\r\n')
    .slice(1, 3)
    .map(row => row.split(',').slice(4, 7).map(Number));
  const far = Math.max(...[...first, ...second].map((value, n) => Math.abs(value - [10, 10, Z, 50, 40, Z][n])));
  assert.ok(far < 0.26, `the ends are ${String(first)} and ${String(second)}`);

  await panel.getByRole('button', { name: '×' }).click();
  await line.waitFor({ state: 'detached' });
  const give = (text: string): Promise<void> =>
    panel
      .locator('input[type="file"]')
      .setInputFiles({ name: 'given.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  await give(csv.replace('line', 'lines'));
  await panel.getByText(/given.csv: nothing was imported. Line 3: .* is of kind “line” here, and “lines”/).waitFor();
  await give(csv);
  await line.waitFor();
  await panel.getByLabel('Name', { exact: true }).fill('strut');
  await panel.getByLabel('Name', { exact: true }).press('Enter');
  await sleep(3000);
  await page.goto(`${jupyter.url}lab/workspaces/measured`);
  await panel.getByRole('button', { name: 'List' }).click();
  await line.waitFor();
  assert.equal(await panel.getByLabel('Name', { exact: true }).inputValue(), 'strut');
  await page.close();
});

test('a volume that is added lies over the first, also after a reload; linked viewers show the same place', async () => {
  const output = converted(join(jupyter.root, 'first.ome.zarr'));
  const flipped = join(jupyter.root, 'flipped.tif');
  writeFlipped(tiff, flipped);
  const over = convert(flipped, join(jupyter.root, 'second.ome.zarr'));
  const page = await jupyter.open('lab/workspaces/added');
  const both = (z: number): number[][] => {
    const [below, above] = [expectedSlice(tiff, z, output), expectedSlice(flipped, z, over)];
    return below.map((row, y) => row.map((value, x) => (value + above[y][x]) / 2));
  };
  const panel = await open(page, name(output));
  await shows(panel, output);
  const lab = new LabPage(page);
  await lab.item('second.ome.zarr').click({ button: 'right' });
  await page.getByText('Add to Viewer').click();
  await showsSlice(panel, both(Z), 4);
  await panel.getByLabel('Layer that is changed here').selectOption('second.ome.zarr');
  await panel.getByLabel('Opacity').fill('0');
  await shows(panel, output);
  await panel.getByLabel('Opacity').fill('0.5');

  const alone = await open(page, name(over), sliceView(SHAPE, 30));
  await showsSlice(alone, expectedSlice(flipped, 30, over));
  await page.evaluate(() => (window as unknown as App).jupyterapp.commands.execute('microct-io-vis:link-viewers'));
  await picture(alone).click({ position: { x: 20, y: 200 } });
  await page.keyboard.press('.');
  await page.locator('.lm-TabBar-tabLabel', { hasText: 'first.ome.zarr' }).click();
  await showsSlice(panel, both(31), 4);
  await sleep(2500);
  await page.goto(`${jupyter.url}lab/workspaces/added`);
  await page.locator('.lm-TabBar-tabLabel', { hasText: 'first.ome.zarr' }).click();
  await showsSlice(panel, both(31), 4);
  await page.close();
});

interface App {
  jupyterapp: { commands: { execute(id: string): Promise<unknown> } };
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
  writeFileSync(join(jupyter.root, 'notes.txt'), 'no volume');
  const panel = await open(page, 'notes.txt');
  await panel.getByRole('alert').waitFor();
  await page.close();
});
