import { type Codec, ZLIB_BYTES } from './codec.ts';

/** Chunks that are LZ4 blocks, as numcodecs writes them: each after its content's length. */
export const lz4Codec: Codec = {
  stored: { name: 'lz4' },
  processBytes: ZLIB_BYTES,
  decoder(simd, memory) {
    const view = new DataView(memory.buffer);
    return (source, length, target, size) => {
      const content = length < 4 ? 0 : view.getUint32(source, true);
      if (content !== size) throw new Error(`an LZ4 block for ${content} bytes in place of ${size}`);
      if (!simd.unlz4(source + 4, length - 4, target, size)) throw new Error('an LZ4 block is damaged');
    };
  }
};
