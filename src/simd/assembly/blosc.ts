import { bitshuffle, bitshuffleApart, SCRATCH } from './bitshuffle';
import { fetch } from './fetch';
import { lz4, TABLE } from './lz4';
import { isIncompressible } from './incompressible';
import { shuffle } from './shuffle';

/** `shuffling` of a block, by C-Blosc's numbers: 0 none, 1 bytes, 2 bits. */
export function shuffleBlock(
  source: usize,
  target: usize,
  length: usize,
  size: usize,
  shuffling: u32,
  scratch: usize
): void {
  fetch(source, length);
  if (shuffling == 2) bitshuffle(source, target, length, size, scratch);
  else shuffle(source, target, length, size);
}

/**
 * How many of the first streams of the last block of bits were stored as they are: noise, in the low bytes of numbers.
 */
let noise: usize = 0;

/**
 * The streams of one block with LZ4, each after its length: the block's share of a Blosc-1 frame. Returns the bytes
 * written, or 0 when they would be more than `capacity`. `scratch`: TABLE + SCRATCH + `length` bytes.
 */
export function lz4Block(
  source: usize,
  length: usize,
  target: usize,
  capacity: usize,
  size: usize,
  streams: usize,
  shuffling: u32,
  acceleration: usize,
  scratch: usize
): usize {
  const table = scratch;
  const shuffled = shuffling == 2 || (shuffling == 1 && size > 1);
  const bytes = shuffled ? scratch + TABLE + SCRATCH : source;
  const each = length / streams;
  const limit = target + capacity;
  // Streams that are likely to stay as they are are made where they then stand already.
  let made: usize = 0;
  if (shuffling == 2 && streams == size && (each & 7) == 0) {
    fetch(source, length);
    made = target + noise * (each + 4) <= limit ? noise : 0;
    bitshuffleApart(source, each, size, scratch + TABLE, target + 4, made, bytes);
  } else if (shuffled) {
    shuffleBlock(source, bytes, length, size, shuffling, scratch + TABLE);
  }
  noise = 0;
  let op = target;
  for (let s: usize = 0; s < streams; s++) {
    if (op + 4 > limit) return 0;
    const stream = bytes + s * each;
    const there = target + s * (each + 4) + 4;
    const room = min(each - 1, limit - op - 4);
    let written: usize = 0;
    if (s < made) {
      if (!isIncompressible(there, each, table)) written = lz4(there, each, stream, room, table, acceleration);
      if (written > 0) memory.copy(op + 4, stream, written);
      else if (there != op + 4) memory.copy(op + 4, there, each);
    } else if (!isIncompressible(stream, each, table)) {
      written = lz4(stream, each, op + 4, room, table, acceleration);
    }
    if (written == 0) {
      // A stream as long as what it holds is a copy.
      if (op + 4 + each > limit) return 0;
      if (s >= made) memory.copy(op + 4, stream, each);
      if (noise == s) noise++;
      written = each;
    }
    store<u32>(op, <u32>written);
    op += 4 + written;
  }
  return op - target;
}
