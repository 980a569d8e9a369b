import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { deflateSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import * as zarr from 'zarrita';
import { FileSystemStore } from '@zarrita/storage';
import {
  BYTES_PER_VOXEL,
  type ConvertOptions,
  type ConvertResult,
  ConvertError,
  type Progress,
  type Shape,
  convert,
  estimate,
  inspect,
  verify
} from '../../../src/convert/index.ts';
import { random } from '../random.ts';
import { writeTiff } from '../reader/tiff-writer.ts';

const ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array
};
type Dtype = keyof typeof ARRAYS;
type Voxels = InstanceType<(typeof ARRAYS)[Dtype]>;

const folder = mkdtempSync(join(tmpdir(), 'convert-test-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const name = () => join(folder, `volume-${count++}`);

interface Volume {
  path: string;
  shape: Shape;
  dtype: Dtype;
  voxels: Voxels;
}

/** A TIFF of one strip a page with voxels that `value` gives. */
function makeVolume(shape: Shape, dtype: Dtype, value: (index: number) => number, compressed = false): Volume {
  const voxels = new ARRAYS[dtype](shape[0] * shape[1] * shape[2]).map((_: number, i: number) => value(i)) as Voxels;
  const pageBytes = shape[1] * shape[2] * BYTES_PER_VOXEL[dtype];
  const bytes = new Uint8Array(voxels.buffer);
  const pages = Array.from({ length: shape[0] }, (_, z) => {
    const page = bytes.subarray(z * pageBytes, (z + 1) * pageBytes);
    return {
      width: shape[2],
      height: shape[1],
      bits: 8 * BYTES_PER_VOXEL[dtype],
      sampleFormat: dtype === 'float32' ? 3 : dtype.startsWith('u') ? 1 : 2,
      segments: [compressed ? deflateSync(page) : page],
      tags: (compressed ? { 259: 8 } : {}) as Record<number, number>
    };
  });
  const path = `${name()}.tif`;
  writeFileSync(path, writeTiff(pages));
  return { path, shape, dtype, voxels };
}

/** Any value that the type can have; for float32 some that are not finite. */
function anyValue(dtype: Dtype, seed: number): () => number {
  const next = random(seed);
  const bits = 8 * BYTES_PER_VOXEL[dtype];
  const low = dtype.startsWith('u') ? 0 : -(2 ** (bits - 1));
  if (dtype !== 'float32') return () => low + Math.floor(next() * 2 ** bits);
  return () => {
    const kind = next();
    return kind < 0.2 ? NaN : kind < 0.22 ? Infinity : Math.fround((next() - 0.5) * 1e4);
  };
}

/** Level 0 as it should be, then the mean of the stored level above, in plain loops. */
function halved(voxels: Voxels, [nz, ny, nx]: Shape): { voxels: Voxels; shape: Shape } {
  const shape: Shape = [Math.ceil(nz / 2), Math.ceil(ny / 2), Math.ceil(nx / 2)];
  const out = new (voxels.constructor as typeof Uint8Array)(shape[0] * shape[1] * shape[2]) as Voxels;
  let at = 0;
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[2]; x++) {
        let sum = 0;
        let found = 0;
        for (let k = 2 * z; k < Math.min(2 * z + 2, nz); k++)
          for (let j = 2 * y; j < Math.min(2 * y + 2, ny); j++)
            for (let i = 2 * x; i < Math.min(2 * x + 2, nx); i++) {
              const value = voxels[(k * ny + j) * nx + i];
              if (Number.isNaN(value)) continue;
              sum += value;
              found++;
            }
        out[at++] = voxels instanceof Float32Array ? sum / found : Math.floor((2 * sum + found) / (2 * found));
      }
  return { voxels: out, shape };
}

function cut(
  { voxels, shape: [, ny, nx] }: Volume,
  [z0, z1, y0, y1, x0, x1]: number[]
): { voxels: Voxels; shape: Shape } {
  const shape: Shape = [z1 - z0, y1 - y0, x1 - x0];
  const out = new (voxels.constructor as typeof Uint8Array)(shape[0] * shape[1] * shape[2]) as Voxels;
  let at = 0;
  for (let z = z0; z < z1; z++)
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) out[at++] = voxels[(z * ny + y) * nx + x];
  return { voxels: out, shape };
}

