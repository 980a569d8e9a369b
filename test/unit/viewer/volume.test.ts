import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readVolumes } from '../../../src/viewer/volume/readVolumes.ts';
import { firstLook } from '../../../src/viewer/state/firstLook.ts';
import { SeveralError, readImage } from '../../../src/viewer/volume/image.ts';
import { nativeDocument } from '../../../src/viewer/volume/nativeDocument.ts';
import { shownDocument } from '../../../src/viewer/volume/shownArray.ts';
import { AXES, DATASET, OMERO, ROOM, SHAPE, files, v2, v3, v6, withLabels } from './images.ts';

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
