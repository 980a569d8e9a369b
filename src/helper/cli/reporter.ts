import type { BatchEntry } from '../../convert/index.ts';
import { shownAddress } from '../../model/address.ts';
import type { ConvertResult, Progress } from '../../model/progress.ts';
import type { Failure } from '../../protocol/index.ts';
import { progressText, resultText } from './describe.ts';
import type { ProgressKind } from './parse.ts';

/** How a run tells of itself on standard error; standard output stays the result's. */
export interface Reporter {
  progress(progress: Progress): void;
  done(result: ConvertResult): void;
  /** One of many begins (`2 of 7`), or has ended. */
  entry(place: string, entry: BatchEntry, result: ConvertResult | null): void;
  /** It waits for others. */
  waits(what: string): void;
  /** There is no more progress to come. */
  end(): void;
  error(failure: Failure): void;
}

export function createReporter(kind: ProgressKind, stream: NodeJS.WriteStream): Reporter {
  if (kind === 'json') {
    return jsonReporter(stream);
  }
  const error = (failure: Failure): void =>
    (failure.problems ?? [failure]).forEach(({ message }) => stream.write(`microct-io-vis: ${message}\n`));
  if (kind === 'none') {
    const entry: Reporter['entry'] = (_place, { state, error: failed }, result) => {
      if (state === 'failed' && failed) error({ ...failed, field: null });
      if (result) warn(stream, result.warnings);
    };
    const done: Reporter['done'] = ({ warnings }) => warn(stream, warnings);
    return { progress: () => {}, done, entry, waits: () => {}, end: () => {}, error };
  }
  return stream.isTTY ? barReporter(stream, error) : lineReporter(stream, error);
}

function jsonReporter(stream: NodeJS.WriteStream): Reporter {
  const send = (event: object): void => void stream.write(`${JSON.stringify(event)}\n`);
  return {
    progress: ({ doneBytes, totalBytes, bytesPerSecond, secondsLeft }) =>
      send({ event: 'progress', doneBytes, totalBytes, bytesPerSecond, secondsLeft }),
    done: result => send({ event: 'done', ...result }),
    entry: (place, entry, result) => send({ event: 'entry', place, ...entry, result }),
    waits: message => send({ event: 'waiting', message }),
    end: () => {},
    error: failure => send({ event: 'error', ...failure })
  };
}

/** A bar that redraws its own line. */
function barReporter(stream: NodeJS.WriteStream, error: Reporter['error']): Reporter {
  const draw = (progress: Progress): void => {
    const text = progressText(progress);
    const room = Math.min(40, stream.columns - text.length - 3);
    const filled = Math.round((room * progress.doneBytes) / Math.max(1, progress.totalBytes));
    const bar = room > 8 ? `${'━'.repeat(filled)}${'╌'.repeat(room - filled)} ` : '';
    stream.write(`\r\x1b[2K${(bar + text).slice(0, stream.columns - 1)}`);
  };
  const clear = (): void => void stream.write('\r\x1b[2K');
  return {
    progress: draw,
    done: result => {
      clear();
      summary(stream, result);
    },
    entry: (...told) => {
      clear();
      tell(stream, ...told);
    },
    waits: what => {
      clear();
      stream.write(`${what}\n`);
    },
    end: clear,
    error: failure => {
      clear();
      error(failure);
    }
  };
}

/** A line at every tenth of the way, for logs. */
function lineReporter(stream: NodeJS.WriteStream, error: Reporter['error']): Reporter {
  let tenth = 0;
  return {
    progress: progress => {
      const now = Math.floor((10 * progress.doneBytes) / Math.max(1, progress.totalBytes));
      if (now > tenth) {
        tenth = now;
        stream.write(`${progressText(progress)}\n`);
      }
    },
    done: result => summary(stream, result),
    entry: (...told) => {
      tenth = 0;
      tell(stream, ...told);
    },
    waits: what => void stream.write(`${what}\n`),
    end: () => {},
    error
  };
}

/** `2 of 7  scan.tif` when it begins, and how it has ended. */
function tell(stream: NodeJS.WriteStream, place: string, entry: BatchEntry, result: ConvertResult | null): void {
  const { source, state, error } = entry;
  if (state === 'waiting') stream.write(`${place}  ${shownAddress(source)}\n`);
  else if (result) summary(stream, result);
  else stream.write(`${state === 'there' ? 'there already' : `microct-io-vis: ${error?.message ?? state}`}\n`);
}

function warn(stream: NodeJS.WriteStream, warnings: readonly string[]): void {
  for (const warning of warnings) {
    stream.write(`warning: ${warning}\n`);
  }
}

function summary(stream: NodeJS.WriteStream, result: ConvertResult): void {
  warn(stream, result.warnings);
  stream.write(`${resultText(result)}\n`);
}
