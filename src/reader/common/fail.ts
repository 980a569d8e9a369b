import { type BigIntStats, type Stats, readlinkSync } from 'node:fs';
import { adviceOnPath, shownAddress } from '../../model/address.ts';
import { errorName } from '../../model/error-name.ts';
import { ConvertError, type ErrorCode } from '../../model/errors.ts';
import { isGarbled, onDisk } from './file-name.ts';

/** An error about the source: `file: what is wrong`. */
export const fail = (code: ErrorCode, file: string, problem: string): ConvertError =>
  new ConvertError(code, problem, 'source', { about: shownAddress(file) });

/** @throws ConvertError `unreadable` for what is there and no file, which to read might never end */
export function checkFile(path: string, status: Stats | BigIntStats): void {
  if (status.isFile()) return;
  const kind = status.isFIFO()
    ? 'a pipe (FIFO)'
    : status.isSocket()
      ? 'a socket'
      : status.isDirectory()
        ? 'a folder'
        : 'a device';
  throw fail('unreadable', path, `it is ${kind}, where a file was expected: choose a TIFF file or a folder of slices`);
}

/** Where a symbolic link leads; null for what is none. */
function linkTarget(path: string): string | null {
  try {
    return String(readlinkSync(onDisk(path)));
  } catch {
    return null;
  }
}

/** The operating system's error on opening or reading `file`, as one that a person can act on. */
export function readFailure(error: unknown, file: string): ConvertError {
  if (error instanceof ConvertError) return error;
  const code = errorName(error);
  switch (code) {
    case 'ELOOP':
      return fail('not-found', file, 'it is a symbolic link that leads back to itself: make it anew');
    case 'ENOENT':
    case 'ENOTDIR': {
      const target = linkTarget(file);
      if (target !== null)
        return fail(
          'not-found',
          file,
          `it is a broken symbolic link: it leads to ${target}, which is not there; bring that back, or make the link anew`
        );
      if (isGarbled(file))
        return fail(
          'not-found',
          file,
          'its name was handed on without the bytes that are not UTF-8, and not just one file is like it: rename it, or choose its folder'
        );
      return fail('not-found', file, `there is no such file or folder: ${adviceOnPath(file) ?? 'check the path'}`);
    }
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
        `it could not be read (${code ?? (error as Error).message}): check the disk or the connection to it, and try again`
      );
  }
}
