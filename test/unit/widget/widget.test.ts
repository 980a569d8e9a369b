import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readValues } from '../../../src/form/values.ts';
import { absolute } from '../../../src/widget/absolute.ts';
import { readFile } from '../../../src/widget/files.ts';
import { WIDGET_VIEW, keepSummary } from '../../../src/widget/keptPictures.ts';
import type { OptionTraits } from '../../../src/widget/options.ts';
import { uniqueNames } from '../../../src/protocol/names.ts';
import { changes, DEFAULT_TRAITS, toFormValues, toTraits } from '../../../src/widget/options.ts';
import type { Requests } from '../../../src/widget/requests.ts';
import { whereItIs } from '../../../src/widget/whereItIs.ts';

const SOURCE = '/data/2024 scans/scan.tif';

const ALL: OptionTraits = {
  target: '/elsewhere/out.ome.zarr',
  image: 'second',
  described_by: 'imagej',
  z_axis: 'c',
  palette: 'ignore',
  orientation: 'apply',
  slices: 'rec_*.tif',
  chunk_size: [64, 32, 16],
  num_levels: 3,
  shard: [128, 64, 64],
  downsample: 'max',
  labels: true,
  parent: '/data/2024 scans/scan.ome.zarr',
  at: [1, 0, 3],
  compression: 'zstd',
  checksum: 'crc32c',
  max_memory: 1536 * 2 ** 20,
  dtype: 'uint8',
  channel: [0, 2],
  value_range: [-0.5, 1e-7],
  roi: [1, 20, 2, 30, 3, 40],
  voxel_size: [2.5, 1, 1],
  unit: 'micrometer',
  ome_zarr: '0.4',
  jobs: 2,
  overwrite: true,
  resume: false
};

function throughTheForm(traits: OptionTraits): OptionTraits {
  const { options, errors } = readValues(toFormValues(traits, SOURCE), SOURCE, [100, 100, 100]);
  assert.deepEqual(errors, {});
  return toTraits(options, SOURCE);
}

test('options go through the form and come back the same', () => {
  assert.deepEqual(throughTheForm(ALL), ALL);
  assert.deepEqual(throughTheForm(DEFAULT_TRAITS), DEFAULT_TRAITS);
});

test('labels go into their parent by name, or by none', () => {
  const labels = { ...DEFAULT_TRAITS, labels: true, parent: '/data/scan.ome.zarr' };
  assert.deepEqual(throughTheForm(labels), labels);
  assert.deepEqual(throughTheForm({ ...labels, target: 'cells' }), { ...labels, target: 'cells' });
});

test('the default target stays the default, and a name beside the source is a path beside it', () => {
  assert.equal(toFormValues(DEFAULT_TRAITS, SOURCE).output, 'scan.ome.zarr');
  assert.equal(toTraits({ output: '/data/2024 scans/scan.ome.zarr' }, SOURCE).target, null);
  const other = { ...DEFAULT_TRAITS, target: '/data/2024 scans/other.ome.zarr' };
  assert.equal(toFormValues(other, SOURCE).output, 'other.ome.zarr');
  assert.deepEqual(throughTheForm(other), other);
  const below = { ...DEFAULT_TRAITS, target: '/data/2024 scans/out/scan.ome.zarr' };
  assert.equal(toFormValues(below, SOURCE).output, '/data/2024 scans/out/scan.ome.zarr');
  assert.deepEqual(throughTheForm(below), below);
});

test('only what differs is told', () => {
  assert.deepEqual(changes(ALL, { ...ALL, chunk_size: [64, 32, 16], roi: null }), { roi: null });
});

test('paths are made absolute as Python would', () => {
  const join = (path: string): string => absolute(path, '/home/ann/work', '/home/ann');
  assert.equal(join('scan.tif'), '/home/ann/work/scan.tif');
  assert.equal(join('./a/../scan.tif'), '/home/ann/work/scan.tif');
  assert.equal(join('../../../../data/scan.tif'), '/data/scan.tif');
  assert.equal(join('~/scan.tif'), '/home/ann/scan.tif');
  assert.equal(join('~odd.tif'), '/home/ann/work/~odd.tif');
  assert.equal(join('/data//scan.tif/'), '/data/scan.tif');
  assert.equal(join('back\\slash.tif'), '/home/ann/work/back\\slash.tif');
  assert.equal(absolute('sub\\scan.tif', 'C:/scans', 'C:/ann'), 'C:/scans/sub/scan.tif');
  assert.equal(absolute('D:\\scan.tif', 'C:/work', 'C:/ann'), 'D:/scan.tif');
});

/** Answers as Python does, with at most `most` bytes at once. */
function server(file: Uint8Array | null, most: number): { requests: Requests; asked: object[] } {
  const asked: object[] = [];
  const ask = async (_: string, params: { offset: number; length?: number }): Promise<unknown> => {
    asked.push(params);
    if (file === null) {
      return { result: { size: null, offset: 0, version: null }, buffers: [] };
    }
    const offset = params.offset < 0 ? Math.max(0, file.length + params.offset) : Math.min(params.offset, file.length);
    const end = Math.min(offset + Math.min(params.length ?? file.length, most), file.length);
    return {
      result: { size: file.length, offset, version: '7-1' },
      buffers: [new DataView(file.buffer, file.byteOffset + offset, end - offset)]
    };
  };
  return { requests: { ask } as unknown as Requests, asked };
}

