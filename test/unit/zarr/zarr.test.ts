import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveSettings } from '../../../src/convert/resolve.ts';
import { ConvertError, type ErrorCode } from '../../../src/model/errors.ts';
import { placeInParent } from '../../../src/convert/validation/placement.ts';
import type { ConvertOptions } from '../../../src/model/options.ts';
import { outputPath } from '../../../src/convert/output-path.ts';
import { pyramid } from '../../../src/model/levels.ts';
import { SPACE_UNITS, spaceUnit } from '../../../src/model/units.ts';
import { TOOL, VERSION } from '../../../src/model/version.ts';
import type { Shape, VolumeInfo } from '../../../src/model/volume.ts';
import { checkDestination } from '../../../src/zarr/check-destination.ts';
import { Destination } from '../../../src/zarr/destination.ts';
import { type Image, arrayDocuments, imageDocuments } from '../../../src/zarr/metadata.ts';
import { listLabels, readLabels } from '../../../src/zarr/labels-group.ts';
import { isOmeZarr } from '../../../src/zarr/ome-zarr.ts';
import { readParent } from '../../../src/zarr/parent.ts';
import { MARKER } from '../../../src/zarr/owner.ts';
import type { Parent } from '../../../src/model/parent.ts';
import { scratch } from '../scratch.ts';
import { VOLUME_INFO } from '../volume-info.ts';

const { folder, fresh } = scratch('zarr');

const refused =
  (code: ErrorCode, field: string | null, ...words: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ConvertError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.field, field);
    for (const word of words) assert.ok(error.message.includes(word), `"${error.message}" lacks "${word}"`);
    assert.ok(!error.message.includes('\n'));
    return true;
  };

const IMAGE: Image = {
  name: 'scan',
  outerShape: { t: 1, c: 1 },
  levels: pyramid([5, 300, 257], [4, 128, 128], null, 'auto'),
  chunk: [4, 128, 128],
  dtype: 'uint16',
  shard: null,
  compression: 'blosc-zstd',
  checksum: 'none',
  downsample: 'mean',
  voxelSize: [2, 0.5, 0.25],
  unit: 'micrometer',
  offset: [0, 5, 0],
  labels: null,
  timeStep: null,
  timeUnit: null,
  channels: [{ name: 'scan', color: null, window: { start: 1, end: 9, min: 0, max: 10 } }],
  origin: { source: 'scan.tif' }
};
const documents = (image: Image, version: '0.4' | '0.5') => [
  ...arrayDocuments(image, version),
  ...imageDocuments(image, version)
];
const parse = (image: Image, version: '0.4' | '0.5') =>
  new Map(documents(image, version).map(([path, text]) => [path, JSON.parse(text)]));

test("0.5 is Zarr v3, with half-voxel centres and the region's offset", () => {
  const files = parse(IMAGE, '0.5');
  assert.deepEqual([...files.keys()], ['0/zarr.json', '1/zarr.json', '2/zarr.json', 'zarr.json']);
  const array = files.get('1/zarr.json');
  assert.deepEqual(array.shape, [3, 150, 129]);
  assert.deepEqual(array.dimension_names, ['z', 'y', 'x']);
  assert.equal(array.fill_value, 0);
  assert.equal(array.data_type, 'uint16');
  assert.deepEqual(array.chunk_grid.configuration.chunk_shape, [4, 128, 128]);
  assert.deepEqual(array.codecs[0], { name: 'bytes', configuration: { endian: 'little' } });
  const { ome, [TOOL]: origin } = files.get('zarr.json').attributes;
  assert.equal(ome.version, '0.5');
  assert.deepEqual(origin, { source: 'scan.tif' });
  const [image] = ome.multiscales;
  assert.deepEqual(
    image.axes,
    ['z', 'y', 'x'].map(name => ({ name, type: 'space', unit: 'micrometer' }))
  );
  assert.deepEqual(image.datasets[0].coordinateTransformations, [
    { type: 'scale', scale: [2, 0.5, 0.25] },
    { type: 'translation', translation: [0, 5, 0] }
  ]);
  assert.deepEqual(image.datasets[2].coordinateTransformations, [
    { type: 'scale', scale: [8, 2, 1] },
    { type: 'translation', translation: [3, 5.75, 0.375] }
  ]);
  assert.deepEqual(ome.omero.channels[0].window, { start: 1, end: 9, min: 0, max: 10 });
});

