import { ConvertError } from '../model/errors.ts';
import { namesIn } from '../model/words.ts';
import type { Failure } from '../protocol/index.ts';

/** An error as every surface tells it in its own words (`inWords`): one line, a code, the option at fault. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ConvertError) {
    const { code, said, field, at, problems } = error;
    const options = namesIn(said);
    return {
      code,
      message: oneLine(said),
      field,
      ...(at !== null && { at }),
      ...(options.length > 0 && { options }),
      ...(problems.length > 0 && { problems: problems.map(toFailure) })
    };
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
