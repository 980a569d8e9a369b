import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { boxPoints, boxVoxels } from '../../../src/viewer/box.ts';
import { inVoxelsOf } from '../../../src/viewer/volume/lentVoxels.ts';
import { readVolumes } from '../../../src/viewer/volume/readVolumes.ts';
import { Addresses } from '../../../src/viewer/state/addresses.ts';
import { carriedOver, handedOn } from '../../../src/viewer/state/carryOver.ts';
import { withFresh } from '../../../src/viewer/state/freshLayers.ts';
import { firstLook } from '../../../src/viewer/state/firstLook.ts';
import { layersOf } from '../../../src/viewer/state/layers.ts';
import { renamed, without } from '../../../src/viewer/state/renamed.ts';
import type { ViewerState } from '../../../src/viewer/state/viewState.ts';
import { laidOver } from '../../../src/viewer/state/viewState.ts';
import { handedOver, readAhead } from '../../../src/viewer/transport/handedOver.ts';
import { Patience } from '../../../src/viewer/transport/patience.ts';
import { parseReaderUrl, readerUrl } from '../../../src/viewer/transport/readerScheme.ts';
import type { ByteRangeResponse } from '../../../src/viewer/transport/source.ts';
import { MissingError, httpReader, setXsrfToken, strictFetch } from '../../../src/viewer/transport/strictFetch.ts';
import type { Finding } from '../../../src/viewer/transport/watch.ts';
import { Watch, remembering } from '../../../src/viewer/transport/watch.ts';
import { SeveralError, readImage } from '../../../src/viewer/volume/image.ts';
import { nativeDocument } from '../../../src/viewer/volume/nativeDocument.ts';
import { shownDocument } from '../../../src/viewer/volume/shownArray.ts';

/** The server's answers to the first, second, … request. */
let answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = [];
let asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  const answer = answers[Math.min(asked.length, answers.length) - 1];
  answer(request, response);
});
let url: string;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  setXsrfToken(null);
});

const status = (code: number) => (_: IncomingMessage, response: ServerResponse) => response.writeHead(code).end();
const bytes = (_: IncomingMessage, response: ServerResponse) => response.end('voxels');
const cut = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'Content-Length': '100' });
  response.write('half');
  setTimeout(() => response.destroy(), 20);
};

test('metadata too long or too deep to be any is refused, before it fills the memory', async () => {
  const sent = { bytes: 0 };
  const endless = (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 20))) sent.bytes += 1 << 20;
      response.once('drain', more);
    };
    more();
  };
  for (const answer of [
    endless,
    (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(200, { 'Content-Length': 2 ** 31 }).write('{')
  ]) {
    answers = [answer];
    await assert.rejects(
      httpReader(url)('zarr.json', {}),
      /zarr\.json is 3[2-9]\.\d MiB|2\.00 GiB long, where metadata of at most/
    );
  }
  assert.ok(sent.bytes < 2 ** 27, `${sent.bytes} bytes were sent`);
  const deep = new TextEncoder().encode('['.repeat(1000) + ']'.repeat(1000));
  await assert.rejects(
    readImage('scan', async () => deep),
    /zarr\.json has more than 64 objects and lists within/
  );
});

test('404 alone is a missing file', async () => {
  answers = [status(404)];
  await assert.rejects(strictFetch(url), MissingError);
  assert.equal(await httpReader(url)('0/c/0/0/0', {}), null);
  // Our own server says it without an error, where it is asked to; 204 alone says nothing.
  answers = [(request, response) => void response.writeHead(204, { 'X-Absent': request.headers['x-absent'] }).end()];
  assert.equal(await httpReader(url)('labels/zarr.json', {}), null);
  answers = [status(204)];
  await assert.rejects(strictFetch(url), error => !(error instanceof MissingError));
});

for (const code of [301, 302, 400, 401, 403, 410]) {
  test(`${code} is refused at once, and nothing is missing`, async () => {
    answers = [status(code)];
    await assert.rejects(strictFetch(url), error => !(error instanceof MissingError));
    assert.equal(asked.length, 1);
  });
}

for (const [name, failure] of Object.entries({
  '500': status(500),
  '503': status(503),
  'a body that ends early': cut
})) {
  test(`after ${name} it is tried again`, async () => {
    answers = [failure, failure, bytes];
    assert.equal(await (await strictFetch(url)).text(), 'voxels');
    assert.equal(asked.length, 3);
  });
}

test('it is not tried for ever', async () => {
  answers = [cut];
  await assert.rejects(strictFetch(url), error => !(error instanceof MissingError));
  assert.equal(asked.length, 4);
});