function same(actual: ArrayLike<number>, expected: Voxels, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const slack = expected instanceof Float32Array ? 1e-2 : 0;
  for (let i = 0; i < expected.length; i++)
    if (!Object.is(actual[i], expected[i]) && !(Math.abs(actual[i] - expected[i]) <= slack))
      assert.fail(`${what}: voxel ${i} is ${actual[i]}, expected ${expected[i]}`);
}

/** Reads a level with zarrita, whose blosc, zstd and gzip are not ours. */
async function read(output: string, level: number): Promise<{ data: Voxels; shape: number[] }> {
  const array = await zarr.open(zarr.root(new FileSystemStore(output)).resolve(`/${level}`), { kind: 'array' });
  const { data, shape } = (await zarr.get(array)) as unknown as { data: Voxels; shape: number[] };
  return { data, shape };
}

async function checkLevels(
  result: ConvertResult,
  expected: { voxels: Voxels; shape: Shape },
  what: string
): Promise<void> {
  for (let level = 0; level < result.levels; level++) {
    const { data, shape } = await read(result.output, level);
    assert.deepEqual(shape, expected.shape, `${what} level ${level}`);
    same(data, expected.voxels, `${what} level ${level}`);
    expected = halved(data, expected.shape);
  }
}

const filesOf = (path: string): string[] =>
  (readdirSync(path, { recursive: true }) as string[]).filter(file => statSync(join(path, file)).isFile()).sort();

const failsWith =
  (code: string, field: string | null, ...words: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ConvertError, String(error));
    assert.equal(error.code, code, error.message);
    assert.equal(error.field, field);
    for (const word of words) assert.ok(error.message.includes(word), `"${error.message}" lacks "${word}"`);
    return true;
  };

test('every type, codec and version keeps every voxel, on every level', async () => {
  const shapes: Shape[] = [
    [1, 1, 1],
    [1, 7, 5],
    [17, 33, 20],
    [5, 1, 70],
    [40, 21, 65]
  ];
  const chunks: Shape[] = [
    [16, 16, 16],
    [7, 9, 11],
    [1, 32, 64],
    [64, 64, 64]
  ];
  const compressions = ['blosc-zstd', 'blosc-lz4', 'zstd', 'gzip', 'none'] as const;
  let trial = 0;
  for (const dtype of Object.keys(ARRAYS) as Dtype[])
    for (const shape of shapes) {
      const volume = makeVolume(shape, dtype, anyValue(dtype, ++trial), trial % 4 === 0);
      const options: Partial<ConvertOptions> = {
        output: `${name()}.ome.zarr`,
        chunkSize: chunks[trial % chunks.length],
        compression: compressions[trial % compressions.length],
        omeZarr: trial % 2 ? '0.5' : '0.4',
        levels: trial % 3 ? 'auto' : 3,
        jobs: 1 + (trial % 3)
      };
      const result = await convert(volume.path, options);
      await checkLevels(result, volume, JSON.stringify({ dtype, shape, ...options }));
    }
});

test('a region is cut to the voxel, and its place is in the metadata', async () => {
  const volume = makeVolume([20, 30, 40], 'int16', anyValue('int16', 5));
  const roi: [number, number, number, number, number, number] = [3, 20, 11, 12, 5, 38];
  const output = `${name()}.ome.zarr`;
  const result = await convert(volume.path, { output, roi, chunkSize: [8, 8, 8], voxelSize: [1.5, 2, 1], unit: 'um' });
  await checkLevels(result, cut(volume, roi), 'roi');
  const { attributes } = JSON.parse(readFileSync(join(output, 'zarr.json'), 'utf8'));
  const [, second] = attributes.ome.multiscales[0].datasets;
  assert.deepEqual(second.coordinateTransformations, [
    { type: 'scale', scale: [3, 2, 2] },
    { type: 'translation', translation: [5.25, 22, 5.5] }
  ]);
  assert.deepEqual(attributes['microct-io-vis'].roi, roi);
});

