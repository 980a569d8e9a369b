// The viewer's decoders of chunks: whole frames become what C-Blosc makes of them, and frames that are not whole are
// refused, whatever lies in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Blosc from 'numcodecs/blosc';
import { CRC32C_TABLE, MEMORY_START, createDecoding } from '../../../src/simd/decoding.ts';
import { createMemory, instantiate } from '../../../src/simd/index.ts';
import { compressionOf } from '../../../src/viewer/volume/compression.ts';
import { confirmed, confirmedAtLast } from '../../../src/viewer/worker/confirm.ts';
import { INFLATE, prepareZstd } from '../../../src/viewer/worker/inflate.ts';
import { unblosc } from '../../../src/viewer/worker/unblosc.ts';
import { bloscEncoder } from '../../../src/zarr/codec/blosc.ts';
import { crc32c as crc32cOfPackage } from '../../../src/zarr/crc32c.ts';
import { KINDS, bytesLike, random } from '../random.ts';

const decoding = createDecoding();
const decode = (frame: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => unblosc(frame, decoding, INFLATE);
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const cBlosc = Blosc.fromConfig({ id: 'blosc' });

type Frame = [name: string, frame: Uint8Array<ArrayBuffer>, bytes: Uint8Array];

/** Frames by C-Blosc, in all its formats. */
async function framesOfC(): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (const cname of ['blosclz', 'lz4', 'lz4hc', 'zlib', 'zstd']) {
    for (const shuffle of [0, 1, 2]) {
      for (const kind of ['zeros', 'noise', 'scan'] as const) {
        const bytes = bytesLike(kind, 70_001, shuffle);
        const codec = Blosc.fromConfig({ id: 'blosc', cname, clevel: 5, shuffle, blocksize: 16384 });
        frames.push([`${cname}, shuffle ${shuffle}, ${kind}`, new Uint8Array(await codec.encode(bytes)), bytes]);
      }
    }
  }
  return frames;
}

/** Frames as this program writes them, of elements of several bytes. */
function framesOfOurs(): Frame[] {
  const memory = createMemory(4 * 2 ** 20);
  const heap = new Uint8Array(memory.buffer);
  const simd = instantiate(memory);
  const [source, target, scratch] = [1, 2, 3].map(n => n * 2 ** 20);
  const frames: Frame[] = [];
  for (const cname of ['lz4', 'zstd'] as const) {
    for (const shuffle of [0, 1, 2] as const) {
      for (const size of [1, 2, 4, 8]) {
        for (const split of [true, false]) {
          const settings = { cname, level: 1, shuffles: [shuffle], blockBytes: 4096 * size, split };
          const bytes = bytesLike('ramp', 50_000 * size, size);
          heap.set(bytes, source);
          const length = bloscEncoder(settings, size, simd, memory).encode(source, bytes.length, target, scratch);
          frames.push([
            `ours: ${cname}, shuffle ${shuffle}, ${size} bytes`,
            heap.slice(target, target + length),
            bytes
          ]);
        }
      }
    }
  }
  return frames;
}
const framesOfAll = async (): Promise<Frame[]> => [...(await framesOfC()), ...framesOfOurs()];

test('frames of all formats and shuffles are decoded as C-Blosc does', async () => {
  for (const [name, frame, bytes] of await framesOfAll()) {
    assert.ok(same(await decode(frame), bytes), name);
    assert.ok(same(new Uint8Array(await cBlosc.decode(frame)), bytes), name);
  }
});

test('a frame that is cut off anywhere, or has bytes behind its end, is refused', async () => {
  const next = random(5);
  for (const [name, frame] of await framesOfAll()) {
    const cuts = [0, 1, 15, 16, 17, frame.length >> 1, frame.length - 1, Math.floor(next() * frame.length)];
    for (const length of cuts) await assert.rejects(decode(frame.slice(0, length)), `${name}, ${length} bytes`);
    await assert.rejects(decode(Uint8Array.from([...frame, 0])), name);
  }
});

test('damage is refused or decoded the same each time: nothing that was in memory before gets into a chunk', async () => {
  const next = random(7);
  let refused = 0;
  for (const [name, frame] of await framesOfAll()) {
    const damaged: Uint8Array<ArrayBuffer>[] = [frame.slice().fill(0, frame.length >> 1), frame.slice().fill(0xff, 40)];
    for (let n = 0; n < 6; n++) {
      const copy = frame.slice();
      copy[Math.floor(next() * copy.length)] ^= 1 << Math.floor(next() * 8);
      damaged.push(copy);
    }
    for (const each of damaged) {
      const results = [];
      for (const poison of [0x00, 0xaa]) {
        decoding.heap(2 ** 20).fill(poison, MEMORY_START);
        results.push(await decode(each.slice()).then(Buffer.from, (error: Error) => error.message));
      }
      if (typeof results[0] === 'string') refused++;
      assert.deepEqual(results[0], results[1], name);
    }
  }
  assert.ok(refused > 100, `${refused} were refused`);
});

test('a CRC-32C is that of the table, and of RFC 3720', () => {
  const crc32c = (bytes: Uint8Array): number => {
    decoding.heap(CRC32C_TABLE + bytes.length).set(bytes, MEMORY_START + CRC32C_TABLE);
    return decoding.crc32c(MEMORY_START + CRC32C_TABLE, bytes.length, MEMORY_START);
  };
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  for (const kind of KINDS) {
    for (const length of [0, 1, 15, 16, 17, 31, 1000, 4099]) {
      const bytes = bytesLike(kind, length, length);
      assert.equal(crc32c(bytes), crc32cOfPackage(bytes), `${kind}, ${length} bytes`);
    }
  }
});

test('what chunks are encoded with is told by their array, and its decoder is made ready before', async () => {
  const blosc = { name: 'blosc', configuration: { cname: 'zstd' } };
  const sharding = { name: 'sharding_indexed', configuration: { codecs: [{ name: 'bytes' }, blosc] } };
  assert.deepEqual(compressionOf({ codecs: [sharding] }), ['sharding_indexed', 'bytes', 'blosc', 'zstd']);
  assert.deepEqual(compressionOf({ compressor: { id: 'blosc', cname: 'lz4' } }), ['blosc', 'lz4']);
  assert.deepEqual(compressionOf({ compressor: null }), []);
  await prepareZstd();
});

test('a chunk is decoded while it is confirmed, and is none where it is not', async () => {
  const answer = Promise.withResolvers<void>();
  const rpc = { promiseInvoke: () => answer.promise as Promise<never> };
  type Read = (key: string, options: { signal: AbortSignal }) => Promise<string>;
  const read: Read = async () => 'bytes';
  const store = confirmed({ getUrl: (key: string) => key, read }, { rpc });
  const decoded: string[] = [];
  type Chunk = { data?: unknown; isDamaged?: boolean };
  const load = async (chunk: Chunk, signal: AbortSignal) => {
    chunk.data = await store.read('0/0/0', { signal });
    decoded.push('one');
    if (chunk.isDamaged) throw new Error('damaged');
  };
  const download = confirmedAtLast(load);
  const chunks: Chunk[] = [{}, { isDamaged: true }];
  const downloads = chunks.map(chunk => download.call(undefined, chunk, new AbortController().signal));
  while (decoded.length < 2) await new Promise(done => setTimeout(done, 1));
  answer.reject(new Error('written anew'));
  for (const each of downloads) await assert.rejects(each, /written anew/);
  assert.deepEqual(
    chunks.map(({ data }) => data),
    [null, null]
  );
});
