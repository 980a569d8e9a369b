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
  const segments: string[] = [];
  for (const segment of (isAbsolute ? given : `${cwd}/${given}`).split('/')) {
    if (segment === '..') {
      segments.pop();
    } else if (segment !== '' && segment !== '.') {
      segments.push(segment);
    }
  }
  return (isWindows && !given.startsWith('/') ? '' : '/') + segments.join('/');
}