test('values are mapped to integers, clipped, and counted where they are no numbers', async () => {
  const special = [NaN, Infinity, -Infinity, -5, 10, 2.5, 0, 11, -6, NaN];
  const volume = makeVolume([2, 3, 10], 'float32', i => special[i % 10]);
  const given = await convert(volume.path, {
    output: `${name()}.zarr`,
    dtype: 'uint8',
    valueRange: [-5, 10],
    levels: 1
  });
  assert.deepEqual(given.valueRange, [-5, 10]);
  assert.equal(given.nanVoxels, 12);
  assert.equal(given.warnings.length, 1);
  assert.deepEqual([...(await read(given.output, 0)).data.slice(0, 10)], [0, 255, 0, 0, 255, 128, 85, 255, 0, 0]);
  const found = await convert(volume.path, { output: `${name()}.zarr`, dtype: 'uint16', levels: 1 });
  assert.deepEqual(found.valueRange, [-6, 11]);
  const { scaling } = JSON.parse(readFileSync(join(found.output, 'zarr.json'), 'utf8')).attributes['microct-io-vis'];
  const stored = (await read(found.output, 0)).data;
  for (const i of [3, 4, 5, 6, 7, 8])
    assert.ok(Math.abs(stored[i] * scaling.slope + scaling.intercept - special[i]) <= scaling.slope / 2 + 1e-9);
});

test('a constant volume, or one without a finite value, becomes zeros', async () => {
  for (const value of [7, NaN]) {
    const volume = makeVolume([3, 4, 5], 'float32', () => value);
    const result = await convert(volume.path, { output: `${name()}.zarr`, dtype: 'uint8' });
    assert.ok((await read(result.output, 0)).data.every(v => v === 0));
    assert.deepEqual(result.valueRange, value === 7 ? [7, 7] : [0, 0]);
    assert.equal(result.nanVoxels, value === 7 ? 0 : 60);
  }
});

test('the output is exactly its chunks and metadata, and what the plan says', async () => {
  const volume = makeVolume([9, 20, 33], 'uint8', () => 7);
  const options: Partial<ConvertOptions> = {
    output: `${name()}.ome.zarr`,
    chunkSize: [8, 16, 16],
    compression: 'none'
  };
  const plan = await estimate(volume.path, options);
  assert.ok(!existsSync(plan.output));
  const result = await convert(volume.path, options);
  const expected = ['zarr.json'];
  plan.levels.forEach(({ chunks: [nz, ny, nx] }, level) => {
    expected.push(`${level}/zarr.json`);
    for (let z = 0; z < nz; z++)
      for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) expected.push(`${level}/c/${z}/${y}/${x}`);
  });
  const files = filesOf(result.output);
  assert.deepEqual(files, expected.sort());
  assert.equal(result.levels, plan.levels.length);
  assert.equal(
    result.bytesWritten,
    files.reduce((sum, file) => sum + statSync(join(result.output, file)).size, 0)
  );
  const corner = readFileSync(join(result.output, '0/c/1/1/2'));
  assert.equal(corner.length, 8 * 16 * 16, 'chunks at the edge are full');
  corner.forEach((value, i) =>
    assert.equal(value, i % 16 === 0 && i < 4 * 16 ? 7 : 0, 'and padded with the fill value')
  );
});

test('plain zstd and gzip chunks are what their names say', async () => {
  const volume = makeVolume([4, 4, 4], 'uint16', i => i);
  for (const [compression, decode] of [
    ['zstd', zstdDecompressSync],
    ['gzip', gunzipSync]
  ] as const) {
    const { output } = await convert(volume.path, { output: `${name()}.zarr`, chunkSize: [4, 4, 4], compression });
    assert.deepEqual(
      new Uint8Array(decode(readFileSync(join(output, '0/c/0/0/0')))),
      new Uint8Array(volume.voxels.buffer)
    );
  }
});

