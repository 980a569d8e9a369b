import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ConvertError } from '../../model/errors.ts';
import type { Layout } from '../../model/layout.ts';
import type { Answer, Order } from './orders.ts';
import type { LookChunk } from './sample.ts';

/** Threads at most, and the memory that they share for segments, and for what decoders need beside them. */
const MOST = 4;
const CACHE_BYTES = 256 << 20;
const DECODING_BYTES = 512 << 20;
/** Of the processors, the part that may be taken while conversions run. */
const SHARE = 0.1;
/** Milliseconds after which threads that nobody needs are ended. */
const IDLE = 60_000;

/** Beside the source when it runs as it is, beside the bundle otherwise. */
const workerFile = (): URL =>
  import.meta.url.endsWith('.ts') ? new URL('./worker.ts', import.meta.url) : new URL('./look.cjs', import.meta.url);

interface Task {
  source: number;
  chunk: LookChunk;
  wanted: SharedArrayBuffer;
  resolve: (bytes: Uint8Array<ArrayBuffer> | null) => void;
  reject: (error: Error) => void;
}

interface Thread {
  worker: Worker;
  /** Sources that it knows. */
  known: Set<number>;
  queue: Task[];
  current: Task | null;
  /** When that was begun. */
  began: number;
  isResting: boolean;
}

/**
 * Threads that make chunks. All chunks of a plane are one thread's, so that a page is decoded once; while conversions
 * run, each rests between two chunks.
 */
export class LookThreads {
  readonly #isBusy: () => boolean;
  readonly #count = Math.max(1, Math.min(MOST, Math.floor(availableParallelism() / 2)));
  readonly #threads: (Thread | null)[] = Array.from({ length: this.#count }, () => null);
  readonly #sources = new Map<number, { layout: Layout; threads: number }>();
  #idle: NodeJS.Timeout | undefined;

  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /** Begins what takes its time to begin. */
  warm(): void {
    this.#threads[0] ??= this.#begin(0);
    this.#endWhenIdle();
  }

  /** `bytes`: what a reader of it holds at most. */
  open(source: number, layout: Layout, bytes: number): void {
    const threads = Math.max(1, Math.min(this.#count, Math.floor(DECODING_BYTES / bytes)));
    this.#sources.set(source, { layout, threads });
  }

  forget(source: number): void {
    this.#sources.delete(source);
    for (const thread of this.#threads) {
      if (!thread?.known.delete(source)) continue;
      thread.worker.postMessage({ kind: 'close', source } satisfies Order);
      thread.queue.filter(task => task.source === source).forEach(task => task.resolve(null));
      thread.queue = thread.queue.filter(task => task.source !== source);
    }
  }

  /** The chunk's voxels; null where it is wanted no more. */
  make(source: number, chunk: LookChunk, wanted: SharedArrayBuffer): Promise<Uint8Array<ArrayBuffer> | null> {
    const threads = this.#sources.get(source)?.threads ?? 1;
    const n = threadOf(chunk.plane + chunk.start[0] * chunk.factor[0], threads);
    return new Promise((resolve, reject) => {
      const thread = (this.#threads[n] ??= this.#begin(n));
      thread.queue.push({ source, chunk, wanted, resolve, reject });
      // Whoever asks says only then that it is wanted.
      queueMicrotask(() => this.#next(thread));
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await Promise.all(this.#threads.map(thread => thread?.worker.terminate()));
  }

  #begin(n: number): Thread {
    const worker = new Worker(workerFile(), { name: 'microct-io-vis look' });
    const thread: Thread = { worker, known: new Set(), queue: [], current: null, began: 0, isResting: false };
    worker.unref();
    worker.on('message', (answer: Answer) => {
      const { current } = thread;
      thread.current = null;
      worker.unref();
      if ('bytes' in answer) current?.resolve(answer.bytes);
      else current?.reject(new ConvertError(answer.failure.code, answer.failure.message, 'source'));
      this.#rest(thread, performance.now() - thread.began);
    });
    worker.on('error', error => {
      const failed = new ConvertError('internal', `A thread that reads volumes failed: ${(error as Error).message}`);
      for (const task of [thread.current, ...thread.queue]) task?.reject(failed);
      thread.queue = [];
      if (this.#threads[n] === thread) this.#threads[n] = null;
    });
    return thread;
  }

  /** Goes on, after a while where conversions run. */
  #rest(thread: Thread, worked: number): void {
    const pause = this.#isBusy() ? worked * Math.max(0, this.#count / (SHARE * availableParallelism()) - 1) : 0;
    if (pause <= 0) return this.#next(thread);
    thread.isResting = true;
    setTimeout(() => {
      thread.isResting = false;
      this.#next(thread);
    }, pause);
  }

  #next(thread: Thread): void {
    if (thread.current || thread.isResting) return;
    for (let task = thread.queue.shift(); task; task = thread.queue.shift()) {
      const source = this.#sources.get(task.source);
      if (!source || Atomics.load(new Int32Array(task.wanted), 0) === 0) {
        task.resolve(null);
        continue;
      }
      if (!thread.known.has(task.source)) {
        thread.known.add(task.source);
        const cacheBytes = CACHE_BYTES / this.#count;
        thread.worker.postMessage({
          kind: 'open',
          source: task.source,
          layout: source.layout,
          cacheBytes
        } satisfies Order);
      }
      thread.current = task;
      thread.began = performance.now();
      thread.worker.ref();
      clearTimeout(this.#idle);
      const { source: id, chunk, wanted } = task;
      thread.worker.postMessage({ kind: 'make', source: id, chunk, wanted } satisfies Order);
      return;
    }
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#threads.some(thread => thread && (thread.current || thread.queue.length > 0))) return;
      for (const thread of this.#threads) void thread?.worker.terminate();
      this.#threads.fill(null);
    }, IDLE).unref();
  }
}

/** One thread for each plane; those at any step from each other are spread over all. */
const threadOf = (plane: number, threads: number): number => (Math.imul(plane, 0x9e3779b1) >>> 16) % threads;
