// A long day in the life of a viewer: servers that fail in all the ways there are, graphics that go away, keys that are
// meant for it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page, Route } from 'playwright-core';
import type { Jupyter } from './jupyter.ts';
import { startJupyter } from './jupyter.ts';
import { expectedSlice, shownSlice, sliceView } from './picture.ts';
import { convert, eventually, openTab, picture, showsSlice } from './viewer-page.ts';
import { writeVolume } from './volumes.ts';

const SHAPE: [number, number, number] = [24, 30, 40];
const Z = 7;
const NAME = 'scan.ome.zarr';
/** Requests for chunks, of any level. */
const CHUNKS = /\/files\/.*\/c\//;
/** For so long a viewer must have lived before it is made anew unasked. */
const LIFE = 6000;

let jupyter: Jupyter;
let page: Page;
let slice: number[][];

before(async () => {
  jupyter = await startJupyter();
  const tiff = join(jupyter.root, 'scan.tif');
  writeVolume(tiff, SHAPE, 'uint16', 'imagej');
  const output = convert(tiff, join(jupyter.root, NAME));
  slice = expectedSlice(tiff, Z, output);
  page = await jupyter.open();
});

afterEach(async () => {
  await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  await run('application:close-all');
});

after(async () => {
  await jupyter?.stop();
});

/** Runs a command of JupyterLab, whose answer stays there. */
const run = (command: string): Promise<void> =>
  page.evaluate(async id => {
    await (window as unknown as App).jupyterapp.commands.execute(id);
  }, command);
const open = (): Promise<Locator> => openTab(page, NAME, sliceView(SHAPE, Z));
const alert = (viewer: Locator): Locator => viewer.getByRole('alert');
const retry = (viewer: Locator): Promise<void> => viewer.getByRole('button', { name: 'Retry' }).click();

/** Each failure ends in words, and a retry after its end in the picture. */
const FAILURES: [name: string, where: RegExp, answer: (route: Route) => Promise<void>, words: RegExp][] = [
  [
    'a redirect to a login page',
    CHUNKS,
    route => route.fulfill({ status: 302, headers: { Location: '/hub/login' } }),
    /login has expired.*level \d, chunk \d\/\d\/\d/s
  ],
  [
    'a login page in place of a chunk',
    CHUNKS,
    route => route.fulfill({ status: 200, contentType: 'text/html; charset=utf-8', body: '<form>Log in</form>' }),
    /web page.*login has expired/s
  ],
  [
    'a chunk that ends early',
    CHUNKS,
    async route => {
      const response = await route.fetch();
      const body = await response.body();
      await route.fulfill({ response, body: body.subarray(0, body.length - 7) });
    },
    /sent \d+ of \d+ bytes/
  ],
  ['a server in trouble', CHUNKS, route => route.fulfill({ status: 500 }), /answered 500/],
  [
    'metadata of a level that is refused',
    /\/scan\.ome\.zarr\/1\/zarr\.json/,
    route => route.fulfill({ status: 403 }),
    /login has expired/
  ],
  [
    'a worker that cannot be loaded',
    /chunk-worker[^/]*\.js/,
    route => route.fulfill({ status: 403 }),
    /login may have expired/
  ]
];

for (const [name, where, answer, words] of FAILURES) {
  test(`${name} is an error with a way back`, async () => {
    // A request that is still being answered when the failure ends is nobody's any more.
    const handler = (route: Route): Promise<void> => answer(route).catch(() => undefined);
    await page.context().route(where, handler);
    const viewer = await open();
    await alert(viewer).waitFor();
    assert.match(await alert(viewer).innerText(), words);
    await page.context().unroute(where, handler);
    await retry(viewer);
    await showsSlice(viewer, slice);
    assert.equal(await alert(viewer).isVisible(), false);
  });
}

test('what passes by itself is tried again without a word', async () => {
  const seen = new Map<string, number>();
  await page.context().route(CHUNKS, route => {
    const times = (seen.get(route.request().url()) ?? 0) + 1;
    seen.set(route.request().url(), times);
    return times === 1
      ? route.abort('connectionreset')
      : times === 2
        ? route.fulfill({ status: 503 })
        : route.continue();
  });
  const viewer = await open();
  await showsSlice(viewer, slice);
  assert.equal(await alert(viewer).isVisible(), false);
});

