import { stopped } from '../model/errors.ts';
import type { Progress } from '../model/progress.ts';

/** How a caller follows a conversion and ends it. */
export interface Control {
  /**
   * Ends the conversion within about a second; nothing is left behind. Where the signal's reason is a ConvertError
   * `interrupted`, what is done is kept to be resumed.
   */
  signal?: AbortSignal;
  /** Called five times a second at most. */
  onProgress?: (progress: Progress) => void;
  /** Hears, in a line, for whom else is waited, if that takes long. */
  onWait?: (what: string) => void;
}

/** How long a cancelled worker may go on with what it does before it is ended, in ms. */
export const PATIENCE = 500;

/** An early end of work: by an error that somebody reports, or by the caller's signal. */
export class Ending {
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #ended: Promise<never>;
  #reject: (error: unknown) => void = () => {};

  /** `reason`: the error that an aborted signal stands for. */
  constructor(signal: AbortSignal | undefined, reason: (signal: AbortSignal) => unknown = stopped) {
    this.#ended = new Promise((_, reject) => (this.#reject = reject));
    // No unhandled rejection where no work is waiting.
    this.#ended.catch(() => {});
    this.#signal = signal;
    this.#onAbort = () => this.end(reason(signal!));
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort);
  }

  readonly end = (error: unknown): void => this.#reject(error);

  /** The result of `work`, unless it is ended before. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#ended]);
  }

  /** The same for work that leaves nothing behind, such as reading headers over a slow connection. */
  static async before<T>(
    signal: AbortSignal | undefined,
    work: Promise<T>,
    reason?: (signal: AbortSignal) => unknown
  ): Promise<T> {
    const ending = new Ending(signal, reason);
    return ending.race(work).finally(() => ending.release());
  }

  /** Stops listening to the signal. */
  release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
