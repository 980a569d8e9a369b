/** A code's length and value are looked up by its first bits; longer ones are searched. */
const LOOKAHEAD = 9;

/** A Huffman table of JPEG (ITU T.81, annex C and F.2.2.3). */
export class HuffmanTable {
  /** By the next `LOOKAHEAD` bits: length of the code · 256 + its value; 0 where it is longer. */
  readonly #quick = new Uint16Array(1 << LOOKAHEAD);
  /** By length: the greatest code, -1 where there is none, and what makes of a code its place in `#values`. */
  readonly #greatest = new Int32Array(18).fill(-1);
  readonly #offset = new Int32Array(17);
  readonly #values: Uint8Array;

  /** `counts`: codes of each length from 1 to 16. @throws Error for counts that are no code's */
  constructor(counts: Uint8Array, values: Uint8Array) {
    this.#values = values;
    let code = 0;
    let place = 0;
    for (let length = 1; length <= 16; length++) {
      this.#offset[length] = place - code;
      for (let n = 0; n < counts[length - 1]; n++, code++, place++) {
        if (code >= 1 << length) throw new Error('a Huffman table that is none');
        if (length > LOOKAHEAD) continue;
        const first = code << (LOOKAHEAD - length);
        this.#quick.fill((length << 8) | values[place], first, first + (1 << (LOOKAHEAD - length)));
      }
      if (counts[length - 1] > 0) this.#greatest[length] = code - 1;
      code <<= 1;
    }
  }

  decode(bits: BitReader): number {
    const found = this.#quick[bits.peek(LOOKAHEAD)];
    if (found) {
      bits.skip(found >> 8);
      return found & 255;
    }
    const ahead = bits.peek(16);
    for (let length = LOOKAHEAD + 1; length <= 16; length++) {
      const code = ahead >> (16 - length);
      if (code <= this.#greatest[length]) {
        bits.skip(length);
        return this.#values[this.#offset[length] + code];
      }
    }
    throw new Error('a Huffman code that is in no table');
  }
}

/** The bits of a scan's data, in which a zero follows each 0xFF that is no marker (ITU T.81, F.1.2.3). */
export class BitReader {
  readonly #data: Uint8Array;
  /** Of the next byte. */
  #at: number;
  #held = 0;
  #count = 0;
  /** Bits beyond the data's end that were asked for, and are 0. */
  #missing = 0;

  constructor(data: Uint8Array, at: number) {
    this.#data = data;
    this.#at = at;
  }

  /** Where the next marker is looked for. */
  get position(): number {
    return this.#at;
  }

  /** The next bits, 16 at most, without going beyond them. */
  peek(length: number): number {
    while (this.#count < length) {
      let byte = 0;
      const at = this.#at;
      if (at >= this.#data.length || (this.#data[at] === 0xff && this.#data[at + 1] !== 0)) this.#missing += 8;
      else {
        byte = this.#data[at];
        this.#at = byte === 0xff ? at + 2 : at + 1;
      }
      this.#held = ((this.#held << 8) | byte) & 0xffffff;
      this.#count += 8;
    }
    return (this.#held >> (this.#count - length)) & ((1 << length) - 1);
  }

  /** @throws Error where the data have ended before */
  skip(length: number): void {
    this.#count -= length;
    if (this.#count < this.#missing) throw new Error('its data end early');
  }

  bits(length: number): number {
    if (length === 0) return 0;
    const value = this.peek(length);
    this.skip(length);
    return value;
  }

  /** A number of `length` bits, of which the lower half stand for negative ones (ITU T.81, F.2.2.1). */
  signed(length: number): number {
    if (length === 0) return 0;
    const value = this.bits(length);
    return value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
  }

  /** Goes on after the restart marker that must come next. @throws Error where another does */
  restart(): void {
    this.#held = this.#count = this.#missing = 0;
    let at = this.#at;
    while (this.#data[at] === 0xff && this.#data[at + 1] === 0xff) at++;
    if (this.#data[at] !== 0xff || (this.#data[at + 1] & 0xf8) !== 0xd0) throw new Error('a restart marker is missing');
    this.#at = at + 2;
  }
}