const loseContext = (viewer: Locator): Promise<void> =>
  viewer
    .locator('canvas')
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
    });

/** Waits for a canvas whose context is there. */
async function hasContext(viewer: Locator): Promise<void> {
  const isThere = (canvas: HTMLCanvasElement): boolean => canvas.getContext('webgl2')?.isContextLost() === false;
  const canvas = viewer.locator('canvas').first();
  for (let tries = 0; !(await canvas.evaluate(isThere).catch(() => false)); tries++) {
    assert.ok(tries < 1000, 'the viewer has no other context');
    await sleep(20);
  }
}

test('a server of the web in trouble is told while it is asked again; a person gives up, and mends the address', async () => {
  let isWell = false;
  const web = createServer((request, response) => {
    const path = join(jupyter.root, decodeURIComponent(request.url!).replace('/volume', `/${NAME}`));
    if (!isWell && request.url!.startsWith('/volume')) return void response.writeHead(503).end();
    if (!existsSync(path) || !statSync(path).isFile()) return void response.writeHead(404).end();
    const file = readFileSync(path);
    response.writeHead(200, { ETag: '"1"', 'Content-Length': file.length });
    response.end(request.method === 'HEAD' ? undefined : file);
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const host = `127.0.0.1:${(web.address() as AddressInfo).port}`;
  const openUrl = (url: string): Promise<void> =>
    page.evaluate(
      async args => {
        await (window as unknown as App).jupyterapp.commands.execute('microct-io-vis:open-url', args);
      },
      { url, state: sliceView(SHAPE, Z) as Record<string, unknown> }
    );
  const panel = page.locator('.mct-ViewerPanel:visible');
  const says = (words: string | RegExp): Promise<void> => panel.getByText(words).waitFor();
  const isTold = `${host} is in trouble (the server answered 503 Service Unavailable), and is being asked again`;
  // Its name does not say what it is.
  await openUrl(`http://${host}/volume`);
  await says(isTold);
  await panel.getByRole('button', { name: 'Give Up' }).click();
  await says('You gave up waiting for it.');
  await panel.getByRole('button', { name: 'Change the address…' }).click();
  const field = page.locator('.jp-Dialog').getByRole('textbox');
  assert.equal(await field.inputValue(), `http://${host}/volume`);
  await field.fill(`http://${host}/${NAME}`);
  await page.keyboard.press('Enter');
  await showsSlice(panel, slice);
  assert.equal(await panel.getByText('You gave up').count(), 0);
  await run('application:close-all');
  // What passes by itself needs nobody.
  await openUrl(`http://${host}/volume`);
  await says(isTold);
  isWell = true;
  await showsSlice(panel, slice);
  assert.equal(await panel.getByText('is in trouble').count(), 0);
  // An address that is mistyped is corrected, and not typed again.
  await run('application:close-all');
  await openUrl(`http://${host}/sacn.ome.zarr`);
  await says(/no OME-Zarr is there/);
  await panel.getByRole('button', { name: 'Change the address…' }).click();
  assert.equal(await field.inputValue(), `http://${host}/sacn.ome.zarr`);
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Cancel' }).click();
  web.close();
  web.closeAllConnections();
});

test('a lost WebGL context is replaced, in the same view and page', async () => {
  await page.evaluate(() => Object.assign(window, { isTheSame: true }));
  const viewer = await open();
  await showsSlice(viewer, slice);
  await sleep(LIFE);
  await loseContext(viewer);
  await sleep(500);
  await showsSlice(viewer, slice);
  // The browser takes it again at once: two viewers must not fight.
  await sleep(LIFE);
  await loseContext(viewer);
  await hasContext(viewer);
  await loseContext(viewer);
  await alert(viewer).waitFor();
  assert.match(await alert(viewer).innerText(), /WebGL context lost/);
  await retry(viewer);
  await showsSlice(viewer, slice);
  assert.equal(await page.evaluate(() => 'isTheSame' in window), true);
});

test('a hidden viewer that loses its context gets another when it is seen', async () => {
  const viewer = await open();
  await showsSlice(viewer, slice);
  await sleep(LIFE);
  const handle = await viewer.elementHandle();
  await run('launcher:create');
  await page.locator('.jp-Launcher:visible').waitFor();
  await page.evaluate(node => {
    const context = node!.querySelector('canvas')!.getContext('webgl2');
    context!.getExtension('WEBGL_lose_context')!.loseContext();
  }, handle);
  await sleep(1000);
  assert.equal(await page.locator('.mct-ViewerPanel canvas').count(), 0);
  await showsSlice(await open(), slice);
});

interface App {
  jupyterapp: { commands: { execute(id: string, args?: object): Promise<unknown> } };
}

test('viewers that are closed leave no context, worker or element behind', async () => {
  const warnings: string[] = [];
  page.on('console', message => {
    if (/too many active webgl contexts/i.test(message.text())) warnings.push(message.text());
  });
  for (let count = 0; count < 20; count++) {
    await picture(await open()).waitFor();
    await run('application:close');
  }
  assert.deepEqual(warnings, []);
  assert.equal(await page.locator('.mct-Viewer-neuroglancer').count(), 0);
  assert.equal(page.workers().length, 0);
});

/** Until there are so many workers; a while is enough for those that end at once. */
const workersAre = (count: number): Promise<void> =>
  eventually(() => Promise.resolve(assert.equal(page.workers().length, count)));

for (const [name, where] of [
  ['is looked for', /\/api\/contents\/scan\.ome\.zarr\?/],
  ['is opened', /\/scan\.ome\.zarr\/1\/zarr\.json/]
] as const) {
  test(`a viewer that is closed while its volume ${name} leaves no worker`, async () => {
    const held: Route[] = [];
    await page.context().route(where, route => void held.push(route));
    await open();
    await workersAre(1);
    await eventually(() => Promise.resolve(assert.notEqual(held.length, 0)));
    await run('application:close-all');
    await workersAre(0);
    for (const route of held) await route.continue().catch(() => undefined);
    // What it has not waited for makes no other one.
    await sleep(1000);
    assert.equal(page.workers().length, 0);
    assert.equal(await page.locator('.jp-Dialog').count(), 0);
  });
}

test('keys that Neuroglancer does not know go no further, and shortcuts go on to JupyterLab', async () => {
  const viewer = await open();
  await picture(viewer).click();
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    document.addEventListener('keydown', event => seen.push(event.key));
  });
  await page.keyboard.press('x');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  assert.deepEqual(await page.evaluate(() => (window as unknown as { seen: string[] }).seen), ['Control', 'k']);
});