test('metadata say how levels were made; a voxel that was picked stays where it was', () => {
  const types: [Image['downsample'], string, number[]][] = [
    ['mean', 'the mean', [3, 5.75, 0.375]],
    ['mode', 'the most frequent value', [3, 5.75, 0.375]],
    ['max', 'the greatest value', [3, 5.75, 0.375]],
    ['nearest', 'the first voxel', [0, 5, 0]]
  ];
  for (const [downsample, words, translation] of types) {
    const [image] = parse({ ...IMAGE, downsample }, '0.5').get('zarr.json').attributes.ome.multiscales;
    assert.equal(image.type, downsample);
    assert.ok(image.metadata.description.includes(words));
    assert.deepEqual(image.datasets[2].coordinateTransformations, [
      { type: 'scale', scale: [8, 2, 1] },
      { type: 'translation', translation }
    ]);
  }
});

test('labels say that they are labels, and of what', () => {
  const source = { image: '../../../' };
  const v3 = parse({ ...IMAGE, labels: { image: '../../../' } }, '0.5').get('zarr.json').attributes.ome;
  assert.deepEqual(v3['image-label'], { version: '0.5', source });
  const v2 = parse({ ...IMAGE, labels: { image: '../../../' } }, '0.4').get('.zattrs');
  assert.deepEqual(v2['image-label'], { version: '0.4', source });
  const alone = parse({ ...IMAGE, labels: { image: null } }, '0.5').get('zarr.json').attributes.ome;
  assert.deepEqual(alone['image-label'], { version: '0.5' });
  for (const attributes of [v3, v2, alone]) assert.ok(!('omero' in attributes));
});

test('0.4 is Zarr v2, and says the same', () => {
  const files = parse(IMAGE, '0.4');
  const levels = ['0', '1', '2'];
  const arrays = ['.zarray', '.zattrs'].flatMap(name => levels.map(level => `${level}/${name}`));
  assert.deepEqual([...files.keys()], [...arrays, '.zattrs', '.zgroup']);
  // As xarray wants it.
  for (const level of levels) assert.deepEqual(files.get(`${level}/.zattrs`), { _ARRAY_DIMENSIONS: ['z', 'y', 'x'] });
  const { shape, chunks, dtype, order, fill_value, dimension_separator, filters } = files.get('2/.zarray');
  assert.deepEqual(
    { shape, chunks, dtype, order, fill_value, dimension_separator, filters },
    {
      shape: [2, 75, 65],
      chunks: [4, 128, 128],
      dtype: '<u2',
      order: 'C',
      fill_value: 0,
      dimension_separator: '/',
      filters: null
    }
  );
  const attributes = files.get('.zattrs');
  const { version, ...image } = attributes.multiscales[0];
  assert.equal(version, '0.4');
  assert.deepEqual(image, parse(IMAGE, '0.5').get('zarr.json').attributes.ome.multiscales[0]);
});

test('time points and channels come before z, one chunk each', () => {
  const window = { start: 1, end: 9, min: 0, max: 10 };
  const image: Image = {
    ...IMAGE,
    outerShape: { t: 3, c: 2 },
    shard: [8, 256, 256],
    timeStep: 1.5,
    timeUnit: 'second',
    channels: [
      { name: 'DAPI', color: '0000FF', window },
      { name: 'GFP', color: null, window: { ...window, max: 20 } }
    ]
  };
  const files = parse(image, '0.5');
  const array = files.get('2/zarr.json');
  assert.deepEqual(array.shape, [3, 2, 2, 75, 65]);
  assert.deepEqual(array.dimension_names, ['t', 'c', 'z', 'y', 'x']);
  assert.deepEqual(array.chunk_grid.configuration.chunk_shape, [1, 1, 8, 256, 256]);
  assert.deepEqual(array.codecs[0].configuration.chunk_shape, [1, 1, 4, 128, 128]);
  const { multiscales, omero } = files.get('zarr.json').attributes.ome;
  const space = ['z', 'y', 'x'].map(name => ({ name, type: 'space', unit: 'micrometer' }));
  assert.deepEqual(multiscales[0].axes, [
    { name: 't', type: 'time', unit: 'second' },
    { name: 'c', type: 'channel' },
    ...space
  ]);
  assert.deepEqual(multiscales[0].datasets[2].coordinateTransformations, [
    { type: 'scale', scale: [1.5, 1, 8, 2, 1] },
    { type: 'translation', translation: [0, 0, 3, 5.75, 0.375] }
  ]);
  assert.deepEqual(
    omero.channels.map(({ label, color, window }: Record<string, unknown>) => [label, color, window]),
    [
      ['DAPI', '0000FF', window],
      ['GFP', '00FF00', { ...window, max: 20 }]
    ]
  );
  const old = parse({ ...image, shard: null, outerShape: { t: 3, c: 1 }, timeStep: null }, '0.4');
  assert.deepEqual(old.get('1/.zarray').shape, [3, 3, 150, 129]);
  assert.deepEqual(old.get('1/.zarray').chunks, [1, 4, 128, 128]);
  const [{ axes, datasets }] = old.get('.zattrs').multiscales;
  assert.deepEqual(axes, [{ name: 't', type: 'time' }, ...space]);
  assert.deepEqual(datasets[0].coordinateTransformations[0].scale, [1, 2, 0.5, 0.25]);
});

