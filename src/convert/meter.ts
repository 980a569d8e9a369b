import type { Progress } from './progress.ts';

/** Between two reports of progress, in ms. */
const INTERVAL = 200;

/** Reports progress five times a second at most, while it changes, until it is stopped. */
export class Meter {
  readonly #timer: NodeJS.Timeout;
  /** Reports at once, if there is something new. */
  readonly report: () => void;

  constructor(work: { doneBytes: number; totalBytes: number }, onProgress: (progress: Progress) => void) {
    const began = performance.now();
    let last = -1;
    this.report = () => {
      const { totalBytes } = work;
      const doneBytes = Math.min(work.doneBytes, totalBytes);
      if (doneBytes === last) return;
      last = doneBytes;
      const seconds = (performance.now() - began) / 1000;
      const bytesPerSecond = doneBytes / seconds;
      onProgress({
        doneBytes,
        totalBytes,
        bytesPerSecond,
        secondsLeft: doneBytes > 0 ? (totalBytes - doneBytes) / bytesPerSecond : null
      });
    };
    this.#timer = setInterval(this.report, INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
