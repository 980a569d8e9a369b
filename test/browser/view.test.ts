// `microct-io-vis view`: Neuroglancer without Jupyter.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { PYTHON, launchChromium } from './jupyter.ts';
import { difference, expectedComposite, expectedSlice, shownPixels, shownSlice, sliceView } from './picture.ts';
import { PROGRAM, consoleErrors, convert, eventually, picture, showsColours, showsSlice } from './viewer-page.ts';
import { writeAsNumpy, writeAsOthers, writeFlipped, writeHyperstack, writeLabels, writeVolume } from './volumes.ts';

const SHAPE: [number, number, number] = [24, 30, 40];

let folder: string;
let browser: Browser;
let tiff: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'view ü #1 '));
  tiff = join(folder, 'scan.tif');
  writeVolume(tiff, SHAPE, 'uint16', 'imagej');
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `view` and answers with the address that it prints. */
async function view(...outputs: string[]): Promise<{ url: string; server: ChildProcess }> {
  const server = spawn(PROGRAM, ['view', '--no-browser', ...outputs], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(server.stdout!, 'data')) as [Buffer];
  return { url: line.toString().trim(), server };
}

for (const version of ['0.6', '0.4']) {
  test(`OME-Zarr ${version}: the voxels on the screen are those of the volume, and the address keeps the view`, async () => {
    const output = convert(tiff, join(folder, `Größe ${version} 50%.ome.zarr`), '--ome-zarr', version);
    const { url, server } = await view(output);
    try {
      const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
      const errors = consoleErrors(page);
      const address = (z: number): string => `${url}#!${encodeURIComponent(JSON.stringify(sliceView(SHAPE, z)))}`;
      await page.goto(address(7));
      await showsSlice(page.locator('#viewer'), expectedSlice(tiff, 7, output));
      assert.equal(await page.title(), `Größe ${version} 50%.ome.zarr`);
      await page.goto(address(20));
      await showsSlice(page.locator('#viewer'), expectedSlice(tiff, 20, output));
      await page.locator('.neuroglancer-rendered-data-panel').first().click();
      await page.keyboard.press('.');
      await page.waitForURL(kept => decodeURIComponent(kept.hash).includes(',21]'));
      await page.reload();
      await showsSlice(page.locator('#viewer'), expectedSlice(tiff, 21, output));
      // As narrow as a column: nothing of Neuroglancer's bars is cut off.
      await page.setViewportSize({ width: 300, height: 700 });
      await eventually(async () => {
        const icons = page.locator('.neuroglancer-viewer-top-row .neuroglancer-icon:visible');
        const ends = await icons.evaluateAll(all => all.map(each => each.getBoundingClientRect().right));
        assert.ok(ends.length >= 6 && Math.max(...ends) <= 300, ends.join(', '));
      });
      assert.deepEqual(errors, []);
      await page.close();
    } finally {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
  });
}

test('OME-Zarrs of others are shown in a contrast of their own, the same grey in each, whatever each level is stored as', async () => {
  const outputs = ['float64', 'int64', 'means', 'rounded', 'mixed'].map(name => join(folder, `of others ${name}.zarr`));
  writeAsOthers(tiff, outputs);
  const code =
    'import sys, json, numpy, tifffile; a = tifffile.imread(sys.argv[1]) / 3; low, high = numpy.percentile(a[::2, ::2, ::2], [1, 99]); print(json.dumps((255 * ((a[7:9] - low) / (high - low)).clip(0, 1)).tolist()))';
  const [fine, coarse] = JSON.parse(execFileSync(PYTHON, ['-c', code, tiff], { encoding: 'utf8' })) as number[][][];
  // What both levels have in common.
  const even = (slice: number[][]): number[][] =>
    slice.filter((_, y) => y % 2 === 0).map(row => row.filter((_, x) => x % 2 === 0));
  for (const [n, output] of outputs.entries()) {
    const { url, server } = await view(output);
    try {
      const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
      const viewer = page.locator('#viewer');
      await page.goto(`${url}#!${encodeURIComponent(JSON.stringify(sliceView(SHAPE, 7)))}`);
      await showsSlice(viewer, fine);
      const note = viewer.getByText(/64 values are shown as float32/);
      if (n < 2) await note.waitFor();
      await page.waitForURL(kept => kept.hash.includes('dimensions'));
      const state = JSON.parse(decodeURIComponent(new URL(page.url()).hash.slice(2))) as Record<string, unknown>;
      const layers = (state.layers as object[]).map(layer => ({ ...layer, crossSectionRenderScale: 32 }));
      await page.goto(`${url}#!${encodeURIComponent(JSON.stringify({ ...state, ...sliceView(SHAPE, 8), layers }))}`);
      await eventually(async () => {
        const shown = await shownSlice(picture(viewer), coarse.length, coarse[0].length);
        assert.ok(difference(even(shown), even(coarse)) <= 3, 'the second level is not what was written');
        assert.ok(difference(shown, coarse) > 20, 'the first level is shown in place of the second');
      });
      await page.close();
    } finally {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
  }
});

test('a volume that is overwritten is shown anew, and one that is removed is not shown as black', async () => {
  const output = convert(tiff, join(folder, 'anew.ome.zarr'));
  const other = join(folder, 'other.tif');
  writeFlipped(tiff, other);
  const { url, server } = await view(output);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    const viewer = page.locator('#viewer');
    await page.goto(`${url}#!${encodeURIComponent(JSON.stringify(sliceView(SHAPE, 7)))}`);
    await showsSlice(viewer, expectedSlice(tiff, 7, output));
    convert(other, output, '--overwrite');
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await viewer.getByText(/anew.ome.zarr has been written anew/).waitFor();
    await showsSlice(viewer, expectedSlice(other, 7, output));
    const moved = join(folder, 'moved.ome.zarr');
    renameSync(output, moved);
    // Down to chunks that were not read yet.
    await picture(viewer).click();
    for (let n = 0; n < 12; n++) await page.keyboard.press('.');
    await viewer.getByText(/anew.ome.zarr is no longer there.*from #! on/).waitFor();
    await page.waitForURL(kept => decodeURIComponent(kept.hash).includes(',19]'));
    const there = await view(moved);
    try {
      await page.goto(there.url + new URL(page.url()).hash);
      await showsSlice(viewer, expectedSlice(other, 19, moved));
    } finally {
      there.server.kill('SIGTERM');
      await once(there.server, 'exit');
    }
    await page.close();
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
});

test('two channels are seen in their colours and windows, at every time point', async () => {
  const source = join(folder, 'hyperstack.tif');
  writeHyperstack(source, [3, 2, 5, ...SHAPE.slice(1)] as [number, number, number, number, number]);
  const output = convert(source, join(folder, 'hyperstack.ome.zarr'));
  const { url, server } = await view(output);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    for (const [t, z] of [
      [0, 1],
      [2, 4]
    ]) {
      const state = sliceView(SHAPE, z);
      const position = [...(state.position as number[]), t];
      await page.goto(`${url}#!${encodeURIComponent(JSON.stringify({ ...state, position }))}`);
      await showsColours(page.locator('#viewer'), expectedComposite(source, t, z, output));
    }
    await page.close();
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
});

test('of a collection the image is chosen by its name and size, and a reload shows it again', async () => {
  const collection = join(folder, 'collection.zarr');
  mkdirSync(collection);
  convert(tiff, join(collection, '0'), '--roi', '0', '5', '0', '30', '0', '40');
  const second = convert(tiff, join(collection, '1'));
  const ome = { version: '0.5', 'bioformats2raw.layout': 3 };
  writeFileSync(
    join(collection, 'zarr.json'),
    JSON.stringify({ zarr_format: 3, node_type: 'group', attributes: { ome } })
  );
  mkdirSync(join(collection, 'OME'));
  writeFileSync(
    join(collection, 'OME', 'METADATA.ome.xml'),
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image Name="Übersicht"/><Image Name="Detail"/></OME>'
  );
  const { url, server } = await view(collection);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    await page.goto(`${url}#!${encodeURIComponent(JSON.stringify(sliceView(SHAPE, 7)))}`);
    await page.getByText('0: Übersicht').waitFor();
    await page.getByText('collection.zarr is a collection of images (0, 1)').waitFor();
    await page.getByText('z 5 × y 30 × x 40, uint16').waitFor();
    const row = page.getByRole('listitem').filter({ hasText: 'z 24 × y 30 × x 40, uint16' });
    await row.getByRole('button').click();
    await showsSlice(page.locator('#viewer'), expectedSlice(tiff, 7, second));
    assert.equal(await page.title(), 'collection.zarr/1');
    await page.reload();
    await showsSlice(page.locator('#viewer'), expectedSlice(tiff, 7, second));
    await page.close();
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
});

/** `scan` with labels of boxes. */
function convertWithLabels(name: string, ...options: string[]): string {
  const parent = convert(tiff, join(folder, name), ...options);
  const source = join(folder, 'boxes.tif');
  writeLabels(source, SHAPE);
  convert(source, 'boxes', '--labels', '--parent', parent);
  return parent;
}

test('an image brings its labels along, a click shows them over it; segments are listed, coloured, chosen', async () => {
  const parent = convertWithLabels('head.ome.zarr', '--ome-zarr', '0.4');
  const attributes = join(parent, 'labels', 'boxes', '.zattrs');
  const json = JSON.parse(readFileSync(attributes, 'utf8'));
  json['image-label'].colors = [{ 'label-value': 100, rgba: [255, 0, 0, 255] }];
  json['image-label'].properties = [{ 'label-value': 500, name: 'pore' }];
  writeFileSync(attributes, JSON.stringify(json));
  const { url, server } = await view(parent);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    const errors = consoleErrors(page);
    await page.goto(`${url}#!${encodeURIComponent(JSON.stringify(sliceView(SHAPE, 7)))}`);
    await showsSlice(page.locator('#viewer'), expectedSlice(tiff, 7, parent));
    await page.locator('.neuroglancer-layer-item-label', { hasText: 'head.ome.zarr labels/boxes' }).click();
    let pixels: number[][][] = [];
    const showsOver = async (isOver: (y: number, x: number) => boolean): Promise<void> => {
      let wrong: number[][] = [];
      for (let tries = 0; tries < 40; tries++) {
        await sleep(250);
        pixels = await shownPixels(picture(page.locator('#viewer')), SHAPE[1], SHAPE[2]);
        const at = (y: number, x: number): boolean => new Set(pixels[y][x]).size > 1;
        wrong = pixels.flatMap((row, y) => row.flatMap((_, x) => (at(y, x) === isOver(y, x) ? [] : [[y, x]])));
        if (wrong.length === 0) return;
      }
      assert.fail(`${wrong.length} voxels are not shown as they must, first ${String(wrong[0])}`);
    };
    // All but the box of label 0, where the image is seen as it is.
    await showsOver((y, x) => y >= 8 || x >= 10);
    const [red, green, blue] = pixels[10][5];
    assert.ok(Math.abs(red - green - 127) <= 2 && green === blue, `100 is red, and not ${red}, ${green}, ${blue}`);
    await page.getByRole('button', { name: 'Segments' }).click();
    const pore = page.locator('.neuroglancer-segment-list-entry', { hasText: 'pore' });
    await pore.getByText('1920', { exact: true }).waitFor();
    assert.match(await pore.innerText(), /500/);
    await pore.click();
    await showsOver((y, x) => Math.floor(y / 8) + 3 * Math.floor(x / 10) === 5);
    assert.deepEqual(errors, []);
    await page.close();
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
});

test('what is said to be labels is shown as segments: nothing for 0, and a colour for every other', async () => {
  const labels = join(convertWithLabels('with labels.ome.zarr'), 'labels', 'boxes');
  const document = JSON.parse(readFileSync(join(labels, 'zarr.json'), 'utf8'));
  delete document.attributes.ome['image-label'];
  writeFileSync(join(labels, 'zarr.json'), JSON.stringify(document));
  await showsBoxes(labels);
  await showsBoxes(join(folder, 'boxes.tif'));
  // As NumPy has them.
  const [whole, mask] = ['int64.zarr', 'mask.zarr'].map(name => join(folder, name));
  writeAsNumpy(join(folder, 'boxes.tif'), whole, mask);
  await showsBoxes(whole);
  await showsBoxes(mask, label => Math.min(label, 1));
});

async function showsBoxes(labels: string, segment = (label: number): number => label): Promise<void> {
  const { url, server } = await view('--labels', labels);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    await page.goto(`${url}#!${encodeURIComponent(JSON.stringify(sliceView(SHAPE, 7)))}`);
    const shown = picture(page.locator('#viewer'));
    await shown.waitFor();
    const segments = new Map<number, Set<string>>();
    for (let tries = 0; tries < 60; tries++) {
      const colours = (await shownPixels(shown, SHAPE[1], SHAPE[2])).map(row => row.map(String));
      segments.clear();
      colours.forEach((row, y) =>
        row.forEach((colour, x) => {
          const label = segment(Math.floor(y / 8) + 3 * Math.floor(x / 10));
          segments.set(label, (segments.get(label) ?? new Set()).add(colour));
        })
      );
      // Chunks come one after another.
      const isWhole = [...segments.values()].every(({ size }) => size === 1);
      if (isWhole && colours[SHAPE[1] - 1][SHAPE[2] - 1] !== colours[0][0]) break;
      await sleep(500);
    }
    for (const [label, found] of segments) assert.equal(found.size, 1, `${label} is ${[...found].join(' and ')}`);
    assert.equal(segments.size, segment(12) + 1);
    const colours = new Set([...segments.values()].flatMap(each => [...each]));
    assert.equal(colours.size, segments.size, 'two labels look alike');
    // Neuroglancer's background.
    assert.deepEqual([...segments.get(0)!], ['128,128,128']);
    await page.close();
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}