test('an unknown voxel size is written as 1, without a unit or a needless translation', () => {
  const image = { ...IMAGE, voxelSize: null, offset: [0, 0, 0] as [number, number, number] };
  const [{ axes, datasets }] = parse(image, '0.5').get('zarr.json').attributes.ome.multiscales;
  assert.deepEqual(axes[0], { name: 'z', type: 'space' });
  assert.deepEqual(datasets[0].coordinateTransformations, [{ type: 'scale', scale: [1, 1, 1] }]);
  assert.deepEqual(datasets[1].coordinateTransformations[1].translation, [0.5, 0.5, 0.5]);
});

test('units are UDUNITS names, however people write them', () => {
  const written = [
    'µm',
    'μm',
    'um',
    'micron',
    'Microns',
    'micrometre',
    'Micrometers',
    ' mm ',
    'Å',
    'Å',
    'nm',
    'inch',
    'feet',
    'm'
  ];
  assert.deepEqual(written.map(spaceUnit), [
    ...Array<string>(7).fill('micrometer'),
    'millimeter',
    'angstrom',
    'angstrom',
    'nanometer',
    'inch',
    'foot',
    'meter'
  ]);
  for (const unit of SPACE_UNITS) assert.equal(spaceUnit(unit), unit);
  for (const text of ['', 'pixel', 'parrot', 'constructor', 's']) assert.equal(spaceUnit(text), null);
});

test("the version is the package's", () => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  assert.equal(VERSION, JSON.parse(text).version);
});

const INFO: VolumeInfo = {
  ...VOLUME_INFO,
  source: 'scan.tif',
  format: 'tiff',
  shape: [10, 20, 30],
  dtype: 'float32',
  byteOrder: 'little',
  pages: 10,
  bytes: 24_000,
  voxelSize: null,
  unit: null,
  voxelSizeFrom: null
};
const check = (options: Partial<ConvertOptions>, info: Partial<VolumeInfo> = {}) =>
  resolveSettings(options, { ...INFO, ...info }, 'scan.tif', readParent);

