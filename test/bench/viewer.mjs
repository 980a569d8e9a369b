// `npm run bench -- viewer`: from opening the viewer's page, or from the click in JupyterLab, to the first picture in
// all four panels, and to the last chunk of the view, in a headless Chromium that draws with its processor. Writes its
// section of docs/benchmarks.md.
//
// node viewer.mjs FOLDER RUNS SHRINK PYTHON PROGRAM CHROMIUM
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { rspack } from '@rspack/core';
import { chromium } from 'playwright-core';
import { startJupyter } from '../browser/jupyter.ts';
import { LabPage } from '../browser/lab-page.ts';

const [folder, runs, shrink, python, program, executablePath] = process.argv.slice(2);
// SHRINK divides all lengths of the volumes.

/** Milliseconds without a change of the picture after which it is whole. */
const QUIET = 1500;
const LATEST = 90_000;

/** A contiguous BigTIFF of 8 bits in which nothing is written but its directories: of 50 GB they take some MB. */
function writeSparse(path, pages, side) {
  const file = openSync(path, 'w');
  const size = side * side;
  const ENTRIES = 9;
  const length = 8 + ENTRIES * 20 + 8;
  const header = Buffer.alloc(16);
  header.write('II');
  [43, 8, 0].forEach((value, n) => header.writeUInt16LE(value, 2 + 2 * n));
  header.writeBigUInt64LE(16n, 8);
  const table = Buffer.alloc(length * pages);
  for (let page = 0; page < pages; page++) {
    let at = page * length;
    at = table.writeBigUInt64LE(BigInt(ENTRIES), at);
    const tags = [
      [256, side],
      [257, side],
      [258, 8],
      [259, 1],
      [262, 1],
      [273, 16 + length * pages + page * size],
      [277, 1],
      [278, side],
      [279, size]
    ];
    for (const [tag, value] of tags) {
      at = table.writeUInt16LE(tag, at);
      at = table.writeUInt16LE(16, at);
      at = table.writeBigUInt64LE(1n, at);
      at = table.writeBigUInt64LE(BigInt(value), at);
    }
    table.writeBigUInt64LE(page + 1 < pages ? BigInt(16 + (page + 1) * length) : 0n, at);
  }
  writeSync(file, Buffer.concat([header, table]));
  ftruncateSync(file, 16 + length * pages + size * pages);
  closeSync(file);
}

function volume(pages, options = {}) {
  const made = execFileSync(
    python,
    [
      '-c',
      'import sys, json; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from inputs import Volume, prepare; v = Volume(int(sys.argv[3]), "uint16", (int(sys.argv[5]),) * 2, json.loads(sys.argv[4])); prepare(Path(sys.argv[2]), [v]); print(v.path(Path(sys.argv[2])))',
      import.meta.dirname,
      folder,
      String(pages / shrink),
      JSON.stringify(options),
      String(1024 / shrink)
    ],
    { encoding: 'utf8' }
  ).trim();
  return made;
}

mkdirSync(folder, { recursive: true });
const plain = volume(1024);
const sparse = join(folder, `sparse-${shrink}.tif`);
if (!existsSync(sparse)) writeSparse(sparse, Math.ceil(3125 / shrink), 4000 / shrink);
const omeZarr = plain.replace(/\.tif$/, '.ome.zarr');
if (!existsSync(omeZarr))
  execFileSync(program, ['convert', '-q', plain, omeZarr], { stdio: ['ignore', 'ignore', 'inherit'] });
const sources = {
  'OME-Zarr': omeZarr,
  'TIFF, uncompressed': plain,
  'TIFF, deflate': volume(512, { compression: 'deflate' }),
  'TIFF, LZW': volume(512, { compression: 'lzw' }),
  'TIFF, sparse': sparse
};

