import { PathExt } from '@jupyterlab/coreutils';
import { isAddress } from '../model/address.ts';

/**
 * A path as Python takes it, made absolute, with `/` between segments. `cwd` and `home` are absolute paths of the same
 * machine with `/` between segments. An address stays as it is.
 */
export function absolute(path: string, cwd: string, home: string): string {
  if (isAddress(path)) return path;
  const isWindows = /^[a-z]:/i.test(cwd);
  const given = (isWindows ? path.replaceAll('\\', '/') : path).replace(/^~(?=\/|$)/, home);
  const isAbsolute = given.startsWith('/') || (isWindows && /^[a-z]:\//i.test(given));
  return (
    (isWindows && !given.startsWith('/') ? '' : '/') + PathExt.resolve(`/${isAbsolute ? given : `${cwd}/${given}`}`)
  );
}
