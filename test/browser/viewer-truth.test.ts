// A viewer shows what is there: volumes that are overwritten, renamed or removed while they are open, and chunks that
// do not come whole.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page, Route } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { startJupyter } from './jupyter.ts';
import { expectedSlice, sliceView } from './picture.ts';
import { LabPage } from './lab-page.ts';
import { convert, openTab, picture, showsSlice } from './viewer-page.ts';
import { writeFlipped, writeVolume } from './volumes.ts';

const SHAPE: [number, number, number] = [24, 30, 40];
const Z = 7;
const CHUNKS = /\/files\/.*\/c\//;

let jupyter: Jupyter;
let page: Page;
let elsewhere: string;
let tiff: string;
let other: string;

before(async () => {
  jupyter = await startJupyter();
  elsewhere = mkdtempSync(join(tmpdir(), 'outside '));
  [tiff, other] = ['scan.tif', 'other.tif'].map(name => join(jupyter.root, name));
  writeVolume(tiff, SHAPE, 'uint16', 'imagej');
  writeFlipped(tiff, other);
  page = await jupyter.open();
});

afterEach(async () => {
  await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  await page.evaluate(async () => {
    await (window as unknown as App).jupyterapp.commands.execute('application:close-all');
  });
  await workersEnd();
});

/**
 * Waits until viewers' workers have ended: to intercept requests of one that is about to end takes for ever. The tests
 * after one that has not get a new page, which knows nothing of it.
 */
async function workersEnd(): Promise<void> {
  for (let tries = 0; tries < 100 && page.workers().length > 0; tries++) await page.waitForTimeout(100);
  if (page.workers().length === 0) return;
  const answers = page.workers().map(async worker => {
    const isAlive = await Promise.race([worker.evaluate(() => true).catch(() => false), sleep(3000, false)]);
    return `${worker.url().replace(/.*\//, '')} ${isAlive ? 'answers' : 'does not answer'}`;
  });
  const found = (await Promise.all(answers)).join(', ');
  await jupyter.closeBrowsers();
  page = await jupyter.open();
  assert.fail(`A worker goes on without its viewer: ${found}`);
}

after(async () => {
  await jupyter?.stop();
  if (elsewhere) rmSync(elsewhere, { recursive: true, force: true });
});

interface App {
  jupyterapp: {
    commands: { execute(id: string, args?: object): Promise<unknown> };
    serviceManager: { contents: { rename(path: string, to: string): Promise<unknown> } };
  };
}

const open = (path: string): Promise<Locator> => openTab(page, path, sliceView(SHAPE, Z));
const alert = (viewer: Locator): Locator => viewer.getByRole('alert');
const says = async (viewer: Locator, words: RegExp): Promise<void> => {
  await viewer.getByText(words).waitFor();
};
/** Does something when the first chunk is asked for, before it is answered. */
async function atFirstChunk(work: () => void): Promise<void> {
  let isDone = false;
  await page.context().route(CHUNKS, async route => {
    if (!isDone) {
      isDone = true;
      work();
    }
    await route.continue();
  });
}
const overwrite = (output: string, ...options: string[]): void =>
  void convert(other, output, '--overwrite', ...options);
const shows = (viewer: Locator, source: string, output: string): Promise<void> =>
  showsSlice(viewer, expectedSlice(source, Z, output));

test('a volume that is overwritten while it is read is shown anew, and nothing of two in one picture', async () => {
  const name = 'Größe (#1) 50%.ome.zarr';
  const output = convert(tiff, join(jupyter.root, name));
  await atFirstChunk(() => overwrite(output));
  const viewer = await open(name);
  await says(viewer, /50%.ome.zarr has been written anew/);
  await shows(viewer, other, output);
  // That a request takes long may have been said, and is taken back.
  await alert(viewer).waitFor({ state: 'hidden' });
});

