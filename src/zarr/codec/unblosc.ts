import { SHUFFLE_SCRATCH, type Simd } from '../../simd/index.ts';
import {
  FLAG_BITSHUFFLE,
  FLAG_COPY,
  FLAG_ONE_STREAM,
  FLAG_SHUFFLE,
  FORMAT,
  HEADER,
  LEAST_SPLIT,
  type Shuffle
} from './blosc.ts';
import type { Decoder } from './decoder.ts';
import { unblosclz } from './blosclz.ts';
import { inflate } from './zlib.ts';
import { unzstd } from './zstd.ts';

/** C-Blosc cuts blocks of wider elements into no streams (MAX_SPLITS). */
const MOST_SPLIT = 16;
/** The greatest version of the frame that C-Blosc 1 writes; those of C-Blosc 2 have others. */
const LAST_VERSION = 2;
/** That of LZ4's and zstd's streams inside. */
const INNER_VERSION = 1;
const FLAG_RESERVED = 0x08;

/** C-Blosc's other formats, by number. */
const [BLOSCLZ, SNAPPY, ZLIB] = [0, 2, 3];

/**
 * Frames of Blosc 1 with BloscLZ, LZ4, zlib or zstd inside, whoever wrote them. What C-Blosc refuses is refused: others
 * read with it.
 */
export function bloscDecoder(simd: Simd, memory: WebAssembly.Memory): Decoder {
  const heap = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  // Typed arrays over shared memory copy several times as slowly.
  const copy = (from: number, to: number, length: number) =>
    simd.copyBox(from, length, length, to, length, length, 1, 1, length);

  return (source, length, target, size, scratch, scratchLength) => {
    if (length < HEADER) throw new Error(`a Blosc frame of ${length} bytes is too short`);
    if (heap[source] > LAST_VERSION)
      throw new Error(`a Blosc frame of version ${heap[source]}, where 2 is the last known`);
    const flags = heap[source + 2];
    const elementSize = heap[source + 3];
    const [content, blockBytes, frame] = [4, 8, 12].map(at => view.getUint32(source + at, true));
    if (content !== size || frame !== length)
      throw new Error(`a Blosc frame of ${frame} bytes for ${content} in place of ${length} for ${size}`);
    if (flags & FLAG_RESERVED) throw new Error('a Blosc frame has a flag that none has');
    if (blockBytes < 1 || blockBytes > size || elementSize < 1)
      throw new Error(`a Blosc frame of ${size} bytes has blocks of ${blockBytes}, elements of ${elementSize}`);
    if (flags & FLAG_COPY) {
      if (length !== HEADER + size) throw new Error('a Blosc frame that is a copy has another length');
      copy(source + HEADER, target, size);
      return;
    }
    const format = flags >> 5;
    if (heap[source + 1] !== INNER_VERSION && (format === FORMAT.lz4 || format === FORMAT.zstd))
      throw new Error(`a Blosc frame has streams of version ${heap[source + 1]}, where 1 is the only one`);
    const shuffle: Shuffle = flags & FLAG_BITSHUFFLE ? 2 : flags & FLAG_SHUFFLE ? 1 : 0;
    const splits = !(flags & FLAG_ONE_STREAM) && elementSize <= MOST_SPLIT && blockBytes / elementSize >= LEAST_SPLIT;
    const whole = splits ? elementSize : 1;
    const blocks = Math.ceil(size / blockBytes);
    if (HEADER + 4 * blocks > length)
      throw new Error(`a Blosc frame of ${length} bytes says that it has ${blocks} blocks`);
    if (blockBytes % whole) throw new Error(`a Blosc frame has blocks of ${blockBytes} bytes for elements of ${whole}`);
    if (shuffle > 0 && SHUFFLE_SCRATCH + Math.min(blockBytes, size) > scratchLength)
      throw new Error(`a Blosc frame has blocks of ${blockBytes} bytes, larger than there is room for`);
    for (let b = 0; b < blocks; b++) {
      const from = b * blockBytes;
      const bytes = Math.min(blockBytes, size - from);
      const streams = bytes < blockBytes ? 1 : whole;
      const decoded = shuffle === 0 ? target + from : scratch + SHUFFLE_SCRATCH;
      let at = view.getUint32(source + HEADER + 4 * b, true);
      for (let s = 0; s < streams; s++) {
        const each = bytes / streams;
        const encoded = at + 4 <= length ? view.getInt32(source + at, true) : -1;
        at += 4;
        if (encoded < 0 || encoded > each || at + encoded > length)
          throw new Error('a stream of a Blosc frame leaves it');
        decodeStream(format, source + at, encoded, decoded + s * each, each);
        at += encoded;
      }
      if (shuffle > 0) simd.unshuffleBlock(decoded, target + from, bytes, elementSize, shuffle, scratch);
    }
  };

  function decodeStream(format: number, source: number, length: number, target: number, size: number): void {
    if (length === size) copy(source, target, size);
    else if (format === FORMAT.zstd) unzstd(heap, source, length, target, size);
    else if (format === ZLIB) inflate(heap, source, length, target, size);
    else if (format === BLOSCLZ) {
      if (!unblosclz(heap, source, length, target, size))
        throw new Error('a BloscLZ stream of a Blosc frame is damaged');
    } else if (format !== FORMAT.lz4)
      throw new Error(`a Blosc frame in the format ${format === SNAPPY ? 'snappy' : format}, which is not read`);
    else if (!simd.unlz4(source, length, target, size)) throw new Error('an LZ4 stream of a Blosc frame is damaged');
  }
}
