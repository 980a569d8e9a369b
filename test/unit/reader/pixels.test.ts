import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ConvertError } from '../../../src/model/errors.ts';
import { BlockReader, type InterpretationOptions, openVolume, readInfo } from '../../../src/reader/index.ts';
import { BYTES_PER_VOXEL } from '../../../src/model/volume.ts';
import { random } from '../random.ts';
import { ENCODERS, store } from './tiff-encoders.ts';
import { type PageSpec, type Value, writeTiff } from './tiff-writer.ts';

const root = mkdtempSync(join(tmpdir(), 'pixels-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
const save = (pages: PageSpec[], little = true): string => {
  const path = join(root, `${files++}.tif`);
  writeFileSync(path, writeTiff(pages, { little }));
  return path;
};

const [HEIGHT, WIDTH] = [19, 37];

/**
 * Rows of numbers as TIFF packs them: the highest bit first, each row from a whole byte on; whole bytes in the file's
 * order.
 */
function pack(numbers: number[], perRow: number, bits: number, little: boolean): Buffer {
  const rows: Buffer[] = [];
  for (let from = 0; from < numbers.length; from += perRow) {
    const row = numbers.slice(from, from + perRow);
    if ([8, 16, 32, 64].includes(bits)) {
      const bytes = Buffer.from(
        row.flatMap(n => Array.from({ length: bits / 8 }, (_, b) => Math.floor(n / 256 ** b) & 255))
      );
      rows.push(store(bytes, bits / 8, bytes.length, 1, little));
      continue;
    }
    const text = row.map(n => n.toString(2).padStart(bits, '0')).join('');
    const bytes = text.match(/.{1,8}/g)!.map(byte => parseInt(byte.padEnd(8, '0'), 2));
    rows.push(Buffer.from(bytes));
  }
  return Buffer.concat(rows);
}

const reverse = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.map(byte => parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)));

interface Spec {
  bits: number;
  samples?: number;
  planar?: boolean;
  compression?: number;
  little?: boolean;
  fillOrder?: number;
  photometric?: number;
  sampleFormat?: number;
  tile?: [number, number];
  rowsPerStrip?: number;
  tags?: Record<number, Value>;
}

/** A page of numbers [y][x][sample], cut into strips or tiles, planar or not. */
function page(numbers: number[], spec: Spec): PageSpec {
  const { bits, samples = 1, planar = false, compression = 1, little = true, fillOrder = 1, tile } = spec;
  const rowsPerStrip = spec.rowsPerStrip ?? HEIGHT;
  const [rows, columns] = tile ?? [rowsPerStrip, WIDTH];
  const groups = planar
    ? Array.from({ length: samples }, (_, s) => [s])
    : [Array.from({ length: samples }, (_, s) => s)];
  const segments: Uint8Array[] = [];
  for (const group of groups)
    for (let y = 0; y < HEIGHT; y += rows)
      for (let x = 0; x < WIDTH; x += columns) {
        const inside: number[] = [];
        for (let r = y; r < (tile ? y + rows : Math.min(HEIGHT, y + rows)); r++)
          for (let c = x; c < x + columns; c++)
            for (const s of group) inside.push(r < HEIGHT && c < WIDTH ? numbers[(r * WIDTH + c) * samples + s] : 0);
        const stored = ENCODERS[compression](pack(inside, columns * group.length, bits, little));
        segments.push(fillOrder === 2 ? reverse(stored) : stored);
      }
  return {
    width: WIDTH,
    height: HEIGHT,
    bits,
    sampleFormat: spec.sampleFormat ?? 1,
    segments,
    tile,
    rowsPerStrip,
    tags: {
      258: Array.from({ length: samples }, () => bits),
      259: compression,
      262: spec.photometric ?? 1,
      266: fillOrder,
      277: samples,
      284: planar ? 2 : 1,
      339: Array.from({ length: samples }, () => spec.sampleFormat ?? 1),
      ...spec.tags
    }
  };
}

