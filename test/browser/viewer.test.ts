import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page, Route } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { PYTHON, startJupyter } from './jupyter.ts';
import { LabPage } from './lab-page.ts';
import { ZOOM, expectedSlice, shownPixels, shownSlice, sliceView } from './picture.ts';
import { consoleErrors, convert, eventually, openTab, picture, showsColours, showsSlice } from './viewer-page.ts';
import { writeFlipped, writeLabels, writeTurned, writeTwoBlocks, writeVolume } from './volumes.ts';

const SHAPE: [number, number, number] = [40, 50, 60];
const Z = 13;
/** Requests for chunks, of any level. */
const CHUNKS = /\/files\/.*\/c\//;

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

interface Ome {
  multiscales: { axes: { unit?: string }[] }[];
}

const name = (path: string): string => path.split('/').pop()!;

test('OME-Zarr 0.5 under the root: the voxels on the screen are those of the volume, over /files/', async () => {
  const output = converted(join(jupyter.root, 'Größe #1 50%.ome.zarr'));
  const page = await jupyter.open();
  const requests: string[] = [];
  page.context().on('request', request => requests.push(request.url()));
  const errors = consoleErrors(page);
  const panel = await open(page, name(output));
  await shows(panel, output);
  await tellsVoxels(panel);
  assert.ok(requests.some(url => /\/user\/alice\/files\/.*\/0\/c\//.test(url)));
  // It has no labels, nor what Neuroglancer may look for.
  assert.deepEqual(errors, []);
  await new LabPage(page).item(name(output)).click({ button: 'right' });
  await page.getByText('Open as Segmentation').click();
  const segments = page.locator('.mct-ViewerPanel:visible');
  await segments.getByRole('button', { name: 'Segments' }).click();
  const frequent = mostFrequent(tiff);
  await segments
    .locator(`.neuroglancer-segment-list-entry[data-id="${frequent.value}"]`, { hasText: String(frequent.count) })
    .waitFor();
  await page.close();
});

/** The voxel told under the mouse is the one that is seen there, in its left half and in its right one. */
async function tellsVoxels(panel: Locator): Promise<void> {
  const { width, height } = (await picture(panel).boundingBox())!;
  const [x, y] = [SHAPE[2] / 2, SHAPE[1] / 2];
  const code = 'import sys, tifffile; print(tifffile.imread(sys.argv[1])[tuple(map(int, sys.argv[2:]))])';
  const value = execFileSync(PYTHON, ['-c', code, tiff, ...[Z, y, x].map(String)], { encoding: 'utf8' }).trim();
  // The edge between two voxels is in the middle.
  for (const off of [1, ZOOM - 1]) {
    await picture(panel).hover({ position: { x: width / 2 + off, y: height / 2 + off } });
    await panel.locator('.neuroglancer-mouse-position-widget', { hasText: `x ${x}  y ${y}  z ${Z}` }).waitFor();
    await panel.locator('.neuroglancer-layer-item-value', { hasText: new RegExp(`^${value}$`) }).waitFor();
  }
  // In the middle itself, which lies on that edge, it is the voxel that is drawn there.
  const middle = panel.locator('input.neuroglancer-position-dimension-coordinate');
  const told = await middle.evaluateAll(inputs => inputs.map(each => (each as HTMLInputElement).value));
  assert.deepEqual(told.slice(0, 3), [x, y, Z].map(String));
  // The selection is in the left half, where the mouse comes from elsewhere.
  const position = { x: width / 2 + 1, y: height / 2 + 1 };
  await picture(panel).hover({ position: { ...position, x: position.x - 3 * ZOOM } });
  await panel.locator('.neuroglancer-mouse-position-widget', { hasText: `x ${x - 3}  y ${y}` }).waitFor();
  await picture(panel).hover({ position });
  await panel.locator('.neuroglancer-mouse-position-widget', { hasText: `x ${x}  y ${y}` }).waitFor();
  await picture(panel).click({ button: 'right', modifiers: ['Control'], position });
  await panel.locator('.neuroglancer-selection-details-position', { hasText: `x${x}y${y}z${Z}` }).waitFor();
}

/** The value that a TIFF has most often, and how often. */
function mostFrequent(path: string): { value: number; count: number } {
  const code = `import sys, json, numpy, tifffile
values, counts = numpy.unique(tifffile.imread(sys.argv[1]), return_counts=True)
print(json.dumps({'value': int(values[counts.argmax()]), 'count': int(counts.max())}))`;
  return JSON.parse(execFileSync(PYTHON, ['-c', code, path], { encoding: 'utf8' }));
}

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
  // The histogram is exact to two hundredths of the range.
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

test('projections show what is brightest or darkest inside; a screenshot has its size, voxels and a true scale bar', async () => {
  const blocks = join(jupyter.root, 'blocks.tif');
  writeTwoBlocks(blocks);
  const output = convert(blocks, join(jupyter.root, 'blocks.ome.zarr'));
  const page = await jupyter.open();
  const view = { ...sliceView(SHAPE, 19), layout: { type: '3d', orthographicProjection: true }, projectionScale: 180 };
  const panel = await open(page, name(output), view);
  /** The greys in the middle of the bright block, of the dark one, and beside them. */
  const greys = async (): Promise<number[]> => {
    const shown = await shownSlice(picture(panel), SHAPE[1], SHAPE[2]);
    return [16, 44, 30].map(x => shown[24][x]);
  };
  const slice = expectedSlice(blocks, 19, output);
  const [high, low, middle] = [16, 44, 30].map(x => slice[24][x]);
  for (const [mode, expected] of [
    ['Maximum', [high, middle, middle]],
    ['Minimum', [middle, low, middle]]
  ] as const) {
    await panel.getByLabel('How the volume is shown in 3-D').selectOption(mode);
    let found: number[] = [];
    for (let tries = 0; tries < 40 && !found.every((each, n) => Math.abs(each - expected[n]) <= 2); tries++) {
      await sleep(250);
      found = await greys();
    }
    assert.ok(
      found.every((each, n) => Math.abs(each - expected[n]) <= 2),
      `${mode}: ${String(found)}`
    );
  }

  // The label at the scale bar, as it is written on it.
  await page.evaluate(() => {
    const { fillText } = CanvasRenderingContext2D.prototype;
    const written: string[] = [];
    Object.assign(window, { written });
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
      written.push(text);
      fillText.call(this, text, ...rest);
    };
  });
  await panel.getByRole('button', { name: 'State' }).click();
  const text = panel.getByLabel('The view as JSON');
  const flat = { ...sliceView(SHAPE, 19), showScaleBar: true };
  await text.fill(JSON.stringify({ ...JSON.parse(await text.inputValue()), ...flat }));
  await panel.getByRole('button', { name: 'Apply' }).click();
  await showsSlice(panel, slice);
  const { width, height } = (await picture(panel).boundingBox())!;
  await panel.getByRole('button', { name: 'Screenshot' }).click();
  const dialog = page.locator('.neuroglancer-screenshot-dialog');
  await dialog.getByText('2x').locator('..').locator('input').check();
  await dialog.getByText('beside the volume').click();
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Take screenshot' }).click();
  await download;
  const said = await panel.getByText(/The picture is kept in/).innerText();
  const kept = join(jupyter.root, /kept in (.*)\.$/.exec(said)![1]);
  const lengths = await page.evaluate(() => (window as unknown as { written: string[] }).written);
  const { size, voxels, bar } = photographed(kept);
  assert.deepEqual(size, [2 * width, 2 * height]);
  const off = Math.max(...[high, low, middle].map((each, n) => Math.abs(each - voxels[n])));
  assert.ok(off <= 2, `the voxels are ${String(voxels)}`);
  // Eight pixels for a voxel of 0.5 µm.
  assert.ok(lengths.includes(`${bar / 16} µm`), `a bar of ${bar} pixels is said to be ${String(lengths)}`);
  await page.close();
});

/** Of a picture of `writeTwoBlocks`, eight pixels a voxel: its size, voxels of both blocks and beside, and the bar. */
function photographed(path: string): { size: number[]; voxels: number[]; bar: number } {
  const code = `import sys, json, numpy; from PIL import Image
figure = numpy.asarray(Image.open(sys.argv[1]).convert('L')).astype(int)
height, width = figure.shape
voxels = [int(figure[height // 2, width // 2 + (x - 30) * 8 + 4]) for x in (16, 44, 30)]
corner = figure[height * 2 // 3:, : width // 3] == 255
lines = [numpy.diff(numpy.flatnonzero(numpy.diff(numpy.pad(row, 1).astype(int))))[::2] for row in corner]
print(json.dumps({'size': [width, height], 'voxels': voxels, 'bar': int(max(max(each, default=0) for each in lines))}))`;
  return JSON.parse(execFileSync(PYTHON, ['-c', code, path], { encoding: 'utf8' }));
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

  await panel.getByRole('button', { name: 'Remove 25 µm' }).press('Enter');
  await line.waitFor({ state: 'detached' });
  // Without a mouse: from the middle of the view to 20 voxels along x.
  const along = panel.getByLabel('Position along x').first();
  for (const x of ['10', '30']) {
    await along.fill(x);
    await along.press('Enter');
    await panel.getByRole('button', { name: 'Point in the middle' }).press('Enter');
  }
  await panel.getByRole('button', { name: 'Line: 10 µm' }).waitFor();
  await panel.getByRole('button', { name: 'Remove 10 µm' }).press('Enter');
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
  await panel.getByRole('button', { name: 'List', exact: true }).click();
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
  // The volume below is seen through it, or not.
  await panel.getByLabel('Opacity').fill('1');
  await showsSlice(panel, expectedSlice(flipped, Z, over));
  await panel.getByRole('button', { name: 'Lower' }).click();
  await showsSlice(panel, both(Z), 4);
  assert.ok(await panel.getByRole('button', { name: 'Lower' }).isDisabled());
  await panel.getByRole('button', { name: 'Raise' }).click();
  await showsSlice(panel, expectedSlice(flipped, Z, over));
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
  // One that does not say how long its voxels are lies voxel on voxel.
  const bare = convert(flipped, join(jupyter.root, 'bare.ome.zarr'));
  const document = JSON.parse(readFileSync(join(bare, 'zarr.json'), 'utf8')) as { attributes: { ome: Ome } };
  for (const axis of document.attributes.ome.multiscales[0].axes) delete axis.unit;
  writeFileSync(join(bare, 'zarr.json'), JSON.stringify(document));
  await lab.refresh();
  await lab.item('bare.ome.zarr').click({ button: 'right' });
  await page.getByText('Add to Viewer').click();
  await panel.getByText('bare.ome.zarr is laid over first.ome.zarr voxel on voxel').waitFor();
  await panel.getByLabel('Layer that is changed here').selectOption('bare.ome.zarr');
  await panel.getByLabel('Opacity').fill('1');
  await showsSlice(panel, expectedSlice(flipped, 31, over));
  await page.close();
});