test('a TIFF is shown as it lies there by a right-click, and what becomes of it is said', async () => {
  const source = join(jupyter.root, 'look.tif');
  writeVolume(source, SHAPE, 'uint16', 'imagej');
  const output = convert(tiff, join(jupyter.root, 'reference.ome.zarr'));
  const { start, end } = JSON.parse(readFileSync(join(output, 'zarr.json'), 'utf8')).attributes.ome.omero.channels[0]
    .window;
  await new LabPage(page).refresh();
  await page.locator('.jp-DirListing-item', { hasText: 'look.tif' }).click({ button: 'right' });
  await page.locator('.lm-Menu-itemLabel', { hasText: 'Look at It' }).click();
  await page.locator('.lm-TabBar-tabLabel', { hasText: 'look.tif (sampled)' }).waitFor();
  await says(page.locator('.mct-ViewerPanel:visible'), /look.tif is shown as it lies there, and nothing is written/);
  await page.evaluate(async () => {
    await (window as unknown as App).jupyterapp.commands.execute('application:close-all');
  });
  const layers = [{ name: 'look.tif', type: 'image', shaderControls: { normalized: { range: [start, end] } } }];
  // Another volume has another contrast of its own: it is opened anew to be compared.
  const look = async (voxels: string): Promise<Locator> => {
    const viewer = await openTab(page, 'look.tif', { ...sliceView(SHAPE, Z), layers }, 'look');
    await viewer.getByRole('button', { name: 'Close' }).click();
    await shows(viewer, voxels, output);
    return viewer;
  };
  let viewer = await look(tiff);
  writeFlipped(tiff, source);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await says(viewer, /look.tif has been written anew since it was opened/);
  await page.evaluate(async () => {
    await (window as unknown as App).jupyterapp.commands.execute('application:close-all');
  });
  viewer = await look(other);
  // In the file browser it is given another name, and its old one back.
  for (const [from, to] of [
    ['look.tif', 'seen.tif'],
    ['seen.tif', 'look.tif']
  ]) {
    await page.evaluate(
      ([path, name]) => (window as unknown as App).jupyterapp.serviceManager.contents.rename(path, name),
      [from, to]
    );
    await page.locator('.lm-TabBar-tabLabel', { hasText: `${to} (sampled)` }).waitFor();
    await viewer.locator('.neuroglancer-layer-item-label', { hasText: to }).waitFor();
    await shows(viewer, other, output);
  }
  // Its conversion takes its place, in the contrast that was set for it.
  const dialog = await new LabPage(page).dialogFrom(page.getByRole('button', { name: 'Convert…' }));
  // Other lengths of voxels are no other voxels.
  await page.getByText('voxel size, workers').click();
  for (const axis of 'ZYX') await dialog.field(`Voxel size, ${axis}`).fill('2');
  await dialog.ready();
  await dialog.accept();
  await says(viewer, /look.ome.zarr is written whole, and shown now in the place of look.tif/);
  await page.locator('.lm-TabBar-tabLabel', { hasText: /^look.ome.zarr$/ }).waitFor();
  await shows(viewer, other, output);
  await page.getByRole('button', { name: 'Facts' }).click();
  await page.locator('.mct-SourcePage', { hasText: '24 × 30 × 40' }).waitFor();
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Close' }).click();
  await page.evaluate(async () => {
    await (window as unknown as App).jupyterapp.commands.execute('application:close-all');
  });
  viewer = await openTab(page, 'look.tif', undefined, 'look');
  await picture(viewer).waitFor();
  rmSync(source);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await says(viewer, /look.tif is no longer there/);
});