/** Reads everything, and parts of rows, and compares; returns what a person is told. */
async function check(
  path: string,
  expected: number[],
  dtype: string,
  reading?: Partial<InterpretationOptions>
): Promise<string[]> {
  const { info, layout } = await openVolume(path, reading);
  assert.equal(info.dtype, dtype);
  assert.deepEqual(info.shape, [1, HEIGHT, WIDTH]);
  const bytes = BYTES_PER_VOXEL[layout.dtype];
  const reader = new BlockReader(layout);
  for (const [y, x, ny, nx] of [
    [0, 0, HEIGHT, WIDTH],
    [3, 5, 11, 9],
    [HEIGHT - 1, 1, 1, WIDTH - 1],
    [2, WIDTH - 3, 7, 3]
  ]) {
    const rowBytes = nx * bytes + 5;
    const target = new Uint8Array(ny * rowBytes);
    await reader.read([0, y, x], [1, ny, nx], target, rowBytes, target.length);
    const view = new DataView(target.buffer);
    const got: number[] = [];
    for (let r = 0; r < ny; r++)
      for (let c = 0; c < nx; c++) {
        const at = r * rowBytes + c * bytes;
        if (dtype === 'uint8') got.push(view.getUint8(at));
        else if (dtype === 'uint16') got.push(view.getUint16(at, true));
        else if (dtype === 'int16') got.push(view.getInt16(at, true));
        else if (dtype === 'int8') got.push(view.getInt8(at));
        else if (dtype === 'uint32') got.push(view.getUint32(at, true));
        else if (dtype === 'int32') got.push(view.getInt32(at, true));
        else got.push(view.getFloat32(at, true));
      }
    const wanted = Array.from({ length: ny * nx }, (_, i) => expected[(y + Math.floor(i / nx)) * WIDTH + x + (i % nx)]);
    assert.deepEqual(got, wanted, `${path}: ${ny} × ${nx} at ${y}, ${x}`);
  }
  reader.close();
  return info.warnings;
}

function numbers(count: number, bits: number, seed: number): number[] {
  const next = random(seed);
  return Array.from({ length: count }, () => Math.floor(next() * 2 ** bits));
}

const PARTS = [{}, { rowsPerStrip: 4 }, { tile: [16, 16] as [number, number] }];

test('unsigned integers of 1 to 31 bits, either FillOrder, inverted or not', async () => {
  for (const bits of [1, 2, 4, 6, 7, 8, 10, 12, 15, 16, 17, 18, 24, 25, 31]) {
    const voxels = numbers(HEIGHT * WIDTH, bits, bits);
    const dtype = bits <= 8 ? 'uint8' : bits <= 16 ? 'uint16' : 'uint32';
    for (const parts of PARTS)
      for (const compression of [1, 5, 8, 32773])
        for (const fillOrder of [1, 2])
          for (const little of [true, false]) {
            const spec = { bits, compression, fillOrder, little, ...parts };
            const notes = await check(save([page(voxels, spec)], little), voxels, dtype);
            assert.equal(notes.length, bits === 24 ? 1 : 0);
            const turned = voxels.map(v => 2 ** bits - 1 - v);
            const inverted = save([page(voxels, { ...spec, photometric: 0 })], little);
            assert.match((await check(inverted, turned, dtype)).at(-1)!, /MinIsWhite/);
            await check(inverted, voxels, dtype, { keepIndices: true });
          }
  }
});

test('signed integers of odd bits keep their sign', async () => {
  for (const bits of [3, 7, 12, 17, 24, 30])
    for (const parts of PARTS)
      for (const compression of [1, 8]) {
        const stored = numbers(HEIGHT * WIDTH, bits, bits);
        const voxels = stored.map(v => (v < 2 ** (bits - 1) ? v : v - 2 ** bits));
        const path = save([page(stored, { bits, compression, sampleFormat: 2, ...parts })]);
        await check(path, voxels, bits <= 8 ? 'int8' : bits <= 16 ? 'int16' : 'int32');
      }
});