test('options that cannot work are refused at their field, with what was found', () => {
  const cases: [Partial<ConvertOptions>, string | null, ...string[]][] = [
    [{ chunkSize: [0, 1, 1] }, 'chunkSize', '[0,1,1]'],
    [{ chunkSize: [1.5, 1, 1] }, 'chunkSize'],
    [{ chunkSize: [1, 1] as never }, 'chunkSize'],
    [{ chunkSize: [1024, 1024, 1024] }, 'chunkSize', '4.00 GiB', '2 GiB'],
    [{ levels: 0 }, 'levels', '0'],
    [{ levels: 'some' as never }, 'levels', '"some"'],
    [{ downsample: 'median' as never }, 'downsample', '"median"', 'nearest'],
    [{ compression: 'lzma' as never }, 'compression', '"lzma"', 'blosc-zstd'],
    [{ dtype: 'float16' as never }, 'dtype', 'uint16'],
    [{ omeZarr: '0.7' as never }, 'omeZarr', '0.5'],
    [{ roi: [0, 11, 0, 20, 0, 30] }, 'roi', 'Z 0 to 11', '0 to 10'],
    [{ roi: [0, 10, 5, 5, 0, 30] }, 'roi', 'Y 5 to 5', 'empty'],
    [{ roi: [0, 10, 0, 20, -1, 30] }, 'roi', 'X -1 to 30'],
    [{ roi: [0, 10] as never }, 'roi'],
    [{ dtype: 'uint8', valueRange: [5, 5] }, 'valueRange', '5 to 5'],
    [{ dtype: 'uint8', valueRange: [9, 1] }, 'valueRange', '9 to 1', 'upside down'],
    [{ dtype: 'uint8', valueRange: [0, Infinity] }, 'valueRange'],
    [{ dtype: 'uint8', valueRange: [-1e308, 1e308] }, 'valueRange'],
    [{ valueRange: [0, 1] }, 'valueRange', 'float32'],
    [{ valueRange: ['0%', '100%'] }, 'valueRange', 'float32'],
    [{ dtype: 'uint8', valueRange: ['9%', '1%'] }, 'valueRange', '9% to 1%', 'upside down'],
    [{ dtype: 'uint8', valueRange: ['5%', '101%'] }, 'valueRange', '101%'],
    [{ dtype: 'uint8', valueRange: ['5', 10] }, 'valueRange', '"5"', '100%'],
    [{ dtype: 'uint8', valueRange: ['-5%', '10%'] }, 'valueRange'],
    [{ voxelSize: [1, 0, 1] }, 'voxelSize'],
    [{ unit: 'furlong', voxelSize: [1, 1, 1] }, 'unit', '"furlong"', 'micrometer'],
    [{ unit: 'mm' }, 'unit', '--voxel-size', 'scan.tif'],
    [{ labels: 'yes' as never }, 'labels'],
    [{ parent: 'scan.ome.zarr' }, 'parent', '--labels'],
    [{ jobs: 0 }, 'jobs'],
    [{ maxMemory: NaN }, 'maxMemory'],
    [{ output: '' }, 'output'],
    [{ chunks: [1, 1, 1] } as never, null, '"chunks"', 'chunkSize']
  ];
  for (const [options, field, ...words] of cases)
    assert.throws(() => check(options), refused('bad-option', field, ...words), JSON.stringify(options));
});

test('what a person says of the voxels goes before what the source says', () => {
  const known = { voxelSize: [3, 1, 1], unit: 'micrometer', voxelSizeFrom: 'imagej' } as Partial<VolumeInfo>;
  const calibration = (options: Partial<ConvertOptions>) => {
    const { voxelSize, unit, voxelSizeFrom, warnings } = check(options, known);
    return { voxelSize, unit, voxelSizeFrom, warnings: warnings.length };
  };
  assert.deepEqual(calibration({}), { ...known, warnings: 0 });
  const size: [number, number, number] = [1, 2, 4];
  assert.deepEqual(calibration({ voxelSize: size, unit: 'µm' }), {
    voxelSize: size,
    unit: 'micrometer',
    voxelSizeFrom: 'user',
    warnings: 0
  });
  // A unit alone is another way to write what the source says, or the unit that its lengths lack.
  const inMillimeters = { ...known, voxelSize: [0.003, 0.001, 0.001], unit: 'millimeter', warnings: 0 };
  assert.deepEqual(calibration({ unit: 'mm' }), inMillimeters);
  assert.deepEqual(calibration({ unit: 'none' }), { ...known, unit: null, warnings: 0 });
  assert.deepEqual(calibration({ unit: 'none', voxelSize: size }), {
    voxelSize: size,
    unit: null,
    voxelSizeFrom: 'user',
    warnings: 0
  });
  const proportions = { ...known, unit: null };
  assert.equal(check({ unit: 'mm' }, proportions).unit, 'millimeter');
  assert.deepEqual(check({ unit: 'mm' }, proportions).voxelSize, [3, 1, 1]);
  assert.throws(() => check({ unit: 'mm' }), refused('bad-option', 'unit', 'does not say how large'));
  assert.equal(check({ voxelSize: size }).unit, null);
});

