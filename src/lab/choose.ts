import type { FileBrowser } from '@jupyterlab/filebrowser';
import { FileDialog } from '@jupyterlab/filebrowser';
import { isTiff, toServerPath } from './paths.ts';

/** Asks for TIFFs where nothing suitable is selected. */
export async function chooseSources(browser: FileBrowser | null): Promise<string[]> {
  if (!browser) {
    return [];
  }
  const { manager } = browser.model;
  const { value } = await FileDialog.getOpenFiles({
    manager,
    title: 'Convert to OME-Zarr',
    label: 'TIFF volumes, or the slices of one:',
    defaultPath: manager.services.contents.localPath(browser.model.path),
    filter: item => (item.type === 'directory' || isTiff(item.path) ? {} : null)
  });
  const files = (value ?? []).filter(item => item.type !== 'directory');
  return files.map(item => toServerPath(manager.services.contents, item.path));
}

/** Asks for an OME-Zarr where none is selected. */
export async function chooseFolder(browser: FileBrowser | null | undefined, title: string): Promise<string | null> {
  if (!browser) {
    return null;
  }
  const { value } = await FileDialog.getExistingDirectory({
    manager: browser.model.manager,
    title,
    label: 'An OME-Zarr folder:'
  });
  return value?.[0]?.path ?? null;
}
