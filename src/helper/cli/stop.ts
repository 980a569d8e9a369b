import { ConvertError } from '../../convert/errors.ts';

export interface Stop {
  /** Aborted when the person, or the program that started this one, wants an end. */
  signal: AbortSignal;
  dispose(): void;
}

const SIGNALS: NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Turns signals into a cancellation that leaves nothing behind; a second one ends the process at once.
 * So does a reader of `errors` that has gone: who started this to follow its progress is no longer there.
 */
export function onStop(errors: NodeJS.WriteStream): Stop {
  const controller = new AbortController();
  const cancel = (): void => controller.abort(new ConvertError('cancelled', 'cancelled'));
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      process.exit(130);
    }
    cancel();
  };
  SIGNALS.forEach(name => process.on(name, onSignal));
  errors.on('error', cancel);
  return {
    signal: controller.signal,
    dispose: () => SIGNALS.forEach(name => process.off(name, onSignal))
  };
}

/** The promise's outcome, or a rejection as soon as the signal aborts: for work that leaves nothing behind. */
export function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
