/** Entry of a worker thread: takes tasks one after another and answers each. */
import { parentPort } from 'node:worker_threads';
import { ConvertError } from '../model/errors.ts';
import { BlockWorker } from './block-worker.ts';
import type { WorkerMessage, Message, Report, Task } from './task.ts';

const port = parentPort!;
/** Makes the worker at the first task, so that what fails then is told. */
let begin: (() => BlockWorker) | null = null;
let worker: BlockWorker | null = null;

async function perform(task: Task): Promise<Report> {
  worker ??= begin!();
  return worker.perform(task, () => port.postMessage({ reduced: true } satisfies WorkerMessage));
}

port.on('message', (message: Message) => {
  if (message.kind === 'begin') {
    worker?.close();
    worker = null;
    begin = () => new BlockWorker(message.job, message.areas);
    return;
  }
  perform(message).then(
    report => port.postMessage({ report } satisfies WorkerMessage),
    (error: unknown) => {
      const failure =
        error instanceof ConvertError
          ? { code: error.code, message: error.said, field: error.field }
          : {
              code: 'internal',
              message: error instanceof Error ? (error.stack ?? error.message) : String(error),
              field: null
            };
      port.postMessage({ failure } satisfies WorkerMessage);
    }
  );
});