test('chunks are no longer than the volume, unless they are given', () => {
  const chunks = (options: Partial<ConvertOptions>, shape: number[]) => {
    const { chunk, shard } = check(options, { shape });
    return [chunk, shard];
  };
  assert.deepEqual(chunks({}, [3, 619, 858]), [[3, 128, 128], null]);
  assert.deepEqual(chunks({}, [128, 127, 129]), [[128, 127, 128], null]);
  assert.deepEqual(chunks({ roi: [0, 2, 0, 500, 0, 500] }, [600, 600, 600]), [[2, 128, 128], null]);
  assert.deepEqual(chunks({ chunkSize: [128, 128, 128] }, [3, 619, 858]), [[128, 128, 128], null]);
  // A shard is one chunk long where the volume is, in whatever lengths it was given.
  for (const depth of [3, 6, 128, 256])
    assert.deepEqual(chunks({ shard: [depth, 256, 512] }, [3, 619, 858]), [
      [3, 128, 128],
      [3, 256, 512]
    ]);
  assert.throws(() => chunks({ shard: [64, 256, 256] }, [3, 619, 858]), refused('bad-option', 'shard', '3 128 128'));
});

test('values are mapped only where the type asks for it', () => {
  assert.equal(check({}).scaling, null);
  const ends = (...percents: [number, number]) => ({ range: null, ends: percents.map(percent => ({ percent })) });
  assert.deepEqual(check({ dtype: 'uint16' }).scaling, ends(0, 100));
  const range = (...valueRange: [number | string, number | string]) => check({ dtype: 'uint8', valueRange }).scaling;
  assert.deepEqual(range('0.1%', ' 99.9 %'), ends(0.1, 99.9));
  assert.deepEqual(range(-5, '50%'), { range: null, ends: [-5, { percent: 50 }] });
  assert.deepEqual(range('50%', -5), { range: null, ends: [{ percent: 50 }, -5] });
  assert.equal(check({ dtype: 'uint16' }, { dtype: 'uint16' }).scaling, null);
  assert.deepEqual(check({ valueRange: [1, 2] }, { dtype: 'uint16' }).scaling, { range: [1, 2] });
  assert.deepEqual(check({ roi: [1, 3, 2, 20, 0, 1] }).shape, [2, 18, 1]);
  assert.equal(check({ dtype: 'float32' }, { dtype: 'int32' }).warnings.length, 1);
});

test('labels keep their values, and are reduced by what gives labels', () => {
  const info = { dtype: 'uint16' } as const;
  assert.equal(check({ labels: true }, info).downsample, 'mode');
  assert.equal(check({ labels: true, downsample: 'nearest', dtype: 'uint16' }, info).downsample, 'nearest');
  const cases: [Partial<ConvertOptions>, string, ...string[]][] = [
    [{ dtype: 'uint8' }, 'dtype', 'uint16'],
    [{ dtype: 'float32' }, 'dtype', 'uint16'],
    [{ valueRange: [0, 1] }, 'valueRange'],
    [{ downsample: 'mean' }, 'downsample', 'mode'],
    [{ parent: join(folder, 'nothing.ome.zarr') }, 'parent', 'nothing.ome.zarr']
  ];
  for (const [options, field, ...words] of cases)
    assert.throws(
      () => check({ labels: true, ...options }, info),
      refused(field === 'parent' ? 'not-found' : 'bad-option', field, ...words)
    );
});

const PARENT: Parent = {
  path: '/scan.ome.zarr',
  version: '0.5',
  outerShape: { t: 1, c: 2 },
  unit: 'micrometer',
  levels: [
    { shape: [9, 100, 101], scale: [5, 1, 1], translation: [10, 0, 3] },
    { shape: [9, 50, 51], scale: [5, 2, 2], translation: [10, 0.5, 3.5] }
  ],
  position: null,
  consolidated: false
};
type Own = Parameters<typeof placeInParent>[2];
const UNKNOWN: Own = { voxelSize: null, unit: null, voxelSizeFrom: null, voxelSizeFile: null };
const one = { t: 1, c: 1 };

