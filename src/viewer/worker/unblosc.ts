import type { Decoding } from '../../simd/decoding.ts';
import { MEMORY_START, SHUFFLE_SCRATCH } from '../../simd/decoding.ts';

const HEADER = 16;
const FLAG = { shuffle: 0x01, copy: 0x02, bitshuffle: 0x04, oneStream: 0x10 };
/** C-Blosc cuts blocks of wider elements, or of fewer, into no streams (MAX_SPLITS, MIN_BUFFERSIZE). */
const MOST_SPLIT = 16;
const LEAST_SPLIT = 128;
/** C-Blosc's formats, by number. */
const FORMATS = ['blosclz', 'lz4', 'snappy', 'zlib', 'zstd'] as const;
type Format = (typeof FORMATS)[number];

/** Decodes what a stream holds, all of it, which should be `size` bytes; throws where it is damaged. */
export type Inflate = (stream: Uint8Array<ArrayBuffer>, size: number) => Promise<Uint8Array>;

interface Stream {
  /** Where it is in the frame, and where its decoded bytes go in the block. */
  from: number;
  length: number;
  to: number;
  size: number;
}

/**
 * Decodes a Blosc-1 frame (https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst), and refuses one that is
 * not whole. C-Blosc as it comes in npm's numcodecs reads beyond the end of a frame that is cut off, and where a stream
 * is damaged it leaves in the result what was in its memory before, without a word.
 *
 * @param inflate Decoders of the formats but LZ4
 * @throws Error that says what is wrong with the frame
 */
export async function unblosc(
  frame: Uint8Array<ArrayBuffer>,
  decoding: Decoding,
  inflate: Partial<Record<Format, Inflate>>
): Promise<Uint8Array<ArrayBuffer>> {
  if (frame.length < HEADER) throw new Error(`it has ${frame.length} bytes, fewer than the header of a Blosc frame`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const [size, blockBytes, length] = [4, 8, 12].map(at => view.getUint32(at, true));
  if (length !== frame.length)
    throw new Error(`it has ${frame.length} bytes, and ${length} by the header of its Blosc frame`);
  const flags = frame[2];
  const elementSize = frame[3];
  if (flags & FLAG.copy) {
    if (length !== HEADER + size) throw new Error(`its Blosc frame has ${length - HEADER} bytes in place of ${size}`);
    return frame.slice(HEADER);
  }
  if (size === 0) return new Uint8Array(0);
  const blocks = Math.ceil(size / blockBytes);
  if (blockBytes < 1 || blockBytes > size || elementSize < 1 || HEADER + 4 * blocks > length)
    throw new Error(`its Blosc frame of ${length} bytes has blocks of ${blockBytes} for ${size}`);
  const format = FORMATS[flags >> 5];
  const splits = !(flags & FLAG.oneStream) && elementSize <= MOST_SPLIT && blockBytes / elementSize >= LEAST_SPLIT;

  /** The streams of a block of `bytes`, none of which leaves the frame. */
  function streamsOf(block: number, bytes: number): Stream[] {
    const count = splits && bytes === blockBytes ? elementSize : 1;
    const each = bytes / count;
    let at = view.getUint32(HEADER + 4 * block, true);
    return Array.from({ length: count }, (_, n) => {
      const encoded = at + 4 <= length ? view.getInt32(at, true) : -1;
      const from = at + 4;
      at = from + encoded;
      if (encoded < 0 || encoded > each || at > length) throw new Error(`a stream of its Blosc frame leaves it`);
      return { from, length: encoded, to: n * each, size: each };
    });
  }

  const plan = Array.from({ length: blocks }, (_, n) => {
    const at = n * blockBytes;
    const bytes = Math.min(blockBytes, size - at);
    return { at, bytes, streams: streamsOf(n, bytes) };
  });
  // Streams that other decoders take come first: nobody else may use the memory below meanwhile.
  const decoder = inflate[format];
  const inflated = new Map<Stream, Uint8Array>();
  for (const stream of plan.flatMap(({ streams }) => streams)) {
    if (stream.length === stream.size || format === 'lz4') continue;
    if (!decoder) throw new Error(`its Blosc frame is in the format ${format ?? flags >> 5}, which is not read`);
    const found = await decoder(frame.slice(stream.from, stream.from + stream.length), stream.size);
    if (found.length !== stream.size)
      throw new Error(`a stream of its Blosc frame has ${found.length} bytes in place of ${stream.size}`);
    inflated.set(stream, found);
  }

  const shuffling = flags & FLAG.bitshuffle ? 2 : flags & FLAG.shuffle ? 1 : 0;
  const source = MEMORY_START;
  const scratch = source + length;
  const shuffled = scratch + SHUFFLE_SCRATCH;
  const target = shuffled + blockBytes;
  const heap = decoding.heap(target + size);
  heap.set(frame, source);
  for (const { at, bytes, streams } of plan) {
    const decoded = shuffling === 0 ? target + at : shuffled;
    for (const stream of streams) {
      const found = inflated.get(stream);
      const from = source + stream.from;
      if (found) heap.set(found, decoded + stream.to);
      else if (stream.length === stream.size) heap.copyWithin(decoded + stream.to, from, from + stream.length);
      else if (!decoding.unlz4(from, stream.length, decoded + stream.to, stream.size))
        throw new Error('an LZ4 stream of its Blosc frame is damaged');
    }
    if (shuffling > 0) decoding.unshuffleBlock(decoded, target + at, bytes, elementSize, shuffling, scratch);
  }
  return heap.slice(target, target + size);
}
