import { errorName } from '../model/error-name.ts';
import { ConvertError, type ErrorCode } from '../model/errors.ts';

const CHOOSE = 'choose another output';
const CONNECTION = 'check the disk or the connection to it, and try again';

/** Causes of failed writes, and what to do about them, by the error's name. */
const REASONS: Record<string, [code: ErrorCode, problem: string, remedy: string]> = {
  ENOSPC: ['disk-full', 'the disk is full', `free some space or ${CHOOSE}`],
  EDQUOT: ['disk-full', 'your quota is used up', `remove some of your files, ask for more, or ${CHOOSE}`],
  EFBIG: ['disk-full', 'a file may not grow so large here', `choose smaller chunks or another output`],
  EROFS: ['output-unwritable', 'the file system can only be read', `${CHOOSE}, or have it mounted for writing`],
  EACCES: ['output-unwritable', 'writing here is not permitted', `${CHOOSE}, or have its permissions changed`],
  EPERM: ['output-unwritable', 'writing here is not permitted', `${CHOOSE}, or have its permissions changed`],
  ENAMETOOLONG: ['output-unwritable', 'a name is longer than the file system can have', 'choose a shorter one'],
  EILSEQ: ['output-unwritable', 'the file system cannot have such a name', 'choose another one'],
  EMFILE: ['output-unwritable', 'too many files are open', 'raise the limit (ulimit -n), or close some programs'],
  ENFILE: ['output-unwritable', 'too many files are open on this machine', 'close some programs'],
  EMLINK: ['output-unwritable', 'a folder may not have so many entries here', `choose larger chunks or another output`],
  ENOTDIR: ['output-unwritable', 'a folder on the way to it is none', CHOOSE],
  EISDIR: ['output-unwritable', 'there is a folder in its place', CHOOSE],
  ENOENT: ['output-unwritable', 'it, or the folder that it is in, was removed', `${CHOOSE}, and let it be`],
  EEXIST: ['output-unwritable', 'something has appeared in its place', CHOOSE],
  ENOTEMPTY: ['output-unwritable', 'something has appeared in its place', CHOOSE],
  EBUSY: ['output-unwritable', 'another program uses it', 'close that, and try again'],
  ETXTBSY: ['output-unwritable', 'another program uses it', 'close that, and try again'],
  ELOOP: ['output-unwritable', 'links on the way to it lead in a circle', CHOOSE],
  ENOMEM: ['output-unwritable', 'the system has no memory left', 'close some programs, and try again'],
  EIO: ['output-unwritable', 'the disk, or the connection to it, has failed', CONNECTION],
  ESTALE: ['output-unwritable', 'its folder is no longer on the network file system', CONNECTION],
  ENXIO: ['output-unwritable', 'the disk has gone', CONNECTION],
  ENODEV: ['output-unwritable', 'the disk has gone', CONNECTION],
  ENOTCONN: ['output-unwritable', 'the file system has gone', CONNECTION],
  ETIMEDOUT: ['output-unwritable', 'the file system does not answer', CONNECTION],
  EHOSTDOWN: ['output-unwritable', 'the file server does not answer', CONNECTION],
  EHOSTUNREACH: ['output-unwritable', 'the file server does not answer', CONNECTION],
  EREMOTEIO: ['output-unwritable', 'the file server has failed', CONNECTION],
  ESHUTDOWN: ['output-unwritable', 'the file system was shut down', CONNECTION],
  EUCLEAN: ['output-unwritable', 'the file system is damaged', 'have it checked, and choose another output']
};

/** The error to throw when the file system refuses a write to `path`. */
export function writeError(error: unknown, path: string): unknown {
  const name = errorName(error);
  if (error instanceof ConvertError || name === null) return error;
  const known = REASONS[name];
  if (!known) return new ConvertError('internal', `${path}: writing failed: ${(error as Error).message}`, 'output');
  const [code, problem, remedy] = known;
  return new ConvertError(code, `${path}: cannot be written: ${problem} (${name}): ${remedy}`, 'output');
}
