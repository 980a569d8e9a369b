/** A worker that reads and decodes chunks, as it is before the page's own part of Neuroglancer is there. */
interface StartedWorker {
  readonly worker: Worker;
  /** Whether it has said that it can be told things, which it says once. */
  isReady: boolean;
  /** Whether it could not be loaded, or has ended. */
  isBroken: boolean;
}

/** Milliseconds after which a worker that no viewer has taken is ended. */
const UNUSED = 60_000;

/** The worker of the viewer that is made next. */
let next: StartedWorker | null = null;
let unused: ReturnType<typeof setTimeout> | undefined;

/**
 * Has the next viewer's worker load, while the page's part does and the volume is looked for. Answers with what ends
 * it, unless a viewer has taken it: for a viewer that is closed, or fails, before it is made.
 */
export function startWorker(): () => void {
  const started = takeWorker();
  const forget = (): void => {
    if (next !== started) return;
    clearTimeout(unused);
    started.worker.terminate();
    next = null;
  };
  next = started;
  unused = setTimeout(forget, UNUSED);
  return forget;
}

export function takeWorker(): StartedWorker {
  clearTimeout(unused);
  if (next?.isBroken) next.worker.terminate();
  const taken = next?.isBroken === false ? next : start();
  next = null;
  return taken;
}

function start(): StartedWorker {
  const worker = new Worker(/* webpackChunkName: "chunk-worker" */ new URL('./chunkWorker.js', import.meta.url), {
    type: 'module'
  });
  const started: StartedWorker = { worker, isReady: false, isBroken: false };
  worker.addEventListener('message', () => (started.isReady = true), { once: true });
  worker.addEventListener('error', () => (started.isBroken = true));
  return started;
}