const ranges = (status: number, range: string | null, body: string) => (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(status, range === null ? {} : { 'Content-Range': range }).end(body);
const asRange = { headers: { Range: 'bytes=2-4' } };

test('a range is what was asked for, whether the server knows ranges or not', async () => {
  for (const answer of [ranges(206, 'bytes 2-4/6', 'xel'), ranges(200, null, 'voxels')]) {
    answers = [answer];
    const response = await strictFetch(url, asRange);
    assert.deepEqual([response.status, await response.text()], [206, 'xel']);
    assert.match(response.headers.get('Content-Range')!, /^bytes 2-4\//);
  }
  // Of a long file that comes as a whole the end is not waited for.
  answers = [(_, response) => void response.writeHead(200, { 'Content-Length': '1000000' }).write('voxels and more')];
  assert.equal(await (await strictFetch(url, asRange)).text(), 'xel');
});

for (const [name, answer, init] of [
  ['another range', ranges(206, 'bytes 0-2/6', 'vox'), asRange],
  ['a shorter range', ranges(206, 'bytes 2-3/4', 'xe'), asRange],
  ['a range that it does not name', ranges(206, null, 'xel'), asRange],
  ['fewer bytes than it says', ranges(206, 'bytes 2-4/6', 'xe'), asRange],
  ['a file that ends before the range', ranges(200, null, 'voxe'), asRange],
  ['a range that was not asked for', ranges(206, 'bytes 0-2/6', 'vox'), {}],
  ['an answer without a body', (_: IncomingMessage, response: ServerResponse) => response.writeHead(204).end(), {}]
] as const) {
  test(`${name} is no data`, async () => {
    answers = [answer];
    await assert.rejects(strictFetch(url, init), error => !(error instanceof MissingError));
  });
}

test('that there is no answer is said, until there is one; after a while it is asked again', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const said: (number | null)[] = [];
  const patience = new Patience(seconds => said.push(seconds));
  const pass = (seconds: number): void => {
    for (let n = 0; n < seconds; n++) {
      now += 1000;
      t.mock.timers.tick(1000);
    }
  };
  let answer!: () => void;
  const whole = patience.wait(heard => new Promise<void>(done => (answer = () => (heard(), done()))));
  pass(9);
  assert.deepEqual(said, []);
  pass(16);
  assert.deepEqual(said, [10, 20]);
  answer();
  await whole;
  assert.deepEqual(said, [10, 20, null]);
  // One that only waits for its turn has time while others are answered, but not for ever.
  const hangs = patience.wait(() => new Promise<void>(() => undefined));
  const rejected = assert.rejects(hangs, /not answered for 180 s/);
  for (let n = 0; n < 180; n++) {
    await patience.wait(async heard => void heard());
    pass(1);
    if (n === 28) assert.deepEqual(said.slice(3), []);
  }
  await rejected;
  assert.equal(said[3], 30);
});

test('a web page is no data', async () => {
  answers = [(_, response) => response.setHeader('Content-Type', 'text/html').end('<form>Log in</form>')];
  await assert.rejects(strictFetch(url), /web page/);
});

test('the token of JupyterHub’s cookie goes along', async () => {
  answers = [bytes];
  setXsrfToken('2|secret');
  await strictFetch(url);
  assert.equal(asked[0].headers['x-xsrftoken'], '2|secret');
});

test('names of files are encoded once, in addresses of every kind', async () => {
  answers = [bytes];
  await httpReader(url)('a b/50%/#1.json', {});
  assert.equal(asked[0].url, '/a%20b/50%25/%231.json');
  const { id, path } = parseReaderUrl(readerUrl('r7', 'a b/50%/#1?.json').slice('reader:'.length));
  assert.deepEqual([id, path], ['r7', 'a b/50%/#1?.json']);
});

const AXES = ['z', 'y', 'x'].map(name => ({ name, type: 'space', unit: 'micrometer' }));
const DATASET = {
  path: '0',
  coordinateTransformations: [
    { type: 'scale', scale: [2, 1, 0.5] },
    { type: 'translation', translation: [20, 0, 0] }
  ]
};
const OMERO = { channels: [{ window: { start: 10, end: 20, min: 0, max: 30 } }] };
const SHAPE = [10, 20, 40];
/** Four panels of 400 pixels. */
const ROOM = { width: 800, height: 800 };

/** A reader of files that are given as objects. */
const files = (found: Record<string, unknown>) => async (key: string) =>
  key in found ? new TextEncoder().encode(JSON.stringify(found[key])) : null;
const v3 = (data_type: string) =>
  files({
    'zarr.json': {
      attributes: { ome: { version: '0.5', multiscales: [{ axes: AXES, datasets: [DATASET] }], omero: OMERO } }
    },
    '0/zarr.json': { shape: SHAPE, data_type }
  });
const v2 = (dtype: string) =>
  files({
    '.zattrs': { multiscales: [{ version: '0.4', axes: AXES, datasets: [DATASET] }], omero: OMERO },
    '0/.zarray': { shape: SHAPE, dtype }
  });

test('the two versions of OME-Zarr say the same', async () => {
  const [five, four] = [await readImage('scan', v3('float32')), await readImage('scan', v2('<f4'))];
  // That of 0.5 has no fill value, which Neuroglancer wants.
  assert.deepEqual({ ...four, format: 'zarr3', handedFormat: 'zarr3', isMended: true }, five);
  assert.equal(four.format, 'zarr2');
  const window = { start: 10, end: 20, min: 0, max: 30 };
  assert.deepEqual(five.channels, [{ label: '', color: null, active: true, window, inverted: false }]);
});

test('what Neuroglancer would show otherwise than it is, or not at all, is refused in words', async () => {
  const image = (array: object, axes = AXES, dataset: object = DATASET) =>
    readImage(
      'scan',
      files({
        '.zattrs': { multiscales: [{ version: '0.4', axes, datasets: [dataset] }], omero: OMERO },
        '0/.zarray': { zarr_format: 2, shape: SHAPE, dtype: '<u2', ...array }
      })
    );
  await image({ filters: [{ id: 'bitround', keepbits: 8 }], compressor: { id: 'zlib' } });
  await assert.rejects(image({ filters: [{ id: 'delta', dtype: '<u2' }] }), /scan: .*level 0 are filtered by delta/);
  await assert.rejects(image({ filters: null, compressor: { id: 'bz2' } }), /compressed by bz2/);
  const coarser = { ...DATASET, path: '1' };
  const stored = { zarr_format: 2, shape: SHAPE, dtype: '<u2' };
  const levels = files({
    '.zattrs': { multiscales: [{ version: '0.4', axes: AXES, datasets: [DATASET, coarser] }] },
    '0/.zarray': stored,
    '1/.zarray': { ...stored, filters: [{ id: 'delta' }] }
  });
  await assert.rejects(readImage('scan', levels), /level 1 are filtered by delta/);
  await assert.rejects(image({ dtype: '<c8' }), /complex64/);
  const flat = { path: '0', coordinateTransformations: [{ type: 'scale', scale: SHAPE.map((_, n) => n) }] };
  await assert.rejects(image({}, AXES, flat), /level 0 has a scale of 0, 1.*above 0/);
  const called = AXES.map(axis => ({ ...axis, name: axis.name.toUpperCase() }));
  await assert.rejects(image({}, called), /an axis of space is called [A-Z], where z, y and x/);
});

test('a channel that is not active is hidden at first, unless none is', async () => {
  const image = await readImage('scan', v3('float32'));
  const [channel] = image.channels;
  const visible = (...active: boolean[]) => {
    const several = { ...image, channelAxis: 'c', channels: active.map(each => ({ ...channel, active: each })) };
    const state = firstLook([{ name: 'scan', url: 'http://server/scan/', image: several }], '4panel-alt', ROOM);
    return (state.layers as { visible?: boolean }[]).map(layer => layer.visible !== false);
  };
  assert.deepEqual(visible(true, false), [true, false]);
  assert.deepEqual(visible(false, false), [true, true]);
});

test('types that cannot be shown are refused in words', async () => {
  await assert.rejects(readImage('scan', v3('complex64')), /scan: .*cannot show complex64/);
  await assert.rejects(readImage('scan', v2('<M8[ns]')), /cannot show "<M8\[ns\]"/);
  for (const type of ['uint8', 'int16', 'uint32', 'float32']) {
    assert.equal((await readImage('scan', v3(type))).dtype, type);
  }
});

test('values of uint64 are written in full, and none is too great', async () => {
  const image = await readImage('scan', v3('uint64'));
  image.channels[0].window = { start: 0.4, end: 2 ** 60, min: 0, max: 2 ** 64 };
  const state = firstLook([{ name: 'scan', url: 'http://server/scan/', image }], '4panel-alt', ROOM);
  const [layer] = state.layers as { shaderControls: unknown }[];
  assert.deepEqual(layer.shaderControls, {
    normalized: { range: ['0', '1152921504606846976'], window: ['0', '18446744073709551615'] }
  });
});

/** The files of an image of 0.6, whose levels lie by these transformations. */
const v6 = (...steps: object[]) =>
  files({
    'zarr.json': {
      attributes: {
        ome: {
          version: '0.6',
          multiscales: [
            {
              coordinateSystems: [{ name: 'physical', axes: AXES }],
              datasets: steps.map((step, n) => ({
                path: String(n),
                coordinateTransformations: [{ ...step, input: { path: String(n) }, output: { name: 'physical' } }]
              }))
            }
          ],
          omero: OMERO
        }
      }
    },
    '0/zarr.json': { shape: SHAPE, data_type: 'float32' },
    '1/zarr.json': { shape: SHAPE, data_type: 'float32' }
  });

test('0.6 says the same, and Neuroglancer hears of it what it knows', async () => {
  const sequence = { type: 'sequence', transformations: DATASET.coordinateTransformations };
  const image = await readImage('scan', v6(sequence));
  assert.deepEqual(image, await readImage('scan', v3('float32')));
  const { key, text } = nativeDocument(image);
  assert.equal(key, 'zarr.json');
  const { version, multiscales } = JSON.parse(text).attributes.ome;
  assert.deepEqual([version, multiscales[0].axes, multiscales[0].datasets], ['0.5', AXES, [DATASET]]);
});

test('what lies askew is turned in the picture, about where it lies', async () => {
  const turn = (k: number) => ({
    type: 'affine',
    affine: [
      [2 * k, 0, 0, 7],
      [0, 0, -0.5 * k, 3],
      [0, k, 0, 5]
    ]
  });
  const image = await readImage('scan', v6(turn(1), turn(2)));
  assert.match(image.notes.join(), /askew/);
  assert.deepEqual(
    image.levels.map(({ scale }) => scale),
    [
      [2, 1, 0.5],
      [4, 2, 1]
    ]
  );
  const state = firstLook([{ name: 'scan', url: 'http://server/scan/', image }], '4panel-alt', ROOM);
  const [{ source }] = state.layers as unknown as { source: { url: string; transform: { matrix: number[][] } } }[];
  // Voxel (z, y, x) lies at (2 z + 7, 3 - x / 2, y + 5); voxels of the space are 2 × 1 × 0.5. Neuroglancer's factors
  // are of lengths, and what it adds is in voxels.
  assert.deepEqual(source.transform.matrix, [
    [1, 0, 0, 3.5],
    [0, 0, -1, 3],
    [0, 1, 0, 10]
  ]);
  assert.deepEqual(state.position, [2 * (9.5 + 5), 3 - 19.5 / 2, 4.5 + 3.5]);
  const level = (affine: number[][]) => ({ type: 'affine', affine });
  const other = level([
    [4, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 1, 0]
  ]);
  await assert.rejects(readImage('scan', v6(turn(1), other)), /do not lie along the same axes/);
});

test('before 0.4 the lengths of levels say their scales; units that Neuroglancer refuses are left out', async () => {
  const array = (shape: number[]) => ({ shape, dtype: '<u2' });
  const datasets = [{ path: '0' }, { path: '1' }, { path: '2' }];
  const old = (axes?: unknown) => ({ multiscales: [{ version: axes ? '0.3' : '0.1', axes, datasets }] });
  const shapes = [
    [9, 5, 12],
    [5, 2, 4],
    [2, 1, 1]
  ];
  const arrays = Object.fromEntries(shapes.map((shape, n) => [`${n}/.zarray`, array(shape)]));
  const { levels } = await readImage('scan', files({ '.zattrs': old(['z', 'y', 'x']), ...arrays }));
  assert.deepEqual(
    levels.map(({ scale }) => scale),
    [
      [1, 1, 1],
      [2, 2, 3],
      [4, 4, 16]
    ]
  );
  assert.deepEqual(levels[1].translation, [0.5, 0.5, 1]);
  const first = await readImage(
    'scan',
    files({
      '.zattrs': old(),
      '0/.zarray': array([1, 2, 3, 4, 5]),
      '1/.zarray': array([1, 2, 3, 4, 5]),
      '2/.zarray': array([1, 2, 3, 4, 5])
    })
  );
  assert.deepEqual([first.time?.name, first.channelAxis, first.axes.length], ['t', 'c', 3]);
  const odd = { ...first, allAxes: first.allAxes.map(axis => ({ ...axis, unit: 'micron' })) };
  assert.ok(!nativeDocument(odd).text.includes('micron'));
});

test('collections and plates are named, with what may be opened in their place', async () => {
  const collection = (more: object) =>
    readImage(
      'all',
      files({ 'zarr.json': { attributes: { ome: { version: '0.5', 'bioformats2raw.layout': 3 } } }, ...more })
    );
  const paths = (expected: string[]) => (error: unknown) => {
    assert.ok(error instanceof SeveralError && /all is a collection of images/.test(error.message));
    assert.deepEqual(error.paths, expected);
    return true;
  };
  await assert.rejects(collection({ '0/zarr.json': {}, '1/zarr.json': {} }), paths(['0', '1']));
  await assert.rejects(
    collection({ 'OME/zarr.json': { attributes: { ome: { series: ['b', 'a'] } } } }),
    paths(['b', 'a'])
  );
  const plate = files({ '.zattrs': { plate: { wells: [{ path: 'A/1' }] } } });
  await assert.rejects(readImage('wells', plate), /wells is a plate of 1 well \(A\/1\), not an image/);
});

test('a label image is shown as a segmentation', async () => {
  const label = (data_type: string) =>
    files({
      'zarr.json': {
        attributes: { ome: { version: '0.5', multiscales: [{ axes: AXES, datasets: [DATASET] }], 'image-label': {} } }
      },
      '0/zarr.json': { shape: SHAPE, data_type }
    });
  const layerOf = async (data_type: string) => {
    const image = await readImage('cells', label(data_type));
    const state = firstLook([{ name: 'cells', url: 'http://server/cells/', image }], '4panel-alt', ROOM);
    return (state.layers as { type: string; source: string }[])[0];
  };
  const { type, source } = await layerOf('uint16');
  assert.deepEqual([type, source], ['segmentation', 'http://server/cells/|zarr3:']);
  assert.equal((await layerOf('float32')).type, 'image');
  // A person says it of what does not say it itself.
  assert.equal((await readImage('cells', v3('uint16'), true)).labels, true);
  await assert.rejects(readImage('cells', v3('float32'), true), /cells: its voxels are float32, and segments are/);
});

/** The group of an image of Zarr v3 with so many levels. */
const groupOf = (levels: number) => {
  const datasets = Array.from({ length: levels }, (_, k) => ({ ...DATASET, path: String(k) }));
  return { 'zarr.json': { attributes: { ome: { version: '0.5', multiscales: [{ axes: AXES, datasets }] } } } };
};

test('a unit that is spelt otherwise is the one that is meant', async () => {
  const axes = AXES.map((axis, n) => ({ ...axis, unit: ['um', 'µm', 'furlong'][n] }));
  const read = files({
    'zarr.json': { attributes: { ome: { version: '0.5', multiscales: [{ axes, datasets: [DATASET] }] } } },
    '0/zarr.json': { shape: SHAPE, data_type: 'uint8' }
  });
  const { allAxes } = await readImage('scan', read);
  assert.deepEqual(
    allAxes.map(({ unit }) => unit),
    ['micrometer', 'micrometer', 'furlong']
  );
});

/** The metadata of an array as it is handed over. */
const shownAs = (array: object, shown: Parameters<typeof shownDocument>[1]): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(shownDocument(new TextEncoder().encode(JSON.stringify(array)), shown)));

