import type { FileBrowser } from '@jupyterlab/filebrowser';
import { FileDialog } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { isAbsolute } from '../form/output.ts';
import { isArchiveName } from '../model/output-name.ts';
import { isImage, isTiff, selectedFolders, selectedVolumes, toServerPath } from './paths.ts';

/** Asks for TIFFs where nothing suitable is selected. */
export async function chooseSources(browser: FileBrowser | null, title = 'Convert to OME-Zarr'): Promise<string[]> {
  if (!browser) {
    return [];
  }
  const { manager } = browser.model;
  const { value } = await FileDialog.getOpenFiles({
    manager,
    title,
    label: 'TIFF volumes, or the slices of one:',
    defaultPath: manager.services.contents.localPath(browser.model.path),
    filter: item => (item.type === 'directory' || isTiff(item.path) ? {} : null)
  });
  const files = (value ?? []).filter(item => item.type !== 'directory');
  return files.map(item => toServerPath(manager.services.contents, item.path));
}

const FOLDER = 'An OME-Zarr folder: relative to the server’s root, or absolute on the server';

/** Arguments of a command about OME-Zarrs, as the command describes them itself. */
export const OME_ZARR_ARGS = {
  path: { type: 'string', description: FOLDER },
  paths: { type: 'array', items: { type: 'string', description: FOLDER }, description: 'Several of them' },
  isPalette: { type: 'boolean', description: 'Ask for one where none is selected' }
} as const;

const VOLUME = 'An OME-Zarr, a TIFF or a folder of slices: relative to the server’s root, or absolute on the server';

/** Arguments of a command about volumes of any kind. */
export const VOLUME_ARGS = {
  path: { type: 'string', description: VOLUME },
  paths: { type: 'array', items: { type: 'string', description: VOLUME }, description: 'Several of them' },
  isPalette: OME_ZARR_ARGS.isPalette
} as const;

/** The paths that a command is given. */
export function givenPaths({ path, paths }: ReadonlyPartialJSONObject): string[] {
  const given: readonly unknown[] = Array.isArray(paths) ? paths : [path];
  return given.filter(each => typeof each === 'string');
}

/** Whether a command about OME-Zarrs is given one, or may ask for it. */
export function offersOmeZarr(args: ReadonlyPartialJSONObject, browser: FileBrowser | null | undefined): boolean {
  return Boolean(args.isPalette) || givenPaths(args).length > 0 || selectedFolders(browser).length > 0;
}

/** Whether a command about OME-Zarrs and TIFFs is given one, or may ask for it. */
export function offersVolume(args: ReadonlyPartialJSONObject, browser: FileBrowser | null | undefined): boolean {
  return Boolean(args.isPalette) || givenPaths(args).length > 0 || selectedVolumes(browser).length > 0;
}

/**
 * The OME-Zarrs that a command is about, as the helper takes them: those given, else those selected, else those asked
 * for.
 */
export const omeZarrsOf = (
  args: ReadonlyPartialJSONObject,
  browser: FileBrowser | null | undefined,
  contents: Contents.IManager,
  title: string
): Promise<string[]> => chosenOf(args, browser, contents, title, selectedFolders(browser), OME_ZARRS);

/** As `omeZarrsOf`, where TIFFs may be selected, too. */
export const volumesOf = (
  args: ReadonlyPartialJSONObject,
  browser: FileBrowser | null | undefined,
  contents: Contents.IManager,
  title: string
): Promise<string[]> => chosenOf(args, browser, contents, title, selectedVolumes(browser), VOLUMES);

/** What is asked for, and which files are that; a folder may be. */
const OME_ZARRS = { label: 'An OME-Zarr:', isOf: isArchiveName };
const VOLUMES: typeof OME_ZARRS = {
  label: 'An OME-Zarr, a TIFF, or a folder of slices:',
  isOf: path => isTiff(path) || isArchiveName(path)
};

async function chosenOf(
  args: ReadonlyPartialJSONObject,
  browser: FileBrowser | null | undefined,
  contents: Contents.IManager,
  title: string,
  selected: string[],
  asked: typeof OME_ZARRS
): Promise<string[]> {
  let paths = givenPaths(args);
  if (paths.length === 0) {
    paths = selected;
  }
  if (paths.length === 0) {
    paths = await chooseOf(browser, title, asked);
  }
  return paths.map(path => (isAbsolute(path) ? path : toServerPath(contents, path)));
}

async function chooseOf(
  browser: FileBrowser | null | undefined,
  title: string,
  { label, isOf }: typeof OME_ZARRS
): Promise<string[]> {
  if (!browser) {
    return [];
  }
  const { value } = await FileDialog.getOpenFiles({
    manager: browser.model.manager,
    title,
    label,
    filter: item => (item.type === 'directory' || isOf(item.path) ? {} : null)
  });
  return (value ?? []).map(({ path }) => path);
}

/** Asks where a volume is now that was at a path before; null: a person does not say. */
export async function chooseAgain(browser: FileBrowser | null | undefined, path: string): Promise<string | null> {
  if (!browser) return null;
  const { manager } = browser.model;
  const { contents } = manager.services;
  const asked = { manager, title: 'Find the Volume', label: `Where ${path || 'it'} is now:` };
  const { value } =
    isImage(path) || isArchiveName(path)
      ? await FileDialog.getOpenFiles({
          ...asked,
          filter: item => (item.type === 'directory' || isImage(item.path) || isArchiveName(item.path) ? {} : null)
        })
      : await FileDialog.getExistingDirectory(asked);
  const [found] = value ?? [];
  return found?.path ? toServerPath(contents, found.path) : null;
}
