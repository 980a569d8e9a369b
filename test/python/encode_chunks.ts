// Encodes files: node encode_chunks.ts MANIFEST, a JSON list of {file, compression, bytesPerVoxel}; each goes to `file`
// + '.encoded'. Prints the metadata of every compression and voxel size.
import { readFileSync, writeFileSync } from 'node:fs';
import { codecsV3, compressorV2, createEncoder } from '../../src/zarr/codec/index.ts';
import { COMPRESSIONS, type Compression } from '../../src/model/options.ts';
import type { VoxelBytes } from '../../src/model/volume.ts';
import { MEMORY_START, createMemory, instantiate } from '../../src/simd/index.ts';

interface Chunk {
  file: string;
  compression: Compression;
  bytesPerVoxel: VoxelBytes;
}

const memory = createMemory(32 * 2 ** 20);
const heap = new Uint8Array(memory.buffer);
const simd = instantiate(memory);
for (const { file, compression, bytesPerVoxel } of JSON.parse(readFileSync(process.argv[2], 'utf8')) as Chunk[]) {
  const bytes = readFileSync(file);
  heap.set(bytes, MEMORY_START);
  const encoder = createEncoder(compression, bytesPerVoxel, simd, memory);
  const target = MEMORY_START + bytes.length;
  const scratch = target + (encoder?.encodedBound(bytes.length) ?? 0);
  const length = encoder?.encode(MEMORY_START, bytes.length, target, scratch);
  writeFileSync(`${file}.encoded`, length === undefined ? bytes : heap.slice(target, target + length));
}

const metadata = COMPRESSIONS.flatMap(compression =>
  ([1, 2, 4, 8] as const).map(size => [
    `${compression}/${size}`,
    { v3: codecsV3(compression, size), v2: compressorV2(compression, size) }
  ])
);
console.log(JSON.stringify(Object.fromEntries(metadata)));