test('masks are shown as uint8, labels of int64 as uint64, and other types that Neuroglancer lacks as float32', async () => {
  const typesOf = async (stored: string, asLabels: boolean) => {
    const { dtype, storedType, labels } = await readImage('cells', v3(stored), asLabels);
    return [dtype, storedType, labels];
  };
  assert.deepEqual(await typesOf('int64', true), ['uint64', 'int64', true]);
  assert.deepEqual(await typesOf('bool', false), ['uint8', 'bool', false]);
  assert.deepEqual(await typesOf('int64', false), ['float32', 'int64', false]);
  await assert.rejects(typesOf('float64', true), /its voxels are float64, and segments are whole numbers/);
  const big = await readImage('scan', v2('>f8'));
  assert.deepEqual([big.format, big.handedFormat, big.dtype], ['zarr2', 'zarr3', 'float32']);
  assert.match(big.notes.join(), /scan: Its float64 values are shown as float32, to seven digits/);
  const shown = (array: object, dtype: string): Record<string, unknown> =>
    shownAs(array, { dtype, handedFormat: 'zarr3' });
  const cells = { zarr_format: 2, dtype: '>i8', fill_value: null };
  assert.deepEqual(shownAs(cells, { dtype: 'uint64', handedFormat: 'zarr2' }), {
    ...cells,
    dtype: '>u8',
    fill_value: 0
  });
  const mask = { zarr_format: 3, data_type: 'bool', fill_value: true };
  assert.deepEqual(shown(mask, 'uint8'), { ...mask, data_type: 'uint8', fill_value: 1 });
  const labels = { zarr_format: 3, data_type: 'int64', fill_value: -1 };
  assert.deepEqual(shown(labels, 'uint64'), { ...labels, data_type: 'uint64', fill_value: 0 });
  for (const [type, said, expected] of [
    ['float64', '0x7ff8000000000000', 'NaN'],
    ['float64', '0xbff8000000000000', -1.5],
    ['float64', '-Infinity', '-Infinity'],
    ['float64', 1e300, 'Infinity'],
    ['float16', '0x3e00', 1.5],
    ['int64', 9007199254740993, 9007199254740992],
    ['float64', null, 0]
  ] as const) {
    const { fill_value: fill } = shown({ data_type: type, fill_value: said, codecs: [] }, 'float32');
    assert.equal(fill, expected, `${type} ${said}`);
  }
});