test('pixels in no file are what GDAL_NODATA says, as it would be if it were stored', async () => {
  for (const [text, bits, sampleFormat, dtype, voxel] of [
    ['', 8, 1, 'uint8', 0],
    ['7', 8, 1, 'uint8', 7],
    ['-9999', 16, 2, 'int16', -9999],
    ['-9999', 16, 1, 'uint16', 0],
    ['7', 12, 1, 'uint16', 7],
    ['1.5', 32, 3, 'float32', 1.5]
  ] as const)
    for (const photometric of [1, 0])
      for (const compression of [1, 8]) {
        const stored = numbers(HEIGHT * WIDTH, Math.min(bits, 8), 5);
        const spec = page(stored, { bits, sampleFormat, compression, photometric, rowsPerStrip: 4 });
        const segments = spec.segments.map((segment, n) => (n % 2 === 0 ? null : segment));
        const path = save([{ ...spec, segments, tags: { ...spec.tags, 42113: text || null } }]);
        const top = sampleFormat === 1 && photometric === 0 ? 2 ** bits - 1 : null;
        const { layout, info } = await openVolume(path);
        assert.equal(info.dtype, dtype);
        assert.match(info.warnings.join(), /are not in the file/);
        const size = BYTES_PER_VOXEL[layout.dtype];
        const target = new Uint8Array(WIDTH * size);
        const reader = new BlockReader(layout);
        await reader.read([0, 1, 0], [1, 1, WIDTH], target, target.length, target.length);
        reader.close();
        const view = new DataView(target.buffer);
        const read = { uint8: 'getUint8', uint16: 'getUint16', int16: 'getInt16', float32: 'getFloat32' } as const;
        for (let x = 0; x < WIDTH; x++)
          assert.equal(view[read[dtype]](x * size, true), top === null ? voxel : top - voxel);
      }
});

test('a sample of each pixel, chunky and planar', async () => {
  for (const bits of [1, 4, 8, 12, 16])
    for (const samples of [2, 3, 4])
      for (const planar of [false, true])
        for (const parts of PARTS)
          for (const compression of [1, 5, 50000]) {
            const little = bits !== 16 || samples !== 3;
            const all = numbers(HEIGHT * WIDTH * samples, bits, bits + samples);
            const spec = { bits, samples, planar, compression, little, photometric: samples > 2 ? 2 : 1, ...parts };
            const path = save([page(all, spec)], little);
            for (let sample = 0; sample < samples; sample++) {
              const voxels = all.filter((_, i) => i % samples === sample);
              await check(path, voxels, bits <= 8 ? 'uint8' : 'uint16', { channel: [sample] });
            }
          }
});

test('several samples are channels, in the order asked for', async () => {
  for (const planar of [false, true]) {
    const pages = [1, 2].map(seed => numbers(HEIGHT * WIDTH * 3, 8, seed));
    const path = save(pages.map(all => page(all, { bits: 8, samples: 3, planar, compression: 8, photometric: 2 })));
    for (const channel of ['all', [2, 0]] as const) {
      const chosen = channel === 'all' ? [0, 1, 2] : channel;
      const { info, layout } = await openVolume(path, { channel: channel as InterpretationOptions['channel'] });
      assert.deepEqual(info.shape, [chosen.length, 2, HEIGHT, WIDTH]);
      assert.deepEqual(
        info.channels!.map(({ name }) => name),
        chosen.map(n => ['Red', 'Green', 'Blue'][n])
      );
      const target = new Uint8Array(chosen.length * 2 * HEIGHT * WIDTH);
      const reader = new BlockReader(layout);
      await reader.read([0, 0, 0], [2 * chosen.length, HEIGHT, WIDTH], target, WIDTH, HEIGHT * WIDTH);
      reader.close();
      const expected = chosen.flatMap(n => pages.flatMap(all => all.filter((_, i) => i % 3 === n)));
      assert.deepEqual(Array.from(target), expected);
    }
  }
});