test('labels that are a TIFF are laid over another as segments by a right-click, also after a reload', async () => {
  writeLabels(join(jupyter.root, 'boxes.tif'), SHAPE);
  const page = await jupyter.open('lab/workspaces/segments');
  const lab = new LabPage(page);
  await lab.refresh();
  await lab.item('scan.tif').dblclick();
  const panel = page.locator('.mct-ViewerPanel:visible');
  await picture(panel).waitFor();
  const isEnabled = (command: string): Promise<boolean> =>
    page.evaluate(id => (window as unknown as App).jupyterapp.commands.isEnabled(id), `microct-io-vis:${command}`);
  // A document's picture is a viewer as any other.
  assert.deepEqual([await isEnabled('measure'), await isEnabled('link-viewers')], [true, false]);
  await lab.item('boxes.tif').click({ button: 'right' });
  await page.getByText('Add as Segmentation').click();
  await page.locator('.lm-TabBar-tabLabel', { hasText: 'scan.tif and 1 other' }).waitFor();
  assert.ok(await isEnabled('link-viewers'));
  // Once more from where it was double-clicked: the same tab, which says so.
  const tabs = page.locator('.lm-TabBar-tabLabel', { hasText: 'scan.tif' });
  const count = await tabs.count();
  await tabs.first().click();
  await lab.item('boxes.tif').click({ button: 'right' });
  await page.getByText('Add as Segmentation').click();
  await page.getByText('boxes.tif is shown here already.').waitFor();
  await page.locator('.jp-Dialog').getByRole('button').click();
  assert.equal(await tabs.count(), count);
  const isOver = async (): Promise<void> => {
    const isColoured = (): Promise<boolean[]> =>
      shownPixels(picture(panel), SHAPE[1], SHAPE[2]).then(pixels =>
        [pixels[2][2], pixels[20][25]].map(pixel => new Set(pixel).size > 1)
      );
    await eventually(async () => assert.deepEqual(await isColoured(), [false, true]));
  };
  await panel.getByRole('button', { name: 'State' }).click();
  const text = panel.getByLabel('The view as JSON');
  await text.fill(JSON.stringify({ ...JSON.parse(await text.inputValue()), ...sliceView(SHAPE, Z) }));
  await panel.getByRole('button', { name: 'Apply' }).click();
  await isOver();
  await sleep(2500);
  await page.goto(`${jupyter.url}lab/workspaces/segments`);
  await page.locator('.lm-TabBar-tabLabel', { hasText: 'scan.tif and 1 other' }).click();
  await isOver();
  await page.close();
});