test('what Neuroglancer lays out wrongly, or refuses for its fill value, is handed over otherwise, or refused', async () => {
  const chain = (order: number[]): Record<string, unknown>[] => [
    { name: 'transpose', configuration: { order } },
    { name: 'bytes', configuration: { endian: 'big' } }
  ];
  const sharded = (codecs: object[]) => [{ name: 'sharding_indexed', configuration: { codecs } }];
  const mended = (codecs: object[], fill: unknown = 0): unknown =>
    shownAs(
      { shape: SHAPE, data_type: 'uint16', fill_value: fill, codecs },
      { dtype: 'uint16', handedFormat: 'zarr3' }
    );
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0]
  ])
    assert.deepEqual((mended(chain(order)) as { codecs: unknown }).codecs, chain(order));
  const own = [{ name: 'microct-io-vis.stored', configuration: { type: 'uint16', endian: 'big', order: [0, 2, 1] } }];
  assert.deepEqual((mended(chain([0, 2, 1])) as { codecs: unknown }).codecs, own);
  assert.deepEqual((mended(sharded(chain([0, 2, 1]))) as { codecs: unknown }).codecs, sharded(own));
  assert.equal((mended([], null) as { fill_value: unknown }).fill_value, 0);
  const named = (name: string): unknown[] => [...chain([2, 1, 0]), { name, configuration: { level: 1 } }];
  assert.deepEqual((mended(named('numcodecs.zstd') as object[]) as { codecs: unknown }).codecs, named('zstd'));
  const group = { attributes: { ome: { version: '0.5', multiscales: [{ axes: AXES, datasets: [DATASET] }] } } };
  const codecs = [chain([0, 2, 1])[0], ...sharded([])];
  const odd = files({ 'zarr.json': group, '0/zarr.json': { shape: SHAPE, data_type: 'uint16', codecs } });
  await assert.rejects(readImage('scan', odd), /transposed before they are sharded, which the viewer cannot read/);
  const array = { shape: SHAPE, data_type: 'uint16', codecs: [{ name: 'numcodecs.delta' }, { name: 'bytes' }] };
  const unknown = files({ 'zarr.json': group, '0/zarr.json': array });
  await assert.rejects(readImage('scan', unknown), /level 0 are encoded by numcodecs.delta, which the viewer cannot/);
});

test('codecs and filters that zarr-python names and writes are shown, or refused by name', async () => {
  const bytes = { name: 'bytes', configuration: { endian: 'little' } };
  const mended = (...codecs: object[]): unknown =>
    shownAs({ shape: SHAPE, data_type: 'float32', fill_value: 0, codecs }, { dtype: 'float32', handedFormat: 'zarr3' })
      .codecs;
  for (const name of ['zlib', 'gzip']) {
    const expected = [bytes, { name, configuration: { level: 1 } }];
    assert.deepEqual(mended(bytes, { name: `numcodecs.${name}`, configuration: {} }), expected);
    assert.deepEqual(mended(bytes, { name: `numcodecs.${name}` }), expected);
    assert.deepEqual(mended(bytes, { name: `numcodecs.${name}`, configuration: { level: 9 } }), [
      bytes,
      { name, configuration: { level: 9 } }
    ]);
  }
  const rounded = { name: 'numcodecs.bitround', configuration: { keepbits: 5 } };
  const quantized = (astype?: string) => ({
    name: 'numcodecs.quantize',
    configuration: { digits: 1, dtype: 'float32', ...(astype && { astype }) }
  });
  const turned = { name: 'transpose', configuration: { order: [0, 2, 1] } };
  assert.deepEqual(mended(rounded, bytes), [bytes]);
  assert.deepEqual(mended(quantized('<f4'), bytes), [bytes]);
  const own = { name: 'microct-io-vis.stored', configuration: { type: 'float32', endian: 'little', order: [0, 2, 1] } };
  assert.deepEqual(mended(rounded, turned, bytes), [own]);
  const sharded = { name: 'sharding_indexed', configuration: { codecs: [rounded, bytes] } };
  assert.deepEqual(mended(sharded), [{ ...sharded, configuration: { codecs: [bytes] } }]);
  const image = (array: object) =>
    readImage('scan', files({ ...groupOf(1), '0/zarr.json': { shape: SHAPE, data_type: 'float32', ...array } }));
  for (const filter of [rounded, quantized(), quantized('f4'), quantized('<f4')])
    assert.equal((await image({ codecs: [filter, sharded] })).isMended, true);
  await assert.rejects(image({ codecs: [quantized('f2'), bytes] }), /encoded by numcodecs.quantize as f2/);
  await assert.rejects(image({ codecs: [quantized('>f4'), bytes] }), /encoded by numcodecs.quantize as >f4/);
  const two = (filter: object) =>
    readImage(
      'scan',
      files({
        '.zattrs': { multiscales: [{ version: '0.4', axes: AXES, datasets: [DATASET] }] },
        '0/.zarray': { zarr_format: 2, shape: SHAPE, dtype: '<f4', filters: [{ id: 'quantize', ...filter }] }
      })
    );
  const { isMended, handedFormat } = await two({ dtype: '<f4', astype: '<f4' });
  assert.deepEqual([isMended, handedFormat], [true, 'zarr2']);
  await assert.rejects(two({ dtype: '<f4', astype: '<f2' }), /filtered by quantize as <f2/);
});

test('each level is looked at: what one of them needs, all are handed over with', async () => {
  const coarse = { data_type: 'uint16', fill_value: 0, shape: SHAPE, codecs: [{ name: 'bytes' }] };
  const image = (one: object | null, zero: object = coarse) =>
    readImage('scan', files({ ...groupOf(2), '0/zarr.json': zero, ...(one && { '1/zarr.json': one }) }));
  assert.equal((await image(coarse)).isMended, false);
  const turned = { name: 'transpose', configuration: { order: [0, 2, 1] } };
  assert.equal((await image({ ...coarse, codecs: [turned, ...coarse.codecs] })).isMended, true);
  const sharded = { name: 'sharding_indexed', configuration: { codecs: coarse.codecs } };
  await assert.rejects(
    image({ ...coarse, codecs: [turned, sharded] }),
    /the chunks of level 1 are transposed before they are sharded, .* or write it anew without that/
  );
  const floats = await image({ ...coarse, data_type: 'float64' }, { ...coarse, data_type: 'float32' });
  assert.deepEqual([floats.dtype, floats.isMended], ['float32', true]);
  await assert.rejects(image({ ...coarse, data_type: 'uint8' }), /level 1 are uint8, and those of level 0 are uint16/);
  await assert.rejects(image(null), /level 1 has no metadata/);
  const array = { zarr_format: 2, shape: SHAPE, chunks: SHAPE, order: 'C', fill_value: 0, compressor: null };
  const datasets = [DATASET, { ...DATASET, path: '1' }];
  const group = { '.zattrs': { multiscales: [{ version: '0.4', axes: AXES, datasets }] } };
  const mixed = await readImage(
    'scan',
    files({ ...group, '0/.zarray': { ...array, dtype: '<f8' }, '1/.zarray': { ...array, dtype: '<f4' } })
  );
  assert.deepEqual([mixed.handedFormat, mixed.isMended], ['zarr3', true]);
  const handed = shownAs({ ...array, dtype: '<f4' }, mixed);
  assert.deepEqual(
    [handed.zarr_format, handed.data_type, handed.codecs],
    [3, 'float32', [{ name: 'bytes', configuration: { endian: 'little' } }]]
  );
});