test('of grey and alpha, MinIsWhite turns the grey alone', async () => {
  for (const planar of [false, true])
    for (const compression of [1, 8]) {
      const all = numbers(HEIGHT * WIDTH * 2, 8, 3);
      const path = save([page(all, { bits: 8, samples: 2, planar, compression, photometric: 0, tags: { 338: 2 } })]);
      const grey = all.filter((_, i) => i % 2 === 0).map(v => 255 - v);
      await check(path, grey, 'uint8', { channel: [0] });
      const alpha = all.filter((_, i) => i % 2 === 1);
      await check(path, alpha, 'uint8', { channel: [1] });
    }
});

test('MinIsWhite means nothing for signed integers and floats', async () => {
  const voxels = numbers(HEIGHT * WIDTH, 15, 4);
  const notes = await check(save([page(voxels, { bits: 16, photometric: 0, sampleFormat: 2 })]), voxels, 'int16');
  assert.match(notes[0], /MinIsWhite.*int16.*kept/);
});

test('half floats are read as float32: every one of them', async () => {
  const halves = Array.from({ length: 65536 }, (_, i) => i);
  const width = 256;
  for (const little of [true, false]) {
    const path = save(
      [
        {
          ...{ width, height: 256, bits: 16, sampleFormat: 3 },
          segments: [pack(halves, width, 16, little)]
        }
      ],
      little
    );
    const { info, layout } = await openVolume(path);
    assert.equal(info.dtype, 'float32');
    const target = new Uint8Array(4 * 65536);
    const reader = new BlockReader(layout);
    await reader.read([0, 0, 0], [1, 256, width], target, 4 * width, target.length);
    reader.close();
    const got = new Float32Array(target.buffer);
    for (const half of halves) {
      const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
      const size =
        exponent === 31
          ? fraction
            ? NaN
            : Infinity
          : exponent === 0
            ? fraction * 2 ** -24
            : (1 + fraction / 1024) * 2 ** (exponent - 15);
      assert.ok(Object.is(got[half], half & 0x8000 ? -size : size) || Number.isNaN(size), `${half}`);
      assert.equal(Number.isNaN(got[half]), Number.isNaN(size));
    }
  }
});

/** A ColorMap of 16-bit entries for each index. */
const palette = (count: number, colour: (index: number) => [number, number, number]): Record<number, Value> => {
  const entries = Array.from({ length: count }, (_, i) => colour(i));
  return { 320: [0, 1, 2].flatMap(c => entries.map(entry => entry[c])) };
};
const grey = (value: number): [number, number, number] => [value, value, value];

test('palettes of greys are read as the greys', async () => {
  const voxels = numbers(HEIGHT * WIDTH, 8, 9);
  const read = async (bits: number, of: (i: number) => number, expected: (v: number) => number, dtype = 'uint8') => {
    const indices = voxels.map(v => v % 2 ** bits);
    const tags = palette(2 ** bits, i => grey(of(i)));
    for (const compression of [1, 5]) {
      const path = save([page(indices, { bits, photometric: 3, compression, tags })]);
      const notes = await check(path, indices.map(expected), dtype);
      await check(path, indices, 'uint8', { keepIndices: true });
      assert.equal(notes.length, indices.every(v => expected(v) === v) ? 0 : 1);
    }
  };
  // Ramps are what grey indices are, however their entries are written.
  await read(
    8,
    i => 257 * i,
    i => i
  );
  await read(
    8,
    i => i << 8,
    i => i
  );
  await read(
    8,
    i => i,
    i => i
  );
  await read(
    4,
    i => 4369 * i,
    i => i
  );
  await read(
    1,
    i => 65535 * i,
    i => i
  );
  await read(
    1,
    i => 65535 * (1 - i),
    i => 1 - i
  );
  await read(
    8,
    i => 257 * (255 - i),
    i => 255 - i
  );
  await read(
    8,
    i => 257 * (i >> 1),
    i => i >> 1
  );
  await read(
    4,
    i => 257 * i,
    i => i
  );
  await read(
    8,
    i => i * i,
    i => i * i,
    'uint16'
  );
});

