import { ConvertError, type ErrorCode } from '../../model/errors.ts';
import { toWhoRunsCommands } from '../../model/words.ts';

/** Errors that may not come again. */
const PASSING: ErrorCode[] = ['disk-full', 'output-unwritable', 'unreadable'];

/** An error that ended a part, or a finish, before its time, with what becomes of what was done; any other as it is. */
export function ended(error: unknown, partial: string, what: string, kept: string): unknown {
  if (!(error instanceof ConvertError)) return error;
  const again = toWhoRunsCommands(`; ${kept}: run it again, and it goes on`);
  if (PASSING.includes(error.code)) return error.with({ problem: `${error.problem}${again}` });
  if (error.code !== 'interrupted' && error.code !== 'cancelled') return error;
  const why = error.code === 'cancelled' ? 'cancelled' : error.said;
  return new ConvertError(error.code, `${partial}: ${what} ${why}${again}`);
}
