import { LZ4_TABLE, SHUFFLE_SCRATCH, type Simd } from '../../simd/index.ts';
import type { Encoder } from './encoder.ts';
import { zstd } from './zstd.ts';

/** C-Blosc's numbers: 0 none, 1 bytes, 2 bits. */
export type Shuffle = 0 | 1 | 2;

/** How chunks of one element size go into Blosc-1 frames. */
export interface BloscSettings {
  cname: 'lz4' | 'zstd';
  /** Acceleration of LZ4 (C-Blosc's 10 − clevel), level of zstd. */
  level: number;
  /** The shuffles to choose from for each chunk, the usual one first. */
  shuffles: readonly Shuffle[];
  /** Longest block, in bytes; a chunk that is shorter is one block. A multiple of 8 elements. */
  blockBytes: number;
  /** Whether a whole block is cut into one stream for each byte of the element. */
  split: boolean;
}

export const HEADER = 16;
const VERSION = 2;
export const FLAG_SHUFFLE = 0x01;
export const FLAG_COPY = 0x02;
export const FLAG_BITSHUFFLE = 0x04;
export const FLAG_ONE_STREAM = 0x10;
export const FORMAT = { lz4: 1, zstd: 4 } as const;
/** C-Blosc reads a block of fewer elements as one stream, whatever the flag says (MIN_BUFFERSIZE). */
export const LEAST_SPLIT = 128;
/** Shorter blocks, of chunks that are hardly used, would be mostly headers. */
const LEAST_BLOCK = 2 ** 14;
/**
 * Bytes of a chunk, in four pieces, that a shuffle is chosen by. Chunks of less than eight times that take the usual
 * one.
 */
const SAMPLE = 65536;
/**
 * Another shuffle than the usual one is taken only where its sample is smaller than this part of the usual one's:
 * streams of bits gain more from length than a sample shows.
 */
const ADVANTAGE = 0.94;

/**
 * Frames of Blosc 1 (https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst): header, start of each block,
 * blocks; a block is shuffled and cut into streams, each after its length as int32, stored as it is where that length
 * is the stream's own. A frame that would be longer than its content and a header holds the content as it is.
 */
