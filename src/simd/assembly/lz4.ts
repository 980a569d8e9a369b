// The LZ4 block format, https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

const HASH_BITS: u32 = 12;
/** Bytes of the table of places by hash. */
export const TABLE: usize = 4 << HASH_BITS;
/** The last match starts at least this far before the end, and the last 5 bytes are literals. */
const MATCH_LIMIT: usize = 12;
const LAST_LITERALS: usize = 5;
const MAX_DISTANCE: usize = 65535;

function slot(table: usize, at: usize): usize {
  return table + ((<usize>((load<u32>(at) * 2654435761) >>> (32 - HASH_BITS))) << 2);
}

/** Compresses to at most `capacity` bytes at target; 0 when they are too few. Nothing is read or written outside. */
export function lz4(
  source: usize,
  length: usize,
  target: usize,
  capacity: usize,
  table: usize,
  acceleration: usize
): usize {
  const end = source + length;
  const limit = target + capacity;
  let anchor = source;
  let op = target;
  if (length > MATCH_LIMIT) {
    const matchLimit = end - MATCH_LIMIT;
    const extendLimit = end - LAST_LITERALS;
    memory.fill(table, 0, TABLE);
    let ip = source + 1;
    while (true) {
      // Look for four bytes seen before, in growing steps.
      let match: usize = 0;
      let found = false;
      let tries = acceleration << 6;
      while (ip <= matchLimit) {
        const entry = slot(table, ip);
        match = source + <usize>load<u32>(entry);
        store<u32>(entry, <u32>(ip - source));
        if (load<u32>(match) == load<u32>(ip) && ip - match <= MAX_DISTANCE) {
          found = true;
          break;
        }
        ip += tries >> 6;
        tries++;
      }
      if (!found) break;
      while (ip > anchor && match > source && load<u8>(ip - 1) == load<u8>(match - 1)) {
        ip--;
        match--;
      }

      const literals = ip - anchor;
      // Token, length, literals, offset.
      if (op + 1 + lengthBytes(literals) + literals + 2 > limit) return 0;
      const token = op++;
      op = putLength(token, op, literals, 4);
      if (op + literals + 16 <= limit && ip + 16 <= end) {
        for (let i: usize = 0; i < literals; i += 16) v128.store(op + i, v128.load(anchor + i));
      } else {
        memory.copy(op, anchor, literals);
      }
      op += literals;
      store<u16>(op, <u16>(ip - match));
      op += 2;

      const stop = matchEnd(ip + 4, match + 4, extendLimit);
      const more = stop - ip - 4;
      if (op + lengthBytes(more) > limit) return 0;
      op = putLength(token, op, more, 0);
      ip = anchor = stop;
      if (ip <= matchLimit) store<u32>(slot(table, ip - 2), <u32>(ip - 2 - source));
    }
  }

  const literals = end - anchor;
  if (op + 1 + lengthBytes(literals) + literals > limit) return 0;
  const token = op++;
  op = putLength(token, op, literals, 4);
  memory.copy(op, anchor, literals);
  return op + literals - target;
}

/** Bytes behind the token that a length takes. */
function lengthBytes(length: usize): usize {
  return length < 15 ? 0 : (length - 15) / 255 + 1;
}

/** Puts a length into half a token (shift 4 the literals', 0 the match's) and what exceeds it behind. */
function putLength(token: usize, op: usize, length: usize, shift: u32): usize {
  const before: u32 = shift == 4 ? 0 : load<u8>(token);
  if (length < 15) {
    store<u8>(token, <u8>(before | ((<u32>length) << shift)));
    return op;
  }
  store<u8>(token, <u8>(before | (15 << shift)));
  let rest = length - 15;
  const full = rest / 255;
  if (full > 0) memory.fill(op, 255, full);
  op += full;
  rest -= full * 255;
  store<u8>(op, <u8>rest);
  return op + 1;
}

/** Where two runs of bytes differ first, at most `limit`. */
function matchEnd(ip: usize, match: usize, limit: usize): usize {
  while (ip + 8 <= limit) {
    const difference = load<u64>(ip) ^ load<u64>(match);
    if (difference) return ip + <usize>(ctz(difference) >> 3);
    ip += 8;
    match += 8;
  }
  while (ip < limit && load<u8>(ip) == load<u8>(match)) {
    ip++;
    match++;
  }
  return ip;
}
