import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Blosc } from 'numcodecs';
import * as zarrita from 'zarrita';
import { COMPRESSIONS } from '../../../src/model/options.ts';
import { codecsV3, compressorV2, createDecoder, createEncoder, type Encoder } from '../../../src/zarr/codec/index.ts';
import { bloscEncoder, type BloscSettings } from '../../../src/zarr/codec/blosc.ts';
import { bloscDecoder } from '../../../src/zarr/codec/unblosc.ts';
import { bloscSettings } from '../../../src/zarr/codec/blosc-codecs.ts';
import { crc32c } from '../../../src/zarr/crc32c.ts';
import { createMemory, instantiate } from '../../../src/simd/index.ts';
import { KINDS, bytesLike, random } from '../random.ts';

const memory = createMemory(16 * 2 ** 20);
const heap = new Uint8Array(memory.buffer);
const simd = instantiate(memory);
const TARGET = 65536 + 77;
const SCRATCH = 6 * 2 ** 20;
const GUARD = 0x5a;
// The C-Blosc that Neuroglancer reads with.
const cBlosc = Blosc.fromConfig({ id: 'blosc' });

/** Encodes with the source flush against the end of the memory; nothing but the promised ranges may change. */
function encode(encoder: Encoder, bytes: Uint8Array): Uint8Array {
  const source = heap.length - bytes.length;
  const bound = encoder.encodedBound(bytes.length);
  const scratch = encoder.scratchBytes(bytes.length);
  heap.fill(GUARD, TARGET - 64, TARGET + bound + 64);
  heap.fill(GUARD, SCRATCH - 64, SCRATCH + scratch + 64);
  heap.set(bytes, source);
  const length = encoder.encode(source, bytes.length, TARGET, SCRATCH);
  assert.ok(length <= bound, `${length} bytes where ${bound} were promised`);
  assert.deepEqual(heap.slice(source), bytes, 'the source changed');
  for (const [start, size] of [
    [TARGET, bound],
    [SCRATCH, scratch]
  ]) {
    for (const edge of [start - 64, start + size]) {
      assert.ok(
        heap.subarray(edge, edge + 64).every(byte => byte === GUARD),
        'a byte outside was written'
      );
    }
  }
  return heap.slice(TARGET, TARGET + length);
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

const SETTINGS: [string, BloscSettings][] = [];
for (const cname of ['lz4', 'zstd'] as const) {
  for (const shuffle of [0, 1, 2] as const) {
    for (const split of [true, false]) {
      const settings = { cname, level: cname === 'lz4' ? 5 : 1, shuffles: [shuffle], blockBytes: 4096, split };
      SETTINGS.push([`${cname}, shuffle ${shuffle}, ${split ? 'split' : 'one stream'}`, settings]);
    }
  }
}

for (const [name, settings] of SETTINGS) {
  test(`blosc ${name}: C-Blosc reads it back`, async () => {
    const next = random(3);
    for (const size of [1, 2, 4, 8]) {
      const encoder = bloscEncoder(settings, size, simd, memory);
      const edges = [1, size, 127 * size, 128 * size, 4096 - size, 4096, 4096 + 1, 4096 + size, 8192, 8192 + 13, 12288];
      const lengths = [...edges, ...Array.from({ length: 6 }, () => Math.floor(next() * 70000))];
      for (const kind of KINDS) {
        for (const length of lengths) {
          const bytes = bytesLike(kind, length, length);
          const frame = encode(encoder, bytes);
          assert.ok(same(await cBlosc.decode(frame), bytes), `${kind}, ${length} bytes of ${size}`);
        }
      }
    }
  });
}

test('a checksum follows what each encoder makes, and what it is not of is not decoded', () => {
  const size = 40_000;
  for (const compression of COMPRESSIONS) {
    const encoder = createEncoder(compression, 2, simd, memory, 'crc32c')!;
    const decoder = createDecoder(compression, simd, memory, 'crc32c')!;
    const bytes = bytesLike('scan', size, 9);
    const frame = encode(encoder, bytes);
    const content = frame.subarray(0, -4);
    assert.equal(new DataView(frame.buffer).getUint32(content.length, true), crc32c(content), compression);
    const plain = createEncoder(compression, 2, simd, memory);
    assert.ok(same(content, plain ? encode(plain, bytes) : bytes), compression);
    const [source, target] = [TARGET, 9 * 2 ** 20];
    const decode = (length: number) => decoder(source, length, target, size, SCRATCH, 2 ** 20);
    heap.set(frame, source);
    decode(frame.length);
    assert.ok(same(heap.subarray(target, target + size), bytes), compression);
    for (const at of [0, frame.length >> 1, frame.length - 5, frame.length - 1]) {
      heap[source + at] ^= 1;
      assert.throws(() => decode(frame.length), /CRC-32C/, compression);
      heap[source + at] ^= 1;
    }
    for (const length of [0, 3, 4, frame.length - 1]) assert.throws(() => decode(length), compression);
  }
});

test('what lies behind the used bytes of a chunk counts as zeros, and decides nothing', async () => {
  const decode = async (compression: (typeof COMPRESSIONS)[number], frame: Uint8Array) =>
    compression === 'zstd'
      ? zstdDecompressSync(frame)
      : compression === 'gzip'
        ? gunzipSync(frame)
        : await cBlosc.decode(frame);
  for (const compression of COMPRESSIONS)
    for (const bytesPerVoxel of [1, 2, 4, 8] as const) {
      const encoder = createEncoder(compression, bytesPerVoxel, simd, memory);
      if (!encoder) continue;
      const length = 2 ** 21 + 8 * 37;
      for (const kind of ['scan', 'noise', 'zeros'] as const)
        for (const used of [8, 4096, 70_000, 2 ** 20, 2 ** 20 + 8, length - 8, length]) {
          const bytes = bytesLike(kind, length, 9).fill(0, used);
          const frames = ['noise', 'text'].map((other, seed) => {
            const source = heap.length - length;
            heap.set(bytesLike(other as 'noise', length, seed), source);
            heap.set(bytes.subarray(0, used), source);
            return heap.slice(TARGET, TARGET + encoder.encode(source, length, TARGET, SCRATCH, used));
          });
          const what = `${compression}, ${used} bytes of ${kind} in voxels of ${bytesPerVoxel}`;
          assert.ok(same(frames[0], frames[1]), what);
          assert.ok(same(await decode(compression, frames[0]), bytes), what);
        }
    }
});

test('blosc frames say what they are', () => {
  const encoder = bloscEncoder(
    { cname: 'zstd', level: 1, shuffles: [1], blockBytes: 4096, split: true },
    4,
    simd,
    memory
  );
  const frame = encode(encoder, bytesLike('scan', 10000, 1));
  const view = new DataView(frame.buffer);
  assert.deepEqual([...frame.subarray(0, 4)], [2, 1, (4 << 5) | 1, 4]);
  assert.equal(view.getUint32(4, true), 10000);
  assert.equal(view.getUint32(8, true), 4096);
  assert.equal(view.getUint32(12, true), frame.length);
  assert.equal(view.getUint32(16, true), 16 + 4 * 3);
  // Noise is kept as it is, one header longer.
  const noise = bytesLike('noise', 10000, 1);
  const copy = encode(encoder, noise);
  assert.equal(copy[2] & 2, 2);
  assert.ok(same(copy.subarray(16), noise));
  assert.equal(copy.length, 10016);
});

test('every compression at its own settings, chunks of several blocks', async () => {
  for (const bytesPerVoxel of [1, 2, 4] as const) {
    for (const length of [0, 1, 12, 4000, 65536, 2 ** 19, 2 ** 21 + 2 ** 20 + 4, 2 ** 21]) {
      for (const kind of KINDS) {
        const bytes = bytesLike(kind, length, 5);
        for (const compression of ['blosc-zstd', 'blosc-lz4'] as const) {
          const frame = encode(createEncoder(compression, bytesPerVoxel, simd, memory)!, bytes);
          const read = length > 0 ? await cBlosc.decode(frame) : new Uint8Array();
          assert.ok(same(read, bytes), `${compression}, ${kind}, ${length} bytes of ${bytesPerVoxel}`);
        }
        if (bytesPerVoxel > 1) continue;
        const frame = encode(createEncoder('zstd', 1, simd, memory)!, bytes);
        assert.ok(same(zstdDecompressSync(frame), bytes), `zstd, ${kind}, ${length}`);
        const file = encode(createEncoder('gzip', 1, simd, memory)!, bytes);
        assert.ok(same(gunzipSync(file), bytes), `gzip, ${kind}, ${length}`);
      }
    }
  }
  assert.equal(createEncoder('none', 4, simd, memory), null);
});

test('the shuffle that serves a chunk is taken', () => {
  // Bytes that repeat after 1,000: no use in taking them apart into bits.
  const pattern = bytesLike('noise', 1000, 4);
  const repeats = Uint8Array.from({ length: 2 ** 20 }, (_, i) => pattern[i % 1000]);
  // Small values with noise in their lowest bits: the upper bits are empty.
  const next = random(6);
  const small = Uint8Array.from({ length: 2 ** 20 }, () => next() * 8);
  for (const cname of ['lz4', 'zstd'] as const) {
    const encoder = bloscEncoder(bloscSettings(cname, 1), 1, simd, memory);
    assert.equal(encode(encoder, repeats)[2] & 4, 0, cname);
    assert.equal(encode(encoder, small)[2] & 4, 4, cname);
  }
});

test('encoders keep nothing from one chunk to the next', () => {
  for (const compression of ['blosc-zstd', 'blosc-lz4', 'zstd', 'gzip'] as const) {
    const encoder = createEncoder(compression, 2, simd, memory)!;
    const first = encode(encoder, bytesLike('scan', 100000, 1));
    encode(encoder, bytesLike('text', 70000, 2));
    assert.ok(same(encode(encoder, bytesLike('scan', 100000, 1)), first), compression);
  }
});

test('metadata names the codec in the words of Zarr v3 and of Zarr v2', () => {
  assert.deepEqual(codecsV3('none', 2), []);
  assert.equal(compressorV2('none', 2), null);
  const configuration = { cname: 'zstd', clevel: 5, shuffle: 'shuffle', typesize: 4, blocksize: 2 ** 20 };
  assert.deepEqual(codecsV3('blosc-zstd', 4), [{ name: 'blosc', configuration }]);
  assert.deepEqual(compressorV2('blosc-zstd', 4), {
    id: 'blosc',
    cname: 'zstd',
    clevel: 5,
    shuffle: 1,
    blocksize: 2 ** 20
  });
  assert.equal(codecsV3('blosc-lz4', 1)[0].configuration!.shuffle, 'bitshuffle');
  assert.deepEqual(codecsV3('zstd', 1), [{ name: 'zstd', configuration: { level: 1, checksum: false } }]);
  assert.deepEqual(codecsV3('gzip', 1), [{ name: 'gzip', configuration: { level: 1 } }]);
});

test('zarrita reads chunks and metadata of every compression', async () => {
  const shape = [6, 20, 31];
  const voxels = Uint16Array.from({ length: 6 * 20 * 31 }, (_, i) => 1000 + (i % 31) * 7 + (i % 5));
  const bytes = new Uint8Array(voxels.buffer);
  for (const compression of COMPRESSIONS) {
    const encoder = createEncoder(compression, 2, simd, memory);
    const chunk = encoder ? encode(encoder, bytes) : bytes;
    const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const v3 = {
      ...{ zarr_format: 3, node_type: 'array', shape, data_type: 'uint16', fill_value: 0, attributes: {} },
      chunk_grid: { name: 'regular', configuration: { chunk_shape: shape } },
      chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
      codecs: [{ name: 'bytes', configuration: { endian: 'little' } }, ...codecsV3(compression, 2)]
    };
    const compressor = compressorV2(compression, 2);
    const v2 = {
      ...{ zarr_format: 2, shape, chunks: shape, dtype: '<u2', fill_value: 0, order: 'C', filters: null },
      ...{ compressor, dimension_separator: '/' }
    };
    const stores: Map<string, Uint8Array>[] = [
      new Map([
        ['/zarr.json', json(v3)],
        ['/c/0/0/0', chunk]
      ]),
      new Map([
        ['/.zarray', json(v2)],
        ['/0/0/0', chunk]
      ])
    ];
    for (const [i, store] of stores.entries()) {
      const open = i === 0 ? zarrita.open.v3 : zarrita.open.v2;
      const array = await open(zarrita.root(store as never), { kind: 'array' });
      assert.deepEqual((await zarrita.get(array)).data, voxels, `${compression}, Zarr v${3 - i}`);
    }
  }
});

for (const [name, settings] of SETTINGS) {
  test(`blosc ${name}: is decoded to what it was, and damage is noticed or harmless`, () => {
    const next = random(9);
    const decode = bloscDecoder(simd, memory);
    for (const size of [1, 2, 4, 8]) {
      const encoder = bloscEncoder(settings, size, simd, memory);
      for (const kind of KINDS) {
        for (const length of [1, 127 * size, 4096, 4096 + 1, 8192 + 8 * size, 12288, Math.floor(next() * 70000)]) {
          const bytes = bytesLike(kind, length, length);
          const frame = encode(encoder, bytes);
          const target = 9 * 2 ** 20;
          const run = (encoded: Uint8Array): Uint8Array => {
            heap.set(encoded, TARGET);
            heap.fill(GUARD, target - 64, target + length + 64);
            try {
              decode(TARGET, encoded.length, target, length, SCRATCH, 2 ** 20);
            } finally {
              for (const edge of [target - 64, target + length])
                assert.ok(
                  heap.subarray(edge, edge + 64).every(byte => byte === GUARD),
                  'a byte outside was written'
                );
            }
            return heap.slice(target, target + length);
          };
          assert.ok(same(run(frame), bytes), `${kind}, ${length} bytes of ${size}`);
          for (let i = 0; i < 3; i++) {
            const damaged = frame.slice();
            damaged[Math.floor(next() * frame.length)] ^= 1 << Math.floor(next() * 8);
            try {
              run(damaged);
            } catch (error) {
              assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
            }
          }
          assert.throws(() => run(frame.subarray(0, frame.length - 1)));
        }
      }
    }
  });
}

test('what C-Blosc or zstd would not read is damaged, whatever could be made of it', () => {
  const run = (compression: 'blosc-lz4' | 'blosc-zstd' | 'zstd', frame: Uint8Array, size: number) => {
    heap.set(frame, TARGET);
    createDecoder(compression, simd, memory)!(TARGET, frame.length, 9 * 2 ** 20, size, SCRATCH, 2 ** 20);
  };
  const cases = [
    [
      'blosc-lz4',
      'noise',
      [
        [2, 0x08],
        [3, 0x02],
        [9, 0x40],
        [0, 0x04]
      ]
    ],
    [
      'blosc-lz4',
      'zeros',
      [
        [1, 0x02],
        [2, 0x08],
        [10, 0x01]
      ]
    ],
    [
      'blosc-zstd',
      'zeros',
      [
        [1, 0x02],
        [2, 0x08]
      ]
    ],
    [
      'zstd',
      'zeros',
      [
        [4, 0x04],
        [4, 0x08],
        [0, 0x01],
        [7, 0x01]
      ]
    ]
  ] as const;
  for (const [compression, kind, flips] of cases) {
    const bytes = bytesLike(kind, 8192, 2);
    const frame = encode(createEncoder(compression, 2, simd, memory)!, bytes);
    run(compression, frame, bytes.length);
    for (const [at, mask] of flips) {
      const damaged = frame.slice();
      damaged[at] ^= mask;
      assert.throws(() => run(compression, damaged, bytes.length), `${compression} of ${kind}, byte ${at}`);
    }
  }
});

test('every compression is decoded to what it was, frames of C-Blosc too', async () => {
  for (const compression of COMPRESSIONS) {
    for (const size of [1, 2, 4] as const) {
      const bytes = bytesLike('scan', 70001 * size, 5);
      const encoder = createEncoder(compression, size, simd, memory);
      const decoder = createDecoder(compression, simd, memory);
      if (!encoder || !decoder) {
        assert.equal(compression, 'none');
        assert.equal(decoder, null);
        continue;
      }
      const frames = [encode(encoder, bytes)];
      if (compression.startsWith('blosc'))
        for (const shuffle of [0, 1, 2])
          frames.push(await Blosc.fromConfig({ id: 'blosc', cname: compression.slice(6), shuffle }).encode(bytes));
      for (const frame of frames) {
        heap.set(frame, TARGET);
        decoder(TARGET, frame.length, 9 * 2 ** 20, bytes.length, SCRATCH, 2 ** 20);
        assert.ok(same(heap.slice(9 * 2 ** 20, 9 * 2 ** 20 + bytes.length), bytes), `${compression} of ${size}`);
      }
    }
  }
});
