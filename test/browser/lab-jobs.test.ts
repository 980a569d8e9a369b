// Several volumes and several jobs: the queue, what is told to whom, what is left to be resumed, and selections of more
// than one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, Route } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { PYTHON, startJupyter } from './jupyter.ts';
import { LabPage } from './lab-page.ts';
import { writeAsking, writeVolume } from './volumes.ts';

let jupyter: Jupyter;
let lab: LabPage;

before(async () => {
  jupyter = await startJupyter();
  const { root } = jupyter;
  writeVolume(join(root, 'shell.tif'), [40, 50, 60], 'uint16', 'imagej');
  writeVolume(join(root, 'large.tif'), [256, 512, 512], 'uint16', 'plain');
  writeVolume(join(root, 'longer.tif'), [1024, 512, 512], 'uint16', 'plain');
  for (const name of ['slices', 'gap']) {
    mkdirSync(join(root, name));
    writeVolume(join(root, name, 'raw_%.tif'), [12, 32, 32], 'uint8', 'slices');
  }
  rmSync(join(root, 'gap', 'raw_5.tif'));
  writeFileSync(join(root, 'letter.tif'), 'This is not a TIFF, whatever its name says.');
  mkdirSync(join(root, 'exists.ome.zarr'));
  writeFileSync(join(root, 'exists.ome.zarr', 'notes.txt'), 'kept');
  writeVolume(join(root, 'exists.tif'), [6, 20, 30], 'uint8', 'plain');
  writeAsking(root);
  lab = new LabPage(await jupyter.open());
});

after(async () => {
  await jupyter?.stop();
});

afterEach(async () => {
  await lab?.settle();
});

const isThere = (name: string): boolean => existsSync(join(jupyter.root, name));

async function until(is: () => boolean): Promise<void> {
  for (let tries = 0; !is(); tries++) {
    assert.ok(tries < 600, String(is));
    await sleep(200);
  }
}

/** Leaves JupyterLab, and after `meanwhile` comes back to it in the same browser. */
async function leave(meanwhile: () => Promise<void>): Promise<void> {
  const { page } = lab;
  // Jobs under way are kept with the layout, a moment after a change.
  await page.waitForTimeout(2000);
  await page.goto('about:blank');
  try {
    await meanwhile();
  } finally {
    await page.goto(`${jupyter.url}lab`);
    await page.waitForSelector('.jp-DirListing-item', { timeout: 90_000 });
  }
}

