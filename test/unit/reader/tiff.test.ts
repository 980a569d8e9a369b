import { createHash } from 'node:crypto';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { ConvertError, type ErrorCode } from '../../../src/model/errors.ts';
import { BlockReader, openVolume, readerBytes } from '../../../src/reader/index.ts';
import { BYTES_PER_VOXEL, type Dtype, DTYPES, type Shape } from '../../../src/model/volume.ts';
import { ENCODERS, lzw, store } from './tiff-encoders.ts';
import { type FileSpec, type PageSpec, writeTiff } from './tiff-writer.ts';

const root = mkdtempSync(join(tmpdir(), 'tiff-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
let files = 0;

function save(bytes: Uint8Array, name = `${files++}.tif`): string {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return path;
}
const write = (pages: PageSpec[], spec?: FileSpec): string => save(writeTiff(pages, spec));

/** Pseudo-random bytes, the same on every run, with runs in them. */
function voxels(length: number): Uint8Array {
  const out = new Uint8Array(length);
  let state = 12345;
  for (let i = 0; i < length; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    out[i] = (state >> 16) % 5 === 0 || i === 0 ? state >> 20 : out[i - 1];
  }
  return out;
}

interface Storage extends FileSpec {
  compression: number;
  predictor: number;
  tile?: [number, number];
  rowsPerStrip?: number;
}

/** Writes native voxels (Z, Y, X) as a multi-page TIFF. */
function writeVolume(native: Uint8Array, [depth, height, width]: Shape, dtype: Dtype, storage: Storage): string {
  const { compression, predictor, tile, rowsPerStrip = height, little = true } = storage;
  const bytes = BYTES_PER_VOXEL[dtype];
  const [rows, columns] = tile ?? [rowsPerStrip, width];
  const pages: PageSpec[] = [];
  for (let z = 0; z < depth; z++) {
    const segments: Uint8Array[] = [];
    for (let y = 0; y < height; y += rows)
      for (let x = 0; x < width; x += columns) {
        const count = tile ? rows : Math.min(rows, height - y);
        const segment = Buffer.alloc(count * columns * bytes);
        for (let r = 0; r < count && y + r < height; r++) {
          const from = ((z * height + y + r) * width + x) * bytes;
          segment.set(native.subarray(from, from + Math.min(columns, width - x) * bytes), r * columns * bytes);
        }
        segments.push(ENCODERS[compression](store(segment, bytes, columns * bytes, predictor, little)));
      }
    const sampleFormat = dtype.startsWith('u') ? 1 : dtype.startsWith('i') ? 2 : 3;
    pages.push({
      width,
      height,
      bits: 8 * bytes,
      sampleFormat,
      segments,
      tile,
      rowsPerStrip,
      tags: { 259: compression, 317: predictor }
    });
  }
  return write(pages, storage);
}

/** Reads a box into a target with gaps, and compares it and the gaps. */
async function checkBox(
  reader: BlockReader,
  native: Uint8Array,
  volume: Shape,
  bytes: number,
  start: Shape,
  shape: Shape,
  gap: number
) {
  const rowBytes = shape[2] * bytes + gap;
  const planeBytes = shape[1] * rowBytes + 3 * gap;
  const target = new Uint8Array(new SharedArrayBuffer(shape[0] * planeBytes)).fill(0xa5);
  await reader.read(start, shape, target, rowBytes, planeBytes);
  const expected = new Uint8Array(target.length).fill(0xa5);
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++) {
      const from = (((start[0] + z) * volume[1] + start[1] + y) * volume[2] + start[2]) * bytes;
      expected.set(native.subarray(from, from + shape[2] * bytes), z * planeBytes + y * rowBytes);
    }
  assert.deepEqual(Buffer.from(target), Buffer.from(expected), `box ${shape} at ${start}, gap ${gap}`);
}

async function checkVolume(path: string | string[], native: Uint8Array, shape: Shape, dtype: Dtype) {
  const { info, layout } = await openVolume(path);
  assert.deepEqual(info.shape, shape);
  assert.equal(info.dtype, dtype);
  const bytes = BYTES_PER_VOXEL[dtype];
  const reader = new BlockReader(layout);
  try {
    const [z, y, x] = shape;
    await checkBox(reader, native, shape, bytes, [0, 0, 0], shape, 0);
    await checkBox(reader, native, shape, bytes, [0, 0, 0], shape, 5);
    await checkBox(reader, native, shape, bytes, [z - 1, y >> 1, 0], [1, y - (y >> 1), x], 4);
    await checkBox(reader, native, shape, bytes, [0, y >> 2, x >> 2], [z, y >> 1 || 1, x >> 1 || 1], 0);
    await checkBox(reader, native, shape, bytes, [0, y - 1, x - 1], [z, 1, 1], 8);
  } finally {
    reader.close();
  }
  return info;
}

for (const dtype of DTYPES)
  test(`every voxel of ${dtype}, in either byte order, strips and tiles, with and without compression`, async () => {
    const shape: Shape = [3, 21, 35];
    const bytes = BYTES_PER_VOXEL[dtype];
    const native = voxels(3 * 21 * 35 * bytes);
    const predictors = dtype.startsWith('float') ? [1, 2, 3] : [1, 2];
    for (const little of [true, false])
      for (const parts of [{}, { rowsPerStrip: 4 }, { tile: [16, 16] as [number, number] }])
        for (const compression of Object.keys(ENCODERS).map(Number))
          for (const predictor of compression === 1 || compression === 32773 ? [1] : predictors) {
            const storage = { little, big: compression === 8 || predictor === 2, compression, predictor, ...parts };
            const info = await checkVolume(writeVolume(native, shape, dtype, storage), native, shape, dtype);
            assert.equal(info.byteOrder, little ? 'little' : 'big');
            assert.equal(info.format, storage.big ? 'bigtiff' : 'tiff');
            assert.equal(info.layout, 'tile' in parts ? 'tiles' : 'strips');
          }
  });

test('one voxel, one row, one column and rows wider than a staging buffer', async () => {
  for (const shape of [
    [1, 1, 1],
    [1, 1, 9],
    [2, 9, 1],
    [2, 3, 70_001]
  ] as Shape[])
    for (const little of [true, false]) {
      const native = voxels(4 * shape[0] * shape[1] * shape[2]);
      await checkVolume(
        writeVolume(native, shape, 'uint32', { little, compression: 1, predictor: 1 }),
        native,
        shape,
        'uint32'
      );
    }
});

test('LZW through all code widths and cleared tables', async () => {
  const shape: Shape = [1, 150, 200];
  for (const native of [
    voxels(30000),
    Uint8Array.from({ length: 30000 }, (_, i) => (i * i) >> 3),
    new Uint8Array(30000).fill(7)
  ])
    await checkVolume(writeVolume(native, shape, 'uint8', { compression: 5, predictor: 1 }), native, shape, 'uint8');
});

test('uncompressed strips that follow one another count as one, scattered ones do not', async () => {
  const native = voxels(2 * 6 * 8);
  const joined = await openVolume(
    writeVolume(native, [2, 6, 8], 'uint8', { compression: 1, predictor: 1, rowsPerStrip: 2 })
  );
  const rows = ({ layout }: typeof joined) => layout.encodings.map(({ segmentRows }) => segmentRows);
  assert.deepEqual([rows(joined), joined.layout.offsets.length], [[1], 2]);
  const strip = (z: number, row: number) => native.subarray(z * 48 + row * 8, z * 48 + row * 8 + 16);
  const page = (z: number, rows: number[]): PageSpec => ({
    width: 8,
    height: 6,
    rowsPerStrip: 2,
    segments: rows.map(row => strip(z, row))
  });
  const swapped = page(1, [0, 2, 4]);
  const gap = { ...swapped, segments: [...swapped.segments] };
  const file = writeTiff([page(0, [0, 2, 4]), gap]);
  const path = save(file);
  await checkVolume(path, native, [2, 6, 8], 'uint8');
  // The second page's strips in reverse order, with its offsets to match.
  const { layout } = await openVolume(path);
  const at = layout.offsets[1];
  const reversed = writeTiff([page(0, [0, 2, 4]), { ...page(1, [4, 2, 0]), tags: { 273: [at + 32, at + 16, at] } }]);
  await checkVolume(save(reversed), native, [2, 6, 8], 'uint8');
  assert.deepEqual(rows(await openVolume(save(reversed))), [1, 3]);
});

test('thumbnails and masks of the main chain are no slices', async () => {
  const native = voxels(2 * 12);
  const page = (z: number): PageSpec => ({ width: 4, height: 3, segments: [native.subarray(12 * z, 12 * z + 12)] });
  const small: PageSpec = { width: 2, height: 1, segments: [new Uint8Array(2)], tags: { 254: 1 } };
  const mask: PageSpec = { width: 4, height: 3, segments: [new Uint8Array(12)], tags: { 254: 4 } };
  await checkVolume(write([small, page(0), small, mask, page(1)]), native, [2, 3, 4], 'uint8');
});

const imagej = (lines: string) => `ImageJ=1.54f\n${lines}`;

test('an ImageJ stack with one directory has the planes that follow the first', async () => {
  const native = voxels(5 * 6 * 7 * 2);
  const stored = store(native, 2, 14, 1, false);
  const page: PageSpec = {
    width: 7,
    height: 6,
    bits: 16,
    segments: [stored],
    tags: { 279: 84, 270: imagej('images=5\nslices=5\n') }
  };
  const info = await checkVolume(write([page], { little: false }), native, [5, 6, 7], 'uint16');
  assert.equal(info.format, 'imagej');
  assert.equal(info.pages, 5);
  const short = { ...page, tags: { ...page.tags, 270: imagej('images=50\nslices=50\n') } };
  await fails(write([short], { little: false }), 'truncated', /50 pages need 4208 bytes.* has \d+/);
});

test('ImageJ stores signed 16-bit values with 32,768 added', async () => {
  const native = voxels(2 * 3 * 4 * 2);
  for (const little of [true, false]) {
    const stored = Buffer.from(native);
    for (let i = 0; i < stored.length; i += 2) stored.writeUInt16LE((native[i] + 256 * native[i + 1]) ^ 0x8000, i);
    if (!little) stored.swap16();
    const description = imagej('images=2\nslices=2\ncf=0\nc0=-32768.0\nc1=1.0\nvunit=Gray Value\n');
    const page: PageSpec = { width: 4, height: 3, bits: 16, segments: [stored], tags: { 279: 24, 270: description } };
    await checkVolume(write([page], { little }), native, [2, 3, 4], 'int16');
    const segments = [lzw(stored.subarray(0, 24)), lzw(stored.subarray(24))];
    const pages = segments.map(s => ({ ...page, segments: [s], tags: { 270: description, 259: 5 } }));
    await checkVolume(write(pages, { little }), native, [2, 3, 4], 'int16');
  }
});

const ome = (pixels: string, rest = '') =>
  `<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ${pixels}>${rest}</Pixels></Image></OME>`;

test('a description is read however much lies around what is wanted of it, and refused where that is itself too long', async () => {
  const page: PageSpec = { width: 2, height: 2, segments: [new Uint8Array(4)] };
  const long = 'x'.repeat(1 << 16);
  const xml = (within: string, before = '', name = 'a') =>
    `<?xml version="1.0"?>${before}<o:OME xmlns:o="http://www.openmicroscopy.org/Schemas/OME/2016-06">${within}<o:Image Name="${name}"><o:Pixels SizeZ="2" SizeC="1" SizeT="1" PhysicalSizeX="2" PhysicalSizeY="2" PhysicalSizeZ="3"><o:Channel/><o:TiffData/><o:Plane A='>'/></o:Pixels></o:Image></o:OME>`;
  const open = (description: string) => openVolume(write([{ ...page, tags: { 270: description } }, page]));
  const around = [
    xml(`<!--${long} <o:Image> -- ->`.repeat(3) + '-->'),
    xml('', `<!DOCTYPE OME [ <!ENTITY e "]>${long}"> ]>`),
    xml(
      `<o:Annotations a="</o:OME>${long}"><Value><![CDATA[<o:Image>]] > ${long}]]></Value><b c='/>'/><d/></o:Annotations>`
    ),
    xml(`<?${long}>${long}?>`),
    `{"shape": [2, 2, 2], "a": ["}", {"spacing": 9}, "\\"${long}"], "axes": "CYX"}`
  ];
  for (const description of around.slice(0, 4)) {
    const { voxelSize } = (await open(description)).info;
    assert.deepEqual(voxelSize, [3, 2, 2], description.slice(0, 200));
  }
  assert.equal((await open(around[4])).info.channels?.length, 2);
  const stack = imagej('images=2\nslices=2\nspacing=3\nunit=um\n');
  const refused: [string, RegExp][] = [
    [xml('', '', long), /OME-XML cannot be read, up to its byte \d+: a tag in it is longer than 32768 characters/],
    [xml(`<${long}/>`), /a name in it is longer/],
    [xml('<a>'.repeat(100)), /it has elements 65 deep/],
    [xml('<a><b></a>'), /Unclosed root tag/],
    [xml('<o:Image><o:Pixels/></o:Image>'.repeat(70_000)), /more than 65536 images/],
    [stack + long.repeat(17), /the description of its page 1 has \d+ bytes, .* 1048576 .* of ImageJ/],
    [`{"shape": [${'1,'.repeat(1 << 18)}2, 2, 2]}`, /more than was expected of the shape, axes/]
  ];
  for (const [description, message] of refused) await assert.rejects(open(description), { message });
});

test('the voxel size is what ImageJ or OME-XML says, and null otherwise', async () => {
  const rational = (n: number, d: number) => ({ rational: [n, d] as [number, number] });
  const at = (n: number, d: number) => ({ 282: rational(n, d), 283: rational(n, d), 296: 1 });
  const stack = (lines: string) => imagej(`images=2\nslices=2\n${lines}`);
  const cases: [string, PageSpec['tags'], [number[] | null, string | null, string | null]][] = [
    [
      'micron with spacing',
      { ...at(2, 5), 270: stack('unit=micron\nspacing=3.5\n') },
      [[3.5, 2.5, 2.5], 'micrometer', 'imagej']
    ],
    ['spacing left out is 1', { ...at(4, 1), 270: stack('unit=um\n') }, [[1, 0.25, 0.25], 'micrometer', 'imagej']],
    [
      'escaped micro sign',
      { ...at(4, 1), 270: stack('unit=\\u00B5m\nspacing=-2\n') },
      [[2, 0.25, 0.25], 'micrometer', 'imagej']
    ],
    ['bare micro sign', { ...at(4, 1), 270: stack('unit=µm\n') }, [[1, 0.25, 0.25], 'micrometer', 'imagej']],
    [
      'millimetre',
      { ...at(100, 1), 270: stack('unit=mm\nspacing=0.02\n') },
      [[0.02, 0.01, 0.01], 'millimeter', 'imagej']
    ],
    [
      'centimetres with unit um',
      { ...at(1000, 1), 296: 3, 270: stack('unit=um\nspacing=10\n') },
      [[10, 10, 10], 'micrometer', 'imagej']
    ],
    [
      'depth in another unit',
      { ...at(1000, 1), 270: stack('unit=mm\nzunit=um\nspacing=5\n') },
      [[0.005, 0.001, 0.001], 'millimeter', 'imagej']
    ],
    ['pixel', { ...at(1, 1), 270: stack('unit=pixel\n') }, [null, null, null]],
    ['proportions only', { ...at(1, 1), 270: stack('spacing=2.5\n') }, [[2.5, 1, 1], null, 'imagej']],
    ['a unit of time', { ...at(1, 1), 270: stack('unit=sec\nspacing=2.5\n') }, [null, null, null]],
    ['printer', { ...at(72, 1), 296: 2 }, [null, null, null]],
    ['resolution without depth', { ...at(5000, 1), 296: 3 }, [null, null, null]],
    [
      'OME',
      {
        270: ome(
          'SizeC="1" SizeT="1" SizeZ="2" PhysicalSizeX="2" PhysicalSizeXUnit="nm" PhysicalSizeY="0.002" PhysicalSizeZ="3" PhysicalSizeZUnit="nm"'
        )
      },
      [[3, 2, 2], 'nanometer', 'ome-xml']
    ],
    [
      'OME without depth',
      { 270: ome('SizeC="1" SizeT="1" SizeZ="2" PhysicalSizeX="2" PhysicalSizeY="2"') },
      [null, null, null]
    ]
  ];
  for (const [name, tags, expected] of cases) {
    const page: PageSpec = { width: 2, height: 2, segments: [new Uint8Array(4)] };
    const { info } = await openVolume(write([{ ...page, tags }, page]));
    assert.deepEqual([info.voxelSize, info.unit, info.voxelSizeFrom], expected, name);
  }
  const single: PageSpec = {
    width: 2,
    height: 2,
    segments: [new Uint8Array(4)],
    tags: { ...at(4, 1), 270: imagej('unit=um\n') }
  };
  assert.equal((await openVolume(write([single]))).info.voxelSize, null, 'the depth of a single image is unknown');
});

const slice = (value: number, width = 4, bits = 8): Buffer =>
  writeTiff([{ width, height: 3, bits, segments: [new Uint8Array(3 * width * (bits / 8)).fill(value)] }]);

function folder(name: string, contents: Record<string, Uint8Array>): string {
  mkdirSync(join(root, name));
  for (const [file, bytes] of Object.entries(contents)) save(bytes, join(name, file));
  return join(root, name);
}

test('a folder of slices is read in natural order, without hidden and other files', async () => {
  const path = folder('slices', {
    'slice_10.tif': slice(10),
    'slice_9.TIFF': slice(9),
    'slice_8.tif': slice(2),
    '.slice_1.tif': slice(1),
    'notes.txt': Buffer.from('hello')
  });
  const native = new Uint8Array([2, 9, 10].flatMap(n => Array<number>(12).fill(n)));
  const info = await checkVolume(path, native, [3, 3, 4], 'uint8');
  assert.equal(info.format, 'slices');
  const listed = ['slice_10.tif', 'slice_8.tif'].map(name => join(path, name));
  await checkVolume(
    listed,
    new Uint8Array([...Array<number>(12).fill(10), ...Array<number>(12).fill(2)]),
    [2, 3, 4],
    'uint8'
  );
});

test('more slices than files that stay open', async () => {
  const names = Array.from({ length: 100 }, (_, i) => i);
  const path = folder('many', Object.fromEntries(names.map(i => [`${i}.tif`, slice(i)])));
  await checkVolume(path, new Uint8Array(names.flatMap(i => Array<number>(12).fill(i))), [100, 3, 4], 'uint8');
});

async function fails(source: string | string[], code: ErrorCode, message: RegExp) {
  await assert.rejects(
    async () => {
      const { layout } = await openVolume(source);
      const reader = new BlockReader(layout);
      const [z, y, x] = layout.shape;
      const rowBytes = x * BYTES_PER_VOXEL[layout.dtype];
      await reader
        .read([0, 0, 0], [z, y, x], new Uint8Array(z * y * rowBytes), rowBytes, y * rowBytes)
        .finally(() => reader.close());
    },
    (error: unknown) => {
      assert.ok(error instanceof ConvertError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(!error.message.includes('\n'));
      assert.equal(error.field, 'source');
      return true;
    }
  );
}

test('folders and lists that are no volume are refused', async () => {
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
  await fails(
    folder('none', { 'a.txt': Buffer.from('a') }),
    'no-pages',
    /none: a folder without TIFF .* BMP or PNG files, but with 1 \.txt \(a\.txt\): choose the folder/
  );
  await fails(
    folder('jpegs', { 's1.jpg': jpeg, 's2.jpg': jpeg, '.hidden.txt': jpeg, 'a.log': Buffer.from('a') }),
    'no-pages',
    /BMP or PNG files, but with 2 \.jpg \(s1\.jpg is a JPEG image\): save the slices as TIFF/
  );
  await fails(folder('empty', {}), 'no-pages', /BMP or PNG files, and empty: choose/);
  await fails(
    folder('odd', { '1.tif': slice(1), '2.tif': slice(2, 5), '3.tif': slice(3) }),
    'mixed-pages',
    /2\.tif is 3 × 5 uint8, but the other 2 slices are 3 × 4 uint8/
  );
  await fails(folder('types', { '1.tif': slice(1), '2.tif': slice(2, 4, 16) }), 'mixed-pages', /uint16.*uint8/);
  const wide: PageSpec = { width: 4, height: 3, bits: 16, segments: [new Uint8Array(24)] };
  const plain = writeTiff([wide]);
  const signed = writeTiff([
    { ...wide, tags: { 270: imagej('images=1\ncf=0\nc0=-32768.0\nc1=1.0\nvunit=Gray Value\n') } }
  ]);
  await fails(
    folder('signed', { '1.tif': plain, '2.tif': signed }),
    'mixed-pages',
    /2\.tif is 16-bit signed.* 1\.tif is/
  );
  await fails(
    folder('plain', { '1.tif': signed, '2.tif': plain }),
    'mixed-pages',
    /2\.tif is 16-bit unsigned.* 1\.tif is/
  );
  const white = writeTiff([{ ...grey, tags: { 262: 0 } }]);
  const shown = writeTiff([{ ...grey, tags: { 262: 0, 270: imagej('images=1\n') } }]);
  await fails(folder('white', { '1.tif': white, '2.tif': shown }), 'mixed-pages', /2\.tif is ImageJ's.* 1\.tif is not/);
  const two: PageSpec = { width: 4, height: 3, segments: [new Uint8Array(12)] };
  await fails(
    folder('pages', { '1.tif': slice(1), '2.tif': writeTiff([two, two]) }),
    'mixed-pages',
    /2\.tif: it has several pages.*each as a volume of its own, with --batch$/
  );
  await fails(folder('bad', { '1.tif': slice(1), '2.tif': Buffer.from('hello') }), 'not-tiff', /2\.tif/);
  await fails([], 'no-pages', /empty/);
  await fails(join(root, 'not there.tif'), 'not-found', /not there\.tif/);
  await fails([join(root, 'not there.tif'), save(slice(1))], 'not-found', /not there\.tif/);
});

test('what is no TIFF is refused, with what it is', async () => {
  await fails(save(Buffer.alloc(0)), 'not-tiff', /it is empty/);
  await fails(save(Buffer.from('II')), 'not-tiff', /49 49/);
  await fails(save(Buffer.from('\x89PNG\r\n\x1a\n0000', 'latin1')), 'not-tiff', /a PNG image/);
  await fails(save(Buffer.from('II\x2b\0\x04\0\0\0\0\0\0\0\0\0\0\0', 'latin1')), 'not-tiff', /49 49 2b/);
  await fails(save(writeTiff([])), 'no-pages', /without a page/);
});

const grey: PageSpec = { width: 4, height: 3, segments: [new Uint8Array(12)] };
const withTags = (tags: PageSpec['tags'], more: Partial<PageSpec> = {}): string => write([{ ...grey, ...more, tags }]);

test('files of other kinds are named, and what is no file is refused at once', async () => {
  const place = folder('kinds', {});
  const kinds: [name: string, at: number, bytes: string, says: RegExp][] = [
    ['scan.dcm', 128, 'DICM', /it is a DICOM file/],
    ['scan.txm', 0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', /it is a Zeiss TXM \(OLE2\)/],
    ['scan.tif', 0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', /it is an OLE2 file/],
    ['scan.h5', 0, '\x89HDF\r\n\x1a\n', /it is an HDF5 file/],
    ['scan.nii', 344, 'n+1\0', /it is a NIfTI volume/],
    ['scan.mrc', 208, 'MAP ', /it is an MRC volume/],
    ['scan.nrrd', 0, 'NRRD0004', /it is an NRRD volume/],
    ['scan.jp2', 0, '\0\0\0\x0cjP  ', /it is a JPEG 2000 image/],
    ['photo.tif', 0, '\xff\xd8\xff\xe0', /it is a JPEG image/],
    ['empty.tif', 0, '', /it is empty/]
  ];
  for (const [name, at, bytes, says] of kinds) {
    const path = join(place, name);
    writeFileSync(path, Buffer.concat([Buffer.alloc(at), Buffer.from(bytes, 'latin1'), Buffer.alloc(bytes ? 600 : 0)]));
    await fails(path, 'not-tiff', says);
  }
  const link = join(place, 'link.tif');
  symlinkSync('gone.tif', link);
  await fails(link, 'not-found', /broken symbolic link: it leads to gone\.tif/);
  if (process.platform === 'win32') return;
  const slices = join(place, 'piped');
  mkdirSync(slices);
  const pipe = join(slices, 'rec_2.tif');
  writeFileSync(join(slices, 'rec_1.tif'), writeTiff([grey]));
  execFileSync('mkfifo', [pipe]);
  for (const source of [pipe, slices]) await fails(source, 'unreadable', /rec_2\.tif: it is a pipe/);
  await fails('/dev/zero', 'unreadable', /it is a device/);
});

test('images that cannot be read are refused before a voxel is read', async () => {
  const rgb = { segments: [new Uint8Array(36)] };
  await fails(withTags({ 277: 3, 262: 8 }, rgb), 'unsupported', /CIELab/);
  await fails(withTags({ 277: 3, 262: 6 }, rgb), 'unsupported-compression', /YCbCr/);
  await fails(withTags({ 277: 2, 258: [8, 16] }, rgb), 'unsupported', /bits 8, 16/);
  await fails(withTags({ 262: 3 }), 'corrupt', /palette has 0 entries/);
  await fails(withTags({ 258: 48 }), 'unsupported', /48-bit uint/);
  await fails(withTags({ 258: 24, 339: 3 }), 'unsupported', /24-bit float/);
  await fails(withTags({ 258: 40, 339: 2 }), 'unsupported', /40-bit int/);
  await fails(withTags({ 339: 6 }), 'unsupported', /complex/);
  await fails(withTags({ 32997: 5 }), 'unsupported', /ImageDepth/);
  for (const [compression, name] of [
    [6, 'old-style JPEG'],
    [34925, 'LZMA'],
    [50001, 'WebP'],
    [33003, 'JPEG 2000'],
    [12345, '12345']
  ] as const)
    await fails(withTags({ 259: compression }), 'unsupported-compression', new RegExp(name));
  await fails(withTags({ 259: 8, 317: 3 }), 'unsupported-compression', /predictor 3 of uint8/);
  await fails(withTags({ 317: 2 }), 'unsupported-compression', /predictor 2/);
});

test('pages that differ are refused, with both', async () => {
  await fails(
    write([grey, grey, { ...grey, height: 2 }]),
    'mixed-pages',
    /page 3 is 2 × 4 uint8, but page 1 is 3 × 4 uint8/
  );
  await fails(write([grey, { ...grey, sampleFormat: 2 }]), 'mixed-pages', /page 2 is 3 × 4 int8/);
  const tables = Array.from({ length: 257 }, (_, n) => ({
    ...grey,
    tags: { 259: 7, 347: Buffer.from([n & 255, n >> 8]) }
  }));
  await fails(write(tables), 'mixed-pages', /page 257 its pages are stored in 257 ways .* at most 256/);
});

test('a reader of pages that are stored in several ways has room for the greatest of them', async () => {
  const side = 4000;
  const raw: PageSpec = { width: side, height: side, segments: [new Uint8Array(side * side)] };
  const packed = (rowsPerStrip: number): PageSpec => {
    const strip = deflateSync(new Uint8Array(side * rowsPerStrip));
    return { ...raw, segments: Array<Uint8Array>(side / rowsPerStrip).fill(strip), rowsPerStrip, tags: { 259: 8 } };
  };
  const room = async (...pages: PageSpec[]) => readerBytes((await openVolume(write(pages))).layout);
  const [one, small, large] = [await room(raw), await room(packed(100)), await room(packed(2000))];
  assert.ok(one < small && small < large);
  assert.equal(await room(raw, packed(100), packed(2000)), one + large);
});

test('truncated files are refused before a voxel is read', async () => {
  const bytes = writeTiff([grey, grey]);
  const at = (await openVolume(save(bytes))).layout.offsets[1];
  await fails(withTags({ 273: 100_000 }), 'truncated', /page 1 needs 100012 bytes, but the file has \d+/);
  await fails(withTags({ 273: 2 ** 32 - 1, 279: 2 ** 32 - 1 }), 'truncated', /4294967307/);
  const size = writeTiff([{ ...grey, tags: { 273: 8 } }]).length;
  await openVolume(withTags({ 273: size - 12 }));
  await fails(
    withTags({ 273: size - 11 }),
    'truncated',
    new RegExp(`needs ${size + 1} bytes, but the file has ${size}`)
  );
  await fails(withTags({ 273: 4 }), 'corrupt', /in the file's header/);
  await fails(save(bytes.subarray(0, at + 3)), 'truncated', /page 2/);
  for (let length = 8; length < bytes.length; length++)
    await assert.rejects(
      openVolume(save(bytes.subarray(0, length), 'cut.tif')),
      { code: 'truncated' },
      `${length} bytes`
    );
  await fails(write([grey], { after: { position: 1e6 } }), 'truncated', /page 2 is described at byte 1000000/);
  await fails(withTags({ 259: 8, 279: 0 }), 'truncated', /no data/);
  await fails(
    write([{ ...grey, tags: { 270: imagej('images=3\nslices=3\n') } }, grey]),
    'truncated',
    /says 3 pages, but it has 2/
  );
  const path = save(bytes, 'shrinks.tif');
  const { layout } = await openVolume(path);
  truncateSync(path, at + 3);
  const reader = new BlockReader(layout);
  await assert.rejects(reader.read([0, 0, 0], [2, 3, 4], new Uint8Array(24), 4, 12), {
    code: 'truncated',
    message: /changed after it was opened/
  });
  reader.close();
});

test('hostile headers are refused', async () => {
  await fails(write([grey, grey], { after: { page: 1 } }), 'corrupt', /circle/);
  await fails(write([grey, grey], { after: { page: 2 } }), 'corrupt', /circle/);
  await fails(withTags({ 256: 0 }), 'corrupt', /3 × 0 pixels/);
  await fails(withTags({ 257: null }), 'corrupt', /0 × 4 pixels/);
  await fails(withTags({ 256: 2 ** 32 - 1 }), 'corrupt', /cannot be/);
  await fails(withTags({ 278: 1 }), 'corrupt', /needs 3 strips, but says where 1 are/);
  await fails(withTags({ 257: 2 ** 31 - 1, 278: 1 }), 'corrupt', /2147483647 strips/);
  await fails(withTags({ 322: 0, 323: 16, 324: 8, 325: 12 }), 'corrupt', /tiles of 16 × 0/);
  await fails(withTags({ 257: 3000, 256: 60_000, 278: 3000 }), 'truncated', /180000/);
  await fails(withTags({ 270: imagej('images=999999999999\nslices=9\n') }), 'truncated', /999999999999 pages/);
  const many = writeTiff([grey], { big: true });
  many.writeUInt32LE(0xffffffff, many.readUInt32LE(8));
  await fails(save(many), 'corrupt', /tags, which is nonsense/);
  const typed = writeTiff([grey]);
  typed.writeUInt16LE(12, typed.readUInt32LE(4) + 2 + 2);
  await fails(save(typed), 'corrupt', /field type 12/);
});

test('damaged data are an error, never zeros', async () => {
  const big = voxels(3 * 4000);
  const page = (compression: number, data: Uint8Array): string =>
    write([{ width: 4000, height: 3, segments: [data], tags: { 259: compression } }]);
  for (const compression of [5, 8, 32773, 50000]) {
    const good = ENCODERS[compression](big);
    await fails(page(compression, good.subarray(0, good.length >> 1)), 'corrupt', /its image/);
    await fails(
      page(compression, ENCODERS[compression](big.subarray(1))),
      'corrupt',
      /holds 11999 bytes, where 12000 were expected/
    );
  }
  for (const compression of [5, 7, 8, 34887, 50000])
    await fails(page(compression, Buffer.alloc(1000, 0xee)), 'corrupt', /cannot be decoded/);
  await fails(page(8, deflateSync(new Uint8Array(10_000_000))), 'corrupt', /cannot be decoded/);
});

const JPEG =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/wAALCAAIABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APzt/Zt/Zb/49/8AiXen8FfoB+zb+y3/AMe//Eu9P4K//9k=';

test('JPEG of 8-bit grey, with its tables inside or in JPEGTables', async () => {
  const whole = Buffer.from(JPEG, 'base64');
  const frame = whole.indexOf(Buffer.from([0xff, 0xc0]));
  const huffman = whole.indexOf(Buffer.from([0xff, 0xc4]));
  const scan = whole.indexOf(Buffer.from([0xff, 0xda]));
  const [start, end] = [whole.subarray(0, 2), whole.subarray(-2)];
  const tables = Buffer.concat([start, whole.subarray(20, frame), whole.subarray(huffman, scan), end]);
  const short = Buffer.concat([start, whole.subarray(frame, huffman), whole.subarray(scan)]);
  const page = { width: 16, height: 8, segments: [whole], tags: { 259: 7 } };
  const abbreviated = { ...page, segments: [short], tags: { 259: 7, 347: tables } };
  for (const pages of [[page], [abbreviated], [page, abbreviated, page]]) {
    const { layout } = await openVolume(write(pages));
    const out = new Uint8Array(128 * pages.length);
    await new BlockReader(layout).read([0, 0, 0], [pages.length, 8, 16], out, 16, 128);
    for (const [i, value] of out.entries())
      assert.ok(Math.abs(value - (9 * ((i >> 4) & 7) + 8 * (i & 15))) <= 2, `${i}: ${value}`);
  }
  await fails(write([{ ...page, width: 15 }]), 'corrupt', /JPEG of 8 × 16 pixels, where 8 × 15/);
});

/**
 * 33 × 19 pixels in colours of a lower resolution, with restart markers, and SHA-256 of what libjpeg-turbo makes of
 * them.
 */
const IN_COLOUR = [
  [
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wgARCAATACEDASIAAhEBAxEB/8QAGgABAAIDAQAAAAAAAAAAAAAAAAQFAQMGAv/EABcBAAMBAAAAAAAAAAAAAAAAAAMEBQL/3QAEAAL/2gAMAwEAAhADEAAAAc1lzWZXmbm0L/8A/9CAjC1ekqxqJ//Rl+RvXMioL//EAB4QAAEEAgMBAAAAAAAAAAAAAAEAAwQiAiEREzIz/9oACAEBAAEFAmhR4W//0IoUga//0eE0Kf/SeFooX//Tk6x7cl//1GvD3r//1Yqn/P8A/9Zf/8QAHBEAAQMFAAAAAAAAAAAAAAAAAAMEMwECEBQx/9oACAEDAQE/AWUhZMf/0N1IZSH/0VO1x//EAB4RAAICAAcAAAAAAAAAAAAAAAABAwQCEBQiIzIz/9oACAECAQE/AYq+9jr8p//Q0eIi7s//0V75f//EABgQAQEAAwAAAAAAAAAAAAAAABAAAREx/9oACAEBAAY/Aj//0D//0T//0j//093MX//UP//VP//Wv//EABsQAAICAwEAAAAAAAAAAAAAAAAQASERMUFx/9oACAEBAAE/IUb/AP/QqU//0UP/0i1H/9O5LkZQf//UT//V1Ke5P//WP//aAAwDAQACAAMAAAAQp9//0Anv/9EP7//EABwRAAIBBQEAAAAAAAAAAAAAAAABERAhMVFhkf/aAAgBAwEBPxBLiKkz/9Dq/DIf/9F2o9U//8QAGhEAAgIDAAAAAAAAAAAAAAAAAAERQVFhcf/aAAgBAgEBPxCgMU//0NQiD//RVQ6Qj//EAB8QAAICAgEFAAAAAAAAAAAAAAABESFhcaExkcHR8f/aAAgBAQABPxCho5h//9CqXD//0RQ0f//S5hVP/9NUmOHNGD5r9n//1EUNCruP/9VVEdwLolPKt+D/1oR//9k=',
    'e07713439ae8dc1eb7e6967958863a580b40876cecbc1fb2f97961f0ab54cbd1'
  ],
  [
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAATACEDASEAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/90ABAAB/9oADAMBAAIRAxEAPwB+lx/6CPpXMa3H/pX415uFw/76R5+Sr/aGf//QXwpH8gq54jj/AHZrwZ4f/ajuwy/20//RwfLork+rn39j/9K/pcf+gj6VzGtx/wClfjXThcP++kcOSr/aGf/Tu+FI/kFWvE4Eds8jA4RSxx7VM8PfF2O+i1HF8z6H/9Tj/wC1bn/nnF+R/wAaK+g/s2Hmep/b2J/lj9z/AMz/1djSwPsI+lcxrYH2r8a97CxXtpHHkv8AvDP/1tbwoBsFR+PSV03A6M4B9xyf6V60Yr68vU1xDanNrsf/1+GwKK++5UYn/9k=',
    '65dc138f18d0d0bb79f1d9d71370958c5d34b862ef63f0b780df60200e83fedd'
  ]
];

test('JPEG in colours, sequential and progressive, is what libjpeg makes of it', async () => {
  for (const [data, sha256] of IN_COLOUR) {
    const segments = [Buffer.from(data, 'base64')];
    const page = { width: 33, height: 19, segments, tags: { 258: [8, 8, 8], 259: 7, 262: 6, 277: 3, 339: [1, 1, 1] } };
    const { layout } = await openVolume(write([page]), { channel: 'all' });
    const out = new Uint8Array(3 * 33 * 19);
    await new BlockReader(layout).read([0, 0, 0], [3, 19, 33], out, 33, 33 * 19);
    const pixels = Uint8Array.from(out, (_, i) => out[(i % 3) * 33 * 19 + Math.floor(i / 3)]);
    assert.equal(createHash('sha256').update(pixels).digest('hex'), sha256);
    const cut = { ...page, segments: [segments[0].subarray(0, -200)] };
    const { layout: less } = await openVolume(write([cut]), { channel: 'all' });
    await assert.rejects(new BlockReader(less).read([0, 0, 0], [3, 19, 33], out, 33, 33 * 19), /cannot be decoded/);
  }
});

test('LERC, with voxels that it marks as not valid', async () => {
  const plain =
    'TGVyYzIgBAAAAM4/Eq0DAAAABAAAAAEAAAAMAAAACAAAAH8AAAAGAAAAAAAAAAAAAAAAAAAAAAAAwAAAAAAAAC1AAAAAAAAAAMAAAGhBAQAAAMAAAAC/AACAPwAAIEAAAIBAAACwQAAA4EAAAAhBAAAgQQAAOEEAAFBBAABoQQ==';
  const masked =
    'TGVyYzIgBAAAAG4G6dkDAAAABAAAAAEAAAALAAAACAAAAIEAAAAGAAAAAAAAAAAAAAAAAAAAAAAAwAAAAAAAAC1ABgAAAAIA/f8AgAAAAMAAAGhBAQAAAMAAAAC/AACAPwAAIEAAAIBAAACwQAAACEEAACBBAAA4QQAAUEEAAGhB';
  const integers =
    'TGVyYzIgBAAAAFutORYDAAAABAAAAAEAAAALAAAACAAAAGAAAAADAAAAAAAAAAAA4D8AAAAAAAA+QAAAAAAAYGhABgAAAAIA/f8AgB4AwwAAQR6ICwAPHi08S2l4h5al';
  const expected = Float32Array.from({ length: 12 }, (_, i) => 1.5 * i - 2);
  const page = (data: Uint8Array, bits: number, sampleFormat: number, around = 0): string =>
    write([{ width: 4, height: 3, bits, sampleFormat, segments: [data], tags: { 259: 34887, 50674: [4, around] } }]);
  const native = new Uint8Array(expected.buffer);
  await checkVolume(page(Buffer.from(plain, 'base64'), 32, 3), native, [1, 3, 4], 'float32');
  await checkVolume(page(deflateSync(Buffer.from(plain, 'base64')), 32, 3, 1), native, [1, 3, 4], 'float32');
  expected[6] = NaN;
  await checkVolume(page(Buffer.from(masked, 'base64'), 32, 3), native, [1, 3, 4], 'float32');
  await fails(page(Buffer.from(integers, 'base64'), 16, 1), 'corrupt', /not valid/);
  await fails(page(Buffer.from(plain, 'base64'), 32, 1), 'corrupt', /Float32Array, where uint32/);
  await fails(page(Buffer.from(plain, 'base64'), 64, 1), 'unsupported-compression', /uint64 voxels in LERC/);
});

test('a box outside the volume or its target is refused', async () => {
  const { layout } = await openVolume(write([grey]));
  const reader = new BlockReader(layout);
  await assert.rejects(reader.read([0, 0, 1], [1, 3, 4], new Uint8Array(12), 4, 12), RangeError);
  await assert.rejects(reader.read([0, 0, 0], [1, 3, 4], new Uint8Array(11), 4, 12), RangeError);
  reader.close();
});
