import type { FileBrowser } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

const TIFF = /\.(tiff?|btf|tf8)$/i;
const SLICES = [/\.bmp$/i, /\.png$/i];
const OME_ZARR = /\.zarr$/i;

export function isTiff(path: string): boolean {
  return TIFF.test(path);
}

/** Whether files are slices of a kind that is no volume by itself. */
export function areSlices(paths: readonly string[]): boolean {
  return paths.length > 1 && SLICES.some(ending => paths.every(path => ending.test(path)));
}

/** By its name; what is in the folder is looked at when it is opened. */
export function isOmeZarr(path: string): boolean {
  return OME_ZARR.test(path.replace(/\/+$/, ''));
}

/** Whether the server's own file system holds the path: only that can the helper read. */
export function isLocal(contents: Contents.IManager, path: string): boolean {
  const drive = contents.driveName(path);
  return drive === '' || drive === 'RTC';
}

/** A path as the helper takes it: relative to the server's root, without the name of a drive. */
export function toServerPath(contents: Contents.IManager, path: string): string {
  const local = isLocal(contents, path) ? contents.localPath(path) : path;
  return local.replace(/^\/+|\/+$/g, '');
}

/** In the order in which a person counts: `slice2` before `slice10`. */
export function sortNaturally(paths: readonly string[]): string[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...paths].sort(compare);
}

/** What is selected in a file browser that can become a volume: TIFF files, slices, or one folder of them; empty for anything else. */
export function convertibleSelection(browser: FileBrowser | null): string[] {
  if (!browser) {
    return [];
  }
  const items = [...browser.selectedItems()];
  const { contents } = browser.model.manager.services;
  if (items.length === 0 || !items.every(item => isLocal(contents, item.path))) {
    return [];
  }
  const isFolder = items.length === 1 && items[0].type === 'directory' && !isOmeZarr(items[0].path);
  const paths = items.map(item => item.path);
  const areFiles = items.every(item => item.type !== 'directory') && (paths.every(isTiff) || areSlices(paths));
  return isFolder || areFiles ? sortNaturally(items.map(item => toServerPath(contents, item.path))) : [];
}

/** The one folder that is selected in a file browser; null for anything else. */
export function selectedFolder(browser: FileBrowser | null | undefined): string | null {
  const items = browser ? [...browser.selectedItems()] : [];
  const isFolder = items.length === 1 && items[0].type === 'directory';
  return isFolder && isLocal(browser!.model.manager.services.contents, items[0].path) ? items[0].path : null;
}