test('a page in one compressed strip goes through a file, which is counted and gone afterwards', async () => {
  const volume = makeVolume([40, 600, 600], 'uint16', i => (i * 2654435761) >>> 18, true);
  const options: Partial<ConvertOptions> = {
    output: `${name()}.zarr`,
    chunkSize: [32, 32, 32],
    jobs: 2,
    roi: [1, 39, 7, 600, 3, 590]
  };
  const roomy = await estimate(volume.path, options);
  assert.deepEqual(roomy.warnings, []);
  const small = { ...options, maxMemory: 175 * 2 ** 20 };
  assert.match((await estimate(volume.path, small)).warnings.join(), /decoded into a file first/);
  const result = await convert(volume.path, small);
  await checkLevels(result, cut(volume, options.roi!), 'decoded first');
  assert.ok(filesOf(result.output).every(file => /(^|\/)zarr\.json$|^\d+\/c\//.test(file)));
});

test('progress grows to the whole and comes five times a second at most', async () => {
  const volume = makeVolume([64, 256, 256], 'float32', i => i % 1000);
  const heard: Progress[] = [];
  const times: number[] = [];
  await convert(
    volume.path,
    { output: `${name()}.zarr`, chunkSize: [32, 32, 32], compression: 'gzip', dtype: 'uint8' },
    {
      onProgress: progress => {
        heard.push(progress);
        times.push(performance.now());
      }
    }
  );
  const last = heard[heard.length - 1];
  assert.equal(last.doneBytes, last.totalBytes);
  assert.equal(last.totalBytes, 2 * 64 * 256 * 256 * 4, 'the range is looked for in a pass of its own');
  heard.reduce((a, b) => (assert.ok(a.doneBytes < b.doneBytes), b));
  assert.ok(heard.length <= 2 + (times[times.length - 1] - times[0]) / 190);
});

test('a cancelled conversion ends and leaves nothing, whenever it is cancelled', async () => {
  const volume = makeVolume([64, 256, 256], 'float32', i => i % 1000);
  const rows = (output: string) => {
    try {
      return readdirSync(`${output}.partial/0/c/0`).length;
    } catch {
      // Not there yet, or no longer.
      return 0;
    }
  };
  const moments: ((output: string) => boolean)[] = [
    () => true,
    output => existsSync(`${output}.partial`),
    output => rows(output) > 0,
    output => rows(output) > 8
  ];
  for (const moment of moments) {
    const output = `${name()}.zarr`;
    const controller = new AbortController();
    const running = convert(
      volume.path,
      { output, chunkSize: [16, 16, 16], compression: 'gzip', jobs: 1 },
      { signal: controller.signal }
    );
    const look = setInterval(() => moment(output) && controller.abort());
    running.finally(() => clearInterval(look)).catch(() => {});
    await assert.rejects(running, failsWith('cancelled', null));
    assert.ok(!existsSync(output) && !existsSync(`${output}.partial`));
  }
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(
    convert(volume.path, { output: `${name()}.zarr` }, { signal: controller.signal }),
    failsWith('cancelled', null)
  );
});

test('an output that appears meanwhile stays, and nothing is in the way of the next conversion', async () => {
  const volume = makeVolume([8, 8, 8], 'uint8', i => i & 255);
  const output = `${name()}.ome.zarr`;
  for (let time = 0; time < 2; time++) {
    const onProgress = () => mkdirSync(join(output, 'of somebody else'), { recursive: true });
    await assert.rejects(
      convert(volume.path, { output }, { onProgress }),
      failsWith('output-not-ome-zarr', 'output', output)
    );
    assert.deepEqual(readdirSync(output), ['of somebody else']);
    assert.equal(existsSync(`${output}.partial`), false);
    rmSync(output, { recursive: true });
  }
  await checkLevels(await convert(volume.path, { output }), volume, 'the third time');
});

test('threads are kept for the next conversion, with no file open', async () => {
  const started = () => {
    const thread = new Worker('', { eval: true });
    const { threadId } = thread;
    return thread.terminate().then(() => threadId);
  };
  const openFiles = () =>
    readdirSync('/proc/self/fd').flatMap(fd => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith(folder) ? [path] : [];
      } catch {
        return [];
      }
    });
  const volume = makeVolume([40, 64, 64], 'uint16', i => i & 1023, true);
  const options = { chunkSize: [16, 16, 16] as Shape, jobs: 2 };
  await convert(volume.path, { ...options, output: `${name()}.zarr` });
  const before = await started();
  const one = await convert(volume.path, { ...options, output: `${name()}.zarr` });
  assert.equal((await verify(one.output, { jobs: 2, against: volume.path })).ok, true);
  assert.equal((await started()) - before, 1);
  const sharded = await convert(volume.path, { ...options, output: `${name()}.zarr`, shard: [32, 32, 32] });
  await checkLevels(sharded, volume, 'by threads that did another before');
  if (process.platform === 'linux') assert.deepEqual(openFiles(), []);
});

