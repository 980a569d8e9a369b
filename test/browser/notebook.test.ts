import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { ROOT, startJupyter } from './jupyter.ts';
import { NotebookPage, writeNotebook } from './notebook-page.ts';
import { difference, expectedSlice, shownSlice, sliceView } from './picture.ts';
import { consoleErrors, convert } from './viewer-page.ts';
import { writeFlipped, writeLabels, writeVolume } from './volumes.ts';

const SHAPE: [number, number, number] = [40, 50, 60];
const Z = 13;
/** Rounding, in the shader and in the screenshot. */
const TOLERANCE = 2;
/** In Python: the state in which a viewer shows what `shows` compares. */
const LOOK = `import json\nLOOK = json.loads('${JSON.stringify(sliceView(SHAPE, Z))}')\n`;

let jupyter: Jupyter;
let elsewhere: string;

before(async () => {
  jupyter = await startJupyter();
  writeVolume(join(jupyter.root, 'scan.tif'), SHAPE, 'uint16', 'imagej');
  elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'outside ü ')));
  writeVolume(join(jupyter.root, 'large.tif'), [192, 512, 512], 'uint16', 'plain');
});

after(async () => {
  await jupyter?.stop();
  if (elsewhere) {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

/** A `ConverterWidget` as it is shown in one place. */
class Converter {
  readonly root: Locator;

  constructor(root: Locator) {
    this.root = root.locator('.mct-Converter');
  }

  field(label: string): Locator {
    return this.root.getByLabel(label).first();
  }

  button(name: string): Locator {
    return this.root.getByRole('button', { name });
  }

  /** Waits until there is a plan for what the fields say. */
  async planned(): Promise<void> {
    await this.root.locator('.mct-Plan:not(.mct-mod-stale)').waitFor();
    await this.root.locator('button[type=submit]:enabled').waitFor();
  }

  /** Shapes of the planned levels. */
  levels(): Promise<string[]> {
    return this.root.locator('.mct-Levels tbody td:nth-child(2)').allTextContents();
  }

  async says(text: string): Promise<void> {
    await this.root.getByText(text).first().waitFor({ timeout: 60_000 });
  }
}

/** Repeats an assertion until it holds. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    try {
      return await check();
    } catch {
      await sleep(250);
    }
  }
  await check();
}

/** Waits until the viewer in `root` shows slice `Z` of the scan, and nothing else. */
async function shows(root: Locator, omeZarr: string, source = 'scan.tif'): Promise<void> {
  const expected = expectedSlice(join(jupyter.root, source), Z, omeZarr);
  const canvas = root.locator('.neuroglancer-rendered-data-panel').first();
  // JupyterLab does not lay out what is scrolled away.
  await root.scrollIntoViewIfNeeded();
  await canvas.waitFor();
  await eventually(async () => {
    const off = difference(await shownSlice(canvas, SHAPE[1], SHAPE[2]), expected);
    assert.ok(off <= TOLERANCE, `the picture differs from the volume by up to ${off} grey values`);
  });
}

async function open(name: string, ...cells: string[]): Promise<NotebookPage> {
  writeNotebook(jupyter, name, cells);
  return NotebookPage.open(jupyter, name);
}

test('the form follows Python, Python follows the form, and Convert converts', async () => {
  const notebook = await open(
    'converter.ipynb',
    'from microct_io_vis import ConverterWidget\nconverter = ConverterWidget("scan.tif")\nconverter',
    'converter.chunk_size = (16, 16, 16)\nconverter.max_memory = "2G"',
    'converter.options()',
    'converter',
    'print(converter.state, converter.wait(60).name, converter.result["levels"], converter.viewer.source)',
    `${LOOK}converter.viewer.state = LOOK`
  );
  await notebook.run(0);
  const form = new Converter(notebook.output(0));
  await form.planned();
  const text = await form.root.innerText();
  assert.match(text, /40 × 50 × 60/);
  assert.match(text, /0\.75 × 0\.5 × 0\.5 µm/);
  assert.deepEqual(await form.levels(), ['40 × 50 × 60']);

  await notebook.run(1);
  await form.root.getByText('10 × 13 × 15').waitFor();
  await form.planned();
  assert.equal(await form.field('Chunk size, Y').inputValue(), '16');
  assert.equal(await form.field('Memory budget').inputValue(), '2G');
  assert.deepEqual(await form.levels(), ['40 × 50 × 60', '20 × 25 × 30', '10 × 13 × 15']);

  await form.field('Levels').fill('2');
  await form.root.getByText('10 × 13 × 15').waitFor({ state: 'detached' });
  await form.planned();
  assert.equal(await notebook.run(2), "{'chunk_size': (16, 16, 16), 'max_memory': 2147483648, 'num_levels': 2}");

  // The same widget in a second place, and what is typed there.
  await notebook.run(3);
  const other = new Converter(notebook.output(3));
  await other.planned();
  assert.equal(await other.field('Levels').inputValue(), '2');
  await other.field('Output').fill('named.ome.zarr');
  await eventually(async () => assert.equal(await form.field('Output').inputValue(), 'named.ome.zarr'));
  await form.planned();
  await form.button('Convert').click();
  await form.says('named.ome.zarr is written');
  await other.says('named.ome.zarr is written');
  assert.equal(await notebook.run(4), `done named.ome.zarr 2 ${join(jupyter.root, 'named.ome.zarr')}`);
  const level = JSON.parse(readFileSync(join(jupyter.root, 'named.ome.zarr/1/zarr.json'), 'utf8'));
  assert.deepEqual(level.shape, [20, 25, 30]);

  // The viewer is under the result, with the volume's voxels.
  await form.root.locator('.neuroglancer-rendered-data-panel').first().waitFor({ state: 'attached' });
  await notebook.run(5);
  await shows(form.root, join(jupyter.root, 'named.ome.zarr'));
});

test('what cannot work is said at its field, and what failed above the form', async () => {
  const notebook = await open(
    'failures.ipynb',
    'from microct_io_vis import ConverterWidget\nconverter = ConverterWidget("scan.tif")\nconverter',
    'converter.source = "nothing.tif"\nconverter.start()\ntry:\n    converter.wait(60)\nexcept Exception as reason:\n    print(type(reason).__name__, reason.code, converter.state)'
  );
  await notebook.run(0);
  const form = new Converter(notebook.output(0));
  await form.planned();
  await form.field('Memory budget').fill('1M');
  await form.root.locator('.mct-Field-error', { hasText: 'at least' }).waitFor();
  assert.equal(await form.button('Convert').isDisabled(), true);
  assert.equal(await notebook.run(1), 'ConversionError not-found failed');
  await form.root.locator('.mct-Converter-failure', { hasText: 'nothing.tif' }).waitFor();
});

const SLOW = 'compression="gzip", jobs=1, overwrite=True';

test('Cancel works while a cell waits for the end', async () => {
  const notebook = await open(
    'cancel.ipynb',
    `from microct_io_vis import ConverterWidget\nconverter = ConverterWidget("large.tif", ${SLOW})\nconverter`,
    'converter.start()\ntry:\n    converter.wait()\nexcept Exception as reason:\n    print(reason.code, converter.state)'
  );
  await notebook.run(0);
  const form = new Converter(notebook.output(0));
  await form.planned();
  const ended = notebook.run(1);
  await form.root.getByText('iB/s').waitFor();
  await form.button('Cancel').click();
  assert.equal(await ended, 'cancelled cancelled');
  await form.says('Cancelled.');
  assert.equal(existsSync(join(jupyter.root, 'large.ome.zarr')), false);
  assert.equal(existsSync(join(jupyter.root, 'large.ome.zarr.partial')), false);
});

test('what a crash has left is resumed or started over, as chosen in any of the places', async () => {
  const notebook = await open(
    'crash.ipynb',
    'import time\nfrom microct_io_vis import ConverterWidget\n' +
      `converter = ConverterWidget("large.tif", target="crashed.ome.zarr", ${SLOW})\nconverter`,
    'converter.start()\nwhile converter.progress.get("done_bytes", 0) < 5e7:\n    time.sleep(0.01)\n' +
      'converter._conversion._helper._process.kill()\ntry:\n    converter.wait()\nexcept Exception as reason:\n    print(reason)',
    'converter',
    'converter.resume'
  );
  await notebook.run(0);
  assert.match(await notebook.run(1), /helper ended with -9/);
  await notebook.run(2);
  const [form, other] = [new Converter(notebook.output(0)), new Converter(notebook.output(2))];
  for (const { root } of [form, other]) {
    await root.getByText(/Resume: [1-9]\d* % is done, last written /).waitFor();
  }
  for (const view of [form, other]) {
    await view.planned();
    assert.equal(await view.field('Resume').isChecked(), true);
  }
  // What is offered is no choice yet; one that is made is made everywhere.
  assert.equal(await notebook.run(3), '');
  await other.field('Start over').check();
  await eventually(async () => assert.equal(await form.field('Start over').isChecked(), true));
  await form.planned();
  await other.planned();
  assert.equal(await notebook.run(3), 'False');
  await form.field('Resume').check();
  await form.planned();
  assert.equal(await notebook.run(3), 'True');
  await form.button('Convert').click();
  await form.says('crashed.ome.zarr is written');
  assert.equal(existsSync(join(jupyter.root, 'crashed.ome.zarr.partial')), false);
});

test('a page that is loaded anew finds the conversion that runs', async () => {
  const notebook = await open(
    'reload.ipynb',
    `from microct_io_vis import ConverterWidget\nconverter = ConverterWidget("large.tif", target="reloaded.ome.zarr", ${SLOW})\nconverter`,
    'import os, signal, time\nconverter.start()\nwhile not converter.progress:\n    time.sleep(0.01)\nos.kill(converter._conversion._helper._process.pid, signal.SIGSTOP)',
    'os.kill(converter._conversion._helper._process.pid, signal.SIGCONT)\nconverter.wait(60).name'
  );
  await notebook.run(0);
  await new Converter(notebook.output(0)).planned();
  await notebook.run(1);
  await notebook.reload();
  const again = new Converter(notebook.output(0));
  await again.says('Converting large.tif');
  await again.button('Cancel').waitFor();
  assert.equal(await notebook.run(2), "'reloaded.ome.zarr'");
  await again.says('reloaded.ome.zarr is written');
});

/** Addresses of chunks that a page asks the server for. */
function chunkRequests(page: Page): string[] {
  const found: string[] = [];
  page.context().on('request', request => {
    if (/\/files\/.*\/0\/c\//.test(request.url())) {
      found.push(decodeURIComponent(request.url()));
    }
  });
  return found;
}

const VIEW = `${LOOK}from microct_io_vis import convert, view\n`;

test('view() shows the voxels, over /files/ where the server has this very volume', async () => {
  const notebook = await open(
    'view.ipynb',
    `${VIEW}output = convert("scan.tif", "view.ome.zarr", chunk_size=(16, 16, 16), progress=False)`,
    'viewer = view(output)\nviewer',
    'viewer.state = LOOK',
    'viewer.state["position"], viewer.state["layout"], "source" in viewer.state["layers"][0]',
    'viewer.state = {"position": [10, 20, 5]}',
    'viewer.state["position"], viewer.state["layout"]'
  );
  const requests = chunkRequests(notebook.page);
  const errors = consoleErrors(notebook.page);
  await notebook.run(0);
  await notebook.run(1);
  await notebook.output(1).locator('.neuroglancer-rendered-data-panel').first().waitFor();
  await notebook.run(2);
  await shows(notebook.output(1), join(jupyter.root, 'view.ome.zarr'));
  assert.ok(requests.some(url => url.includes('view.ome.zarr')));
  assert.deepEqual(
    errors.filter(error => error.includes('view.ome.zarr')),
    []
  );
  await eventually(async () => assert.equal(await notebook.run(3), "([29.5, 24.5, 13], 'xy', True)"));
  await notebook.run(4);
  await eventually(async () => assert.equal(await notebook.run(5), "([10, 20, 5], 'xy')"));
});

test('a click in the list of layers lays labels over the image; the wheel is the notebook’s until the picture is clicked', async () => {
  writeLabels(join(jupyter.root, 'boxes.tif'), SHAPE);
  const notebook = await open(
    'labels.ipynb',
    `${VIEW}output = convert("scan.tif", "labelled.ome.zarr", progress=False)\n` +
      'convert("boxes.tif", labels=True, parent=output, progress=False)\nviewer = view(output)\nviewer',
    'viewer.state = {"layout": "xy", "position": [29.5, 24.5, 13]}',
    'print([(layer["name"], layer.get("visible", True)) for layer in viewer.state["layers"]], viewer.state["position"][2])'
  );
  const { page } = notebook;
  await notebook.run(0);
  const viewer = notebook.output(0);
  const item = viewer.locator('.neuroglancer-layer-item-label', { hasText: 'labelled.ome.zarr labels/boxes' });
  await item.waitFor();
  await notebook.run(1);
  const isNow = (visible: string, z: string): Promise<void> =>
    eventually(async () => {
      const found = `[('labelled.ome.zarr', True), ('labelled.ome.zarr labels/boxes', ${visible})] ${z}`;
      assert.equal(await notebook.run(2), found);
    });
  await isNow('False', '13');

  const canvas = viewer.locator('.neuroglancer-rendered-data-panel').first();
  const scrolled = (): Promise<number> => viewer.evaluate(node => node.closest('.jp-WindowedPanel-outer')!.scrollTop);
  const turn = async (): Promise<number> => {
    const before = await scrolled();
    await canvas.hover();
    await page.mouse.wheel(0, 60);
    await sleep(300);
    return (await scrolled()) - before;
  };
  assert.equal(await turn(), 60);
  await viewer.locator('.mct-Viewer-hint.mct-mod-shown', { hasText: 'Click the picture' }).waitFor();
  await isNow('False', '13');
  await canvas.click();
  assert.equal(await turn(), 0);
  await isNow('False', '12');
  await item.click();
  await isNow('True', '12');
});

test('OME-Zarr 0.4 and volumes outside the root are read by the kernel, also while it runs a cell', async () => {
  const outside = join(elsewhere, 'far away.ome.zarr');
  const notebook = await open(
    'comm.ipynb',
    `${VIEW}old = convert("scan.tif", "old.ome.zarr", chunk_size=(16, 16, 16), ome_zarr="0.4", progress=False)\n` +
      `far = convert("scan.tif", ${JSON.stringify(outside)}, chunk_size=(16, 16, 16), progress=False)`,
    'first = view(old)\nfirst',
    'second = view(far)\nsecond',
    'import os, time\nfirst.state = second.state = LOOK\nend = time.time() + 300\n' +
      'while not os.path.exists("stop") and time.time() < end:\n    time.sleep(0.1)'
  );
  const requests = chunkRequests(notebook.page);
  await notebook.run(0);
  await notebook.run(1);
  await notebook.run(2);
  await notebook.output(2).locator('.neuroglancer-rendered-data-panel').first().waitFor({ state: 'attached' });
  await notebook.output(1).locator('.neuroglancer-rendered-data-panel').first().waitFor({ state: 'attached' });
  await notebook.start(3);
  await shows(notebook.output(1), join(jupyter.root, 'old.ome.zarr'));
  await shows(notebook.output(2), outside);
  assert.match(await notebook.cell(3).locator('.jp-InputPrompt').innerText(), /\*/);
  // Written anew meanwhile: the viewer sees it when the page is looked at again.
  writeFlipped(join(jupyter.root, 'scan.tif'), join(jupyter.root, 'flipped.tif'));
  convert(join(jupyter.root, 'flipped.tif'), outside, '--overwrite');
  await notebook.page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await notebook
    .output(2)
    .getByText(/has been written anew/)
    .waitFor();
  await shows(notebook.output(2), outside, 'flipped.tif');
  writeFileSync(join(jupyter.root, 'stop'), '');
  assert.deepEqual(requests, []);
});

test('a volume that only looks like the one on the server is not taken for it', async () => {
  // The kernel believes the notebook in another folder: what lies beside it there has the name and the metadata of what
  // lies beside it here.
  const notebook = await open(
    'impostor.ipynb',
    `${VIEW}import os, shutil, tifffile\n` +
      `tifffile.imwrite("negative.tif", 65535 - tifffile.imread("scan.tif"))\n` +
      `right = convert("scan.tif", ${JSON.stringify(join(elsewhere, 'same.ome.zarr'))}, chunk_size=(16, 16, 16), progress=False)\n` +
      `wrong = convert("negative.tif", "same.ome.zarr", chunk_size=(16, 16, 16), progress=False)\n` +
      `shutil.copy2(right / "zarr.json", wrong / "zarr.json")\n` +
      `os.environ["JPY_SESSION_NAME"] = ${JSON.stringify(join(elsewhere, 'impostor.ipynb'))}`,
    'viewer = view(right)\nviewer',
    'viewer.state = LOOK\nprint(viewer._places[0]["fromNotebook"])'
  );
  const requests = chunkRequests(notebook.page);
  await notebook.run(0);
  await notebook.run(1);
  await notebook.output(1).locator('.neuroglancer-rendered-data-panel').first().waitFor();
  assert.equal(await notebook.run(2), 'same.ome.zarr');
  await shows(notebook.output(1), join(elsewhere, 'same.ome.zarr'));
  assert.deepEqual(requests, []);
});

test('the quick-start notebook runs from top to bottom', async () => {
  const folder = join(jupyter.root, 'quick start');
  mkdirSync(folder);
  const notebook = JSON.parse(readFileSync(join(ROOT, 'examples/quickstart.ipynb'), 'utf8'));
  writeFileSync(join(folder, 'quickstart.ipynb'), JSON.stringify(notebook));
  const sample = join(ROOT, 'examples/shell.tif');
  if (existsSync(sample)) {
    copyFileSync(sample, join(folder, 'shell.tif'));
  } else {
    writeVolume(join(folder, 'shell.tif'), [225, 128, 128], 'uint8', 'imagej');
  }
  const page = await NotebookPage.open(jupyter, 'quick start/quickstart.ipynb');
  const cells: string[] = notebook.cells
    .filter((cell: { cell_type: string }) => cell.cell_type === 'code')
    .map((cell: { source: string | string[] }) => [cell.source].flat().join(''));
  for (const [index] of cells.entries()) {
    await page.run(index);
    const errors = page.output(index).locator('[data-mime-type="application/vnd.jupyter.error"]');
    assert.deepEqual(await errors.allInnerTexts(), [], cells[index]);
  }
  const viewers = [cells.findIndex(text => /^viewer$/m.test(text)), cells.findIndex(text => /^converter$/m.test(text))];
  for (const index of viewers) {
    await page.output(index).scrollIntoViewIfNeeded();
    await page.output(index).locator('.neuroglancer-rendered-data-panel').first().waitFor();
  }
});
