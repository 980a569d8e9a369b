import { unlessAborted } from './unlessAborted.ts';

/** Milliseconds without an answer to any request, after which that is said. */
const QUIET = 10_000;
/** The same for one request while others are answered: it may only be waiting for its turn. */
const OWN_QUIET = 30_000;
/** Milliseconds without an answer after which a request is made again. */
const GIVEN_UP = 60_000;
const OWN_GIVEN_UP = 180_000;

interface Pending {
  heard: number;
  giveUp: (reason: Error) => void;
}

/** Pending requests, and how long nothing has come for them. */
export class Patience {
  readonly #pending = new Set<Pending>();
  readonly #say: (seconds: number | null) => void;
  #heard = 0;
  #said: number | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `say` is called with the seconds without an answer, again and again, and with null when there is one. */
  constructor(say: (seconds: number | null) => void) {
    this.#say = say;
  }

  /**
   * Waits for `work`, which calls `heard` whenever something has come.
   * @throws Error when nothing has for too long; what `work` gets as `signal` is aborted then
   */
  async wait<T>(work: (heard: () => void, signal: AbortSignal) => Promise<T>): Promise<T> {
    const given = new AbortController();
    const pending: Pending = { heard: performance.now(), giveUp: reason => given.abort(reason) };
    if (this.#pending.size === 0) this.#heard = pending.heard;
    this.#pending.add(pending);
    this.#timer ??= setInterval(() => this.#look(), 1000);
    const heard = () => (pending.heard = this.#heard = performance.now());
    try {
      return await unlessAborted(work(heard, given.signal), given.signal);
    } finally {
      this.#pending.delete(pending);
      heard();
      this.#look();
    }
  }

  #look(): void {
    const now = performance.now();
    const all = now - this.#heard;
    let longest = this.#pending.size > 0 && all >= QUIET ? all : 0;
    for (const { heard, giveUp } of this.#pending) {
      const own = now - heard;
      if (own >= OWN_QUIET) longest = Math.max(longest, own);
      if ((own >= GIVEN_UP && all >= GIVEN_UP) || own >= OWN_GIVEN_UP)
        giveUp(new Error(`The server has not answered for ${Math.floor(own / 1000)} s.`));
    }
    const seconds = longest > 0 ? Math.floor(longest / 10_000) * 10 : null;
    if (seconds !== this.#said) this.#say((this.#said = seconds));
    if (this.#pending.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
