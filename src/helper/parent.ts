import { isProcess } from '../convert/index.ts';

const INTERVAL = 1_000;

/**
 * Calls back when the process that started this one has ended: a kernel whose server was killed has to go by itself.
 * Jupyter names its own process in JPY_PARENT_PID; without that, nobody has to be waited for.
 */
export function onParentGone(callback: () => void): void {
  if (!process.env.JPY_PARENT_PID) {
    return;
  }
  // On POSIX an orphan is given another parent; on Windows it keeps the number, and the process behind it is gone.
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent || !isProcess(parent)) {
      clearInterval(timer);
      callback();
    }
  }, INTERVAL);
  timer.unref();
}
