import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Locator, Page } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { PYTHON, startJupyter } from './jupyter.ts';
import { NotebookPage, writeNotebook } from './notebook-page.ts';
import { ZOOM, difference, expectedSlice, shownPixels, shownSlice, sliceView } from './picture.ts';
import { consoleErrors, convert, eventually } from './viewer-page.ts';
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

afterEach(() => jupyter.closeBrowsers());

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

test('a region that is chosen on the picture is Python’s', async () => {
  const notebook = await open(
    'picture.ipynb',
    'from microct_io_vis import ConverterWidget\nconverter = ConverterWidget("scan.tif")\nconverter',
    'print(converter.roi)'
  );
  await notebook.run(0);
  const form = new Converter(notebook.output(0));
  await form.planned();
  await form.button('Choose on the picture…').click();
  await form.root.locator('.mct-Picture .neuroglancer-rendered-data-panel').first().waitFor();
  await form.says('Drag a box on a slice');
  await form.root.getByRole('slider', { name: 'Slice' }).fill('10');
  await form.root.locator('.mct-Picture').getByRole('button', { name: 'First' }).click();
  await form.says('30 × 50 × 60 voxels');
  await form.button('Close the picture').click();
  await form.planned();
  assert.deepEqual(await form.levels(), ['30 × 50 × 60']);
  await notebook.run(1);
  await notebook.output(1).getByText('(10, 40, 0, 50, 0, 60)').waitFor();
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

test('of several sources each is converted by itself, and what is no volume is named', async () => {
  writeFileSync(join(jupyter.root, 'text.tif'), 'no picture');
  const notebook = await open(
    'several.ipynb',
    'import os\nfrom microct_io_vis import ConverterWidget\nos.mkdir("out")\n' +
      'converter = ConverterWidget(["scan.tif", "text.tif"], target="out", chunk_size=(32, 32, 32))\nconverter',
    'print(converter.each, converter.state, [volume.shape for volume in converter.open()], converter.compression, os.listdir("out"))'
  );
  await notebook.run(0);
  const form = new Converter(notebook.output(0));
  await form.says('1 of 2 will be converted.');
  await form.field('Compression').selectOption('zstd');
  await form.planned();
  await form.says('1 of 2 will be converted.');
  await form.button('Convert').click();
  await form.says('is written');
  await form.says('Left out: text.tif: not a TIFF');
  assert.equal(await notebook.run(1), "True done [(40, 50, 60)] zstd ['scan.ome.zarr']");
});

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
  // An offer is no choice yet; a choice that is made is made everywhere.
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
    'viewer.state["position"], viewer.state["layout"]',
    // Picks and measurements, beside the array's own values; then what Python asks for.
    'import microct_io_vis, numpy, tifffile\nheard = []\nviewer.observe(lambda change: heard.append(change.name), ["position", "selection", "annotations"])\n' +
      'def facts():\n    pick, rows = viewer.pick, viewer.annotations\n    same = pick.value == tifffile.imread("scan.tif")[pick.position]\n' +
      '    row = rows.iloc[-1] if len(rows) else None\n' +
      '    drawn = row is not None and (row.kind, [tuple(round(v) for v in point) for point in row.points], float(round(row.length, 3)), row.length_unit)\n' +
      '    print(viewer.position, pick.position[::2], same, pick.level, drawn, viewer.selection)\nfacts()',
    'facts()',
    'viewer.position = (7, 22, 31)\nviewer.selection = numpy.s_[3:9, 10:30, 20:50]',
    'print(viewer.position, viewer.state["position"], viewer.selection, len(viewer.annotations), sorted(set(heard)))\n' +
      'level = microct_io_vis.open(output).region(viewer.selection)\nprint((level == tifffile.imread("scan.tif")[3:9, 10:30, 20:50]).all())',
    'viewer.annotations = viewer.annotations[viewer.annotations.kind == "line"]',
    'print(list(viewer.annotations.kind), viewer.selection)'
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
  await notebook.output(1).getByLabel('What is measured next').selectOption('Line');
  await notebook.output(1).getByText('Ctrl-click both ends').waitFor();
  await shows(notebook.output(1), join(jupyter.root, 'view.ome.zarr'));
  const canvas = notebook.output(1).locator('.neuroglancer-rendered-data-panel').first();
  const box = (await canvas.boundingBox())!;
  /** The middle of a voxel on the screen. */
  const at = (x: number, y: number): [number, number] => [
    box.x + box.width / 2 + (x - (SHAPE[2] - 1) / 2) * ZOOM,
    box.y + box.height / 2 + (y - (SHAPE[1] - 1) / 2) * ZOOM
  ];
  const says = (cell: number, text: string): Promise<void> =>
    eventually(async () => assert.equal(await notebook.run(cell), text));
  for (const [x, y] of [
    [10, 20],
    [40, 24]
  ]) {
    await notebook.page.keyboard.down('Control');
    await notebook.page.mouse.click(...at(x, y));
    await notebook.page.keyboard.up('Control');
  }
  // 30 and 4 voxels of half a micrometre.
  const line = "('line', [(13, 20, 10), (13, 24, 40)], 15.133, 'micrometer')";
  const picked = `(13.0, 24.5, 29.5) (13, 41) True 0 ${line} (13, 14, 0, 50, 0, 60)`;
  await eventually(async () => {
    await canvas.scrollIntoViewIfNeeded();
    const [x, y] = at(41, 31);
    const now = (await canvas.boundingBox())!;
    await notebook.page.mouse.move(x + now.x - box.x, y + now.y - box.y, { steps: 3 });
    await sleep(500);
    assert.equal(await notebook.run(6), picked);
  });
  await notebook.run(8);
  await says(
    9,
    "(7.0, 22.0, 31.0) [31, 22, 7] (3, 9, 10, 30, 20, 50) 2 ['annotations', 'position', 'selection']\nTrue"
  );
  await notebook.run(10);
  await says(11, "['line'] (7, 8, 0, 50, 0, 60)");
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
    'print([(layer["name"], layer.get("visible", True)) for layer in viewer.state["layers"]], viewer.state["position"][2])',
    'other = view("scan.tif", layout="xy", height=300)\nviewer + other',
    'other.position = (30, 10, 20)',
    'print(viewer.position, other.position)'
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

  // Two viewers side by side: each looks where the other is moved.
  await notebook.run(3);
  const pair = notebook.output(3).locator('.neuroglancer-rendered-data-panel');
  await pair.nth(1).waitFor();
  const bothAt = (z: number): Promise<void> =>
    eventually(async () => {
      const [, one, same] = /^\((.*)\) \((.*)\)$/.exec(await notebook.run(5)) ?? [];
      assert.equal(one, same);
      assert.equal(Number(one?.split(',')[0]), z);
    });
  await bothAt(19.5);
  await notebook.run(4);
  await bothAt(30);
  for (const [n, z] of [29, 28].entries()) {
    await pair.nth(n).scrollIntoViewIfNeeded();
    await pair.nth(n).click();
    await page.mouse.wheel(0, 60);
    await bothAt(z);
  }
});

