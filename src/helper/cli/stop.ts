import { constants } from 'node:os';
import { cancelled, interrupted } from '../../model/errors.ts';

export interface Stop {
  /** Aborted when the person wants no more of it, or when something else ends this process: the reason tells which. */
  signal: AbortSignal;
  /** The exit status of a command that was stopped: 128 and the signal's number. */
  status: number;
  dispose(): void;
}

const SIGNALS: NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Milliseconds after which a second Ctrl-C is a person who does not want to wait, and not the same one sent to the
 * group as well.
 */
const AGAIN = 1_000;

/**
 * Signals that say that a person does not want it any more. All others come from what ends processes, and leave what is
 * done to be resumed. Who starts this on Windows can send no SIGINT, and names another one.
 */
const isCancel = (name: NodeJS.Signals): boolean => name === 'SIGINT' || name === process.env.MICROCT_IO_VIS_CANCEL;

/**
 * Whether this process was started to ignore a signal, as by `nohup`: Node has forgotten it by now, so whoever starts
 * it has written it down.
 */
const isIgnored = (name: NodeJS.Signals): boolean => name === process.env.MICROCT_IO_VIS_IGNORED;

/**
 * Turns signals into an end that tidies up. So does a reader of `errors` that has gone: who started this to follow its
 * progress is no longer there. Further ones change nothing, but Ctrl-C once more ends the process at once: what it was
 * about to remove, the next run does.
 */
export function onStop(errors: NodeJS.WriteStream): Stop {
  const controller = new AbortController();
  const stop = { signal: controller.signal, status: 0 };
  let since = 0;
  const end = (name: keyof typeof constants.signals, reason: Error): void => {
    if (controller.signal.aborted) {
      return;
    }
    since = Date.now();
    stop.status = 128 + constants.signals[name];
    controller.abort(reason);
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (isIgnored(name)) {
      return;
    }
    if (controller.signal.aborted && name === 'SIGINT' && Date.now() - since > AGAIN) {
      process.exit(stop.status);
    }
    end(name, isCancel(name) ? cancelled() : interrupted(`ended by ${name}`));
  };
  const onGone = (): void => end('SIGPIPE', interrupted('ended, because whoever followed its progress has gone'));
  SIGNALS.forEach(name => process.on(name, onSignal));
  errors.on('error', onGone);
  return Object.assign(stop, { dispose: () => SIGNALS.forEach(name => process.off(name, onSignal)) });
}