test('a conversion that fails midway says why and leaves nothing, not even of an old output', async () => {
  const volume = makeVolume([64, 64, 64], 'uint16', i => i & 1023, true);
  const output = `${name()}.ome.zarr`;
  await convert(volume.path, { output, chunkSize: [16, 16, 16] });
  const before = filesOf(output);
  // The last page's strip turns into rubbish, which only its decoder can notice.
  const bytes = readFileSync(volume.path);
  const strip = deflateSync(new Uint8Array(volume.voxels.buffer, 63 * 64 * 64 * 2, 64 * 64 * 2));
  bytes.fill(0x55, bytes.indexOf(strip), bytes.indexOf(strip) + strip.length);
  writeFileSync(volume.path, bytes);
  await assert.rejects(
    convert(volume.path, { output, overwrite: true, chunkSize: [16, 16, 16] }),
    failsWith('corrupt', 'source', volume.path)
  );
  assert.deepEqual(filesOf(output), before);
  assert.deepEqual(
    readdirSync(dirname(output)).filter(file => file.includes('.partial') || file.includes('.previous')),
    []
  );
});

test('a budget that is too small names the smallest that works, which does', async () => {
  const volume = makeVolume([3, 300, 300], 'float32', i => i);
  const options: Partial<ConvertOptions> = { output: `${name()}.zarr` };
  let needed = 0;
  await assert.rejects(convert(volume.path, { ...options, maxMemory: 1000 }), (error: unknown) => {
    failsWith('memory-too-small', 'maxMemory', '0.98 KiB')(error);
    needed = Number(/\((\d+) bytes/.exec((error as Error).message)![1]);
    return true;
  });
  await assert.rejects(
    estimate(volume.path, { ...options, maxMemory: needed - 1 }),
    failsWith('memory-too-small', 'maxMemory')
  );
  await checkLevels(await convert(volume.path, { ...options, maxMemory: needed }), volume, 'smallest budget');
});

test('inspect says what the source is, and a missing one is not found', async () => {
  const { path } = makeVolume([2, 3, 4], 'int8', i => i);
  const info = await inspect(path);
  assert.ok(info.format !== 'ome-zarr');
  assert.deepEqual([info.shape, info.dtype, info.pages, info.compression], [[2, 3, 4], 'int8', 2, 'none']);
  await assert.rejects(convert(join(folder, 'none.tif')), failsWith('not-found', 'source', 'none.tif'));
});

test('an array that is sent becomes the pyramid that its TIFF does, in order or by way of a file, and no other', async () => {
  const volume = makeVolume([40, 90, 70], 'uint16', anyValue('uint16', 5));
  const path = `${name()}.raw`;
  const send = async (bytes: Uint8Array, options: Partial<ConvertOptions>, output = `${name()}.ome.zarr`) => {
    writeFileSync(path, bytes);
    const descriptor = openSync(path, 'r');
    const { shape, dtype } = volume;
    const array = { name: 'array', axes: 'zyx' as const, shape, dtype, level: 0, said: null, descriptor };
    return convert(array, { output, ...options }).finally(() => closeSync(descriptor));
  };
  const bytes = new Uint8Array(volume.voxels.buffer);
  const chunkSize: Shape = [8, 16, 16];
  const expected = halved(volume.voxels, volume.shape);
  for (const options of [
    { jobs: 3 },
    { jobs: 2, dtype: 'uint8' as const },
    { jobs: 1, shard: [16, 32, 32] as Shape }
  ]) {
    const result = await send(bytes, { chunkSize, ...options });
    if (options.dtype) {
      assert.match(result.warnings.join(), /go through a file/);
      continue;
    }
    same((await read(result.output, 0)).data, volume.voxels, 'level 0');
    same((await read(result.output, 1)).data, expected.voxels, 'level 1');
  }
  const output = `${name()}.ome.zarr`;
  const more = new Uint8Array(bytes.length + 1);
  for (const [other, said] of [
    [bytes.subarray(0, -1), /broke off after 251999 of its 252000 voxels/],
    [more, /more than its 252000 voxels/]
  ] as const) {
    await assert.rejects(send(other, { chunkSize }, output), said);
    assert.deepEqual(
      readdirSync(folder).filter(entry => entry.startsWith(basename(output))),
      []
    );
  }
});
