/** Least and greatest that a file of bzip2 says of itself: blocks of so many times 100,000 bytes. */
const LEVELS = [1, 9] as const;
/** π and its square root, in decimal digits: how a block and the end of a stream begin. */
const [BLOCK, END] = [0x314159265359, 0x177245385090];
const [LONGEST_CODE, SYMBOLS_A_TABLE] = [20, 50];
const [RUN_A, RUN_B] = [0, 1];

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `count` bits, up to 24, the first the highest. */
  take(count: number): number {
    while (this.#count < count) {
      if (this.#at >= this.#bytes.length) throw new Error('bzip2: it ends too soon');
      this.#held = ((this.#held & 0xffffff) << 8) | this.#bytes[this.#at++];
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  take48(): number {
    return this.take(24) * 2 ** 24 + this.take(24);
  }

  take32(): number {
    return ((this.take(16) << 16) | this.take(16)) >>> 0;
  }

  /** Goes on at the next byte; whether there is one. */
  align(): boolean {
    this.#count -= this.#count % 8;
    return this.#count > 0 || this.#at < this.#bytes.length;
  }
}

/** A Huffman code, canonical: by length the greatest code of it, and what to add for the place among `symbols`. */
interface Code {
  limit: Int32Array;
  base: Int32Array;
  symbols: Uint16Array;
}

function codeOf(lengths: Uint8Array): Code {
  const counts = new Int32Array(LONGEST_CODE + 2);
  for (const length of lengths) counts[length]++;
  const [limit, base] = [new Int32Array(LONGEST_CODE + 2), new Int32Array(LONGEST_CODE + 2)];
  let [code, place] = [0, 0];
  for (let length = 1; length <= LONGEST_CODE; length++) {
    base[length] = place - code;
    code += counts[length];
    limit[length] = code - 1;
    place += counts[length];
    code <<= 1;
  }
  const order = Array.from(lengths.keys()).sort((a, b) => lengths[a] - lengths[b] || a - b);
  return { limit, base, symbols: Uint16Array.from(order) };
}

function readSymbol(bits: Bits, { limit, base, symbols }: Code): number {
  let code = 0;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    code = (code << 1) | bits.take(1);
    if (code <= limit[length]) return symbols[code + base[length]];
  }
  throw new Error('bzip2: a code that there is not');
}

/** Decodes bzip2, one stream or several, into all of `target`. Throws where it is damaged, or has another length. */
export function bunzip2(encoded: Uint8Array, target: Uint8Array): void {
  const bits = new Bits(encoded);
  let length = 0;
  do {
    if (bits.take(24) !== 0x425a68) throw new Error('bzip2: it does not begin as such');
    const level = bits.take(8) - 48;
    if (level < LEVELS[0] || level > LEVELS[1]) throw new Error(`bzip2: blocks of ${level}`);
    let whole = 0;
    for (;;) {
      const magic = bits.take48();
      const crc = bits.take32();
      if (magic === END) {
        if (crc !== whole) throw new Error('bzip2: it has another CRC than it says');
        break;
      }
      if (magic !== BLOCK) throw new Error('bzip2: what begins is no block');
      const end = writeRuns(readBlock(bits, level * 100_000), target, length, crc);
      length = end;
      whole = (((whole << 1) | (whole >>> 31)) ^ crc) >>> 0;
    }
  } while (bits.align());
  if (length !== target.length) throw new Error(`${length} bytes in place of ${target.length}`);
}

/** A block's bytes, runs not yet written out. */
function readBlock(bits: Bits, most: number): Uint8Array {
  if (bits.take(1)) throw new Error('bzip2: a randomised block, which no program of this century writes');
  const origin = bits.take(24);
  const groups = bits.take(16);
  const alphabet: number[] = [];
  for (let high = 0; high < 16; high++) {
    if (!(groups & (0x8000 >> high))) continue;
    const used = bits.take(16);
    for (let low = 0; low < 16; low++) if (used & (0x8000 >> low)) alphabet.push(16 * high + low);
  }
  if (alphabet.length === 0) throw new Error('bzip2: a block of no bytes');
  const tables = bits.take(3);
  const selectorCount = bits.take(15);
  if (tables < 2 || tables > 6 || selectorCount < 1) throw new Error('bzip2: a block without codes');
  const order = Array.from({ length: tables }, (_, n) => n);
  const selectors = Uint8Array.from({ length: selectorCount }, () => {
    let place = 0;
    while (bits.take(1)) if (++place >= tables) throw new Error('bzip2: a code that there is not');
    return toFront(order, place);
  });
  const size = alphabet.length + 2;
  const codes = Array.from({ length: tables }, () => {
    let length = bits.take(5);
    return codeOf(
      Uint8Array.from({ length: size }, () => {
        while (bits.take(1)) length += bits.take(1) ? -1 : 1;
        if (length < 1 || length > LONGEST_CODE) throw new Error('bzip2: a code of no length');
        return length;
      })
    );
  });
  const block = new Uint8Array(most);
  let [length, run, weight] = [0, 0, 1];
  for (let n = 0; ; n++) {
    const selector = Math.floor(n / SYMBOLS_A_TABLE);
    if (selector >= selectorCount) throw new Error('bzip2: a block without an end');
    const symbol = readSymbol(bits, codes[selectors[selector]]);
    if (symbol === RUN_A || symbol === RUN_B) {
      run += weight << symbol;
      weight *= 2;
      if (run > most) throw new Error('bzip2: a block that is too long');
      continue;
    }
    if (run > 0) {
      if (length + run > most) throw new Error('bzip2: a block that is too long');
      block.fill(alphabet[0], length, length + run);
      length += run;
      [run, weight] = [0, 1];
    }
    if (symbol === size - 1) break;
    if (length >= most) throw new Error('bzip2: a block that is too long');
    block[length++] = toFront(alphabet, symbol - 1);
  }
  if (origin >= length) throw new Error('bzip2: a block that begins beyond its end');
  return unsort(block.subarray(0, length), origin);
}

/** Moves the element at `place` to the beginning, and returns it. */
function toFront(list: number[], place: number): number {
  const [element] = list.splice(place, 1);
  list.unshift(element);
  return element;
}

/** The inverse of the Burrows-Wheeler transform. */
function unsort(last: Uint8Array, origin: number): Uint8Array {
  const starts = new Int32Array(257);
  for (const byte of last) starts[byte + 1]++;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1] += starts[byte];
  const next = new Uint32Array(last.length);
  for (let n = 0; n < last.length; n++) next[starts[last[n]]++] = n;
  const bytes = new Uint8Array(last.length);
  let at = next[origin];
  for (let n = 0; n < bytes.length; n++) {
    bytes[n] = last[at];
    at = next[at];
  }
  return bytes;
}

/**
 * Writes runs out (four equal bytes are followed by how many more there are) from `start` on, checks the CRC, and
 * returns where they end.
 */
function writeRuns(block: Uint8Array, target: Uint8Array, start: number, expected: number): number {
  let [at, crc, same, before] = [start, 0xffffffff, 0, -1];
  const put = (byte: number): void => {
    if (at >= target.length) throw new Error(`more than ${target.length} bytes`);
    target[at++] = byte;
    crc = ((crc << 8) ^ CRC[(crc >>> 24) ^ byte]) >>> 0;
  };
  for (const byte of block) {
    if (same === 4) {
      for (let n = 0; n < byte; n++) put(before);
      [same, before] = [0, -1];
      continue;
    }
    same = byte === before ? same + 1 : 1;
    before = byte;
    put(byte);
  }
  if ((crc ^ 0xffffffff) >>> 0 !== expected) throw new Error('bzip2: a block has another CRC than it says');
  return at;
}