test('labels are where their image is', () => {
  const place = (shape: Shape, own: Own, parent = PARENT) => {
    const warnings: string[] = [];
    const { voxelSize, unit, voxelSizeFrom, offset } = placeInParent(shape, one, own, parent, warnings);
    return [voxelSize, unit, voxelSizeFrom, offset, warnings.length];
  };
  // As many voxels as a level has: the voxels of that level, whatever the label file says.
  assert.deepEqual(place([9, 100, 101], UNKNOWN), [[5, 1, 1], 'micrometer', 'parent', [10, 0, 3], 0]);
  assert.deepEqual(place([9, 50, 51], UNKNOWN), [[5, 2, 2], 'micrometer', 'parent', [10, 0.5, 3.5], 0]);
  const source = { ...UNKNOWN, voxelSize: [5.01, 1, 1] as Shape, unit: 'micrometer', voxelSizeFrom: 'imagej' };
  assert.deepEqual(place([9, 100, 101], source), [[5, 1, 1], 'micrometer', 'parent', [10, 0, 3], 0]);
  assert.equal(place([9, 100, 101], { ...source, voxelSize: [6, 1, 1] }).at(-1), 1);
  assert.equal(place([9, 100, 101], { ...source, unit: 'millimeter' }).at(-1), 1);
  // Others extend as far, to less than a voxel, and begin at the same edge.
  const user = { ...source, voxelSizeFrom: 'user' };
  assert.deepEqual(place([3, 25, 26], { ...user, voxelSize: [15, 4, 4] }), [
    [15, 4, 4],
    'micrometer',
    'user',
    [15, 1.5, 4.5],
    0
  ]);
  assert.deepEqual(place([9, 25, 26], { ...source, voxelSize: [5, 4, 4] })[3], [10, 1.5, 4.5]);
  // A voxel size that the image does not know stays unknown.
  const unknown = { ...PARENT, unit: null, levels: [{ ...PARENT.levels[0], scale: [1, 1, 1] as Shape }] };
  assert.deepEqual(place([9, 100, 101], UNKNOWN, unknown), [null, null, null, [10, 0, 3], 0]);
});

test('labels that are not where their image is are refused with both extents', () => {
  const user = { ...UNKNOWN, voxelSize: [5, 1, 1] as Shape, unit: 'micrometer', voxelSizeFrom: 'user' };
  const cases: [Shape, Own, string, ...string[]][] = [
    [[9, 100, 100], UNKNOWN, 'parent', '9 × 100 × 100', '9 × 100 × 101', '/scan.ome.zarr', 'roi'],
    [[9, 100, 100], user, 'parent', '45 × 100 × 100', '45 × 100 × 101'],
    [[9, 100, 101], { ...user, voxelSize: [1, 1, 1] }, 'parent', '9 × 100 × 101', '45 × 100 × 101'],
    [[9, 100, 101], { ...user, unit: 'millimeter' }, 'voxelSize', 'millimeter', 'micrometer'],
    [[9, 100, 101], { ...user, unit: null }, 'voxelSize', 'unknown', 'micrometer']
  ];
  for (const [shape, own, field, ...words] of cases)
    assert.throws(() => placeInParent(shape, one, own, PARENT, []), refused('bad-option', field, ...words));
  assert.throws(
    () => placeInParent([9, 100, 101], { t: 1, c: 3 }, user, PARENT, []),
    refused('bad-option', 'parent', '3 along c')
  );
});

test('all that are whole are listed, whoever lists them, and what else is said stays', async () => {
  for (const version of ['0.5', '0.4'] as const) {
    const parent = fresh();
    const labels = (name: string, label = true) => {
      const at = join(parent, 'labels', name);
      mkdirSync(join(at, '0'), { recursive: true });
      const image = { ...IMAGE, levels: IMAGE.levels.slice(0, 1), labels: label ? { image: '../../../' } : null };
      for (const [path, text] of documents(image, version)) writeFileSync(join(at, path), text);
    };
    const read = () =>
      readLabels(parent, version === '0.4' ? 2 : 3) as { labels: string[]; attributes: Record<string, unknown> };
    for (const name of ['b', 'a', 'c.partial', 'd.partial-12-old', 'e.previous-12', '.f']) labels(name);
    labels('no label', false);
    assert.equal(read(), null);
    await listLabels(parent, version);
    const group = read();
    if (version === '0.4') {
      assert.deepEqual(group, { labels: ['a', 'b'] });
      assert.equal(readFileSync(join(parent, 'labels', '.zgroup'), 'utf8'), '{\n  "zarr_format": 2\n}\n');
      writeFileSync(join(parent, 'labels', '.zattrs'), JSON.stringify({ labels: ['gone', 'b'], mine: 1 }));
    } else {
      const attributes = { ome: { version: '0.5', labels: ['a', 'b'] } };
      assert.deepEqual(group, { zarr_format: 3, node_type: 'group', attributes });
      const kept = { ...group, attributes: { mine: 1, ome: { version: '0.5', labels: ['gone', 'b'], more: 2 } } };
      writeFileSync(join(parent, 'labels', 'zarr.json'), JSON.stringify(kept));
    }
    labels('g');
    await Promise.all([listLabels(parent, version), listLabels(parent, version)]);
    assert.deepEqual(
      version === '0.4' ? read() : read().attributes,
      version === '0.4'
        ? { labels: ['gone', 'b', 'a', 'g'], mine: 1 }
        : { mine: 1, ome: { version: '0.5', labels: ['gone', 'b', 'a', 'g'], more: 2 } }
    );
    const file = join(parent, 'labels', version === '0.5' ? 'zarr.json' : '.zattrs');
    writeFileSync(file, 'no json');
    await assert.rejects(listLabels(parent, version), refused('bad-option', 'parent', file));
    assert.equal(readFileSync(file, 'utf8'), 'no json');
  }
});

