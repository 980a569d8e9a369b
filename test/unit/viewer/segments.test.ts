import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segmentsIn } from '../../../src/model/ome-zarr/segments.ts';
import { firstLook } from '../../../src/viewer/state/firstLook.ts';
import { countSegments } from '../../../src/viewer/volume/countSegments.ts';
import { readImage } from '../../../src/viewer/volume/image.ts';

const AXES = ['z', 'y', 'x'].map(name => ({ name, type: 'space' }));
const scale = (factor: number) => [{ type: 'scale', scale: [1, factor, factor] }];

/** An image of labels as its files, one uncompressed chunk of 2 × 2 × 2 voxels after another. */
function labels(levels: { shape: number[]; chunks: Record<string, number[]> }[], attributes: object) {
  const text = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
  const found: Record<string, Uint8Array<ArrayBuffer>> = {};
  const datasets = levels.map((_, k) => ({ path: String(k), coordinateTransformations: scale(2 ** k) }));
  const ome = { version: '0.5', multiscales: [{ axes: AXES, datasets }], ...attributes };
  found['zarr.json'] = text({ attributes: { ome } });
  for (const [k, { shape, chunks }] of levels.entries()) {
    found[`${k}/zarr.json`] = text({
      zarr_format: 3,
      node_type: 'array',
      shape,
      data_type: 'uint16',
      chunk_grid: { name: 'regular', configuration: { chunk_shape: [2, 2, 2] } },
      chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
      fill_value: 0,
      codecs: [{ name: 'bytes', configuration: { endian: 'little' } }]
    });
    for (const [key, values] of Object.entries(chunks))
      found[`${k}/c/${key}`] = new Uint8Array(Uint16Array.from(values).buffer);
  }
  return (key: string) =>
    Promise.resolve(found[key] ? { size: found[key].length, offset: 0, bytes: found[key] } : null);
}

const never = new AbortController().signal;

test('voxels of segments are counted: 0, and what pads a chunk, is none; at a coarser level they stand for more', async () => {
  const shape = [2, 2, 3];
  // The second chunk has one column of the volume's, and 9s that pad it.
  const chunks = { '0/0/0': [7, 7, 0, 5, 7, 7, 0, 0], '0/0/1': [7, 9, 5, 9, 5, 9, 5, 9] };
  const exact = labels([{ shape, chunks }], { 'image-label': {} });
  const open = async (read: typeof exact) => readImage('cells', async key => (await read(key))?.bytes ?? null);
  const counted = await countSegments(await open(exact), exact, never);
  assert.deepEqual(
    [...counted.counts],
    [
      [5n, 4],
      [7n, 5]
    ]
  );
  assert.deepEqual([counted.level, counted.factor], [0, 1]);

  const coarse = labels(
    [
      { shape: [4096, 4096, 4096], chunks: {} },
      { shape, chunks }
    ],
    { 'image-label': {} }
  );
  const about = await countSegments(await open(coarse), coarse, never);
  assert.deepEqual(
    [[...about.counts], about.level, about.factor],
    [
      [
        [5n, 16],
        [7n, 20]
      ],
      1,
      4
    ]
  );

  const large = labels([{ shape: [4096, 4096, 4096], chunks: {} }], { 'image-label': {} });
  await assert.rejects(countSegments(await open(large), large, never), /68,719,476,736 voxels, too many/);
  // A chunk that others leave out is empty; one that was written has been lost.
  const short = labels([{ shape, chunks: { '0/0/0': chunks['0/0/0'] } }], { 'image-label': {} });
  const image = await open(short);
  assert.deepEqual(
    [...(await countSegments(image, short, never)).counts],
    [
      [5n, 1],
      [7n, 4]
    ]
  );
  await assert.rejects(countSegments({ ...image, own: true }, short, never), /chunk 0\/0\/1 of level 0 is not there/);
});

test('what image-label says of segments: names by any of their keys, numbers, colours; what is none is left out', async () => {
  const said = {
    colors: [
      { 'label-value': 2, rgba: [255, 128, 0, 255] },
      { 'label-value': 3, rgba: [300, 0, 0, 255] },
      { 'label-value': 2.5, rgba: [1, 2, 3, 4] }
    ],
    properties: [
      { 'label-value': 7, class: 'bone', area: 12.5, 'made by': 'hand' },
      { 'label-value': 2, name: 'pore', class: 'void' },
      'nonsense'
    ]
  };
  assert.deepEqual(segmentsIn({ 'image-label': said }), [
    { value: 2, name: 'pore', color: 'ff8000', numbers: {}, texts: { class: 'void' } },
    { value: 7, name: 'bone', color: null, numbers: { area: 12.5 }, texts: { 'made by': 'hand' } }
  ]);
  assert.deepEqual(segmentsIn({ 'image-label': { colors: {}, properties: null } }), []);
  const read = labels([{ shape: [2, 2, 2], chunks: {} }], { 'image-label': said });
  const image = await readImage('cells', async key => (await read(key))?.bytes ?? null);
  const { layers } = firstLook([{ name: 'cells', url: 'http://server/cells/', image }], 'xy', {
    width: 9,
    height: 9
  });
  assert.deepEqual((layers as { segmentColors: object }[])[0].segmentColors, { '2': '#ff8000' });
});
