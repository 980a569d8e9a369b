import type { FileBrowser } from '@jupyterlab/filebrowser';
import { FileDialog } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { isAbsolute } from '../form/output.ts';
import { isTiff, selectedFolder, toServerPath } from './paths.ts';

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

/** What a command about an OME-Zarr can be given, as the command says it of itself. */
export const OME_ZARR_ARGS = {
  path: {
    type: 'string',
    description: 'An OME-Zarr folder: relative to the server’s root, or absolute on the server'
  },
  isPalette: { type: 'boolean', description: 'Ask for a folder where none is selected' }
} as const;

/** Whether a command about an OME-Zarr has one, or may ask for it. */
export function offersOmeZarr(args: ReadonlyPartialJSONObject, browser: FileBrowser | null | undefined): boolean {
  return Boolean(args.isPalette) || typeof args.path === 'string' || selectedFolder(browser) !== null;
}

/** The OME-Zarr that a command is about, as the helper takes it: the one given, else the one selected, else asked for; null where there is none. */
export async function omeZarrOf(
  args: ReadonlyPartialJSONObject,
  browser: FileBrowser | null | undefined,
  contents: Contents.IManager,
  title: string
): Promise<string | null> {
  const given =
    typeof args.path === 'string' ? args.path : (selectedFolder(browser) ?? (await chooseFolder(browser, title)));
  return given === null || isAbsolute(given) ? given : toServerPath(contents, given);
}

async function chooseFolder(browser: FileBrowser | null | undefined, title: string): Promise<string | null> {
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
