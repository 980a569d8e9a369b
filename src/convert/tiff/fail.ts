import { ConvertError, type ErrorCode } from '../errors.ts';

/** An error about the source: `file: what is wrong`. */
export const fail = (code: ErrorCode, file: string, problem: string): ConvertError =>
  new ConvertError(code, `${file}: ${problem}`, 'source');

/** What the operating system said about opening or reading `file`, as an error that a person can act on. */
export function readFailure(error: unknown, file: string): ConvertError {
  if (error instanceof ConvertError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return fail('not-found', file, 'there is no such file or folder: check the path');
    case 'EACCES':
    case 'EPERM':
      return fail('unreadable', file, 'reading it is not permitted: ask its owner for read permission');
    case 'EMFILE':
    case 'ENFILE':
      return fail(
        'unreadable',
        file,
        'too many files are open on this machine: close some programs or raise its limit (ulimit -n)'
      );
    default:
      return fail(
        'unreadable',
        file,
        `it could not be read (${code ?? message}): check the disk or the connection to it, and try again`
      );
  }
}
