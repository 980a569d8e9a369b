/** A list of numbers in one piece of memory, for tables of millions. */
export class GrowingNumbers {
  length = 0;
  #values = new Float64Array(1024);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index];
  }

  /** A copy that worker threads can share. */
  toFloat64(): Float64Array {
    const out = new Float64Array(new SharedArrayBuffer(8 * this.length));
    out.set(this.#values.subarray(0, this.length));
    return out;
  }

  toUint32(): Uint32Array {
    const out = new Uint32Array(new SharedArrayBuffer(4 * this.length));
    out.set(this.#values.subarray(0, this.length));
    return out;
  }
}
