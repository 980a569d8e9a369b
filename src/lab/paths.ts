import type { FileBrowser } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { isAbsolute } from '../form/output.ts';
import { imageKind } from '../model/file-endings.ts';
import { isArchiveName } from '../model/output-name.ts';

const OME_ZARR = /\.(zarr|ozx)$/i;

export function isTiff(path: string): boolean {
  return imageKind(path) === 'TIFF';
}

/** By its name a file that is a volume or a slice, and no folder. */
export function isImage(path: string): boolean {
  return imageKind(path) !== null;
}

/** Whether files are slices of a kind that is no volume by itself. */
export function areSlices(paths: readonly string[]): boolean {
  const [kind, ...others] = new Set(paths.map(imageKind));
  return paths.length > 1 && others.length === 0 && kind !== null && kind !== 'TIFF';
}

/** By its name; what is in the folder is looked at when it is opened. */
export function isOmeZarr(path: string): boolean {
  return OME_ZARR.test(path.replace(/\/+$/, ''));
}

/** Whether a folder's name is that of what a conversion has not finished. */
export function isUnfinished(path: string): boolean {
  return /\.partial$/.test(path.replace(/\/+$/, ''));
}

/** Whether the server's own file system holds the path: only that can the helper read. */
export function isLocal(contents: Contents.IManager, path: string): boolean {
  const drive = contents.driveName(path);
  return drive === '' || drive === 'RTC';
}

/** A path as the file browser has it: relative to the server's root, without the name of a drive. */
export function toServerPath(contents: Contents.IManager, path: string): string {
  const local = isLocal(contents, path) ? contents.localPath(path) : path;
  return local.replace(/^\/+|\/+$/g, '');
}

/**
 * A path as the helper takes it: an absolute one, which may lead outside the server's root, or an address stays as it
 * is; any other is the file browser's.
 */
export const toHelperPath = (contents: Contents.IManager, path: string): string =>
  isAbsolute(path) ? path : toServerPath(contents, path);

/** Where a path leads after a change that has renamed or moved it, or a folder above it; of any other change null. */
export function renamedTo(
  contents: Contents.IManager,
  { type, oldValue, newValue }: Contents.IChangedArgs,
  path: string
): string | null {
  if (type !== 'rename' || !oldValue?.path || !newValue?.path) return null;
  const [from, to] = [oldValue.path, newValue.path].map(each => toServerPath(contents, each));
  if (path === from) return to;
  return path.startsWith(`${from}/`) ? to + path.slice(from.length) : null;
}

/** In the order in which a person counts: `slice2` before `slice10`. */
export function sortNaturally(paths: readonly string[]): string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...paths].sort(compare);
}

/**
 * Items selected in a file browser that can become volumes: TIFF files, folders of slices, both, or slices; empty for
 * anything else.
 */
export function convertibleSelection(browser: FileBrowser | null): string[] {
  const items = localSelection(browser);
  const paths = items.map(item => item.path);
  const isVolume = (item: Contents.IModel): boolean =>
    item.type === 'directory' ? !isOmeZarr(item.path) && !isUnfinished(item.path) : isTiff(item.path);
  const areConvertible = items.every(isVolume) || (items.every(({ type }) => type !== 'directory') && areSlices(paths));
  return areConvertible ? sortNaturally(paths.map(path => toServerPath(contentsOf(browser), path))) : [];
}

/** The folders and archives that are selected in a file browser; empty where anything else is. */
export function selectedFolders(browser: FileBrowser | null | undefined): string[] {
  const items = localSelection(browser);
  return items.every(isStore) ? items.map(({ path }) => path) : [];
}

/** The folders, archives and TIFFs that are selected in a file browser; empty where anything else is. */
export function selectedVolumes(browser: FileBrowser | null | undefined): string[] {
  const items = localSelection(browser);
  return items.every(item => isStore(item) || isTiff(item.path)) ? items.map(({ path }) => path) : [];
}

const isStore = ({ type, path }: Contents.IModel): boolean => type === 'directory' || isArchiveName(path);

/** Items selected in a file browser; empty where any of them is on another drive. */
function localSelection(browser: FileBrowser | null | undefined): Contents.IModel[] {
  const items = browser ? [...browser.selectedItems()] : [];
  return items.every(({ path }) => isLocal(contentsOf(browser), path)) ? items : [];
}

const contentsOf = (browser: FileBrowser | null | undefined): Contents.IManager =>
  browser!.model.manager.services.contents;