test('palettes of colours are refused, or read colour by colour', async () => {
  const indices = numbers(HEIGHT * WIDTH, 8, 10);
  const spec = { bits: 8, photometric: 3, tags: palette(256, i => [257 * i, 257 * (255 - i), 257 * (i % 7)]) };
  const path = save([page(indices, spec)]);
  await assert.rejects(openVolume(path), (error: ConvertError) => {
    assert.equal(error.code, 'unsupported');
    assert.equal(error.field, 'channel');
    return /palette of colours.*--channel \(0 Red, 1 Green, 2 Blue, or all\)/.test(error.message);
  });
  for (const [channel, of] of [(i: number) => i, (i: number) => 255 - i, (i: number) => i % 7].entries())
    await check(path, indices.map(of), 'uint8', { channel: [channel] });
  await check(path, indices, 'uint8', { keepIndices: true });
  await assert.rejects(openVolume(path, { channel: [3] }), /channel 3 is not there/);
});

test('what has several samples is told, whatever it takes to read it', async () => {
  const path = save([page(numbers(HEIGHT * WIDTH * 3, 8, 1), { bits: 8, samples: 3, photometric: 2 })]);
  const { axes, shape, channels } = await readInfo(path);
  assert.equal(axes, 'czyx');
  assert.deepEqual(shape, [3, 1, HEIGHT, WIDTH]);
  assert.deepEqual(channels, [
    { name: 'Red', color: 'FF0000' },
    { name: 'Green', color: '00FF00' },
    { name: 'Blue', color: '0000FF' }
  ]);
  await assert.rejects(openVolume(path), (error: ConvertError) => {
    assert.equal(`${error.code} ${error.field}`, 'unsupported channel');
    return /3 samples \(RGB\).*--channel \(0 Red, 1 Green, 2 Blue, or all\)/.test(error.message);
  });
  const one = save([page(numbers(HEIGHT * WIDTH, 8, 1), { bits: 8 })]);
  await openVolume(one, { channel: [0] });
  await openVolume(one, { channel: 'all' });
  await assert.rejects(openVolume(one, { channel: [1] }), /only channel 0/);
});

test('pages whose pixels differ are refused', async () => {
  const voxels = numbers(HEIGHT * WIDTH, 8, 2);
  const plain = page(voxels, { bits: 8 });
  for (const [other, message] of [
    [page(voxels, { bits: 8, photometric: 0 }), /inverted grey/],
    [page(voxels, { bits: 8, fillOrder: 2 }), /FillOrder 2/],
    [page([...voxels, ...voxels], { bits: 8, samples: 2 }), /2 × uint8/]
  ] as const)
    await assert.rejects(openVolume(save([plain, other])), message);
  const [red, green] = [1, 2].map(n => page(voxels, { bits: 8, photometric: 3, tags: palette(256, i => grey(n * i)) }));
  await assert.rejects(openVolume(save([red, green])), /palette/);
});

test('Orientation is applied whatever a page is made of, and whatever is read of it', async () => {
  for (const [orientation, bits] of [
    [2, 16],
    [3, 8],
    [4, 12],
    [3, 32]
  ])
    for (const parts of PARTS)
      for (const compression of [1, 8]) {
        const stored = numbers(HEIGHT * WIDTH, bits, bits);
        const [rows, columns] = [orientation > 2, orientation < 4];
        const turned = stored.map((_, i) => {
          const [y, x] = [Math.floor(i / WIDTH), i % WIDTH];
          return stored[(rows ? HEIGHT - 1 - y : y) * WIDTH + (columns ? WIDTH - 1 - x : x)];
        });
        const path = save([page(stored, { bits, compression, ...parts, tags: { 274: orientation } })]);
        const dtype = bits === 8 ? 'uint8' : bits === 32 ? 'uint32' : 'uint16';
        assert.deepEqual(await check(path, turned, dtype, { orientation: 'apply' }), []);
        assert.match((await check(path, stored, dtype))[0], /Orientation tag is.*apply/);
      }
  // An option that would be refused is not suggested.
  const voxels = numbers(HEIGHT * WIDTH, 8, 6);
  const [warning] = await check(save([page(voxels, { bits: 8, tags: { 274: 6 } })]), voxels, 'uint8');
  assert.match(warning, /Orientation tag is 6.*save it turned/);
  assert.doesNotMatch(warning, /apply/);
});
