/** Bytes that are in memory on their way, and requests: what the memory budget is asked for. */
export const ON_THE_WAY = 96 * 2 ** 20;
const AT_ONCE = 24;

/** Room for what is on its way, whoever asks for it; there is none any more after a failure. */
export class Room {
  #free = ON_THE_WAY;
  #requests = 0;
  #failure: unknown = null;
  #asleep: (() => void)[] = [];

  /** Works with so many bytes of memory, when there are as many. @throws the failure, and what `work` does */
  async within<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    // What is larger than all gets all.
    const taken = Math.min(bytes, ON_THE_WAY);
    // Looked at and taken in one go, since all who wait wake at once.
    for (this.check(); this.#free < taken || this.#requests >= AT_ONCE; this.check()) await this.#change();
    this.#free -= taken;
    this.#requests++;
    try {
      return await work();
    } finally {
      this.#free += taken;
      this.#requests--;
      this.wake();
    }
  }

  /** Ends when something is so, which is looked at when anything has arrived. @throws the failure */
  async until(isSo: () => boolean): Promise<void> {
    for (this.check(); !isSo(); this.check()) await this.#change();
  }

  /** Lets nothing more begin, and tells whoever waits. The first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.wake();
  }

  /** @throws the failure */
  check(): void {
    if (this.#failure !== null) throw this.#failure as Error;
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#asleep.push(resolve));
  }

  wake(): void {
    const waiting = this.#asleep;
    this.#asleep = [];
    for (const resolve of waiting) resolve();
  }
}
