import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isAddress } from '../model/address.ts';
import { ConvertError } from '../model/errors.ts';
import { standInFor } from '../remote/stand-ins.ts';

/**
 * Paths as the file browser has them (relative to the server's root, `/` between segments) and as the file system has
 * them. Addresses stay as they are, without what may be a key.
 */
export class ServerPaths {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** Of an address what stands for it. @throws ConvertError when it is no path at all */
  absolute(path: string): string {
    if (typeof path !== 'string' || path.includes('\0')) {
      throw new ConvertError('bad-option', `${JSON.stringify(path)} is no path`, 'source');
    }
    return isAddress(path) ? standInFor(path) : resolve(this.root, path);
  }

  /** Relative to the root, empty for the root itself; null when outside it. */
  relative(absolute: string): string | null {
    if (isAddress(absolute)) return null;
    const path = relative(this.root, absolute);
    const outside = path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
    return outside ? null : path.split(sep).join('/');
  }

  /** A sentence with its paths under the root as the file browser has them. */
  inText(text: string): string {
    return this.root.length > 1 ? text.replaceAll(this.root + sep, '') : text;
  }

  /** Relative where it lies under the root, absolute otherwise. */
  show(absolute: string): string {
    return this.relative(absolute) ?? absolute;
  }
}
