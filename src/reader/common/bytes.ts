/** The bytes of a document, piece by piece. */
export class Bytes {
  readonly #pieces: Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  #before = 0;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** How many have been read. */
  get offset(): number {
    return this.#before + this.#at;
  }

  /** The next one; -1 at the end. */
  next(): number {
    return this.#at < this.#piece.length || this.#more() ? this.#piece[this.#at++] : -1;
  }

  /** Skips a byte, and all before it. */
  skip(byte: number): boolean {
    do {
      const found = this.#piece.indexOf(byte, this.#at);
      this.#at = found < 0 ? this.#piece.length : found + 1;
      if (found >= 0) return true;
    } while (this.#more());
    return false;
  }

  #more(): boolean {
    do {
      const { value, done } = this.#pieces.next();
      if (done) return false;
      this.#before += this.#piece.length;
      this.#piece = value;
      this.#at = 0;
    } while (this.#piece.length === 0);
    return true;
  }
}
