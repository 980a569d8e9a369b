import type { Progress } from '../model/progress.ts';

/** Between two reports of progress, in ms. */
const INTERVAL = 200;

/** Reports progress five times a second at most, while it changes, until it is stopped. */
export class Meter {
  readonly #timer: NodeJS.Timeout;
  /** Reports at once, if there is something new. */
  readonly report: () => void;

  /** `restoredBytes`: how many of `doneBytes` were done by an earlier conversion; they say nothing of the speed. */
  constructor(
    work: { doneBytes: number; totalBytes: number; restoredBytes: number },
    onProgress: (progress: Progress) => void
  ) {
    let began = performance.now();
    let restored = 0;
    let last = -1;
    this.report = () => {
      const { totalBytes } = work;
      const doneBytes = Math.min(work.doneBytes, totalBytes);
      if (doneBytes === last) return;
      last = doneBytes;
      if (work.restoredBytes !== restored) {
        restored = work.restoredBytes;
        began = performance.now();
      }
      const seconds = (performance.now() - began) / 1000;
      const bytesPerSecond = seconds > 0 ? (doneBytes - restored) / seconds : 0;
      onProgress({
        doneBytes,
        totalBytes,
        bytesPerSecond,
        secondsLeft: bytesPerSecond > 0 ? (totalBytes - doneBytes) / bytesPerSecond : null
      });
    };
    this.#timer = setInterval(this.report, INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