const OPENED = { load: 1, volume: 0 };
const FILE = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

test('a long file is read in several answers', async () => {
  const { requests, asked } = server(FILE, 300);
  const found = await readFile(requests, OPENED, '0/c/0/0/0', {});
  assert.deepEqual([...found!.bytes], [...FILE]);
  assert.equal(asked.length, 4);
});

test('parts, ends and sizes are read', async () => {
  const { requests } = server(FILE, 300);
  const part = await readFile(requests, OPENED, 'k', { offset: 100, length: 500 });
  assert.deepEqual([...part!.bytes], [...FILE.subarray(100, 600)]);
  const end = await readFile(requests, OPENED, 'k', { suffix: 400 });
  assert.deepEqual([end!.offset, ...end!.bytes], [600, ...FILE.subarray(600)]);
  const over = await readFile(requests, OPENED, 'k', { offset: 900, length: 500 });
  assert.deepEqual([...over!.bytes], [...FILE.subarray(900)]);
  assert.deepEqual(await readFile(requests, OPENED, 'k', { stat: true }), {
    size: 1000,
    offset: 0,
    bytes: new Uint8Array(0),
    version: '7-1'
  });
  assert.equal(await readFile(server(null, 300).requests, OPENED, 'k', {}), null);
});

test('a file that shrinks while it is read is an error, not a short chunk', async () => {
  const { requests } = server(FILE, 300);
  const ask = requests.ask.bind(requests) as (...rest: unknown[]) => Promise<unknown>;
  let count = 0;
  const changing = {
    ask: (...rest: unknown[]) =>
      count++ ? server(FILE.subarray(0, 400), 300).requests.ask('read', rest[1] as never) : ask(...rest)
  };
  await assert.rejects(readFile(changing as unknown as Requests, OPENED, 'k', {}), /changed while it was read/);
});

test('volumes that are shown together have names of their own', () => {
  assert.deepEqual(uniqueNames(['/data/scan.ome.zarr', 'C:\\scans\\b.ome.zarr']), ['scan.ome.zarr', 'b.ome.zarr']);
  assert.deepEqual(uniqueNames(['/data/a/scan.ome.zarr', '/data/b/scan.ome.zarr/', '/c.ome.zarr']), [
    'a/scan.ome.zarr',
    'b/scan.ome.zarr',
    'c.ome.zarr'
  ]);
  assert.deepEqual(uniqueNames(['/d/s', '/d/s', '/e/d/s', '/s']), ['d/s', 'd/s (2)', 'e/d/s', 's']);
  // Images of a collection.
  assert.deepEqual(uniqueNames(['/d/mouse/0', '/d/mouse/1', '7']), ['mouse/0', 'mouse/1', '7']);
});

test('of a volume that is shown twice each keeps its layer where one goes, or they change places', () => {
  const layer = (name: string, opacity: number) => ({
    name,
    type: 'image',
    source: `volume://${encodeURIComponent(name)}/|zarr3:`,
    opacity
  });
  const state = { layers: [layer('q', 0.1), layer('p', 0.2), layer('p (2)', 0.3)] };
  const first = { name: 'q', before: [0, '/q'] as [number, string] };
  const second = (name: string) => ({ name, before: [2, '/p'] as [number, string] });
  assert.deepEqual(whereItIs(state, [first, second('p')], [[1, '/p']]), { layers: [layer('q', 0.1), layer('p', 0.3)] });
  assert.deepEqual(whereItIs(state, [first, second('p'), { name: 'p (2)', before: [1, '/p'] }], []), {
    layers: [layer('q', 0.1), layer('p (2)', 0.2), layer('p', 0.3)]
  });
});

test('a notebook keeps what its widgets say of themselves, and lets go of those that no output shows any more', () => {
  const outputOf = (model_id: string): object => ({ data: { [WIDGET_VIEW]: { model_id } } });
  const shown = (outputs: object[]): { model: { toJSON(): unknown }; saved(): (string | undefined)[] } => {
    const model = { outputs, toJSON: (): unknown => structuredClone({ cells: [{ outputs: model.outputs }] }) };
    const saved = (): (string | undefined)[] => {
      const [{ outputs }] = (model.toJSON() as { cells: { outputs: { data: Record<string, string> }[] }[] }).cells;
      return outputs.map(({ data }) => data['text/html']);
    };
    return { model, saved };
  };
  const notebook = shown([outputOf('a'), outputOf('b')]);
  const other = shown([outputOf('a')]);
  const keep = ({ model }: { model: object }, id: string): void =>
    keepSummary({ model } as Parameters<typeof keepSummary>[0], id, () => `<p>${id}</p>`);
  keep(notebook, 'a');
  keep(notebook, 'b');
  keep(other, 'other');
  assert.deepEqual(notebook.saved(), ['<p>a</p>', '<p>b</p>']);
  // What is in one notebook is nothing to another.
  assert.deepEqual(other.saved(), [undefined]);
  const model = notebook.model as { outputs?: object[] };
  model.outputs = [outputOf('b')];
  assert.deepEqual(notebook.saved(), ['<p>b</p>']);
  model.outputs = [outputOf('a'), outputOf('b')];
  assert.deepEqual(notebook.saved(), [undefined, '<p>b</p>']);
});