test('a picture whose graphics the browser takes away is an error, and no blank file', async () => {
  const notebook = await open(
    'lost.ipynb',
    `${VIEW}viewer = view(convert("scan.tif", "lost.ipynb.ome.zarr", chunk_size=(16, 16, 16), progress=False))\nviewer`,
    'from pathlib import Path\ntry:\n    viewer.screenshot("lost.png", size=(300, 200))\n' +
      'except RuntimeError as error:\n    print(error)\nprint(Path("lost.png").exists())'
  );
  await notebook.run(0);
  await notebook.output(0).locator('.neuroglancer-rendered-data-panel').first().waitFor();
  // Without them no picture is whole.
  await notebook.page.context().route(/\/c\//, () => undefined);
  const said = notebook.run(1);
  await notebook.page
    .locator('.mct-Viewer-camera canvas')
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
    });
  assert.match(await said, /taken the graphics of the picture away.*\nFalse$/s);
});

test('arrays lie where they must over a volume, half voxels exact; looks agree in Python and in the picture', async () => {
  const notebook = await open(
    'layers.ipynb',
    `${VIEW}import microct_io_vis, numpy\nfrom microct_io_vis import Layer\n` +
      'volume = microct_io_vis.open(convert("scan.tif", "layers.ipynb.ome.zarr", chunk_size=(16, 16, 16), num_levels=2, progress=False))',
    // Voxels of level 0, and of a part of level 1, each as its own colour.
    'part = numpy.full((20, 10, 15), 200, "uint8")\ncoarse = volume.region((8, 20, 30, 45, 30, 50), level=1)\n' +
      'viewer = view(volume, layers=[Layer(part, at=(5, 10, 20), name="part", color="#ff0000", contrast=(0, 200), opacity=1),\n' +
      '    Layer(numpy.ones(coarse.shape, bool), at=(8, 30, 30), level=1, name="coarse", color="#0000ff", contrast=(0, 1), opacity=1)])\nviewer',
    'viewer.state = LOOK',
    'viewer.layers[0].color = "#00ff00"\nviewer.layers[0].contrast = (65534, 65535)\nviewer.layers[1].visible = False',
    '[(layer.visible, layer.blend, layer.color, layer.contrast) for layer in viewer.layers]',
    'viewer.add(Layer(part, at=(20, 0, 0), name="elsewhere"))\n' +
      'viewer.add(Layer(numpy.full((1, 50, 60), 9, "int64"), at=(13, 0, 0), name="plane", blend="add", contrast=(0, 9), opacity=1))\nNone',
    // The blue part of the picture: 20 by 16 voxels, whole.
    'from PIL import Image\nviewer.screenshot("figure.png", size=(601, 400))\nfigure = numpy.asarray(Image.open("figure.png").convert("RGB"))\n' +
      'ys, xs = numpy.nonzero((figure == (0, 0, 255)).all(axis=2))\nwide, high = numpy.ptp(xs) + 1, numpy.ptp(ys) + 1\n' +
      'print(figure.shape, abs(wide / high - 20 / 16) < 0.02, len(xs) > 0.98 * wide * high, viewer.snapshot()[:4])',
    // By 20 and 10 voxels back, along y and x.
    'near = numpy.array([[-9, 0, 0], [-9, 7, 0], [-9, 0, 9]])\n' +
      'print(round(viewer.align("coarse", near * 2 + [8.5, 10.5, 20.5], near).rms, 6))',
    'viewer.remove_alignment("coarse")'
  );
  await notebook.run(0);
  await notebook.run(1);
  const viewer = notebook.output(1);
  const canvas = viewer.locator('.neuroglancer-rendered-data-panel').first();
  await canvas.waitFor();
  await notebook.run(2);
  /** Waits until each voxel has the colour that it must have, where that is one of the layers'. */
  const paints = (colourOf: (x: number, y: number) => string | null): Promise<void> =>
    eventually(async () => {
      const pixels = await shownPixels(canvas, SHAPE[1], SHAPE[2]);
      const wrong = pixels.flatMap((row, y) =>
        row.flatMap((pixel, x) => {
          const found = pixel[0] === pixel[1] && pixel[1] === pixel[2] ? null : pixel.join();
          const due = colourOf(x, y);
          return found === due || (due === null && found === null) ? [] : [`${x}, ${y}: ${found} in place of ${due}`];
        })
      );
      assert.deepEqual(wrong.slice(0, 9), []);
    });
  const inPart = (x: number, y: number): boolean => x >= 20 && x < 35 && y >= 10 && y < 20;
  const inCoarse = (x: number, y: number): boolean => x >= 30 && x < 50 && y >= 30 && y < 46;
  await paints((x, y) => (inCoarse(x, y) ? '0,0,255' : inPart(x, y) ? '255,0,0' : null));
  await notebook.run(3);
  await paints((x, y) => (inCoarse(x, y) ? '0,0,255' : null));
  const looks =
    "[(True, 'over', '#00ff00', (65534, 65535)),\n (False, 'over', '#ff0000', (0, 200)),\n (True, 'over', '#0000ff', (0, 1))]";
  await eventually(async () => assert.equal(await notebook.run(4), looks));
  assert.equal(await notebook.run(7), '0.0');
  await viewer.scrollIntoViewIfNeeded();
  await paints((x, y) => (x >= 20 && x < 40 && y >= 10 && y < 26 ? '0,0,255' : null));
  await notebook.run(8);
  await viewer.scrollIntoViewIfNeeded();
  await paints((x, y) => (inCoarse(x, y) ? '0,0,255' : null));
  assert.equal(await notebook.run(6), "(400, 601, 3) True True b'\\x89PNG'");
  await notebook.page.keyboard.press('Control+s');
  const saved = join(jupyter.root, 'layers.ipynb');
  await eventually(async () => assert.match(readFileSync(saved, 'utf8'), /"image\/png": "/));
  const html = execFileSync(PYTHON, ['-m', 'nbconvert', '--to', 'html', '--stdout', saved], { encoding: 'utf8' });
  assert.match(html, /<img[^>]*src="?data:image\/png;base64/);

  await notebook.run(5);
  // White light added to all there is.
  await paints(() => null);
});

test('layers and labels that are set are shown at the same place; without a kernel what was saved, why, and what to do', async () => {
  const notebook = await open(
    'kept.ipynb',
    `${VIEW}import numpy\nfrom microct_io_vis import Layer\nconvert("scan.tif", "kept.ome.zarr", num_levels=1, progress=False)\n` +
      'part = Layer(numpy.full((20, 10, 15), 200, "uint8"), at=(5, 10, 20), name="part", contrast=(0, 200), opacity=1)\n' +
      'viewer = view("kept.ome.zarr")\nviewer',
    'viewer.state = LOOK',
    'viewer.layers[0].color = "#00ff00"\nviewer.labels = "kept.ome.zarr"',
    'print([each["type"] for each in viewer.state["layers"]], viewer.state["layout"], viewer.layers[0].color)',
    'part.shader = "void main() { emitRGB(vec3(1.0, 0.0, 1.0)); }"\nviewer.layers = ["kept.ome.zarr", part]',
    'print(viewer.labels, viewer.source, viewer.layers[1].name)',
    'view("kept.ome.zarr") + view("kept.ome.zarr")',
    'from microct_io_vis import ConverterWidget\nConverterWidget("scan.tif", chunk_size=16)',
    'again = viewer.add(Layer("kept.ome.zarr", visible=False))',
    'print(*[each["name"] for each in viewer.state["layers"]], again.visible, sep=", ")'
  );
  await notebook.run(0);
  const viewer = notebook.output(0);
  await viewer.locator('.neuroglancer-rendered-data-panel').first().waitFor();
  await notebook.run(1);
  await shows(viewer, join(jupyter.root, 'kept.ome.zarr'));
  await notebook.run(2);
  await eventually(async () => assert.equal(await notebook.run(3), "['image', 'segmentation'] xy #00ff00"));
  await notebook.run(4);
  const canvas = viewer.locator('.neuroglancer-rendered-data-panel').first();
  await eventually(async () => {
    const pixels = await shownPixels(canvas, SHAPE[1], SHAPE[2]);
    const found = pixels.flatMap((row, y) => row.flatMap((pixel, x) => (pixel.join() === '255,0,255' ? [[x, y]] : [])));
    assert.deepEqual([found.length, found[0], found.at(-1)], [150, [20, 10], [34, 19]]);
  });
  assert.equal(await notebook.run(5), '[] kept.ome.zarr part');
  // What is there already is a further layer.
  await notebook.run(8);
  await eventually(async () => assert.equal(await notebook.run(9), 'kept.ome.zarr, part, kept.ome.zarr (2), False'));
  await notebook.run(7);
  await notebook.output(7).locator('.mct-Converter').waitFor();
  await notebook.run(6);
  await notebook.output(6).scrollIntoViewIfNeeded();
  await notebook.output(6).locator('.neuroglancer-rendered-data-panel').nth(2).waitFor();
  const saved = join(jupyter.root, 'kept.ipynb');
  // That of the first viewer, which is scrolled out of sight, has its layer's magenta, too.
  const hasMagenta = (png = ''): Promise<boolean> =>
    notebook.page.evaluate(async source => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      return data.some((red, n) => n % 4 === 0 && red === 255 && data[n + 1] === 0 && data[n + 2] === 255);
    }, png);
  const widthOf = (png = ''): number => Buffer.from(png, 'base64').subarray(16, 20).readUInt32BE();
  await eventually(async () => {
    await notebook.page.keyboard.press('Control+s');
    await sleep(500);
    const { cells } = JSON.parse(readFileSync(saved, 'utf8')) as {
      cells: { outputs: { data: Record<string, string> }[] }[];
    };
    const [one, , , , , , two, form] = cells.map(({ outputs }) => outputs[0]?.data);
    assert.ok(widthOf(one['image/png']) > 100 && Math.abs(widthOf(two['image/png']) - widthOf(one['image/png'])) < 20);
    assert.ok(await hasMagenta(one['image/png']), 'the picture of the first is black');
    assert.match([form['text/html']].join(''), /<td>scan.tif<.*chunk_size<.*not started/);
  });
  await notebook.page.context().close();
  // Sent to somebody: its signature is of what it was.
  writeFileSync(join(jupyter.root, 'sent.ipynb'), readFileSync(saved, 'utf8').replace('viewer.state = LOOK', 'LOOK'));
  const reader = new NotebookPage(await jupyter.open('lab/tree/sent.ipynb'));
  await reader.output(0).getByText('shows no widgets of a notebook that it does not trust').waitFor();
  assert.equal(await reader.output(0).locator('img').count(), 1);
  await reader.page.evaluate(() => {
    const { shell } = (window as unknown as { jupyterapp: JupyterFrontEnd }).jupyterapp;
    const { model } = (shell.currentWidget as unknown as { content: { model: { cells: { trusted: boolean }[] } } })
      .content;
    for (const cell of model.cells) cell.trusted = true;
  });
  await reader.output(0).getByText('Run this cell').waitFor();
  assert.equal(await reader.output(0).locator('img').count(), 1);
  await reader.page.context().close();

  const sessions = (await (await jupyter.api('api/sessions')).json()) as { id: string; path: string }[];
  const { id } = sessions.find(({ path }) => path === 'kept.ipynb')!;
  await jupyter.api(`api/sessions/${id}`, { method: 'DELETE' });
  const page = await jupyter.open();
  await page.evaluate(async () => {
    const { commands } = (window as unknown as { jupyterapp: JupyterFrontEnd }).jupyterapp;
    const kernelPreference = { shouldStart: false, autoStartDefault: false };
    await commands.execute('docmanager:open', { path: 'kept.ipynb', factory: 'Notebook', kernelPreference });
  });
  const closed = new NotebookPage(page);
  const output = closed.output(0);
  await output.getByText('There is no kernel that could show this').waitFor();
  assert.match(await output.innerText(), /There is no kernel .* Run this cell/);
  assert.ok((await output.locator('img').evaluate((img: HTMLImageElement) => img.naturalWidth)) > 100);
  await closed.output(7).getByText('There is no kernel that could show this').waitFor();
  assert.match(await closed.output(7).innerText(), /scan\.tif.*not started.*Run this cell/s);
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
