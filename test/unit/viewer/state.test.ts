import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inVoxelsOf } from '../../../src/viewer/volume/lentVoxels.ts';
import { Addresses } from '../../../src/viewer/state/addresses.ts';
import { carriedOver, handedOn } from '../../../src/viewer/state/carryOver.ts';
import { withFresh } from '../../../src/viewer/state/freshLayers.ts';
import { firstLook } from '../../../src/viewer/state/firstLook.ts';
import { layersOf } from '../../../src/viewer/state/layers.ts';
import { renamed, without } from '../../../src/viewer/state/renamed.ts';
import type { ViewerState } from '../../../src/viewer/state/viewState.ts';
import { laidOver } from '../../../src/viewer/state/viewState.ts';
import { readImage } from '../../../src/viewer/volume/image.ts';
import { AXES, DATASET, ROOM, SHAPE, bare, files, v3 } from './images.ts';

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