test('Tab leads out of the viewer, whose editor of shaders is drawn and whose list of completions is below its field', async () => {
  await run('application:close-all');
  const layer = { name: NAME, type: 'image', tab: 'rendering' };
  const viewer = await openTab(page, NAME, { selectedLayer: { visible: true, layer: layer.name } });
  await picture(viewer).waitFor();
  const editor = viewer.locator('.neuroglancer-shader-code-widget').first();
  const line = editor.locator('.CodeMirror-line').first();
  await line.waitFor();
  assert.match((await line.textContent()) ?? '', /\S/);
  const [inner, outer] = [await line.boundingBox(), await editor.boundingBox()];
  assert.ok(inner!.height > 5 && inner!.x >= outer!.x && inner!.x < outer!.x + outer!.width, 'the code is in sight');

  await viewer.locator('.neuroglancer-layer-add-button').click();
  // The new layer's field for its address gets the focus, and has no extent while it is empty.
  const address = viewer.locator('.neuroglancer-multiline-autocomplete-input:focus');
  await address.waitFor({ state: 'attached' });
  const list = viewer.locator('.neuroglancer-multiline-autocomplete-dropdown:visible');
  // Who types while Neuroglancer is still drawing the new layer is shown no list: type again, as a person would.
  for (let tries = 0; !(await list.isVisible()) && tries < 10; tries++) {
    if (tries > 0) await page.keyboard.press('Backspace');
    await page.keyboard.type('z');
    await sleep(1000);
  }
  await list.locator('> *').first().waitFor();
  const [field, below] = [await address.boundingBox(), await list.boundingBox()];
  assert.ok(Math.abs(below!.x - field!.x) < 40 && below!.y >= field!.y && below!.y < field!.y + 80, 'at its field');
  await page.keyboard.press('Escape');

  const shown = viewer.getByRole('button', { name: `Layer ${NAME}: show or hide it` });
  for (const isShown of [false, true]) {
    await shown.press(isShown ? 'Enter' : 'Space');
    await viewer.locator(`.neuroglancer-layer-item[aria-pressed="${isShown}"]`, { hasText: NAME }).waitFor();
  }
  // What a button does next is its name.
  for (const next of ['Show', 'Hide', 'Show'])
    await viewer.getByRole('button', { name: `${next} help panel` }).press('Enter', { timeout: 10000 });
  await viewer.getByRole('button', { name: 'Hide help panel' }).press('Enter');
  await picture(viewer).click();
  const isInside = (): Promise<boolean> => viewer.evaluate(node => node.contains(document.activeElement));
  assert.equal(await isInside(), true);
  let steps = 0;
  while ((await isInside()) && steps++ < 80) await page.keyboard.press('Tab');
  assert.equal(await isInside(), false);
});

