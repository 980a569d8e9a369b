import { bitshuffle } from './bitshuffle';
import { lz4 } from './lz4';
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
  if (shuffling == 2) bitshuffle(source, target, length, size, scratch);
  else shuffle(source, target, length, size);
}

/**
 * The streams of one block with LZ4, each after its length: the block's share of a Blosc-1 frame. Returns the bytes written, or 0 when they
 * would be more than `capacity`. `scratch`: twice the block, then the LZ4 table.
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
  let bytes = source;
  const table = scratch;
  if (shuffling == 2 || (shuffling == 1 && size > 1)) {
    bytes = scratch + 16384;
    shuffleBlock(source, bytes, length, size, shuffling, bytes + length);
  }
  const each = length / streams;
  const limit = target + capacity;
  let op = target;
  for (let s: usize = 0; s < streams; s++) {
    if (op + 4 > limit) return 0;
    const stream = bytes + s * each;
    const room = min(each - 1, limit - op - 4);
    let written = lz4(stream, each, op + 4, room, table, acceleration);
    if (written == 0) {
      // A stream as long as what it holds is a copy.
      if (op + 4 + each > limit) return 0;
      memory.copy(op + 4, stream, each);
      written = each;
    }
    store<u32>(op, <u32>written);
    op += 4 + written;
  }
  return op - target;
}