test('outputs are named for their sources', () => {
  const slices = join(fresh(), 'slices.tif');
  mkdirSync(slices);
  const names: [string | string[], string][] = [
    ['/data/scan.tif', '/data/scan.ome.zarr'],
    ['/data/scan.ome.tiff', '/data/scan.ome.zarr'],
    ['/data/a.b.BTF', '/data/a.b.ome.zarr'],
    [['/data/s_01.tif', '/data/s_02.tif'], '/data/s.ome.zarr'],
    [slices, `${slices}.ome.zarr`]
  ];
  for (const [source, output] of names) assert.equal(outputPath(null, source, null), output);
  assert.equal(outputPath(null, '/data/cells.tif', '/scan.ome.zarr'), '/scan.ome.zarr/labels/cells');
  assert.equal(outputPath('nuclei', '/data/cells.tif', '/scan.ome.zarr'), '/scan.ome.zarr/labels/nuclei');
  assert.equal(outputPath('/a/b', '/data/cells.tif', '/scan.ome.zarr'), '/a/b');
});

function makeZarr(path: string, content = 'old'): void {
  mkdirSync(path);
  for (const [name, text] of documents({ ...IMAGE, levels: [] }, '0.5')) writeFileSync(join(path, name), text);
  writeFileSync(join(path, 'content'), content);
}

test('a destination has its name only when it is whole', async () => {
  const parent = fresh();
  const output = join(parent, 'out.ome.zarr');
  const destination = await Destination.claim(output, false);
  assert.deepEqual(readdirSync(parent), ['out.ome.zarr.partial']);
  await destination.writeDocuments(documents({ ...IMAGE, levels: IMAGE.levels.slice(0, 1) }, '0.5'));
  await destination.finish();
  assert.deepEqual(readdirSync(parent), ['out.ome.zarr']);
  assert.deepEqual(readdirSync(output).sort(), ['0', 'zarr.json']);
  assert.ok(isOmeZarr(output));
});

test('what exists stays, unless it is an OME-Zarr to be overwritten, and then until the new one is whole', async () => {
  const parent = fresh();
  const output = join(parent, 'out.ome.zarr');
  makeZarr(output);
  await assert.rejects(checkDestination(output, 'x.tif', false), refused('output-exists', 'output', output));
  const first = await Destination.claim(output, true);
  assert.equal(readFileSync(join(output, 'content'), 'utf8'), 'old');
  await first.discard();
  assert.deepEqual(readdirSync(parent), ['out.ome.zarr']);
  const second = await Destination.claim(output, true);
  writeFileSync(join(second.partial, 'content'), 'new');
  await second.finish();
  assert.deepEqual(readdirSync(parent), ['out.ome.zarr']);
  assert.deepEqual(readdirSync(output), ['content']);
  assert.equal(readFileSync(join(output, 'content'), 'utf8'), 'new');
  await assert.rejects(checkDestination(output, 'x.tif', true), refused('output-not-ome-zarr', 'output', output));
});

test('an old output comes back when the new one cannot have its name', async () => {
  const parent = fresh();
  const output = join(parent, 'out.ome.zarr');
  makeZarr(output);
  const destination = await Destination.claim(output, true);
  rmSync(destination.partial, { recursive: true });
  await assert.rejects(destination.finish(), refused('output-unwritable', 'output'));
  await destination.discard();
  assert.deepEqual(readdirSync(parent), ['out.ome.zarr']);
  assert.equal(readFileSync(join(output, 'content'), 'utf8'), 'old');
});