test('segments that are being counted while another volume is laid over them are counted, without a false alarm', async () => {
  converted(join(jupyter.root, 'counted.ome.zarr'));
  converted(join(jupyter.root, 'laid over.ome.zarr'));
  const page = await jupyter.open();
  const lab = new LabPage(page);
  await lab.refresh();
  await lab.item('counted.ome.zarr').click({ button: 'right' });
  await page.getByText('Open as Segmentation').click();
  const panel = page.locator('.mct-ViewerPanel:visible');
  await picture(panel).waitFor();
  const held: Route[] = [];
  let isQuiet = false;
  await page.context().route(CHUNKS, route => {
    isQuiet = false;
    return route.continue();
  });
  // The picture has its chunks: those that are read now are counted.
  await eventually(async () => {
    isQuiet = true;
    await sleep(500);
    assert.ok(isQuiet);
  });
  await page.context().route(CHUNKS, route => void held.push(route));
  await panel.getByRole('button', { name: 'Segments' }).click();
  await eventually(async () => assert.ok(held.length > 0));
  await lab.item('laid over.ome.zarr').click({ button: 'right' });
  await page.getByText('Add to Viewer', { exact: true }).click();
  await page.locator('.lm-TabBar-tabLabel', { hasText: 'counted.ome.zarr and 1 other' }).waitFor();
  await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  await Promise.all(held.map(route => route.continue().catch(() => undefined)));
  const frequent = mostFrequent(tiff);
  await panel
    .locator(`.neuroglancer-segment-list-entry[data-id="${frequent.value}"]`, { hasText: String(frequent.count) })
    .waitFor();
  assert.doesNotMatch(await panel.innerText(), /could not be counted/);
  await page.close();
});