/** Kills the helper as a crash would, once an output is under way. */
async function kill(output: string): Promise<void> {
  const marker = join(jupyter.root, `${output}.partial`, '.microct-io-vis.json');
  const { pid } = JSON.parse(readFileSync(marker, 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await until(() => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  });
}

test('a small conversion runs beside another, those that wait say for what, and a right-click changes their order', async () => {
  const { page } = lab;
  // Large enough that none has ended before the others are begun, and still a small one to the queue.
  const source = 'longer.tif';
  for (const output of ['first.ome.zarr', 'second.ome.zarr', 'third.ome.zarr', 'fourth.ome.zarr']) {
    await lab.convertLarge(output, source);
  }
  const section = await lab.conversions();
  const item = (output: string) =>
    section.locator('.mct-Conversion', {
      has: page.locator('.jp-RunningSessions-itemLabel', { hasText: `${source} → ${output}` })
    });
  const says = (output: string, what: RegExp) =>
    item(output).locator('.jp-RunningSessions-itemDetail', { hasText: what });
  await says('first.ome.zarr', /\d %/).waitFor();
  await says('second.ome.zarr', /\d %/).waitFor();
  await says('third.ome.zarr', /^waiting until longer\.tif → second\.ome\.zarr has ended$/).waitFor();
  await says('fourth.ome.zarr', /^waiting behind longer\.tif → third\.ome\.zarr$/).waitFor();
  await item('fourth.ome.zarr').click({ button: 'right' });
  await page.locator('.lm-Menu-itemLabel', { hasText: 'Run Next' }).click();
  await says('fourth.ome.zarr', /^waiting until longer\.tif → second\.ome\.zarr has ended$/).waitFor();
  await says('third.ome.zarr', /^waiting behind longer\.tif → fourth\.ome\.zarr$/).waitFor();
  await item('fourth.ome.zarr').click({ button: 'right' });
  await page.locator('.lm-Menu-itemLabel', { hasText: 'Move Down' }).click();
  await says('fourth.ome.zarr', /^waiting behind longer\.tif → third\.ome\.zarr$/).waitFor();
  await page.evaluate(() => {
    const { commands } = (window as unknown as { jupyterapp: App }).jupyterapp;
    return commands.execute('microct-io-vis:cancel', {});
  });
  for (const output of ['first', 'second', 'third', 'fourth'])
    await says(`${output}.ome.zarr`, /^cancelled$/).waitFor();
});

interface App {
  commands: { execute(id: string, args: object): Promise<unknown> };
}

test('a conversion that ends while nobody looks is told of when somebody comes back, and only once', async () => {
  const { page } = lab;
  await lab.convertLarge('away.ome.zarr');
  await page.goto('about:blank');
  await until(() => isThere('away.ome.zarr'));
  // In another browser, which knows nothing of it.
  const other = new LabPage(await jupyter.open());
  await other.toast('large.tif → away.ome.zarr: done').getByText('Open in Neuroglancer').waitFor();
  await page.goto(`${jupyter.url}lab`);
  await page.waitForSelector('.jp-DirListing-item', { timeout: 90_000 });
  await (await lab.conversions()).getByText('large.tif → away.ome.zarr').waitFor();
  await page.waitForTimeout(1500);
  assert.equal(await lab.page.locator('.Toastify__toast', { hasText: 'away.ome.zarr' }).count(), 0);
  await other.page.context().close();
});

test('a notification does not stay at what it said while the page was loading', async () => {
  const { page } = lab;
  await lab.convertLarge('late.ome.zarr');
  let release = (): void => undefined;
  const held = new Promise<void>(resolve => (release = resolve));
  // JupyterLab loads what draws notifications when the first is made.
  const hold = async (route: Route): Promise<void> => {
    const response = await route.fetch();
    const body = await response.text();
    if (body.includes('Toastify__toast-container') && (await page.locator('.jp-FileBrowser').count()) > 0) {
      await held;
    }
    await route.fulfill({ response, body });
  };
  await page.route(/static\/lab\/.*\.js/, hold);
  await page.reload();
  await page.waitForSelector('.jp-DirListing-item', { timeout: 90_000 });
  await until(() => isThere('late.ome.zarr'));
  await page.waitForTimeout(1500);
  release();
  await lab.toast('large.tif → late.ome.zarr: done').getByText('Open in Neuroglancer').waitFor();
  await page.unroute(/static\/lab\/.*\.js/, hold);
});

test('what a helper did that has gone is told by name when somebody comes back, and offered to be resumed', async () => {
  // It must not have ended before the page has been left.
  await lab.convertLarge('gone.ome.zarr', 'longer.tif');
  await lab
    .toast('gone.ome.zarr')
    .getByText(/: [1-4]\d %/)
    .waitFor();
  await leave(() => kill('gone.ome.zarr'));
  const told = lab.toast('Not converted: gone.ome.zarr');
  const dialog = await lab.dialogFrom(told.getByText('Resume…'));
  assert.equal(await dialog.field('Output').inputValue(), 'gone.ome.zarr');
  await dialog.root.getByText(/Resume: [1-9]\d* % is done/).waitFor();
  await lab.page.keyboard.press('Escape');
  await dialog.closed();
  rmSync(join(jupyter.root, 'gone.ome.zarr.partial'), { recursive: true });
});

async function resume(page: Page, name: string): Promise<void> {
  await lab.item(name).click({ button: 'right' });
  await page.locator('.lm-Menu-item[data-command="microct-io-vis:resume"]').click();
}

test('an unfinished output is resumed by a right-click with what was chosen for it, and refused where its source has changed', async () => {
  const { page } = lab;
  const source = join(jupyter.root, 'large.tif');
  await lab.convertLarge('kept.ome.zarr');
  await lab
    .toast('kept.ome.zarr')
    .getByText(/: [2-9]\d %/)
    .waitFor();
  await kill('kept.ome.zarr');
  await lab.toast('Not converted: kept.ome.zarr').waitFor();
  await lab.settle();
  const [kept, stale] = ['kept', 'stale'].map(name => join(jupyter.root, `${name}.ome.zarr.partial`));
  cpSync(kept, stale, { recursive: true });
  const dialog = await lab.dialogFrom(() => resume(page, 'kept.ome.zarr.partial'));
  assert.match(await dialog.text(), /large\.tif/);
  assert.equal(await dialog.field('Output').inputValue(), 'kept.ome.zarr');
  assert.equal(await dialog.field('Compression').inputValue(), 'gzip');
  await dialog.root.getByText(/Resume: [1-9]\d* % is done/).waitFor();
  assert.equal(await dialog.root.getByLabel(/^Resume/).isChecked(), true);
  await dialog.ready();
  await dialog.accept();
  await lab.toast('large.tif → kept.ome.zarr: done').waitFor({ timeout: 120_000 });
  const script = `import sys, tifffile, zarr; assert (zarr.open(sys.argv[1])[:] == tifffile.imread(sys.argv[2])).all()`;
  execFileSync(PYTHON, ['-c', script, join(jupyter.root, 'kept.ome.zarr', '0'), source]);

  await lab.settle();
  assert.deepEqual(await lab.offers('stale.ome.zarr.partial'), ['microct-io-vis:resume']);
  utimesSync(source, new Date(), new Date());
  await resume(page, 'stale.ome.zarr.partial');
  await page
    .locator('.jp-Dialog', { hasText: /stale\.ome\.zarr\.partial: .*large\.tif has been written to since/ })
    .waitFor();
  await page.keyboard.press('Escape');
  rmSync(stale, { recursive: true });
});

test('what has ended is dismissed, also when its helper has gone: none is started for that', async () => {
  const { page } = lab;
  const dialog = await lab.convert('shell.tif');
  await dialog.field('Output').fill('dismissed.ome.zarr');
  await dialog.ready();
  await dialog.accept();
  await lab.toast('shell.tif → dismissed.ome.zarr: done').waitFor();
  await (await lab.conversions()).getByText('dismissed.ome.zarr').waitFor();
  // The helper knows that its end was told; the next one will not know it.
  await page.waitForTimeout(1500);
  const helpers = async (): Promise<{ id: string }[]> => {
    const kernels = (await (await jupyter.api('api/kernels')).json()) as { id: string; name: string }[];
    return kernels.filter(({ name }) => name === 'microct-io-vis');
  };
  for (const { id } of await helpers()) await jupyter.api(`api/kernels/${id}`, { method: 'DELETE' });
  // The page looks for another helper a while after one has gone.
  await page.waitForTimeout(5000);
  await page.evaluate(() => {
    const { commands } = (window as unknown as { jupyterapp: App }).jupyterapp;
    return commands.execute('microct-io-vis:dismiss', {});
  });
  assert.equal(await page.locator('.jp-Dialog').count(), 0);
  await page.locator('.mct-Conversion').first().waitFor({ state: 'detached' });
  assert.deepEqual(await helpers(), []);
});

test('a folder with a gap is refused along with the field that mends it', async () => {
  const dialog = await lab.convert('gap');
  const refusal = dialog.root.locator('.mct-ConvertForm-failure');
  await refusal.waitFor();
  assert.match((await refusal.textContent()) ?? '', /^gap: slices are missing: number 5 .*“Slices”/);
  await dialog.field('Slices').fill('6-11');
  await dialog.ready();
  assert.match(await dialog.text(), /6 × 32 × 32/);
  await lab.page.keyboard.press('Escape');
  await dialog.closed();
});

// File, what is said of it as it is, the field that this names, what is chosen there, and the shape that it then has.
for (const [file, said, field, choice, shape] of [
  ['several.ome.tif', /2 images.*“Image” 0 \(0 scout .*1 scan/, 'Image', '1', '6 × 20 × 30'],
  ['channels.tif', /6 channels and only one slice.*“Slices are” c/, 'Slices are', 'c', '6 × 20 × 30'],
  ['palette.tif', /palette of colours.*“Palette” ignore/, 'Palette', 'ignore', '6 × 20 × 30'],
  ['turned.tif', /Orientation tag is 4.*“Orientation tag” apply/, 'Orientation tag', 'apply', '1 × 20 × 30']
] as const)
  test(`${file} is asked about, and “${field}” is there to answer`, async () => {
    const dialog = await lab.convert(file);
    const told = dialog.root.getByText(said).first();
    await told.waitFor();
    assert.doesNotMatch(await dialog.text(), new RegExp(jupyter.root.replace(/[#&]/g, '.')));
    const summary = dialog.root.locator('details:not([open]) > summary');
    if (await summary.count()) await summary.click();
    const input = dialog.field(field);
    await ((await input.evaluate(node => node.tagName)) === 'SELECT' ? input.selectOption(choice) : input.fill(choice));
    await told.waitFor({ state: 'detached' });
    await dialog.ready();
    assert.equal((await dialog.levels())[0], shape);
    await lab.page.keyboard.press('Escape');
    await dialog.closed();
  });

test('all that is wrong is said at once, in the words of the form, and the wrong end of a region is marked', async () => {
  const { page } = lab;
  const dialog = await lab.convert('shell.tif');
  await dialog.ready();
  await page.getByText('voxel size, workers').click();
  await dialog.field('Region, voxel after the last, Z').fill('41');
  await dialog.field('Region, first voxel, X').fill('60');
  await dialog.field('Worker threads').fill('many');
  assert.match(await dialog.error('to, not included'), /“Region” Z 0 to 41 leaves.*\n.*“Region” X 60 to 60 is empty/);
  assert.match(await dialog.error('Worker threads'), /whole number/);
  const marked = await dialog.root
    .locator('input[aria-invalid="true"]')
    .evaluateAll(nodes => nodes.map(node => node.getAttribute('aria-label')));
  assert.deepEqual(marked.slice(0, 2), ['Region, voxel after the last, Z', 'Region, voxel after the last, X']);
  await page.keyboard.press('Escape');
  await dialog.closed();
});

test('a selection of files and folders is converted into a folder, and what is no volume is left out with its reason', async () => {
  const dialog = await lab.convert('letter.tif', 'shell.tif', 'slices', 'exists.tif');
  const rows = dialog.root.locator('.mct-Batch tbody tr');
  await rows.filter({ hasText: /letter\.tif.*Left out: letter\.tif: .*TIFF/ }).waitFor();
  await rows.filter({ hasText: /exists\.tif.*Left out: exists\.ome\.zarr: exists already/ }).waitFor();
  await dialog.root.getByText('2 of 4 will be converted.').waitFor();
  await dialog.field('Folder for the outputs').fill('letter.tif/out');
  await dialog.root
    .getByText(/there is no folder letter\.tif\/out, and none can be made in letter\.tif/)
    .first()
    .waitFor();
  assert.equal(await dialog.isReady(), false);
  await dialog.field('Folder for the outputs').fill('out');
  await dialog.root.getByText('out will be made.').waitFor();
  await dialog.root.getByText('3 of 4 will be converted.').waitFor();
  await dialog.ready();
  await dialog.accept();
  await lab.toast('shell.tif → shell.ome.zarr: done').waitFor();
  await lab.toast('slices → slices.ome.zarr: done').waitFor();
  assert.deepEqual(
    ['shell.ome.zarr', 'slices.ome.zarr'].map(name => isThere(join('out', name))),
    [true, true]
  );
});

test('several OME-Zarrs are opened as layers of one viewer, and verified one after the other', async () => {
  const { page } = lab;
  const { root } = jupyter;
  mkdirSync(join(root, 'made'));
  for (const [source, output] of [
    ['shell.tif', 'made/shell.ome.zarr'],
    ['slices', 'made/slices.ome.zarr']
  ])
    execFileSync(PYTHON, ['-m', 'microct_io_vis', 'convert', source, output, '--quiet'], { cwd: root });
  await lab.enter('made');
  const choose = async (command: string): Promise<void> => {
    await lab.item('shell.ome.zarr').click();
    await lab.item('slices.ome.zarr').click({ modifiers: ['ControlOrMeta'] });
    await lab.item('shell.ome.zarr').click({ button: 'right' });
    await page.locator(`.lm-Menu-item[data-command="microct-io-vis:${command}"]`).click();
  };
  // Their sources are not beside them.
  await choose('verify');
  await lab.toast('Verify shell.ome.zarr: READABLE').waitFor();
  await lab.toast('Verify slices.ome.zarr: READABLE').waitFor();
  await lab.settle();
  await lab.enter('made');
  await choose('open-viewer');
  await page.locator('.lm-TabBar-tabLabel', { hasText: 'shell.ome.zarr and 1 other' }).waitFor();
  for (const name of ['shell', 'slices']) {
    await page
      .locator('.mct-ViewerPanel .neuroglancer-layer-item-label', { hasText: name })
      .waitFor({ timeout: 60_000 });
  }
  await lab.closeTabs();
});
