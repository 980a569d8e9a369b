import type { Inflate } from './unblosc.ts';

// Each is loaded when something was encoded with it: together they are longer than the rest of the page.
const zstd: Inflate = async stream =>
  (await import('numcodecs/zstd')).default.fromConfig({ id: 'zstd' }).decode(stream);

const zlib: Inflate = async stream => {
  const inflated = new Response(stream).body!.pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
};

const HEADER = 16;
const ONE_STREAM = 0x10;
const MARK = 16;

/**
 * BloscLZ has no decoder but C-Blosc's, which takes frames and does not say that it failed. The stream gets a frame of
 * its own, as its first block; the second holds a mark as it is, which is only there in the result if the first was
 * decoded.
 */
const blosclz: Inflate = async (stream, size) => {
  const mark = crypto.getRandomValues(new Uint8Array(MARK));
  const starts = [HEADER + 8, HEADER + 8 + 4 + stream.length];
  const frame = new Uint8Array(starts[1] + 4 + MARK);
  const view = new DataView(frame.buffer);
  frame.set([2, 1, ONE_STREAM, 1]);
  [size + MARK, size, frame.length, ...starts].forEach((value, n) => view.setUint32(4 + 4 * n, value, true));
  view.setUint32(starts[0], stream.length, true);
  frame.set(stream, starts[0] + 4);
  view.setUint32(starts[1], MARK, true);
  frame.set(mark, starts[1] + 4);
  const Blosc = (await import('numcodecs/blosc')).default;
  const found = await Blosc.fromConfig({ id: 'blosc' }).decode(frame);
  if (found.length !== size + MARK || mark.some((byte, n) => found[size + n] !== byte))
    throw new Error('a BloscLZ stream of its Blosc frame is damaged');
  return found.subarray(0, size);
};

/** Decoders of what a Blosc frame may hold besides LZ4. */
export const INFLATE = { blosclz, zlib, zstd };

/** A frame of Zstandard that holds one byte. */
const ZSTD_FRAME = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 0];

/** Has the decoder ready that most volumes need, before there is something to be decoded. */
export async function prepareZstd(): Promise<void> {
  await zstd(new Uint8Array(ZSTD_FRAME), 1);
}
