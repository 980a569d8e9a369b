import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { PYTHON, startJupyter } from './jupyter.ts';
import type { DialogPage } from './lab-page.ts';
import { LabPage } from './lab-page.ts';
import { brightAround } from './picture.ts';
import { writeBlock, writeVolume } from './volumes.ts';

let jupyter: Jupyter;
let lab: LabPage;

before(async () => {
  jupyter = await startJupyter();
  const { root } = jupyter;
  writeVolume(join(root, 'shell.tif'), [40, 50, 60], 'uint16', 'imagej');
  writeVolume(join(root, 'other.tif'), [30, 50, 60], 'uint16', 'plain');
  writeVolume(join(root, 'made.tif'), [40, 50, 60], 'uint16', 'imagej');
  const options = ['--num-levels', '2', '--chunk-size', '16', '16', '16', '--quiet'];
  const convert = ['-m', 'microct_io_vis', 'convert', 'made.tif', 'made.ome.zarr', ...options];
  execFileSync(PYTHON, convert, { cwd: root, stdio: 'pipe' });
  writeBlock(join(root, 'block.tif'));
  writeVolume(join(root, 'large.tif'), [256, 512, 512], 'uint16', 'plain');
  mkdirSync(join(root, 'slices'));
  writeVolume(join(root, 'slices', 'raw_%.tif'), [12, 32, 32], 'uint8', 'slices');
  mkdirSync(join(root, 'nothing'));
  writeFileSync(join(root, 'letter.tif'), 'This is not a TIFF, whatever its name says.');
  lab = new LabPage(await jupyter.open());
});

after(async () => {
  await jupyter?.stop();
});

afterEach(async () => {
  // A test that has failed half-way leaves no dialog or menu in the way of the next.
  await lab?.settle();
});

/** The sessions of the helper. */
async function helpers(): Promise<{ id: string; kernel: { id: string } }[]> {
  const sessions = (await (await jupyter.api('api/sessions')).json()) as {
    id: string;
    path: string;
    kernel: { id: string };
  }[];
  return sessions.filter(({ path }) => path === 'microct-io-vis');
}

function level(name: string, index: number): { shape: number[]; data_type: string } {
  return JSON.parse(readFileSync(join(jupyter.root, name, String(index), 'zarr.json'), 'utf8'));
}