/** The files of an image and what its group of labels names. */
const withLabels = (version: '0.4' | '0.5', named: Record<string, string>) => {
  const multiscales = [{ axes: AXES, datasets: [DATASET] }];
  const found: Record<string, unknown> = {};
  const group = (path: string, content: object) =>
    version === '0.5'
      ? (found[`${path}zarr.json`] = { attributes: { ome: { version, ...content } } })
      : (found[`${path}.zattrs`] = content);
  const array = (path: string, type: string) =>
    version === '0.5'
      ? (found[`${path}0/zarr.json`] = { shape: SHAPE, data_type: type })
      : (found[`${path}0/.zarray`] = { shape: SHAPE, dtype: { uint16: '<u2', complex64: '<c8' }[type] });
  group('', { multiscales });
  array('', 'uint16');
  group('labels/', { labels: Object.keys(named) });
  for (const [name, type] of Object.entries(named)) {
    group(`labels/${name}/`, { multiscales, 'image-label': {} });
    array(`labels/${name}/`, type);
  }
  return files(found);
};

test('an image comes with its labels, hidden, save those that cannot be shown', async () => {
  for (const [version, format] of [
    ['0.5', 'zarr3'],
    ['0.4', 'zarr2']
  ] as const) {
    const read = withLabels(version, { 'grain boundaries': 'uint16', wide: 'complex64' });
    const { volume, labels, unshown } = await readVolumes('scan', 'http://server/scan/', read);
    const state = firstLook([volume, ...labels], 'xy', ROOM);
    assert.deepEqual(
      (state.layers as Record<string, unknown>[]).map(({ name, type, source, visible }) => [
        name,
        type,
        source,
        visible
      ]),
      [
        ['scan', 'image', `http://server/scan/|${format}:`, undefined],
        [
          'scan labels/grain boundaries',
          'segmentation',
          `http://server/scan/labels/grain%20boundaries/|${format}:`,
          false
        ]
      ]
    );
    assert.match(unshown.join(), /^scan\/labels\/wide: .*complex64/);
  }
  const damaged = (key: string) =>
    key === 'labels/zarr.json' ? Promise.resolve(new TextEncoder().encode('{')) : v3('uint16')(key);
  for (const read of [v3('uint16'), damaged]) {
    const { labels, unshown } = await readVolumes('scan', 'http://server/scan/', read);
    assert.deepEqual([labels, unshown.length], [[], read === damaged ? 1 : 0]);
    if (read === damaged) assert.match(unshown[0], /labels\/zarr.json is not JSON/);
  }
});

test('labels that could not be read are not left out in silence', async () => {
  const read = withLabels('0.5', { cells: 'uint16' });
  const cut = (key: string) => (key.startsWith('labels/cells') ? Promise.reject(new Error('dropped')) : read(key));
  const { volume, labels, unread } = await readVolumes('scan', 'http://server/scan/', cut);
  assert.deepEqual([volume.name, labels, unread], ['scan', [], ['dropped']]);
  const refused = (key: string) => (key.startsWith('labels') ? Promise.reject(new Error('403')) : read(key));
  assert.deepEqual((await readVolumes('scan', 'http://server/scan/', refused)).unread, ['403']);
  await assert.rejects(
    readVolumes('scan', 'http://server/scan/', () => Promise.reject(new Error('dropped'))),
    /dropped/
  );
});

test('labels that are damaged do not keep the image from being shown', async t => {
  t.mock.method(console, 'warn', () => undefined);
  const multiscale = { axes: AXES, datasets: [DATASET] };
  const group = (content: object) => ({ attributes: { ome: content } });
  const whole = {
    'zarr.json': group({ multiscales: [multiscale] }),
    '0/zarr.json': { shape: SHAPE, data_type: 'uint16' },
    'labels/zarr.json': group({ labels: ['/cells/'] }),
    'labels/cells/zarr.json': group({ multiscales: [multiscale], 'image-label': {} }),
    'labels/cells/0/zarr.json': { shape: SHAPE, data_type: 'uint16' }
  };
  const found = async (change: object) =>
    (await readVolumes('scan', 'http://server/scan/', files({ ...whole, ...change }))).labels.map(({ url }) => url);
  assert.deepEqual(await found({}), ['http://server/scan/labels/cells/']);
  for (const broken of [
    { 'labels/zarr.json': group({ labels: 'cells' }) },
    { 'labels/zarr.json': group({ labels: [null] }) },
    { 'labels/cells/zarr.json': group({ multiscales: [{ ...multiscale, datasets: [] }] }) },
    { 'labels/cells/zarr.json': group({ multiscales: [{ datasets: [DATASET] }] }) },
    { 'labels/cells/zarr.json': group({ multiscales: [{ axes: AXES, datasets: [{ path: '0' }] }] }) },
    { 'labels/cells/0/zarr.json': { shape: null, data_type: 'uint16' } }
  ]) {
    assert.deepEqual(await found(broken), [], JSON.stringify(broken));
  }
  await assert.rejects(
    readImage('scan', files({ ...whole, 'zarr.json': group({ multiscales: [{ axes: AXES, datasets: [] }] }) })),
    /scan: the OME-Zarr is damaged/
  );
});

test('a folder that is no image is refused in words', async () => {
  await assert.rejects(readImage('scan', files({})), /scan: no OME-Zarr image/);
  for (const [array, group] of [
    [{ 'zarr.json': { zarr_format: 3, node_type: 'array' } }, { 'zarr.json': { zarr_format: 3, node_type: 'group' } }],
    [{ '.zarray': { zarr_format: 2 } }, { '.zgroup': { zarr_format: 2 } }],
    [
      { '.zarray': { zarr_format: 2 }, '.zattrs': { unit: 'um' } },
      { '.zgroup': { zarr_format: 2 }, '.zattrs': {} }
    ]
  ]) {
    await assert.rejects(readImage('scan', files(array)), /scan is a Zarr array by itself.*write_image.*folder above/);
    await assert.rejects(readImage('scan', files(group)), /scan is a Zarr group .*no image.*write_image/);
  }
  await assert.rejects(
    readImage('scan', async () => new TextEncoder().encode('<html>')),
    /not JSON/
  );
});

test('the first look: x, y, z in metres, the whole volume, its middle, its window', async () => {
  const image = await readImage('scan', v3('uint16'));
  const state = firstLook([{ name: 'scan', url: 'http://server/scan/', image }], '4panel-alt', ROOM);
  assert.deepEqual(state.dimensions, { x: [5e-7, 'm'], y: [1e-6, 'm'], z: [2e-6, 'm'] });
  assert.deepEqual(Object.keys(state.dimensions as object), ['x', 'y', 'z']);
  // In voxels of each axis; the volume begins 20 micrometres down.
  assert.deepEqual(state.position, [19.5, 9.5, 14.5]);
  // 10 slices of 2 micrometres are as wide as 40 of the finest voxels, and so are the other two sides.
  assert.ok((state.crossSectionScale as number) * 400 > 40 && (state.crossSectionScale as number) * 400 < 60);
  const [layer] = state.layers as { source: string; shaderControls: unknown }[];
  assert.equal(layer.source, 'http://server/scan/|zarr3:');
  assert.deepEqual(layer.shaderControls, { normalized: { range: [10, 20], window: [0, 30] } });
});

/** An image with three time points and `count` channels before z. */
const hyperstack = (count: number, labels: string[]) => {
  const axes = [{ name: 't', type: 'time', unit: 'minute' }, { name: 'c', type: 'channel' }, ...AXES];
  const coordinateTransformations = [
    { type: 'scale', scale: [2, 1, 2, 1, 0.5] },
    { type: 'translation', translation: [0, 0, 20, 0, 0] }
  ];
  const multiscales = [{ axes, datasets: [{ path: '0', coordinateTransformations }] }];
  const window = { start: 10, end: 20, min: 0, max: 30 };
  const omero = {
    channels: labels.map((label, n) => ({ label, color: n ? '00FF80' : undefined, window, inverted: n > 0 }))
  };
  return files({
    'zarr.json': { attributes: { ome: { version: '0.5', multiscales, omero } } },
    '0/zarr.json': { shape: [3, count, ...SHAPE], data_type: 'uint16' }
  });
};