export function bloscEncoder(
  settings: BloscSettings,
  elementSize: number,
  simd: Simd,
  memory: WebAssembly.Memory
): Encoder {
  const { cname, level, shuffles, split } = settings;
  const heap = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  // Typed arrays over shared memory copy several times as slowly.
  const copy = (from: number, to: number, length: number) =>
    simd.copyBox(from, length, length, to, length, length, 1, 1, length);
  /** Bytes of a block; of a chunk that is hardly used, a power of two that holds what is. */
  const blockOf = (length: number, used = length) =>
    Math.min(
      length,
      settings.blockBytes,
      used < length ? Math.max(LEAST_BLOCK, 2 ** Math.ceil(Math.log2(used))) : Infinity
    );
  /** Encoded blocks of zeros, by their settings. */
  const zeros = new Map<string, Uint8Array>();

  /**
   * One block as it stands in a frame: its streams, each after its length. 0 when they would be more than `capacity`.
   */
  function encodeBlock(
    source: number,
    length: number,
    target: number,
    capacity: number,
    streams: number,
    shuffle: Shuffle,
    scratch: number
  ): number {
    if (cname === 'lz4') {
      return simd.lz4Block(source, length, target, capacity, elementSize, streams, shuffle, level, scratch);
    }
    const bytes = shuffle > 0 ? scratch + SHUFFLE_SCRATCH : source;
    if (shuffle > 0) simd.shuffleBlock(source, bytes, length, elementSize, shuffle, scratch);
    const each = length / streams;
    let at = target;
    for (let s = 0; s < streams; s++) {
      const stream = bytes + s * each;
      const room = Math.min(each - 1, target + capacity - at - 4);
      let size =
        room > 0 && !simd.isIncompressible(stream, each, scratch) ? zstd(heap, stream, each, at + 4, room, level) : 0;
      if (size === 0) {
        // A stream as long as what it holds is a copy.
        if (at + 4 + each > target + capacity) return 0;
        copy(stream, at + 4, each);
        size = each;
      }
      view.setUint32(at, size, true);
      at += 4 + size;
    }
    return at - target;
  }

  /** The shuffle that makes least of a sample. */
  function choose(source: number, length: number, target: number, streams: number, scratch: number): Shuffle {
    if (shuffles.length === 1 || length < 8 * SAMPLE) return shuffles[0];
    const sample = scratch + LZ4_TABLE + SHUFFLE_SCRATCH + blockOf(length);
    const piece = SAMPLE / 4;
    for (let i = 0; i < 4; i++) {
      // The middle of each quarter, from a whole element on.
      const from = Math.floor(((2 * i + 1) * length) / 8 / elementSize) * elementSize;
      copy(source + from, sample + i * piece, piece);
    }
    const sizes = shuffles.map(shuffle => encodeBlock(sample, SAMPLE, target, length, streams, shuffle, scratch));
    const least = sizes.indexOf(Math.min(...sizes));
    return shuffles[sizes[least] < ADVANTAGE * sizes[0] ? least : 0];
  }

  /** As `encodeBlock`, for a block of zeros: a thin volume's chunks hold little else. */
  const encodeZeros: typeof encodeBlock = (source, length, target, capacity, streams, shuffle, scratch) => {
    const key = `${length} ${streams} ${shuffle}`;
    const known = zeros.get(key);
    if (known && known.length <= capacity) {
      heap.set(known, target);
      return known.length;
    }
    simd.fill(source, 0, length);
    const written = encodeBlock(source, length, target, capacity, streams, shuffle, scratch);
    if (written > 0) zeros.set(key, heap.slice(target, target + written));
    return written;
  };

  /** Everything behind the header; 0 when it would be longer than the content. */
  function encodeBlocks(
    source: number,
    length: number,
    target: number,
    streams: number,
    shuffle: Shuffle,
    scratch: number,
    used: number
  ): number {
    const blockBytes = blockOf(length, used);
    const blocks = Math.ceil(length / blockBytes);
    const limit = target + HEADER + length;
    let at = target + HEADER + 4 * blocks;
    for (let b = 0; b < blocks; b++) {
      const from = b * blockBytes;
      const size = Math.min(blockBytes, length - from);
      // The last block, where it is shorter than the others, is never split.
      const cut = size < blockBytes ? 1 : streams;
      const encode = from < used ? encodeBlock : encodeZeros;
      if (from < used && used < from + size) simd.fill(source + used, 0, from + size - used);
      const written = limit > at ? encode(source + from, size, at, limit - at, cut, shuffle, scratch) : 0;
      if (written === 0) return 0;
      view.setUint32(target + HEADER + 4 * b, at - target, true);
      at += written;
    }
    return at - target;
  }

  /**
   * Blocks of what is used may stay as they are; those of zeros become next to nothing, LZ4 taking a byte for 255 of
   * them.
   */
  function encodedBound(length: number, used = length): number {
    const block = Math.max(1, blockOf(length, used));
    const blocks = Math.ceil(length / block);
    const filled = Math.ceil(used / block);
    const lengths = 4 + 4 * elementSize;
    const zero = lengths + 64 * elementSize + Math.ceil(block / 250);
    return HEADER + Math.min(length, filled * (block + lengths) + (blocks - filled) * zero);
  }

  return {
    leavesGarbage: cname === 'zstd',
    scratchBytes: length => LZ4_TABLE + SHUFFLE_SCRATCH + blockOf(length) + SAMPLE,
    encodedBound,
    encode(source, length, target, scratch, used = length) {
      const blockBytes = blockOf(length, used);
      const splits = split && blockBytes % elementSize === 0 && blockBytes / elementSize >= LEAST_SPLIT;
      const streams = splits ? elementSize : 1;
      const shuffle = choose(source, used, target, streams, scratch);
      let flags = FORMAT[cname] << 5;
      if (shuffle === 1) flags |= FLAG_SHUFFLE;
      if (shuffle === 2) flags |= FLAG_BITSHUFFLE;
      if (!splits) flags |= FLAG_ONE_STREAM;
      let encoded = length > 0 ? encodeBlocks(source, length, target, streams, shuffle, scratch, used) : 0;
      if (encoded === 0) {
        flags |= FLAG_COPY;
        simd.fill(source + used, 0, length - used);
        copy(source, target + HEADER, length);
        encoded = HEADER + length;
      }
      heap.set([VERSION, 1, flags, elementSize], target);
      view.setUint32(target + 4, length, true);
      view.setUint32(target + 8, blockBytes, true);
      view.setUint32(target + 12, encoded, true);
      return encoded;
    }
  };
}
