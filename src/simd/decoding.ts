import { WASM } from './build/decoding.ts';
import type { Simd } from './index.ts';
import { MEMORY_START } from './room.ts';

export { CRC32C_TABLE, MEMORY_START, SHUFFLE_SCRATCH } from './room.ts';

/** The loops that chunks are read with, on a memory of their own: for a page, which has no shared memory. */
export interface Decoding extends Pick<Simd, 'unlz4' | 'unshuffleBlock' | 'crc32c'> {
  /** The memory, with room for `bytes` from MEMORY_START on. Its former content is kept. */
  heap(bytes: number): Uint8Array<ArrayBuffer>;
}

export function createDecoding(): Decoding {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = Uint8Array.from(atob(WASM), character => character.charCodeAt(0));
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as unknown as {
    unlz4(...args: Parameters<Simd['unlz4']>): number;
    crc32c: Simd['crc32c'];
    unshuffle(source: number, target: number, length: number, elementSize: number): void;
    unbitshuffle(source: number, target: number, length: number, elementSize: number, scratch: number): void;
  };
  return {
    heap(bytes) {
      const missing = Math.ceil((MEMORY_START + bytes - memory.buffer.byteLength) / 65536);
      if (missing > 0) memory.grow(missing);
      return new Uint8Array(memory.buffer);
    },
    unlz4: (...args) => wasm.unlz4(...args) !== 0,
    unshuffleBlock: (source, target, length, elementSize, shuffling, scratch) =>
      shuffling === 2
        ? wasm.unbitshuffle(source, target, length, elementSize, scratch)
        : wasm.unshuffle(source, target, length, shuffling === 1 ? elementSize : 1),
    crc32c: (...args) => wasm.crc32c(...args) >>> 0
  };
}