test('one that is overwritten while it is open is shown anew when it is opened again, wherever it is read from', async () => {
  for (const [folder, version] of [
    [jupyter.root, '0.5'],
    [elsewhere, '0.4']
  ]) {
    const output = convert(tiff, join(folder, `open ${version}.ome.zarr`), '--ome-zarr', version);
    const path = folder === jupyter.root ? `open ${version}.ome.zarr` : output;
    const viewer = await open(path);
    await shows(viewer, tiff, output);
    // Another shape has another first look; a voxel more in z changes nothing of the slice.
    overwrite(output, '--ome-zarr', version, '--roi', '0', '20', '0', '30', '0', '40');
    await open(path);
    await says(viewer, /written anew.*20 × 30 × 40 voxels, before 24 × 30 × 40/);
    overwrite(output, '--ome-zarr', version);
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await says(viewer, /written anew.*24 × 30 × 40 voxels, before 20 × 30 × 40/);
  }
});

test('one that is renamed is not shown as black, and is shown again when it is back', async () => {
  const output = convert(tiff, join(jupyter.root, 'renamed.ome.zarr'));
  const away = `${output}.away`;
  await atFirstChunk(() => renameSync(output, away));
  const viewer = await open('renamed.ome.zarr');
  await alert(viewer).waitFor();
  assert.match(await alert(viewer).innerText(), /renamed.ome.zarr is no longer there.*not empty/);
  renameSync(away, output);
  await shows(viewer, tiff, output);
  assert.equal(await alert(viewer).isVisible(), false);
  assert.equal(await viewer.getByText(/written anew/).isVisible(), false);
});

test('a view whose volume is elsewhere by now, kept or open, says so, and goes on where a person finds it', async () => {
  const output = convert(tiff, join(jupyter.root, 'found.ome.zarr'));
  const viewer = await open('kept.ome.zarr');
  const find = async (name: string): Promise<void> => {
    await viewer.getByRole('button', { name: 'Find it…' }).click();
    const dialog = page.locator('.jp-Dialog');
    await dialog.locator('.jp-DirListing-item', { hasText: name }).click();
    await dialog.getByRole('button', { name: 'Select' }).click();
    await shows(viewer, tiff, join(jupyter.root, name));
    await page.locator('.lm-TabBar-tabLabel', { hasText: name }).waitFor();
  };
  await says(viewer, /kept.ome.zarr is not there: it has been renamed, moved or removed/);
  await find('found.ome.zarr');
  renameSync(output, join(jupyter.root, 'moved.ome.zarr'));
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await says(viewer, /found.ome.zarr is no longer there/);
  await find('moved.ome.zarr');
});

const add = (path: string): Promise<unknown> =>
  page.evaluate(async each => {
    await (window as unknown as App).jupyterapp.commands.execute('microct-io-vis:add-to-viewer', { path: each });
  }, path);

test('volumes that are added while others are read, or read anew, are all shown', async () => {
  const [first, second, third, fourth] = ['1st', '2nd', '3rd', '4th'].map(name => `${name}.ome.zarr`);
  for (const name of [first, second, third, fourth]) convert(tiff, join(jupyter.root, name));
  const viewer = await open(first);
  await shows(viewer, tiff, join(jupyter.root, first));
  /** Holds one request for a volume's metadata until `meanwhile` has had a while. */
  const slowly = async (
    name: string,
    number: number,
    begin: () => unknown,
    meanwhile: () => unknown
  ): Promise<void> => {
    let count = 0;
    const held = new Promise<Route>(
      holds =>
        void page.context().route(
          url => url.pathname.endsWith(`/${name}/zarr.json`),
          route => (route.request().method() === 'GET' && ++count === number ? holds(route) : route.continue())
        )
    );
    const begun = begin();
    const route = await held;
    const others = meanwhile();
    await page.waitForTimeout(1000);
    await route.continue();
    await Promise.all([begun, others]);
  };
  const layers = (): Promise<string[]> => viewer.locator('.neuroglancer-layer-item-label').allInnerTexts();
  await slowly(
    second,
    1,
    () => add(second),
    () => add(third)
  );
  assert.deepEqual(await layers(), [first, second, third]);
  overwrite(join(jupyter.root, first));
  // The first one finds that it is another, the second reads it.
  await slowly(
    first,
    2,
    () => page.evaluate(() => window.dispatchEvent(new Event('focus'))),
    () => add(fourth)
  );
  await says(viewer, /written anew/);
  assert.deepEqual(await layers(), [first, second, third, fourth]);
  // Two change names with one another, faster than the picture follows: each is followed to where it is.
  await page.evaluate(
    async names => {
      const { contents } = (window as unknown as App).jupyterapp.serviceManager;
      for (const [from, to] of names) await contents.rename(from, to);
    },
    [
      [second, 'away.ome.zarr'],
      [third, second],
      ['away.ome.zarr', third]
    ] as const
  );
  await viewer.locator('.neuroglancer-layer-item-label').nth(1).getByText(third).waitFor();
  assert.deepEqual(await layers(), [first, third, second, fourth]);
});

