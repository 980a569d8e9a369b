/** Entry of a worker thread: takes tasks one after another and answers each. */
import { parentPort } from 'node:worker_threads';
import { ConvertError } from '../model/errors.ts';
import { BlockWorker } from './block-worker.ts';
import { freeMemory } from './garbage.ts';
import { type Message, type Report, type Task, type WorkerMessage, emptyReport } from './task.ts';

const port = parentPort!;
/** Makes the worker at the first task, so that what fails then is told. */
let begin: (() => BlockWorker) | null = null;
let worker: BlockWorker | null = null;
/**
 * When the memory of the last job is free; null: not yet, since a process that ends now need not look for it. What
 * follows waits for it, and the end of that job does not.
 */
let freed: Promise<void> | null = Promise.resolve();
const free = (): Promise<void> => (freed ??= freeMemory());
/** How long after a job, in ms. */
const LATER = 100;

async function perform(task: Task | Extract<Message, { kind: 'end' }>): Promise<Report> {
  if (task.kind === 'end') {
    await worker?.perform({ kind: 'settle' }, () => {});
    letGo();
    freed = null;
    setTimeout(free, LATER);
    return emptyReport();
  }
  await free();
  worker ??= begin!();
  return worker.perform(task, () => port.postMessage({ reduced: true } satisfies WorkerMessage));
}

function letGo(): void {
  worker?.close();
  worker = null;
  begin = null;
}

port.on('message', (message: Message) => {
  if (message.kind === 'begin') {
    letGo();
    // A thread that has nothing to do yet lets go of the last job's memory, too, while others fill the next one's.
    void free();
    begin = () => new BlockWorker(message.job, message.areas);
    return;
  }
  perform(message).then(
    report => port.postMessage({ report } satisfies WorkerMessage),
    (error: unknown) => {
      const { code, problem, field, about } =
        error instanceof ConvertError
          ? error
          : new ConvertError('internal', error instanceof Error ? (error.stack ?? error.message) : String(error));
      port.postMessage({ failure: { code, problem, field, about } } satisfies WorkerMessage);
    }
  );
});
