import { PathExt } from '@jupyterlab/coreutils';
import { addressName, isAddress } from '../model/address.ts';
import { outputName, volumeName } from '../model/output-name.ts';
import type { Source } from '../protocol/index.ts';

/**
 * The default name of what a source becomes: `scan.ome.tif` → `scan.ome.zarr`; a stack of files takes what their names
 * begin with.
 */
export const defaultOutputName = (source: Source): string =>
  outputName(
    volumeName(typeof source === 'string' ? baseName(source) : source.map(baseName), baseName(folderOf(source)))
  );

/**
 * The path that a name typed by a person means: beside the source, a relative path from there, or from the root of the
 * server's file system when it starts with `/`.
 */
export function resolveOutput(source: Source, typed: string): string {
  const name = typed.replace(/(?<=[^:/])\/+$/, '');
  if (isAbsolute(name)) {
    return name;
  }
  const folder = folderOf(source);
  return (folder.startsWith('/') ? '/' : '') + PathExt.resolve(`/${folder}/${name}`);
}

/**
 * Output as a person would type its path: `resolveOutput` makes the path of it again, save where only the source is
 * outside the server's root.
 */
export function typedOutput(source: Source, path: string): string {
  if (isAddress(path)) return path;
  const folder = folderOf(source);
  if (isAbsolute(path) !== isAbsolute(folder)) {
    return isAbsolute(path) ? path : baseName(path);
  }
  const [from, to] = [folder, path].map(each => each.split('/').filter(Boolean));
  const apart = from.findIndex((part, n) => part !== to[n]);
  const shared = apart < 0 ? from.length : apart;
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/');
}

/** Whether a path is one of the server's file system, or an address: not relative to the server's root. */
export const isAbsolute = (path: string): boolean =>
  isAddress(path) || path.startsWith('/') || /^[a-z]:[\\/]/i.test(path);

/** The last segment of a path. */
export function baseName(path: string): string {
  const name = path.replace(/\/+$/, '');
  return isAddress(name) ? addressName(name) : (name.split('/').pop() ?? '');
}

/** Folder of a source; empty for an address. */
function folderOf(source: Source): string {
  const path = (typeof source === 'string' ? source : (source[0] ?? '')).replace(/\/+$/, '');
  if (isAddress(path)) return '';
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '';
}
