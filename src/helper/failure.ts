import { ConvertError } from '../convert/errors.ts';
import type { Failure } from '../protocol/index.ts';

/** What went wrong, as every surface tells it in its own words (`inWords`): one line, a code, the option at fault. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ConvertError) {
    return { code: error.code, message: oneLine(error.said), field: error.field };
  }
  // Not foreseen: the place in the code is worth more than a short line, but only its first frame fits one.
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const frame = stack
    ?.split('\n')
    .find(line => /^\s+at /.test(line))
    ?.trim();
  return { code: 'internal', message: oneLine(`${message}${frame ? ` (${frame})` : ''}`), field: null };
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}
