import type { Worker } from 'node:worker_threads';
import { ConvertError, cancelled } from '../model/errors.ts';
import { hasLetGo, idle } from './idle-threads.ts';
import type { WorkerMessage, Areas, BlockJob, Message, Report, Task } from './task.ts';

interface PoolWorker {
  thread: Worker;
  areas: Areas;
  /** Callbacks of the task under way; null: there is none. */
  waiting: { resolve: (report: Report) => void; reject: (error: Error) => void; onReduced?: () => void } | null;
}

/** Worker threads that take one task each at a time. */
export class WorkerPool {
  readonly #members: PoolWorker[];
  #broken: ConvertError | null = null;
  /** Whether a task has failed, or was given up: a thread may have files open then. */
  #failed = false;
  readonly #onBroken: (error: ConvertError) => void;

  /** One thread for each set of areas. `onBroken` hears of a thread that died. */
  constructor(areas: Areas[], onBroken: (error: ConvertError) => void) {
    this.#onBroken = onBroken;
    const threads = idle.take(areas.length);
    this.#members = areas.map((own, n) => {
      const thread = threads[n];
      const member: PoolWorker = { thread, areas: own, waiting: null };
      thread.on('message', (answer: WorkerMessage) => this.#answered(member, answer));
      thread.on('error', error => this.#broke(`A worker thread failed: ${(error as Error).message ?? String(error)}`));
      thread.on('exit', code => this.#broke(`A worker thread ended unasked (status ${code}).`));
      return member;
    });
  }

  get size(): number {
    return this.#members.length;
  }

  /**
   * Makes all threads, which must be idle, work on `job` from now on. They need not have started: each takes its tasks
   * up when it has.
   */
  begin(job: BlockJob): void {
    for (const { thread, areas } of this.#members) thread.postMessage({ kind: 'begin', job, areas } satisfies Message);
  }

  /**
   * Has thread `n`, which must be idle, do a task; `onReduced` may hear before its end that a block is reduced into its
   * parent.
   */
  run(n: number, task: Task, onReduced?: () => void): Promise<Report> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#members[n].waiting = { resolve, reject, onReduced };
      this.#members[n].thread.postMessage(task satisfies Message);
    });
  }

  /**
   * Lets all threads go, with the memory that they share. Those that are busy get `patience` ms to finish what they do,
   * and are ended then; where all went well they are kept for what comes next.
   */
  async close(patience: number): Promise<void> {
    const isBroken = this.#broken !== null;
    this.#broken ??= cancelled();
    const deadline = Date.now() + patience;
    while (this.#members.some(member => member.waiting) && Date.now() < deadline)
      await new Promise(done => setTimeout(done, 10));
    await Promise.all(
      this.#members.map(async ({ thread, waiting }) => {
        if (!isBroken && !this.#failed && !waiting && (await hasLetGo(thread, deadline - Date.now())))
          idle.keep(thread);
        else await thread.terminate();
      })
    );
  }

  #answered(member: PoolWorker, answer: WorkerMessage): void {
    const { waiting } = member;
    if ('reduced' in answer) {
      waiting?.onReduced?.();
      return;
    }
    member.waiting = null;
    if ('report' in answer) waiting?.resolve(answer.report);
    else {
      this.#failed = true;
      const { code, problem, field, about } = answer.failure;
      waiting?.reject(new ConvertError(code, problem, field, { about }));
    }
  }

  #broke(message: string): void {
    if (this.#broken) return;
    this.#broken = new ConvertError('internal', message);
    for (const member of this.#members) {
      member.waiting?.reject(this.#broken);
      member.waiting = null;
    }
    this.#onBroken(this.#broken);
  }
}