test('channels are layers of their own whose colours add up, and time is a dimension', async () => {
  const image = await readImage('scan', hyperstack(2, ['bone', 'marrow']));
  const state = firstLook([{ name: 'scan', url: 'http://server/scan/', image }], '4panel-alt', ROOM);
  assert.deepEqual(state.dimensions, { x: [5e-7, 'm'], y: [1e-6, 'm'], z: [2e-6, 'm'], t: [120, 's'] });
  assert.deepEqual(state.position, [19.5, 9.5, 14.5, 0]);
  const layers = state.layers as Record<string, unknown>[];
  assert.deepEqual(
    layers.map(({ name, localDimensions, localPosition, blend }) => [name, localDimensions, localPosition, blend]),
    [
      ['scan bone', { "c'": [1, ''] }, [0], 'additive'],
      ['scan marrow', { "c'": [1, ''] }, [1], 'additive']
    ]
  );
  // Of the second one the least value is brightest.
  const window = [0, 30];
  assert.deepEqual(
    layers.map(layer => layer.shaderControls),
    [
      { normalized: { range: [10, 20], window }, color: '#ff0000' },
      { normalized: { range: [20, 10], window }, color: '#00ff80' }
    ]
  );
});

test('channels that are too many to be seen together are one layer', async () => {
  const image = await readImage('scan', hyperstack(200, []));
  const { layers } = firstLook([{ name: 'scan', url: 'http://server/scan/', image }], 'xy', ROOM);
  assert.equal((layers as unknown[]).length, 1);
  const [{ name, localPosition, shader }] = layers as Record<string, string>[];
  assert.deepEqual([name, localPosition], ['scan', [0]]);
  assert.match(shader, /emitGrayscale/);
});

test('channels without distinct names are told apart by their numbers', async () => {
  const image = await readImage('scan', hyperstack(2, ['bone', 'bone']));
  assert.deepEqual(
    layersOf({ name: 'scan', url: '', image }).map(({ name }) => name),
    ['scan channel 0', 'scan channel 1']
  );
});

test('a state that is whole takes the place of the present one, and another is laid over it', () => {
  const present = { position: [1, 2, 3], showSlices: false, layers: [{ name: 'scan' }], dimensions: { x: [1, ''] } };
  assert.deepEqual(laidOver(present, { position: [4, 5, 6] }), { ...present, position: [4, 5, 6] });
  assert.deepEqual(laidOver(present, { layers: [] }), { ...present, layers: [] });
  const whole = { layers: [{ name: 'scan', opacity: 0.5 }], dimensions: { x: [1, ''] } };
  assert.deepEqual(laidOver(present, whole), whole);
});

/** Where the volumes of a state are read in one session, and in the next. */
const session = (server: string, scan: string) => {
  const roots = [
    { name: 'scan 1.ome.zarr', url: scan },
    { name: 'other.ome.zarr', url: `${server}files/other.ome.zarr/` }
  ];
  const names = new Map([
    ['scan 1.ome.zarr', `${scan}|zarr2:`],
    ['scan 1.ome.zarr labels/cells', `${scan}labels/cells/|zarr2:`]
  ]);
  return new Addresses(roots, server, names);
};

test('a state is kept whole, and only addresses that hold in one session are changed', () => {
  const state = (server: string, scan: string) => ({
    position: [1, 2, 3],
    layers: [
      { name: 'renamed', type: 'image', opacity: 0.25, source: `${scan}|zarr2:` },
      {
        name: 'turned',
        type: 'image',
        source: { url: `${server}files/other.ome.zarr/|zarr3:`, transform: { m: [1] } }
      },
      { name: 'both', type: 'segmentation', source: [`${scan}labels/cells/|zarr2:`, 'https://example.org/a/|zarr3:'] },
      { name: 'added', type: 'image', source: `${server}files/more/third.ome.zarr/|zarr3:` },
      { name: 'points', type: 'annotation', source: 'local://annotations', annotations: [{ point: [1, 2, 3] }] },
      { name: 'nothing', type: 'annotation' }
    ]
  });
  const before = ['http://127.0.0.1:8888/user/alice/', 'reader://r1/'] as const;
  const after = ['https://hub.example.org/user/bob/', 'http://127.0.0.1:9999/TOKEN/data/0/'] as const;
  const kept = session(...before).keep(state(...before));
  assert.doesNotMatch(JSON.stringify(kept), /127\.0\.0\.1|reader:/);
  assert.deepEqual(session(...after).restore(kept), state(...after));
  assert.deepEqual(session(...after).keep(state(...after)), kept);
});

test('addresses of another session that a state names are those of the volumes that are open', () => {
  const scan = 'http://127.0.0.1:8888/user/alice/files/scan%201.ome.zarr/';
  const addresses = session('http://127.0.0.1:8888/user/alice/', scan);
  const of = (name: string, source?: string) => {
    const { layers } = addresses.restore({ layers: [{ name, ...(source === undefined ? {} : { source }) }] });
    return (layers as { source?: string }[])[0].source;
  };
  // Known by its name alone, as Python may write it.
  assert.equal(of('scan 1.ome.zarr'), `${scan}|zarr2:`);
  assert.equal(of('annotation'), undefined);
  // Known by the folder, whatever server, port, prefix and reader there were.
  assert.equal(of('renamed', 'http://127.0.0.1:8889/files/scan%201.ome.zarr/|zarr2:'), `${scan}|zarr2:`);
  assert.equal(of('mine', 'http://localhost:1/a/scan%201.ome.zarr/labels/c/|zarr2:'), `${scan}labels/c/|zarr2:`);
  assert.equal(of('scan 1.ome.zarr labels/cells', 'reader://r7/labels/cells/|zarr2:'), `${scan}labels/cells/|zarr2:`);
  // Of elsewhere: not ours to change.
  for (const source of [
    'https://example.org/scan%201.ome.zarr/|zarr3:',
    'local://annotations',
    'volume://gone/|zarr3:'
  ]) {
    assert.equal(of('scan 1.ome.zarr', source), source);
  }
});

test('a look finds what became of a volume, and many chunks share one', async () => {
  const text = (value: string, version: string): ByteRangeResponse => ({
    size: value.length,
    offset: 0,
    bytes: new TextEncoder().encode(value),
    version
  });
  let found: Record<string, ByteRangeResponse> = { 'zarr.json': text('{}', '1'), '0/zarr.json': text('[]', '1') };
  let looks = 0;
  let fails = false;
  const reader = async (key: string): Promise<ByteRangeResponse | null> => {
    if (key === 'zarr.json') looks++;
    if (fails) throw new Error('no login');
    return found[key] ?? null;
  };
  const documents = new Map<string, string>();
  const open = remembering(reader, documents);
  for (const key of ['zarr.json', '0/zarr.json', 'labels/zarr.json']) await open(key);
  assert.equal(documents.size, 2);
  looks = 0;
  const findings: Finding[] = [];
  const watch = new Watch(reader, documents, performance.now() - 2000, finding => findings.push(finding));
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, () => watch.fetched()))), new Set(['same']));
  assert.equal(looks, 1);
  // Where something is missing, it takes a look that begins later.
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 50 }, () => watch.look()))), new Set(['same']));
  assert.equal(looks, 2);
  const as = async (change: Record<string, ByteRangeResponse>): Promise<Finding> => {
    found = change;
    return watch.look();
  };
  const [root, array] = [found['zarr.json'], found['0/zarr.json']];
  assert.equal(await as({ 'zarr.json': text('{}', '2'), '0/zarr.json': array }), 'changed');
  assert.equal(await as({ 'zarr.json': root, '0/zarr.json': text('[1]', '1') }), 'changed');
  assert.equal(await as({ 'zarr.json': root }), 'changed');
  assert.equal(await as({ '0/zarr.json': array }), 'gone');
  fails = true;
  assert.match(String(await watch.look()), /no login/);
  fails = false;
  assert.equal(await as({ 'zarr.json': root, '0/zarr.json': array }), 'same');
  // A chunk that came not long after a look is followed by another one.
  looks = 0;
  assert.equal(await watch.fetched(), 'same');
  assert.equal(looks, 0);
  await new Promise(done => setTimeout(done, 1200));
  assert.equal(looks, 1);
  assert.equal(findings.length, 9);
  // The documents that it was opened with were just read.
  const fresh = new Watch(reader, documents, performance.now(), finding => findings.push(finding));
  assert.equal(await fresh.fetched(), 'same');
  assert.equal(looks, 1);
  fresh.dispose();
});