test('neither an open viewer nor the pointer over it takes the focus', async () => {
  const viewer = await open();
  await showsSlice(viewer, slice);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await picture(viewer).hover();
  await sleep(300);
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true);
  // A tab does not scroll: the wheel is the picture's without a click.
  const depth = viewer.locator('.neuroglancer-position-dimension-coordinate').nth(2);
  const before = await depth.inputValue();
  await page.mouse.wheel(0, 60);
  for (let tries = 0; tries < 50 && (await depth.inputValue()) === before; tries++) await sleep(100);
  assert.notEqual(await depth.inputValue(), before);
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true);
});

test('Neuroglancer’s style sheets leave the page alone', async () => {
  await picture(await open()).waitFor();
  const styles = await page.evaluate(() => {
    const node = document.createElement('div');
    node.innerHTML = '<div class="overlay">A</div><div class="close-button">B</div>';
    document.body.append(node);
    const found = [...node.children].map(child => getComputedStyle(child).position);
    node.remove();
    return found;
  });
  assert.deepEqual(styles, ['static', 'static']);
});

test('without WebGL 2 the viewer says so', async () => {
  const other = await jupyter.open();
  await other.evaluate(() => {
    const { getContext } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, type: string, ...rest: unknown[]) {
      return type === 'webgl2' ? null : Reflect.apply(getContext, this, [type, ...rest]);
    } as typeof getContext;
  });
  const viewer = await openTab(other, NAME);
  await alert(viewer).waitFor();
  assert.match(await alert(viewer).innerText(), /WebGL 2/);
  await other.close();
});

test('coarse levels are not shown beyond the end of the volume', async () => {
  const viewer = await open();
  await showsSlice(viewer, slice);
  // The third level has 8 rows of 4 voxels each, of which the volume has 30.
  const shown = await shownSlice(picture(viewer), SHAPE[1] + 4, SHAPE[2]);
  const [before, after] = [shown.slice(0, 2), shown.slice(-2)];
  assert.deepEqual(after, before);
});

for (const dtype of ['uint8', 'float32'] as const) {
  test(`${dtype} voxels are shown in the window of the metadata`, async () => {
    const tiff = join(jupyter.root, `${dtype}.tif`);
    writeVolume(tiff, SHAPE, dtype, 'plain');
    const output = convert(tiff, join(jupyter.root, `${dtype}.ome.zarr`));
    const viewer = await openTab(page, `${dtype}.ome.zarr`, sliceView(SHAPE, Z));
    await showsSlice(viewer, expectedSlice(tiff, Z, output));
  });
}