test('an output that appears meanwhile is not replaced', async () => {
  const output = join(fresh(), 'out.ome.zarr');
  const destination = await Destination.claim(output, false);
  makeZarr(output);
  await assert.rejects(destination.finish(), refused('output-exists', 'output'));
  await destination.discard();
  assert.ok(existsSync(join(output, 'content')));
});

test('two conversions do not share a destination', async () => {
  const output = join(fresh(), 'out.ome.zarr');
  const claims = await Promise.allSettled([Destination.claim(output, false), Destination.claim(output, false)]);
  const won = claims.filter(claim => claim.status === 'fulfilled');
  const lost = claims.filter(claim => claim.status === 'rejected');
  assert.equal(won.length, 1);
  refused('output-exists', 'output', `process ${process.pid}`)(lost[0].reason);
  await won[0].value.discard();
  assert.deepEqual(readdirSync(join(output, '..')), []);
});

test('what a dead conversion left is taken over once', async () => {
  for (const apart of [0, 1, 2, 3]) {
    const output = join(fresh(), 'out.ome.zarr');
    const partial = `${output}.partial`;
    mkdirSync(partial);
    // One of this very process, too: of a kernel that lives on.
    const pid = apart % 2 ? process.pid : 2 ** 30;
    writeFileSync(join(partial, MARKER), JSON.stringify({ tool: TOOL, host: hostname(), pid, started: '1' }));
    const late = async () => {
      for (let turn = 0; turn < apart; turn++) await new Promise(setImmediate);
      return Destination.takeOver(output, false);
    };
    const tries = await Promise.allSettled([Destination.takeOver(output, false), late()]);
    const won = tries.filter(each => each.status === 'fulfilled');
    assert.equal(won.length, 1);
    refused('output-exists', 'output', partial)(tries.find(each => each.status === 'rejected')!.reason);
    assert.deepEqual(readdirSync(partial), [MARKER]);
    await won[0].value.finish();
    assert.deepEqual(readdirSync(output), []);
  }
});

test('what a dead conversion left is replaced; what is foreign, or alive, is not', async () => {
  const output = join(fresh(), 'out.ome.zarr');
  const partial = `${output}.partial`;
  const leave = (marker: object | null) => {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    writeFileSync(join(partial, 'precious'), '');
    if (marker) writeFileSync(join(partial, MARKER), JSON.stringify(marker));
  };
  leave(null);
  await assert.rejects(
    checkDestination(output, 'x.tif', true),
    refused('output-exists', 'output', 'not made by this program')
  );
  await assert.rejects(Destination.claim(output, true), refused('output-exists', 'output'));
  assert.ok(existsSync(join(partial, 'precious')));
  leave({ tool: TOOL, host: 'elsewhere', pid: 1, started: null });
  await assert.rejects(Destination.claim(output, false), refused('output-exists', 'output', 'elsewhere'));
  leave({ tool: TOOL, host: hostname(), pid: 2 ** 30, started: '1' });
  const claimed = await Destination.claim(output, false);
  assert.deepEqual(readdirSync(partial), [MARKER]);
  await claimed.discard();
});

test('an output may lie neither in its source nor around it, nor where no folder is', async () => {
  const parent = fresh();
  const slices = join(parent, 'slices');
  mkdirSync(slices);
  await assert.rejects(
    checkDestination(join(slices, 'out.zarr'), slices, false),
    refused('output-inside-source', 'output', slices)
  );
  await checkDestination(join(parent, 'slices.ome.zarr'), slices, false);
  const zarr = join(parent, 'old.ome.zarr');
  makeZarr(zarr);
  writeFileSync(join(zarr, 'scan.tif'), '');
  await assert.rejects(checkDestination(zarr, join(zarr, 'scan.tif'), true), refused('output-inside-source', 'output'));
  await assert.rejects(
    checkDestination(join(parent, 'no', 'out.zarr'), 'x.tif', false),
    refused('output-unwritable', 'output', join(parent, 'no'))
  );
  writeFileSync(join(parent, 'file'), '');
  await assert.rejects(
    checkDestination(join(parent, 'file', 'out.zarr'), 'x.tif', false),
    refused('output-unwritable', 'output')
  );
  await assert.rejects(checkDestination(join(parent, 'out.partial'), 'x.tif', false), refused('bad-option', 'output'));
});