test('the view of a volume that was written anew is kept as far as it means the same', async () => {
  const read = async (window: object, shape = SHAPE) => {
    const channels = [{ window }];
    const attributes = { ome: { multiscales: [{ axes: AXES, datasets: [DATASET] }], omero: { channels } } };
    const image = await readImage(
      'scan',
      files({ 'zarr.json': { attributes }, '0/zarr.json': { shape, data_type: 'uint16' } })
    );
    return [{ name: 'scan', url: 'http://server/scan/', image }];
  };
  const usual = { start: 10, end: 20, min: 0, max: 30 };
  const first = firstLook(await read(usual), 'xy', ROOM);
  const [layer] = first.layers as { shaderControls: unknown }[];
  const mine = { ...layer, name: 'mine', shaderControls: { normalized: { range: [1, 2] } } };
  const added = { name: 'notes', type: 'annotation' };
  const view = { ...first, position: [1, 2, 3], layout: 'yz', layers: [mine, added] };
  const over = async (window: object, shape = SHAPE) => {
    const after = await read(window, shape);
    const { position, layout, layers } = carriedOver(view, await read(usual), after, firstLook(after, 'xy', ROOM));
    const controls = (layers as { shaderControls?: unknown }[]).map(({ shaderControls }) => shaderControls);
    return { position, layout, names: (layers as { name: string }[]).map(({ name }) => name), controls };
  };
  const kept = { position: [1, 2, 3], layout: 'yz', names: ['mine', 'notes'] };
  assert.deepEqual(await over(usual), { ...kept, controls: [mine.shaderControls, undefined] });
  const brighter = { normalized: { range: [40, 50], window: [0, 60] } };
  const other = { start: 40, end: 50, min: 0, max: 60 };
  assert.deepEqual(await over(other), { ...kept, controls: [brighter, undefined] });
  // Another shape has another middle.
  assert.deepEqual((await over(usual, [10, 20, 44])).position, [21.5, 9.5, 14.5]);
});

/** The image of `v3` without units. */
const bare = async () => {
  const datasets = [
    { path: '0', coordinateTransformations: [{ type: 'scale', scale: [1, 1, 1] }] },
    { path: '1', coordinateTransformations: [{ type: 'scale', scale: [2, 2, 2] }] }
  ];
  const axes = AXES.map(({ name, type }) => ({ name, type }));
  const attributes = { ome: { version: '0.5', multiscales: [{ axes, datasets }], omero: OMERO } };
  const level = { shape: SHAPE, data_type: 'uint16' };
  return readImage('bare', files({ 'zarr.json': { attributes }, '0/zarr.json': level, '1/zarr.json': level }));
};

test('of two volumes of which one has no lengths, the second is laid over the first voxel on voxel', async () => {
  const [known, silent] = [await readImage('scan', v3('uint16')), await bare()];
  assert.equal(inVoxelsOf(known, known), null);
  assert.equal(inVoxelsOf(silent, silent), null);
  const over = (first: typeof known, image: typeof known) => {
    const { axes, levels } = image;
    const place = ({ transform }: { transform: { matrix: number[][]; outputDimensions: object } }) => transform;
    const volume = { name: 'over', url: 'http://server/over/', image: inVoxelsOf(first, image)! };
    const [layer] = firstLook([volume], 'xy', ROOM).layers as { source: Parameters<typeof place>[0] }[];
    // What Neuroglancer hears of the volume itself is as it was.
    assert.deepEqual([image.axes, image.levels], [axes, levels]);
    return { ...place(layer.source), levels: volume.image.levels };
  };
  // As many voxels: from the first one's corner, 10 voxels along z, on.
  const onKnown = over(known, silent);
  assert.deepEqual(onKnown.outputDimensions, { z: [2e-6, 'm'], y: [1e-6, 'm'], x: [5e-7, 'm'] });
  assert.deepEqual(onKnown.matrix, [
    [2e-6, 0, 0, 10],
    [0, 1e-6, 0, 0],
    [0, 0, 5e-7, 0]
  ]);
  assert.deepEqual(onKnown.levels[1].scale, [4, 2, 1]);
  const onSilent = over(silent, known);
  assert.deepEqual(onSilent.outputDimensions, { z: [1, ''], y: [1, ''], x: [1, ''] });
  assert.deepEqual(
    onSilent.matrix.map((row, n) => Number(row[n].toPrecision(9))),
    [5e5, 1e6, 2e6]
  );
  // A region of what has no lengths begins in its voxels where the first begins in lengths.
  silent.axes[0].translation = 10;
  silent.levels.forEach(({ translation }) => (translation[0] += 10));
  assert.equal(over(known, silent).matrix[0][3], 0);
  assert.equal(inVoxelsOf(known, silent)!.axes[0].translation, known.axes[0].translation);
  // Others voxels: the first may be a region of it.
  silent.axes[0].length = 30;
  assert.equal(over(known, silent).matrix[0][3], 0);
});

test('coarser labels of an image that is laid over another volume are as large as before', async () => {
  const [known, own, labels] = [await readImage('scan', v3('uint16')), await bare(), await bare()];
  labels.axes = labels.axes.map(axis => ({ ...axis, length: axis.length / 2, scale: 2, translation: 0.5 }));
  labels.levels = labels.levels.slice(1).map(level => ({ ...level, translation: [0.5, 0.5, 0.5] }));
  const laid = inVoxelsOf(known, labels, own)!;
  assert.deepEqual(laid.levels[0].scale, [4, 2, 1]);
  assert.deepEqual(
    laid.axes.map(({ scale, unit, translation }) => ({ scale, unit, translation })),
    known.axes.map(({ scale, unit, translation }) => ({
      scale: 2 * scale,
      unit,
      translation: translation + scale / 2
    }))
  );
});

test('an output that has lengths takes the place of its source among others, and nothing that was drawn moves', async () => {
  const [source, output, mask] = [await bare(), await readImage('out', v3('uint16')), await bare()];
  const named = (name: string, image: typeof source) => ({ name, url: `http://server/${name}/`, image });
  const before = [named('scan.tif', source), named('mask.tif', mask)];
  const after = [named('scan.ome.zarr', output), named('mask.tif', inVoxelsOf(output, mask)!)];
  const first = firstLook(before, 'xy', ROOM);
  const outputDimensions = { x: [1, ''], y: [1, ''], z: [1, ''] };
  const drawn = {
    name: 'measurements',
    type: 'annotation',
    source: { url: 'local://annotations', transform: { outputDimensions } }
  };
  const view = { ...first, position: [1, 2, 3], layers: [...(first.layers as object[]), drawn] } as ViewerState;
  const { position, dimensions, layers } = handedOn(0, view, before, after, firstLook(after, 'xy', ROOM));
  assert.deepEqual(position, [1, 2, 3]);
  assert.deepEqual(dimensions, { x: [5e-7, 'm'], y: [1e-6, 'm'], z: [2e-6, 'm'] });
  const [shown, beside, annotations] = layers as {
    name: string;
    source: { transform: { outputDimensions: object } };
  }[];
  assert.equal(shown.name, 'scan.ome.zarr');
  assert.deepEqual([beside.name, Object.keys(beside.source)], ['mask.tif', ['url', 'transform']]);
  assert.deepEqual(annotations.source.transform.outputDimensions, dimensions);
  // Layers to which a person has given names stay the only ones of their volumes.
  const own = view.layers as object[];
  const renamedView = { ...view, layers: own.map((layer, n) => ({ ...layer, name: `mine ${n}` })) };
  assert.deepEqual(
    (handedOn(0, renamedView, before, after, firstLook(after, 'xy', ROOM)).layers as { name: string }[]).map(
      ({ name }) => name
    ),
    ['mine 0', 'mine 1', 'mine 2']
  );
  // The second one's output leaves the space as it is.
  const swapped = [before[0], named('mask.ome.zarr', mask)];
  const second = handedOn(1, view, before, swapped, firstLook(swapped, 'xy', ROOM));
  assert.deepEqual(second.dimensions, view.dimensions);
  assert.deepEqual(
    (second.layers as { name: string }[]).map(({ name }) => name),
    ['scan.tif', 'mask.ome.zarr', 'measurements']
  );
});

