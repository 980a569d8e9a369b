import { ConvertError } from '../../model/errors.ts';

/** An error that ended a part, or a finish, before its time, with what becomes of what was done; any other as it is. */
export function ended(error: unknown, partial: string, what: string, kept: string): unknown {
  if (!(error instanceof ConvertError) || (error.code !== 'interrupted' && error.code !== 'cancelled')) return error;
  const why = error.code === 'cancelled' ? 'cancelled' : error.said;
  return new ConvertError(error.code, `${partial}: ${what} ${why}; ${kept}: run it again, and it goes on`);
}
