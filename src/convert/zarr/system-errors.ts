import { ConvertError } from '../errors.ts';

/** What to say when the file system refuses a write to `path`: the disk is full, it may not be written, or something broke. */
export function writeError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof ConvertError || code === undefined) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ConvertError(
      'disk-full',
      `${path}: the disk is full (${code}): free some space or choose another output`,
      'output'
    );
  if (code === 'EFBIG')
    return new ConvertError(
      'disk-full',
      `${path}: a file may not grow so large here (EFBIG): choose smaller chunks or another output`,
      'output'
    );
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'ENAMETOOLONG', 'EEXIST', 'ENOTEMPTY', 'EISDIR'].includes(code))
    return new ConvertError(
      'output-unwritable',
      `${path}: cannot be written (${code}): choose another output or its permissions`,
      'output'
    );
  return new ConvertError('internal', `${path}: writing failed: ${(error as Error).message}`, 'output');
}