test('a volume that was turned and cut is aligned by landmarks: the same pixels, also in a view that was kept; undone', async () => {
  const output = converted(join(jupyter.root, 'upright.ome.zarr'));
  const turned = join(jupyter.root, 'turned.tif');
  writeTurned(tiff, turned);
  const over = convert(turned, join(jupyter.root, 'turned.ome.zarr'));
  const [, , width] = SHAPE;
  const fixed = [
    [5, 7, 33],
    [50, 9, 35],
    [20, 44, 38]
  ];
  const pairs = fixed.map(([x, y, z]) => ({ fixed: [x, y, z], moving: [z - 3, y, width - 1 - x] }));
  const file = { axes: ['x', 'y', 'z'], pairs };
  const page = await jupyter.open('lab/workspaces/aligned');
  const panel = await open(page, name(output));
  await shows(panel, output);
  await new LabPage(page).item('turned.ome.zarr').click({ button: 'right' });
  await page.getByText('Add to Viewer').click();
  await panel.getByLabel('Layer that is changed here').selectOption('turned.ome.zarr');
  await panel.getByLabel('Opacity').fill('1');
  await panel.getByRole('button', { name: 'Align', exact: true }).click();
  const alignment = panel.getByRole('region', { name: 'Alignment' });
  const align = alignment.getByRole('button', { name: 'Align', exact: true });
  await alignment.getByRole('button', { name: 'Set points' }).first().click();
  await picture(panel).click({ modifiers: ['Control'], position: { x: 200, y: 200 } });
  await alignment.getByText('1 on upright.ome.zarr').waitFor();
  await align.click();
  await alignment.getByText('needs 3 pairs of points or more, and there are 0').waitFor();
  const importing = alignment.locator('input[type=file]');
  await importing.setInputFiles({
    name: 'pairs.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(file))
  });
  await alignment.getByText('3 on upright.ome.zarr').waitFor();
  await alignment.getByRole('button', { name: 'Done' }).click();
  const aligned = expectedSlice(tiff, Z, over);
  await align.click();
  await alignment.getByText('Aligned: the points are 0 nm apart (RMS of 3)').waitFor();
  await showsSlice(panel, aligned);
  await panel.getByRole('button', { name: 'State' }).click();
  const kept = await panel.getByLabel('The view as JSON').inputValue();
  await panel.getByRole('button', { name: 'Close' }).click();
  await alignment.getByRole('button', { name: 'Remove alignment' }).click();
  await alignment.getByText('Not aligned').waitFor();
  await assert.rejects(showsSlice(panel, aligned, undefined, 1));
  // A view that was kept has it.
  await panel.getByRole('button', { name: 'State' }).click();
  await panel.getByLabel('The view as JSON').fill(kept);
  await panel.getByRole('button', { name: 'Apply' }).click();
  await showsSlice(panel, aligned);
  await alignment.getByText('(RMS of 3)').waitFor();
  await page.close();
});