/** Neuroglancer as its package has it, all of its parts, put together once: none of ours. */
async function buildStock(out) {
  if (existsSync(join(out, 'index.html'))) return;
  mkdirSync(out, { recursive: true });
  const { alias } = createRequire(import.meta.url)('../../src/build/neuroglancer.cjs');
  // Its icons are in no registry.
  const icons = Object.fromEntries(Object.entries(alias).filter(([name]) => name.startsWith('ikonate')));
  writeFileSync(
    join(out, 'entry.js'),
    "import 'neuroglancer';\nimport { setupDefaultViewer } from 'neuroglancer/unstable/ui/default_viewer_setup.js';\nsetupDefaultViewer();\n"
  );
  const compiler = rspack({
    mode: 'production',
    context: join(import.meta.dirname, '../..'),
    entry: { main: join(out, 'entry.js') },
    output: { path: out, filename: '[name].js', cssFilename: '[name].css', publicPath: 'auto', module: true },
    resolve: { alias: icons, modules: [join(import.meta.dirname, '../../node_modules')] },
    module: {
      rules: [
        { test: /\.css$/, type: 'css' },
        { resourceQuery: /raw/, type: 'asset/source' }
      ]
    },
    performance: false
  });
  await new Promise((done, fail) =>
    compiler.run((error, stats) =>
      error || stats.hasErrors() ? fail(error ?? new Error(stats.toString({ all: false, errors: true }))) : done()
    )
  );
  writeFileSync(
    join(out, 'index.html'),
    '<!doctype html><link rel="stylesheet" href="main.css"><script type="module" src="main.js"></script><div id="neuroglancer-container"></div>'
  );
}

/** Of each frame whether it has voxels in all four panels, and whether it is another picture than the one before. */
const judge = (frames, isBlack, panels = [0, 0.1, 1, 1]) =>
  JSON.parse(
    execFileSync(python, [join(import.meta.dirname, 'frames.py'), isBlack ? '1' : '0', ...panels.map(String)], {
      input: frames.map(({ data }) => data).join('\n'),
      encoding: 'utf8'
    })
  );

/** Collects what the browser puts on the screen: nothing is asked of the page meanwhile. */
async function film(page) {
  const screen = await page.context().newCDPSession(page);
  const frames = [];
  screen.on('Page.screencastFrame', ({ data, metadata, sessionId }) => {
    frames.push({ data, at: 1000 * metadata.timestamp });
    screen.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
  });
  await screen.send('Page.startScreencast', { format: 'png', maxWidth: 600, maxHeight: 400 });
  return { frames, stop: () => screen.send('Page.stopScreencast') };
}

/** Waits until the picture changes no more: when there was the first one, and the last change of it. */
async function watch(page, frames, isBlack, panels = () => undefined) {
  const end = Date.now() + LATEST;
  for (let looked = 0; ;) {
    await new Promise(done => setTimeout(done, 200));
    const last = frames.at(-1)?.at ?? Infinity;
    if (Date.now() > end) {
      await page.screenshot({ path: join(folder, 'viewer-late.png') });
      throw new Error(`${page.url()}: there is no picture after ${LATEST / 1000} s; see viewer-late.png in ${folder}`);
    }
    if (Date.now() - last < QUIET || frames.length === looked) continue;
    looked = frames.length;
    const found = judge(frames, isBlack, await panels());
    // Another volume may have been shown before.
    const before = found.findIndex(([hasVoxels]) => !hasVoxels);
    const first = found.findIndex(([hasVoxels], n) => hasVoxels && n > before);
    const changed = found.findLastIndex(([, isOther]) => isOther);
    if (first >= 0 && before >= 0) return { first: frames[first].at, whole: frames[changed].at };
  }
}

/** Milliseconds after which a new window has drawn itself, with what the browser has around the page. */
const REST = 3000;

/** Opens an address in a browser that knows nothing yet: seconds to the first picture, and to the last change of it. */
async function open(browser, url, isBlack) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  await page.waitForTimeout(REST);
  const { frames } = await film(page);
  await page.goto(url, { waitUntil: 'commit' });
  const { first, whole } = await watch(page, frames, isBlack);
  const { hash, origin } = await page.evaluate(() => ({ hash: location.hash, origin: performance.timeOrigin }));
  await context.close();
  return { first: (first - origin) / 1000, whole: (whole - origin) / 1000, hash };
}

/** Milliseconds that the mouse rests before each click, and between those of a double-click. */
const [HOVER, DOUBLE] = [500, 150];