/** The names of the levels' folders. */
function levels(name: string): string[] {
  return readdirSync(join(jupyter.root, name), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort();
}

test('opening JupyterLab starts no helper', async () => {
  await lab.item('shell.tif').waitFor();
  assert.equal(await lab.page.evaluate(() => 'jupyterapp' in window), true);
  assert.deepEqual(await helpers(), []);
});

test('right-click, dialog, Convert, progress, done, open', async () => {
  const dialog = await lab.convert('shell.tif');
  await dialog.ready();
  const text = await dialog.text();
  assert.match(text, /40 × 50 × 60/);
  assert.match(text, /uint16/);
  assert.match(text, /0\.75 × 0\.5 × 0\.5 µm/);
  assert.match(text, /ImageJ/);
  assert.match(text, /Free disk/);
  assert.match(text, /Peak memory/);
  assert.equal(await dialog.field('Output').inputValue(), 'shell.ome.zarr');

  // The plan follows the fields.
  assert.deepEqual(await dialog.levels(), ['40 × 50 × 60']);
  for (const axis of ['Z', 'Y', 'X']) {
    await dialog.field(`Chunk size, ${axis}`).fill('16');
  }
  await dialog.ready();
  assert.deepEqual(await dialog.levels(), ['40 × 50 × 60', '20 × 25 × 30', '10 × 13 × 15']);
  await dialog.field('Levels').fill('2');
  await dialog.ready();
  assert.deepEqual(await dialog.levels(), ['40 × 50 × 60', '20 × 25 × 30']);
  await dialog.accept();

  const toast = lab.toast('shell.ome.zarr');
  await toast.getByText('Open in Neuroglancer').waitFor();
  assert.match((await toast.textContent()) ?? '', /shell\.tif → shell\.ome\.zarr: done in .* s, .*iB/);
  await lab.item('shell.ome.zarr').waitFor();
  assert.deepEqual(levels('shell.ome.zarr'), ['0', '1']);
  assert.deepEqual(level('shell.ome.zarr', 1).shape, [20, 25, 30]);
  assert.equal(level('shell.ome.zarr', 0).data_type, 'uint16');

  await toast.getByText('Open in Neuroglancer').click();
  await lab.page.locator('.lm-TabBar-tabLabel', { hasText: 'shell.ome.zarr' }).waitFor();
  await lab.closeTabs();
});

test('an OME-Zarr folder offers Neuroglancer and no conversion, other folders the reverse', async () => {
  assert.deepEqual(await lab.offers('made.ome.zarr'), [
    'microct-io-vis:open-viewer',
    'microct-io-vis:open-segmentation',
    'microct-io-vis:verify',
    'microct-io-vis:info'
  ]);
  assert.deepEqual(await lab.offers('slices'), ['microct-io-vis:look', 'microct-io-vis:convert']);
  assert.deepEqual(await lab.offers('other.tif'), [
    'microct-io-vis:look',
    'microct-io-vis:open-segmentation',
    'microct-io-vis:convert'
  ]);
});

test('a double-click, which goes into an OME-Zarr, says once what opens it', async () => {
  const hint = lab.page.locator('.Toastify__toast', { hasText: 'made.ome.zarr is an OME-Zarr' });
  await lab.enter('made.ome.zarr');
  await hint.getByRole('button', { name: 'Open in Neuroglancer' }).waitFor();
  // A page that is loaded again goes there by itself.
  await sleep(2000);
  await lab.reload();
  await lab.page.locator('.jp-BreadCrumbs-item', { hasText: 'made.ome.zarr' }).waitFor();
  await sleep(1000);
  assert.equal(await hint.count(), 0);
  await lab.enter('..');
  await lab.enter('made.ome.zarr');
  await hint.waitFor();
  await lab.enter('..');
  await hint.waitFor({ state: 'detached' });
});

test('an OME-Zarr is verified by a right-click, and what differs is listed', async () => {
  const verify = async (): Promise<Locator> => {
    await lab.item('made.ome.zarr').click({ button: 'right' });
    await lab.page.locator('.lm-Menu-item[data-command="microct-io-vis:verify"]').click();
    return lab.toast('Verify made.ome.zarr');
  };
  const good = await verify();
  await good.getByText(/OK: 2 levels, 135,000 voxels compared with made\.tif in /).waitFor();
  const chunk = join(jupyter.root, 'made.ome.zarr/0/c/1/2/3');
  const bytes = readFileSync(chunk);
  rmSync(chunk);
  const bad = (await verify()).filter({ hasText: 'DIFFERENT' });
  await bad.getByText(/DIFFERENT: 1 chunk missing or damaged/).waitFor();
  await bad.getByText('Details').click();
  await lab.page.locator('.mct-JobDetails', { hasText: '0/c/1/2/3: is missing' }).waitFor();
  await lab.page.keyboard.press('Escape');
  writeFileSync(chunk, bytes);
});

test('what an OME-Zarr is, and what it lacks, is shown by a right-click', async () => {
  const chunk = join(jupyter.root, 'made.ome.zarr/1/c/0/1/1');
  const bytes = readFileSync(chunk);
  rmSync(chunk);
  await lab.item('made.ome.zarr').click({ button: 'right' });
  await lab.page.locator('.lm-Menu-item[data-command="microct-io-vis:info"]').click();
  const dialog = lab.page.locator('.jp-Dialog', { hasText: 'OME-Zarr Info' });
  await dialog.getByText('Level 1: 1 of its 8 chunks').waitFor();
  const text = await dialog.innerText();
  for (const fact of [
    '40 × 50 × 60',
    'uint16',
    '0.75 × 0.5 × 0.5 µm',
    'OME-Zarr 0.5, Zarr v3',
    'blosc-zstd',
    'made.tif'
  ])
    assert.ok(text.includes(fact), `${fact}: ${text}`);
  assert.deepEqual(await dialog.locator('.mct-Levels tbody td:nth-child(2)').allInnerTexts(), [
    '40 × 50 × 60',
    '20 × 25 × 30'
  ]);
  writeFileSync(chunk, bytes);
  await dialog.getByRole('button', { name: 'Open in Neuroglancer' }).click();
  await lab.page.locator('.lm-TabBar-tabLabel', { hasText: 'made.ome.zarr' }).waitFor();
  await lab.closeTabs();
});

test('what cannot work is said at its field, and cannot be started', async () => {
  const dialog = await lab.convert('made.tif');
  // Its output is in the way.
  assert.match(await dialog.error('Output'), /made\.ome\.zarr.*exists/s);
  assert.equal(await dialog.isReady(), false);
  await lab.page.keyboard.press('Enter');
  assert.equal(await dialog.isOpen(), true);
  await dialog.field('Replace').check();
  await dialog.ready();
  await dialog.field('Replace').uncheck();
  await dialog.error('Output');
  // Other things are not replaced, and nobody is offered that.
  const asked = dialog.field('Replace');
  for (const [name, what] of [
    ['slices', /^slices: exists already, and is not an OME-Zarr/],
    ['made.tif', /^made\.tif: is the source itself: choose another output$/]
  ] as const) {
    await dialog.field('Output').fill(name);
    await dialog.root.getByText(what).waitFor();
    await asked.waitFor({ state: 'detached' });
  }
  await dialog.field('Output').fill('second.ome.zarr');
  await dialog.ready();

  const { page } = lab;
  await dialog.field('Memory budget').fill('1M');
  assert.match(await dialog.error('Memory budget'), /\d+ ?[MG]/);
  await dialog.field('Memory budget').fill('plenty');
  assert.match(await dialog.error('Memory budget'), /8G or 512M/);
  await dialog.field('Memory budget').fill('');
  await dialog.ready();

  await page.getByText('voxel size, workers').click();
  await dialog.field('Region, voxel after the last, Z').fill('41');
  assert.match(await dialog.error('to, not included'), /41.*40|40.*41/s);
  await dialog.field('Region, voxel after the last, Z').fill('20');
  await dialog.ready();
  assert.deepEqual(await dialog.levels(), ['20 × 50 × 60']);

  await dialog.field('Data type').selectOption('uint8');
  await dialog.field('Value range, least').fill('100');
  await dialog.field('Value range, greatest').fill('10');
  assert.match(await dialog.error('Value range'), /100/);
  assert.equal(await dialog.isReady(), false);
  await page.keyboard.press('Escape');
  await dialog.closed();
  assert.equal(existsSync(join(jupyter.root, 'second.ome.zarr')), false);
});

test('a region is dragged on the picture, and what was chosen there is what is converted', async () => {
  const { page } = lab;
  const dialog = await lab.convert('block.tif');
  await page.getByRole('button', { name: 'Choose on the picture…' }).click();
  const panel = page.locator('.mct-Picture .neuroglancer-rendered-data-panel').first();
  // A note about the picture stands above it.
  await page.getByText('block.tif is shown as it lies there').waitFor();
  const bright = await brightAround(panel);
  const { x, y } = (await panel.boundingBox())!;
  const ends = async (name: string): Promise<string[]> =>
    Promise.all(['Z', 'Y', 'X'].map(axis => dialog.field(`Region, ${name}, ${axis}`).inputValue()));
  const none = await ends('first voxel');
  // Escape takes a drag back, and leaves the dialog.
  await page.mouse.move(x + bright.left + 30, y + bright.top + 30);
  await page.mouse.down();
  await page.mouse.move(x + bright.right - 30, y + bright.bottom - 30, { steps: 3 });
  assert.notDeepEqual(await ends('first voxel'), none);
  await page.keyboard.press('Escape');
  await page.mouse.move(x + bright.right - 5, y + bright.bottom - 5);
  await page.mouse.up();
  assert.deepEqual(await ends('first voxel'), none);
  // Within the outermost quarter of the outermost voxels: half a voxel off would be another box.
  await page.mouse.move(x + bright.left + 1, y + bright.top + 1);
  await page.mouse.down();
  await page.mouse.move(x + bright.right - 20, y + bright.bottom - 9);
  await page.mouse.move(x + bright.right - 1, y + bright.bottom - 1);
  await page.mouse.up();
  const picture = page.locator('.mct-Picture');
  for (const [button, slice] of [
    ['First', '6'],
    ['Last', '17']
  ]) {
    await picture.getByRole('slider', { name: 'Slice' }).fill(slice);
    await picture.getByRole('button', { name: button }).click();
  }
  assert.deepEqual(await ends('first voxel'), ['6', '8', '10']);
  assert.deepEqual(await ends('voxel after the last'), ['18', '20', '30']);
  await picture.getByText('12 × 12 × 20 voxels').waitFor();

  // The other way round, for values too.
  const box = picture.locator('.mct-Region-box').first();
  const before = (await box.boundingBox())!;
  await dialog.field('Region, first voxel, X').fill('20');
  await picture.getByText('12 × 12 × 10 voxels').waitFor();
  const after = (await box.boundingBox())!;
  const voxel = (bright.right - bright.left) / 20;
  assert.ok(Math.abs(after.x - before.x - 10 * voxel) < 1.5, `${before.x} → ${after.x}, ${voxel} a voxel`);
  await dialog.field('Region, first voxel, X').fill('10');
  await dialog.field('Data type').selectOption('uint8');
  await dialog.field('Value range, least').fill('1000');
  await dialog.field('Value range, greatest').fill('50000');
  const [least, greatest] = [0, 1].map(n => picture.locator('.neuroglancer-invlerp-widget-range-bounds input').nth(n));
  await page.waitForFunction(
    () =>
      document.querySelector<HTMLInputElement>('.mct-Picture .neuroglancer-invlerp-widget-range-bounds input')
        ?.value === '1000'
  );
  assert.equal(await greatest.inputValue(), '50000');
  await least.fill('2000');
  await least.press('Enter');
  await page.waitForFunction(
    () => document.querySelector<HTMLInputElement>('[aria-label="Value range, least"]')?.value === '2000'
  );
  assert.equal(await dialog.isOpen(), true);

  await dialog.field('Data type').selectOption('');
  await page.getByRole('button', { name: 'Close the picture' }).click();
  await dialog.ready();
  assert.equal(await page.locator('.neuroglancer-viewer').count(), 0);
  await dialog.accept();
  await lab.toast('block.ome.zarr').getByText('Open in Neuroglancer').waitFor();
  const code =
    'import sys, zarr, tifffile; print((zarr.open_array(sys.argv[2])[:] == tifffile.imread(sys.argv[1])[6:18, 8:20, 10:30]).all())';
  const [tiff, output] = ['block.tif', 'block.ome.zarr/0'].map(name => join(jupyter.root, name));
  assert.equal(execFileSync(PYTHON, ['-c', code, tiff, output], { encoding: 'utf8' }).trim(), 'True');
});

test('what the disk has no room for is planned, said at the output, and not begun', async () => {
  const pages = Math.ceil(statfsSync(jupyter.root).bavail * statfsSync(jupyter.root).bsize * 1e-10) + 1;
  const huge = join(jupyter.root, 'huge.tif');
  // Of holes, which take no room.
  execFileSync(PYTHON, [
    '-c',
    `import tifffile; tifffile.memmap(${JSON.stringify(huge)}, shape=(${pages}, 100_000, 100_000), dtype='u1', photometric='minisblack')`
  ]);
  const dialog = await lab.convert('huge.tif');
  assert.match(await dialog.error('Output'), /^huge\.ome\.zarr: up to .* are needed, and .* are free: free some space/);
  assert.equal((await dialog.levels())[0], `${pages} × 100000 × 100000`);
  assert.equal(await dialog.root.locator('.mct-Needs .mct-mod-tight').count(), 2);
  assert.equal(await dialog.root.getByLabel('Replace').count(), 0);
  assert.equal(await dialog.isReady(), false);
  // There is room: the same is asked when the form is looked at again.
  truncateSync(huge, 0);
  writeVolume(huge, [2, 10, 20], 'uint8', 'plain');
  await lab.page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await dialog.field('Output').click();
  await dialog.ready();
  assert.deepEqual(await dialog.levels(), ['2 × 10 × 20']);
  await lab.page.keyboard.press('Escape');
  await dialog.closed();
});

test('a file that is no TIFF is refused in words', async () => {
  const dialog = await lab.convert('letter.tif');
  await dialog.root.locator('.mct-ConvertForm-failure').waitFor();
  assert.match(await dialog.text(), /letter\.tif.*TIFF/s);
  assert.equal(await dialog.isReady(), false);
  await lab.page.keyboard.press('Escape');
  await dialog.closed();
});

test('a folder of slices, and a selection of slices, are one volume', async () => {
  let dialog = await lab.convert('slices');
  await dialog.ready();
  assert.match(await dialog.text(), /12 × 32 × 32/);
  assert.match(await dialog.text(), /unknown/);
  await lab.page.getByText('voxel size, workers').click();
  await dialog.field('Checksum').selectOption('crc32c');
  await dialog.field('OME-Zarr version').selectOption('0.4');
  assert.match(await dialog.error('Checksum'), /set “OME-Zarr version” to 0\.5, or “Checksum” to none/);
  await dialog.field('OME-Zarr version').selectOption('');
  await dialog.ready();
  await dialog.accept();
  await lab.toast('slices.ome.zarr').getByText('Open in Neuroglancer').waitFor();
  assert.deepEqual(level('slices.ome.zarr', 0).shape, [12, 32, 32]);
  const script = `import sys, tifffile, zarr; stored = zarr.open(sys.argv[1]); slices = [f'{sys.argv[2]}/raw_{z}.tif' for z in range(12)]
assert 'Crc32c' in str(stored.metadata.codecs) and (stored[:] == tifffile.imread(slices)).all()`;
  execFileSync(PYTHON, ['-c', script, join(jupyter.root, 'slices.ome.zarr', '0'), join(jupyter.root, 'slices')]);

  await lab.enter('slices');
  dialog = await lab.convert('raw_9.tif', 'raw_10.tif', 'raw_11.tif');
  await dialog.ready();
  assert.match(await dialog.text(), /raw_9\.tif … raw_11\.tif \(3 files\)/);
  assert.match(await dialog.text(), /3 × 32 × 32/);
  await dialog.root.getByText('Each file is a volume of its own').click();
  await dialog.root.locator('.mct-Batch tbody tr').nth(2).waitFor();
  await dialog.ready();
  assert.match(await dialog.text(), /1 × 32 × 32/);
  await lab.page.keyboard.press('Escape');
  await dialog.closed();
  const copy = `import sys, tifffile; from PIL import Image
for z in (1, 2): Image.fromarray((tifffile.imread(f'{sys.argv[1]}/raw_{z}.tif') >> 8).astype('uint8')).save(f'{sys.argv[1]}/{z}.png')`;
  execFileSync(PYTHON, ['-c', copy, join(jupyter.root, 'slices')]);
  dialog = await lab.convert('1.png', '2.png');
  await dialog.ready();
  assert.match(await dialog.text(), /2 × 32 × 32/);
  await lab.page.keyboard.press('Escape');
  await dialog.closed();
  assert.deepEqual(await lab.offers('1.png'), ['microct-io-vis:look', 'microct-io-vis:convert']);
  await lab.enter('..');
});

test('volumes of many pages are converted each on its own', async () => {
  const dialog = await lab.convert('other.tif', 'made.tif');
  await dialog.root.locator('.mct-Batch').waitFor();
  // One of the outputs is there already.
  await dialog.root
    .locator('.mct-Batch')
    .getByText(/exists/)
    .waitFor();
  await dialog.root.getByText('1 of 2 will be converted.').waitFor();
  await dialog.field('Replace').check();
  await dialog.root.getByText('1 of 2 will be converted.').waitFor({ state: 'detached' });
  await dialog.ready();
  await dialog.accept();
  await lab.toast('other.ome.zarr').getByText('Open in Neuroglancer').waitFor();
  await lab.toast('made.ome.zarr').getByText(/done/).waitFor();
  assert.deepEqual(levels('made.ome.zarr'), ['0']);
  assert.deepEqual(level('other.ome.zarr', 0).shape, [30, 50, 60]);
});

test('a conversion is listed while it runs, and cancelled without a trace', async () => {
  // Large enough that it has not ended before it is cancelled, however fast the machine is.
  const source = join(jupyter.root, 'longer.tif');
  writeVolume(source, [1024, 512, 512], 'uint16', 'plain');
  await lab.convertLarge('cancelled.ome.zarr', 'longer.tif');
  await lab
    .toast('cancelled.ome.zarr')
    .getByText(/longer\.tif → .* \d+ %/)
    .waitFor();
  const section = await lab.conversions();
  await section.getByText(/\d+ %.* MiB\/s.* left/).waitFor();
  await lab.files();
  const same = await lab.convert('longer.tif');
  await same.field('Output').fill('cancelled.ome.zarr');
  assert.match(await same.error('Output'), /is being written by another conversion/);
  assert.equal(await same.field('Replace').count(), 0);
  await lab.page.keyboard.press('Escape');
  await same.closed();
  await lab.conversions();
  await lab.toast('cancelled.ome.zarr').getByRole('button', { name: 'Look at It' }).click();
  await lab.page.locator('.lm-TabBar-tabLabel', { hasText: 'longer.tif (sampled)' }).waitFor();
  await lab.closeTabs();
  await lab.toast('cancelled.ome.zarr').getByRole('button', { name: 'Cancel' }).click();
  await lab.toast('cancelled.ome.zarr').getByText('nothing was kept').waitFor();
  await section.getByText('cancelled', { exact: true }).waitFor();
  assert.deepEqual(
    readdirSync(jupyter.root).filter(name => name.startsWith('cancelled')),
    []
  );
  rmSync(source);
  await lab.files();
});

test('a page that is loaded again finds its conversions', async () => {
  // The last of them must not be done before the page is there again.
  writeVolume(join(jupyter.root, 'larger.tif'), [512, 512, 512], 'uint16', 'plain');
  for (const output of ['first.ome.zarr', 'second.ome.zarr', 'third.ome.zarr']) {
    await lab.convertLarge(output, 'larger.tif');
  }
  await lab.reload();
  const pending = lab.toast('third.ome.zarr');
  await pending.getByRole('button', { name: 'Cancel' }).waitFor();
  assert.match((await pending.textContent()) ?? '', /waiting|starting|%/);
  assert.equal((await helpers()).length, 1);
  // So does another browser, and both see it end.
  const other = new LabPage(await jupyter.open());
  await other.toast('third.ome.zarr').getByRole('button', { name: 'Cancel' }).waitFor();
  for (const { page } of [lab, other]) {
    await page
      .locator('.Toastify__toast', { hasText: 'third.ome.zarr' })
      .getByText('Open in Neuroglancer')
      .waitFor({ timeout: 120_000 });
  }
  assert.deepEqual(level('third.ome.zarr', 0).shape, [512, 512, 512]);
  assert.equal((await helpers()).length, 1);
  await other.page.context().close();
});

test('a double-click on a TIFF asks for nothing of its contents, and saving does not touch it', async () => {
  const { page } = lab;
  const digest = (): string =>
    createHash('sha256')
      .update(readFileSync(join(jupyter.root, 'large.tif')))
      .digest('hex');
  const unchanged = digest();
  const requests = watch(page, 'large.tif');
  await lab.item('large.tif').dblclick();
  await page
    .locator('.mct-TiffView')
    .getByText(/large\.tif is shown as it lies there/)
    .waitFor();
  await page.keyboard.press('Control+s');
  await page.getByRole('button', { name: 'Facts' }).click();
  await page.locator('.mct-SourcePage', { hasText: '256 × 512 × 512' }).waitFor();
  await page.getByRole('button', { name: 'Convert to OME-Zarr…' }).waitFor();
  await page.locator('.mct-SourcePage').click();
  await page.keyboard.press('Control+s');
  const dialog = await lab.dialogFrom(page.getByRole('button', { name: 'Convert to OME-Zarr…' }));
  await dialog.text();
  await page.keyboard.press('Escape');
  await dialog.closed();

  assert.ok(requests.length > 0);
  for (const { method, url, size } of requests) {
    assert.equal(method, 'GET', url);
    assert.match(url, /\/api\/contents\/large\.tif\?.*content=0/);
    assert.ok((await size()) < 10_000, url);
  }
  assert.equal(digest(), unchanged);
  await lab.closeTabs();
});

/** Records what is asked of the server about a file. */
function watch(page: Page, name: string): { method: string; url: string; size: () => Promise<number> }[] {
  const seen: { method: string; url: string; size: () => Promise<number> }[] = [];
  page.on('request', request => {
    if (decodeURIComponent(request.url()).includes(name)) {
      const size = async (): Promise<number> => (await (await request.response())?.body())?.length ?? 0;
      seen.push({ method: request.method(), url: request.url(), size });
    }
  });
  return seen;
}

test('the image viewer stays in Open With', async () => {
  await lab.item('shell.tif').click({ button: 'right' });
  await lab.page.locator('.lm-Menu-itemLabel', { hasText: 'Open With' }).hover();
  await lab.page.locator('.lm-Menu-itemLabel', { hasText: /^Image$/ }).waitFor();
  assert.deepEqual(
    (await lab.page.locator('.lm-Menu').nth(1).locator('.lm-Menu-itemLabel').allTextContents()).slice(0, 2),
    ['TIFF Volume', 'Image']
  );
  await lab.page.keyboard.press('Escape');
  await lab.page.keyboard.press('Escape');
});

test('commands take a path, and say what they take', async () => {
  const described = await lab.page.evaluate(async () => {
    const { commands } = (window as unknown as { jupyterapp: App }).jupyterapp;
    return commands.describedBy('microct-io-vis:convert');
  });
  assert.ok(described.args?.properties.path);
  const dialog = await lab.dialogFrom(async () => {
    await lab.page.evaluate(() => {
      const { commands } = (window as unknown as { jupyterapp: App }).jupyterapp;
      void commands.execute('microct-io-vis:convert', { path: 'other.tif' });
    });
  });
  assert.match(await dialog.text(), /other\.tif/);
  await lab.page.keyboard.press('Escape');
  await dialog.closed();
});

interface App {
  commands: {
    execute(id: string, args: object): Promise<unknown>;
    describedBy(id: string): Promise<{ args: { properties: Record<string, unknown> } | null }>;
  };
}

test('when the helper is restarted its conversions end, and the next one works', async () => {
  await lab.convertLarge('lost.ome.zarr');
  const [{ kernel }] = await helpers();
  const response = await jupyter.api(`api/kernels/${kernel.id}/restart`, { method: 'POST' });
  assert.equal(response.status, 200);
  // It has time to say so itself, unless it is killed.
  await lab.page
    .locator('.Toastify__toast', {
      hasText: /lost\.ome\.zarr: (ended, because the kernel is|The helper was) restarted/
    })
    .waitFor();
  const dialog = await lab.convert('other.tif');
  await dialog.field('Output').fill('after.ome.zarr');
  await dialog.ready();
  await dialog.accept();
  await lab.toast('after.ome.zarr').getByText('Open in Neuroglancer').waitFor();
  assert.equal(existsSync(join(jupyter.root, 'lost.ome.zarr')), false);
  // Nobody has cancelled it.
  assert.equal(existsSync(join(jupyter.root, 'lost.ome.zarr.partial')), true);
});

/** The process that writes an output. */
function writerOf(output: string): number {
  const marker = join(jupyter.root, `${output}.partial`, '.microct-io-vis.json');
  return (JSON.parse(readFileSync(marker, 'utf8')) as { pid: number }).pid;
}

/**
 * Kills the helper in the middle of a conversion, as a crash would, and answers with the notification that tells of it.
 */
async function crash(output: string): Promise<Locator> {
  await lab.convertLarge(output);
  await lab
    .toast(output)
    .getByText(/: [3-9]\d %/)
    .waitFor();
  process.kill(writerOf(output), 'SIGKILL');
  const told = lab.page.locator('.Toastify__toast', { hasText: `Not converted: ${output}: The helper was restarted` });
  await told.waitFor();
  assert.ok(existsSync(join(jupyter.root, `${output}.partial`)) && !existsSync(join(jupyter.root, output)));
  return told;
}

async function convertTo(output: string): Promise<DialogPage> {
  const dialog = await lab.convert('large.tif');
  await dialog.field('Output').fill(output);
  return dialog;
}

/** Presses Convert, and compares every voxel of what comes of it. */
async function finishes(dialog: DialogPage, output: string): Promise<void> {
  await dialog.accept();
  await lab.toast(output).getByText('Open in Neuroglancer').waitFor({ timeout: 120_000 });
  assert.equal(existsSync(join(jupyter.root, `${output}.partial`)), false);
  const script = `import sys, tifffile, zarr; assert (zarr.open(sys.argv[1])[:] == tifffile.imread(sys.argv[2])).all()`;
  execFileSync(PYTHON, ['-c', script, join(jupyter.root, output, '0'), join(jupyter.root, 'large.tif')]);
}

test('an interrupted conversion is resumed where it can be, and not thrown away without a word', async () => {
  await crash('resumed.ome.zarr');
  const dialog = await convertTo('resumed.ome.zarr');
  // It was begun with another codec than the one that the form begins with.
  await dialog.root.getByText(/It cannot be resumed: .*gzip/).waitFor();
  assert.equal(await dialog.field('Resume').isDisabled(), true);
  assert.equal(await dialog.field('Start over').isChecked(), false);
  assert.equal(await dialog.isReady(), false);
  await dialog.field('Compression').selectOption('gzip');
  await dialog.ready();
  await dialog.root.getByText(/Resume: [1-9]\d* % is done, last written /).waitFor();
  assert.equal(await dialog.field('Resume').isChecked(), true);
  await finishes(dialog, 'resumed.ome.zarr');
});

test('an interrupted conversion is started over where a person says so', async () => {
  await crash('over.ome.zarr');
  const dialog = await convertTo('over.ome.zarr');
  await dialog.field('Start over').check();
  await dialog.ready();
  await finishes(dialog, 'over.ome.zarr');
});

test('a conversion that the disk had no more room for is resumed with what was chosen for it', async () => {
  await lab.convertLarge('again.ome.zarr');
  await lab
    .toast('again.ome.zarr')
    .getByText(/: [3-9]\d %/)
    .waitFor();
  const pid = String(writerOf('again.ome.zarr'));
  execFileSync('prlimit', ['--pid', pid, '--fsize=100000:unlimited']);
  const told = lab.page.locator('.Toastify__toast', { hasText: 'Not converted: again.ome.zarr.partial/' });
  await told.getByText(/cannot be written: a file may not grow so large here/).waitFor();
  execFileSync('prlimit', ['--pid', pid, '--fsize=unlimited']);
  const dialog = await lab.dialogFrom(told.getByText('Resume…'));
  assert.equal(await dialog.field('Output').inputValue(), 'again.ome.zarr');
  assert.equal(await dialog.field('Compression').inputValue(), 'gzip');
  await dialog.root.getByText(/Resume: [1-9]\d* % is done/).waitFor();
  await dialog.ready();
  await finishes(dialog, 'again.ome.zarr');
});
