/** Least milliseconds between two lines. */
const INTERVAL = 60_000;

/** Says something that may happen a thousand times a second at most once a minute, and how often it did. */
export class Seldom {
  readonly #sentence: (times: number) => string;
  #times = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(sentence: (times: number) => string) {
    this.#sentence = sentence;
  }

  say(): void {
    this.#times++;
    if (!this.#timer) {
      this.#tell();
    }
  }

  #tell(): void {
    this.#timer = null;
    if (this.#times > 0) {
      console.error(this.#sentence(this.#times));
      this.#times = 0;
      this.#timer = setTimeout(() => this.#tell(), INTERVAL).unref();
    }
  }
}