test('a file that is read ahead is handed over once, and read anew where that failed', async () => {
  const bytes = new TextEncoder().encode('{}');
  readAhead('http://server/a%20b/0/zarr.json', Promise.resolve(bytes));
  const found = await handedOver('http://server/a b/0/zarr.json');
  assert.equal(await found?.response.text(), '{}');
  assert.equal(await handedOver('http://server/a b/0/zarr.json'), undefined);
  readAhead('http://server/c', Promise.reject(new Error('dropped')));
  assert.equal(await handedOver('http://server/c'), undefined);
  readAhead('http://server/d', Promise.resolve(bytes))();
  assert.equal(await handedOver('http://server/d'), undefined);
});

test('a volume that has another name keeps its layers, labels and landmarks, and what is aligned to it', () => {
  const view = (scan: string): ViewerState => {
    const address = `volume://${encodeURIComponent(scan)}/`;
    return {
      layers: [
        { name: scan, type: 'image', source: `${address}|zarr3:`, opacity: 0.5 },
        { name: `${scan} labels/cells`, type: 'segmentation', source: { url: `${address}labels/cells/|zarr3:` } },
        { name: 'mine', type: 'image', source: [`${address}|zarr3:`] },
        { name: `landmarks of ${scan}`, type: 'annotation', source: { url: 'local://annotations' } },
        { name: 'scan 2.tif', type: 'image', source: 'volume://scan%202.tif/|zarr3:' }
      ],
      selectedLayer: { visible: true, layer: scan },
      alignment: { moving: 'scan 2.tif', fixed: scan },
      position: [1, 2, 3]
    };
  };
  assert.deepEqual(renamed(view('scan.tif'), new Map([['scan.tif', 'bone (#1).tif']])), view('bone (#1).tif'));
  // Also of two that have changed names with one another.
  const swap = new Map(['ab', 'ba'].map(([from, to]) => [from, to]));
  const both = (names: string[]): ViewerState => ({
    layers: names.flatMap(name => [
      { name, type: 'image', source: `volume://${name}/|zarr3:` },
      { name: `landmarks of ${name}`, type: 'annotation', source: { url: 'local://annotations' } }
    ]),
    selectedLayer: { layer: names[0] },
    alignment: { moving: names[0], fixed: names[1] }
  });
  assert.deepEqual(renamed(both(['a', 'b']), swap), both(['b', 'a']));
  assert.deepEqual(without({ ...both(['a', 'b']), x: 1 }, ['a'], ['b']), {
    layers: (both(['b']).layers as unknown[]).slice(0, 2),
    selectedLayer: { layer: 'a' },
    x: 1
  });
  const bare = (names: string[]): ViewerState => ({ layers: names.map(name => ({ name, type: 'image' })) });
  assert.deepEqual(renamed(bare(['a', 'b x']), swap), bare(['b', 'a x']));
  assert.deepEqual(without(bare(['a', 'a x', 'a (2)']), ['a'], ['a (2)']), bare(['a (2)']));
});

test('volumes that a whole state does not know are laid over those below them', async () => {
  const volumes = await Promise.all(
    ['a', 'b', 'c'].map(async name => ({
      name,
      url: `http://server/${name}/`,
      image: await readImage(name, v3('uint16'))
    }))
  );
  const first = firstLook(volumes, 'xy', ROOM);
  const namesIn = ({ layers }: ViewerState): unknown[] => (layers as { name: string }[]).map(({ name }) => name);
  const state = { layers: [{ name: 'drawn' }, { name: 'a' }, { name: 'c' }] };
  assert.deepEqual(namesIn(withFresh(state, [volumes[1]], first)), ['drawn', 'a', 'b', 'c']);
  assert.deepEqual(namesIn(withFresh({ layers: [{ name: 'c' }] }, volumes.slice(0, 2), first)), ['a', 'b', 'c']);
  assert.deepEqual(withFresh({ layout: 'xy' }, volumes, first), { layout: 'xy' });
});

test('the first look fills the panels of the layout, whatever their shape', async () => {
  const image = await readImage('scan', v3('uint16'));
  const volume = { name: 'scan', url: 'http://server/scan/', image };
  // In halves of a micrometre: 40 along x, 40 along y, 40 along z.
  const scale = (layout: string | object, width: number, height: number) =>
    firstLook([volume], layout as string, { width, height }).crossSectionScale as number;
  const close = (found: number, expected: number) => assert.ok(Math.abs(found / expected - 1) < 1e-9, `${found}`);
  close(scale('4panel', 800, 800), (40 / 400) * 1.1);
  close(scale('xy', 800, 600), (40 / 600) * 1.1);
  close(scale({ type: 'xz' }, 800, 600), (40 / 600) * 1.1);
  close(scale('xy-3d', 800, 600), (40 / 400) * 1.1);
  // A slice that is wide.
  image.axes.find(({ name }) => name === 'x')!.length = 400;
  close(scale('xy', 800, 600), (400 / 800) * 1.1);
  close(scale('yz', 800, 600), (40 / 600) * 1.1);
  close(scale('yz-3d', 200, 600), (40 / 100) * 1.1);
});

test('axes without a unit beside some with one are drawn in proportion', async () => {
  const image = await readImage('scan', v3('uint16'));
  const first = () => firstLook([{ name: 'scan', url: 'http://server/scan/', image }], 'xz', ROOM);
  image.axes.find(({ name }) => name === 'z')!.unit = '';
  assert.deepEqual(first().dimensions, { x: [5e-7, 'm'], y: [1e-6, 'm'], z: [2, ''] });
  assert.deepEqual(first().relativeDisplayScales, { z: 1e-6 });
  assert.ok(Math.abs((first().crossSectionScale as number) - (40 / 800) * 1.1) < 1e-9);
  for (const axis of image.axes) axis.unit = '';
  assert.deepEqual(first().dimensions, { x: [0.5, ''], y: [1, ''], z: [2, ''] });
  assert.equal('relativeDisplayScales' in first(), false);
});

test('a box is of the voxels that it touches, and comes back as it was', () => {
  const lengths = [60, 50, 40];
  const ranges = [3, 9, 10, 30, 20, 50];
  const [a, b] = boxPoints(ranges);
  assert.deepEqual(
    [a, b],
    [
      [19.5, 9.5, 2.5],
      [49.5, 29.5, 8.5]
    ]
  );
  assert.deepEqual(boxVoxels(b, a, lengths), ranges);
  // Of one that is flat the slice that it lies in; beyond the volume there is nothing.
  assert.deepEqual(boxVoxels([-9, 1.2, 13], [90, 2.6, 13], lengths), [13, 14, 1, 4, 0, 60]);
});
