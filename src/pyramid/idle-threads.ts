import { Worker } from 'node:worker_threads';
import { processors } from './allotment.ts';
import type { Message, WorkerMessage } from './task.ts';

/** Heaps of worker threads stay small: voxels live in the shared memory. In MiB. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4, stackSizeMb: 4 };

/** Beside the source when it runs as it is, beside the bundle otherwise. */
const workerFile = (): URL =>
  import.meta.url.endsWith('.ts') ? new URL('./worker.ts', import.meta.url) : new URL('./worker.cjs', import.meta.url);

const start = (): Worker => new Worker(workerFile(), { resourceLimits: LIMITS, name: 'microct-io-vis worker' });

/** Threads that start while the source's headers are read. */
const EARLY = 2;
/** For how long threads with nothing to do are kept, in ms. */
const KEPT = 5000;

/** Threads whose work is done, for what is done next in this process: to start one costs more than a small volume. */
class IdleThreads {
  #threads: Worker[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** So many threads; what there are more than that end, so that only those of one execution plan are there. */
  take(count: number): Worker[] {
    this.#timer?.close();
    const kept = this.#threads.splice(0, count);
    this.#end();
    for (const thread of kept) {
      hearNoMore(thread);
      thread.ref();
    }
    return [...kept, ...Array.from({ length: count - kept.length }, start)];
  }

  /**
   * Starts threads that will be taken in a moment, while headers are read, unless some are kept: how many are worth
   * having is known then. `most`: null: as many as there are processors.
   */
  expect(most: number | null | undefined): void {
    if (this.#threads.length > 0) return;
    for (let n = 0; n < Math.min(EARLY, most ?? processors()); n++) this.keep(start());
  }

  /** Keeps a thread for a while, which must have let go of its work; it does not keep the process from ending. */
  keep(thread: Worker): void {
    hearNoMore(thread);
    const leave = () => {
      this.#threads = this.#threads.filter(other => other !== thread);
    };
    thread.on('error', leave);
    thread.on('exit', leave);
    thread.unref();
    this.#threads.push(thread);
    this.#timer?.close();
    this.#timer = setTimeout(() => this.#end(), KEPT).unref();
  }

  #end(): void {
    for (const thread of this.#threads.splice(0)) void thread.terminate();
  }
}

/** Those of this process. */
export const idle = new IdleThreads();

/** The thread has listeners of Node's own for other events. */
function hearNoMore(thread: Worker): void {
  for (const event of ['message', 'error', 'exit']) thread.removeAllListeners(event);
}

/** Has a thread let go of all that its job was about; whether it did, in `patience` ms. */
export function hasLetGo(thread: Worker, patience: number): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), Math.max(0, patience));
    hearNoMore(thread);
    const ended = (isDone: boolean) => {
      clearTimeout(timer);
      resolve(isDone);
    };
    thread.on('message', (answer: WorkerMessage) => ended('report' in answer));
    thread.on('error', () => ended(false));
    thread.on('exit', () => ended(false));
    thread.postMessage({ kind: 'end' } satisfies Message);
  });
}