test('an OME-Zarr of the web is read by the page where it may (CORS), and by the helper where it may not', async () => {
  const output = converted(join(elsewhere, 'web.ome.zarr'), '--shard', '48', '64', '64');
  const page = await jupyter.open('lab/workspaces/web');
  for (const isOpen of [true, false]) {
    const askedBy = new Set<string>();
    let writing = 1;
    const web = createServer((request, response) => {
      if (isOpen) {
        response.setHeader('Access-Control-Allow-Origin', '*');
        response.setHeader('Access-Control-Allow-Headers', 'Range');
        response.setHeader('Access-Control-Expose-Headers', 'Content-Range, ETag');
      }
      if (request.method === 'OPTIONS') return void response.writeHead(204).end();
      const login = `Basic ${Buffer.from('me:SECRET').toString('base64')}`;
      if (!isOpen && request.headers.authorization !== login) return void response.writeHead(401).end();
      const path = join(elsewhere, decodeURIComponent(request.url!));
      if (!existsSync(path) || !statSync(path).isFile()) return void response.writeHead(404).end();
      if (path.includes('/c/')) askedBy.add(request.headers.origin === undefined ? 'helper' : 'page');
      const file = readFileSync(path);
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      const part = first === undefined ? file : file.subarray(Number(first), last ? Number(last) + 1 : file.length);
      response.setHeader('ETag', `"${path.includes('/c/') ? writing : 0}"`).setHeader('Content-Length', part.length);
      const range = `bytes ${first}-${Number(first) + part.length - 1}/${file.length}`;
      if (first === undefined) response.writeHead(200);
      else response.writeHead(206, { 'Content-Range': range });
      response.end(request.method === 'HEAD' ? undefined : part);
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const host = `127.0.0.1:${(web.address() as AddressInfo).port}`;
    const url = `http://${isOpen ? '' : 'me:SECRET@'}${host}/web.ome.zarr`;
    const args = { url, state: sliceView(SHAPE, Z) };
    await page.evaluate(
      given => (window as unknown as App).jupyterapp.commands.execute('microct-io-vis:open-url', given),
      args
    );
    const panel = page.locator('.mct-ViewerPanel:visible');
    await shows(panel, output);
    assert.deepEqual([...askedBy], [isOpen ? 'page' : 'helper']);
    // Chunks of the same shard, which is another one now.
    writing++;
    await page.evaluate(
      state => (window as unknown as App).jupyterapp.shell.currentWidget.content.setState(state),
      sliceView(SHAPE, 29) as object
    );
    await panel.getByText('has been written anew').waitFor();
    await panel.getByRole('button', { name: 'Retry' }).click();
    await shows(panel, output, 29);
    if (!isOpen) {
      // The layout holds no key, and a page that is loaded anew needs none: the helper knows.
      let kept = '';
      while (!kept.includes(`${host}/web.ome.zarr`)) {
        await sleep(200);
        kept = await (await jupyter.api('lab/api/workspaces/web')).text();
      }
      assert.doesNotMatch(kept, /SECRET/);
      await page.goto(`${jupyter.url}lab/workspaces/web`);
      await shows(panel, output, 29);
      await panel.getByRole('button', { name: 'Copy link' }).click();
      await panel.getByText('A link cannot hold the key in this address').waitFor();
    }
    web.close();
    web.closeAllConnections();
  }
  await page.close();
});

interface App {
  jupyterapp: {
    commands: { execute(id: string, args?: object): Promise<unknown>; isEnabled(id: string): boolean };
    shell: { currentWidget: { content: { setState(state: object): void } } };
  };
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

test('a reloaded page brings tabs and documents back, with their views', async () => {
  const output = converted(join(jupyter.root, 'kept.ome.zarr'));
  converted(join(jupyter.root, 'kept.ozx'));
  const page = await jupyter.open('lab/workspaces/kept');
  const panel = await open(page, name(output), sliceView(SHAPE, 29));
  await shows(panel, output, 29);
  const lab = new LabPage(page);
  await lab.refresh();
  const documents = ['scan.tif', 'kept.ozx'];
  const left: number[][][][] = [];
  for (const each of documents) {
    await lab.item(each).dblclick();
    await picture(panel).waitFor();
    await panel.getByRole('button', { name: 'State' }).click();
    const text = panel.getByLabel('The view as JSON');
    await text.fill(JSON.stringify({ ...JSON.parse(await text.inputValue()), ...sliceView(SHAPE, 29) }));
    await panel.getByRole('button', { name: 'Apply' }).click();
    await panel.getByRole('button', { name: 'Invert' }).click();
    await panel.getByLabel('What is measured next').selectOption('Point');
    await picture(panel).click({ modifiers: ['Control'] });
    await panel.getByRole('button', { name: /^Point:/ }).waitFor();
    // The point under the mouse is drawn larger.
    await page.mouse.move(0, 0);
    await sleep(1500);
    left.push(await shownPixels(picture(panel), SHAPE[1], SHAPE[2]));
  }
  await sleep(1500);
  await page.goto(`${jupyter.url}lab/workspaces/kept`);
  const tab = (of: string): Locator => page.locator('#jp-main-dock-panel .lm-TabBar-tab', { hasText: of });
  for (const [n, each] of documents.entries()) {
    await tab(each).click();
    await showsColours(panel, left[n]);
  }
  await tab('kept.ome.zarr').click();
  await shows(panel, output, 29);
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