test('what waits to be added to a viewer that is closed is neither opened nor complained of', async () => {
  const names = ['held', 'waiting'].map(name => `${name}.ome.zarr`);
  for (const name of names) convert(tiff, join(jupyter.root, name));
  const output = convert(tiff, join(jupyter.root, 'closed.ome.zarr'));
  await shows(await open('closed.ome.zarr'), tiff, output);
  const held = new Promise<Route>(
    holds =>
      void page.context().route(
        url => url.pathname.endsWith(`/${names[0]}/zarr.json`),
        route => (route.request().method() === 'GET' ? holds(route) : route.continue())
      )
  );
  const asked: string[] = [];
  page.on('request', request => asked.push(request.url()));
  const adding = names.map(add);
  const route = await held;
  await page.waitForTimeout(500);
  await page.evaluate(async () => {
    await (window as unknown as App).jupyterapp.commands.execute('application:close-all');
  });
  await route.continue();
  await Promise.all(adding);
  assert.equal(await page.locator('.jp-Dialog').count(), 0);
  assert.deepEqual(
    asked.filter(url => url.includes('/waiting.ome.zarr/0/')),
    []
  );
  await workersEnd();
});

test('one that the helper reads, and that is removed, is said to be gone', async () => {
  const output = convert(tiff, join(elsewhere, 'removed.ome.zarr'));
  const viewer = await open(output);
  await shows(viewer, tiff, output);
  rmSync(output, { recursive: true });
  await open(output);
  await alert(viewer).waitFor();
  assert.match(await alert(viewer).innerText(), /removed.ome.zarr is no longer there/);
  const source = join(elsewhere, 'removed.tif');
  writeVolume(source, SHAPE, 'uint16', 'imagej');
  const looked = await openTab(page, source, undefined, 'look');
  await picture(looked).waitFor();
  rmSync(source);
  mkdirSync(source);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await says(looked, /removed.tif has been written anew.* cannot be read.* a folder without TIFF/);
});

test('one to which a link leads out of the server’s root is shown, too', async () => {
  const output = convert(tiff, join(elsewhere, 'linked.ome.zarr'));
  symlinkSync(output, join(jupyter.root, 'link.ome.zarr'));
  await shows(await open('link.ome.zarr'), tiff, output);
});

test('an OME-Zarr in one file is shown by a double-click, and what becomes of it is said', async () => {
  const path = join(jupyter.root, 'one.ozx');
  const folder = convert(tiff, join(jupyter.root, 'folder.ome.zarr'));
  convert(tiff, path, '--shard', '32', '32', '32');
  const lab = new LabPage(page);
  assert.deepEqual(await lab.offers('one.ozx'), await lab.offers('folder.ome.zarr'));
  await lab.item('one.ozx').dblclick();
  await picture(page.locator('.mct-ViewerPanel:visible')).waitFor();
  await page.locator('.lm-TabBar-tabLabel', { hasText: /^one.ozx$/ }).waitFor();
  // The document is the file's: what is elsewhere now is shown in a tab of its own.
  const moved = join(jupyter.root, 'moved.ozx');
  renameSync(path, moved);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await page.getByRole('button', { name: 'Find it…' }).click();
  const dialog = page.locator('.jp-Dialog');
  await dialog.locator('.jp-DirListing-item', { hasText: 'moved.ozx' }).click();
  await dialog.getByRole('button', { name: 'Select' }).click();
  const found = page.locator('.mct-ViewerPanel:visible', { hasText: 'moved.ozx' });
  await found.locator('.neuroglancer-layer-item-label', { hasText: 'moved.ozx' }).waitFor();
  await picture(found).waitFor();
  assert.equal(await alert(found).isVisible(), false);
  renameSync(moved, path);
  await lab.closeTabs();
  const viewer = await open('one.ozx');
  await shows(viewer, tiff, folder);
  for (const output of [path, folder]) overwrite(output);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await says(viewer, /one.ozx has been written anew/);
  await shows(viewer, other, folder);
});