/** Opens volumes in a live JupyterLab one after another, as a person does: seconds from the click. */
async function inJupyter(volumes, noteEach) {
  const jupyter = await startJupyter();
  try {
    const files = volumes.map(
      ({ source }, n) => `volume-${n}${source.slice(source.indexOf('.', source.lastIndexOf('/')))}`
    );
    // A link that leads out of the server's root is another case.
    volumes.forEach(({ source }, n) => execFileSync('cp', ['-al', source, join(jupyter.root, files[n])]));
    const page = await jupyter.open();
    const lab = new LabPage(page);
    await lab.refresh();
    // Menus keep the mouse's own events from coming.
    await page.evaluate(() =>
      addEventListener('pointerup', () => (globalThis.clicked = performance.timeOrigin + performance.now()), true)
    );
    for (const [n, { name }] of volumes.entries()) {
      await page.mouse.move(700, 500);
      const { frames, stop } = await film(page);
      const item = lab.item(files[n]);
      await item.waitFor();
      const { x, y } = await item.boundingBox();
      const at = [x + 60, y + 8];
      await page.mouse.move(...at);
      await page.waitForTimeout(HOVER);
      let earlier = 0;
      if (files[n].endsWith('.tif')) {
        await page.mouse.click(...at);
        await page.waitForTimeout(DOUBLE);
        earlier = frames.length;
        await page.mouse.click(...at, { clickCount: 2 });
      } else {
        // A double-click leads into a folder.
        await page.mouse.click(...at, { button: 'right' });
        const entry = page.locator('.lm-Menu-item[data-command="microct-io-vis:open-viewer"]');
        await entry.hover();
        await page.waitForTimeout(HOVER);
        earlier = frames.length;
        await entry.click();
      }
      const clicked = await page.evaluate(() => globalThis.clicked);
      frames.splice(0, earlier);
      const panels = async () => {
        const box = await page.locator('.mct-ViewerPanel:visible .mct-Viewer-neuroglancer').boundingBox();
        const { width, height } = page.viewportSize();
        // Below the position and the layers.
        return [box.x / width, (box.y + 48) / height, (box.x + box.width) / width, (box.y + box.height) / height];
      };
      const { first, whole } = await watch(page, frames, false, panels);
      noteEach(name, { first: (first - clicked) / 1000, whole: (whole - clicked) / 1000 });
      await stop();
    }
  } finally {
    await jupyter.stop();
  }
}

/** Serves one source by `view`, newly started: nothing of it is kept from before. */
async function ours(browser, source, isBlack) {
  const server = spawn(program, ['view', '--no-browser', source], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = await once(server.stdout, 'data');
    return await open(browser, String(line).trim(), isBlack);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function stock(browser, hash) {
  const root = join(folder, 'stock');
  mkdirSync(root, { recursive: true });
  await buildStock(join(root, 'client'));
  if (!existsSync(join(root, 'volume.ome.zarr'))) symlinkSync(omeZarr, join(root, 'volume.ome.zarr'));
  const port = await freePort();
  const server = spawn(python, ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', root], {
    stdio: 'ignore'
  });
  try {
    for (let tries = 0; tries < 100; tries++) {
      if (
        await fetch(`http://127.0.0.1:${port}/client/index.html`).then(
          ({ ok }) => ok,
          () => false
        )
      )
        break;
      await new Promise(done => setTimeout(done, 100));
    }
    // The same view, of the same data.
    const text = decodeURIComponent(hash).replaceAll(/volume:\/\/[^|"]*/g, `http://127.0.0.1:${port}/volume.ome.zarr/`);
    return await open(
      browser,
      `http://127.0.0.1:${port}/client/index.html${text[0]}!${encodeURIComponent(text.slice(2))}`,
      false
    );
  } finally {
    server.kill('SIGKILL');
  }
}

const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']
});
const found = new Map();
const note = (name, { first, whole }) => {
  const figures = found.get(name) ?? { first: [], whole: [] };
  figures.first.push(first);
  figures.whole.push(whole);
  found.set(name, figures);
  process.stderr.write(`${name}: first picture ${first.toFixed(2)} s, whole ${whole.toFixed(2)} s\n`);
};
for (let run = 0; run < runs; run++) {
  for (const [name, source] of Object.entries(sources)) {
    const { hash, ...times } = await ours(browser, source, name.includes('sparse'));
    note(name, times);
    if (name === 'OME-Zarr') note('OME-Zarr, stock Neuroglancer', await stock(browser, hash));
  }
  const clicks = [
    { name: 'OME-Zarr, JupyterLab, the first', source: omeZarr },
    { name: 'OME-Zarr, JupyterLab, another', source: omeZarr },
    { name: 'TIFF, JupyterLab, the first', source: plain },
    { name: 'TIFF, JupyterLab, another', source: plain }
  ];
  await inJupyter(clicks, note);
}
await browser.close();

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const range = values => `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
const sizeOf = name =>
  (sources[name] === undefined || sources[name] === omeZarr ? statSync(plain).size : statSync(sources[name]).size) /
  1e9;
const base = median(found.get('OME-Zarr').first);
process.stdout.write(
  JSON.stringify(
    [...found].map(([name, { first, whole }]) => [
      name,
      sizeOf(name).toFixed(2),
      median(first).toFixed(2),
      range(first),
      (median(first) / base).toFixed(2),
      median(whole).toFixed(2)
    ])
  )
);
