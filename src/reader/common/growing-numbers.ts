/** A list of numbers in one piece of memory, for tables of millions. */
export class GrowingNumbers {
  length = 0;
  #values = new Float64Array(16);

  get bytes(): number {
    return this.#values.byteLength;
  }

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

  /** Copies `count` numbers from `index` on. */
  copy(index: number, count: number, target: Float64Array, at: number): void {
    for (let n = 0; n < count; n++) target[at + n] = this.#values[index + n];
  }

  /** Copies the numbers at `indices`. */
  pick(indices: Uint32Array, target: Uint32Array | Uint16Array): void {
    for (let n = 0; n < indices.length; n++) target[n] = this.#values[indices[n]];
  }
}