const half = (path: string): void => truncateSync(path, statSync(path).size >> 1);
const shorter = (path: string): void => truncateSync(path, statSync(path).size - 1);
const longer = (path: string): void => appendFileSync(path, '\0');
function flipped(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 0x40;
  writeFileSync(path, bytes);
}
for (const [compression, damage, words, ...options] of [
  ['blosc-zstd', half, /cut short or is damaged.*by the header of its Blosc frame/],
  ['blosc-lz4', shorter, /cut short or is damaged/],
  ['blosc-lz4', longer, /cut short or is damaged/],
  ['zstd', half, /cut short or is damaged/],
  ['gzip', shorter, /cut short or is damaged/],
  ['none', longer, /8193 bytes/],
  ['none', flipped, /its checksum \(CRC-32C\) is [0-9a-f]{8} in place of/, '--checksum', 'crc32c']
] as const) {
  test(`a chunk of ${compression} that is made ${damage.name} is an error`, async () => {
    const output = convert(
      tiff,
      join(jupyter.root, 'damaged.ome.zarr'),
      '--compression',
      compression,
      '--overwrite',
      ...options
    );
    damage(join(output, '0', 'c', '0', '1', '1'));
    const viewer = await open('damaged.ome.zarr');
    await alert(viewer).waitFor();
    assert.match(await alert(viewer).innerText(), words);
  });
}

test('a server that knows no ranges costs time, and one that sends other bytes is an error', async () => {
  const output = convert(tiff, join(jupyter.root, 'shards.ome.zarr'), '--shard', '32', '32', '32');
  const answer = (status: 200 | 206, range?: string) => async (route: Route) => {
    const response = await route.fetch({ headers: { ...route.request().headers(), range: '' } });
    const headers = { 'Content-Type': 'application/octet-stream', ...(range && { 'Content-Range': range }) };
    await route.fulfill({ status, headers, body: await response.body() });
  };
  const ranged = (handler: (route: Route) => Promise<void>) => (route: Route) =>
    (route.request().headers().range ? handler(route) : route.continue()).catch(() => undefined);
  await page.context().route(CHUNKS, ranged(answer(200)));
  const viewer = await open('shards.ome.zarr');
  await shows(viewer, tiff, output);
  await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().route(CHUNKS, ranged(answer(206, 'bytes 0-99/100')));
  await page.evaluate(async () => {
    await (window as unknown as App).jupyterapp.commands.execute('application:close-all');
  });
  const next = await open('shards.ome.zarr');
  await alert(next).waitFor();
  assert.match(await alert(next).innerText(), /sent another part of a file \(bytes 0-99\/100\)/);
});

test('that a request hangs is said, until it is answered', async () => {
  const output = convert(tiff, join(jupyter.root, 'slow.ome.zarr'));
  const held: Route[] = [];
  await page.context().route(/\/0\/c\/0\/1\/1/, route => void held.push(route));
  const viewer = await open('slow.ome.zarr');
  await says(viewer, /Waiting for .*\.ome\.zarr: the server has not answered for 10 s/);
  for (const route of held) await route.continue();
  await shows(viewer, tiff, output);
  assert.equal(await viewer.getByText(/has not answered/).isVisible(), false);
});
