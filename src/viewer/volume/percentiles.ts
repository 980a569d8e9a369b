/** Most values that are kept for sorting; of more, evenly spaced ones are. */
const MOST_VALUES = 4e6;

/**
 * Quantiles of some numbers at shares from 0 to 1, interpolated as by NumPy's `percentile`; empty where there are no
 * numbers.
 */
export class Percentiles {
  /** Counts of each value from `least`, for integers of one or two bytes. */
  readonly #counts: Float64Array | null;
  readonly #least: number;
  #values: number[] = [];
  #step = 1;
  #turn = 0;
  count = 0;

  constructor(dtype: string) {
    const [, sign, bits] = /^(u?)int(8|16)$/.exec(dtype) ?? [];
    this.#counts = bits === undefined ? null : new Float64Array(2 ** Number(bits));
    this.#least = sign === '' ? -(2 ** (Number(bits) - 1)) : 0;
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.count++;
    if (this.#counts) {
      this.#counts[value - this.#least]++;
    } else if (this.#turn++ % this.#step === 0) {
      this.#values.push(value);
      if (this.#values.length > MOST_VALUES) {
        this.#values = this.#values.filter((_, n) => n % 2 === 0);
        this.#step *= 2;
      }
    }
  }

  at(shares: number[]): number[] {
    if (this.count === 0) return [];
    if (!this.#counts) this.#sorted ??= Float64Array.from(this.#values).sort();
    return shares.map(share => {
      const place = share * ((this.#sorted?.length ?? this.count) - 1);
      const below = this.#nth(Math.floor(place));
      return below + (this.#nth(Math.ceil(place)) - below) * (place % 1);
    });
  }

  #nth(n: number): number {
    if (this.#sorted) return this.#sorted[n];
    let seen = 0;
    const at = this.#counts!.findIndex(times => (seen += times) > n);
    return at + this.#least;
  }

  #sorted: Float64Array | undefined;
}
