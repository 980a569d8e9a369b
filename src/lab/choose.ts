import type { FileBrowser } from '@jupyterlab/filebrowser';
import { FileDialog } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { isArchiveName } from '../model/output-name.ts';
import { isImage, isTiff, selectedFolders, selectedVolumes, toHelperPath, toServerPath } from './paths.ts';

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

/** What a command may be about. */
interface Kind {
  /** The command's arguments, as it describes them itself. */
  args: ReturnType<typeof argsOf>;
  /** What is asked for. */
  label: string;
  /** Which files are that; a folder may be. */
  isOf: (path: string) => boolean;
  selected: (browser: FileBrowser | null | undefined) => string[];
}

function argsOf(what: string) {
  const description = `${what}: relative to the server’s root, or absolute on the server`;
  return {
    path: { type: 'string', description },
    paths: { type: 'array', items: { type: 'string', description }, description: 'Several of them' },
    isPalette: { type: 'boolean', description: 'Ask for one where none is selected' }
  } as const;
}

export const OME_ZARRS: Kind = {
  args: argsOf('An OME-Zarr folder'),
  label: 'An OME-Zarr:',
  isOf: isArchiveName,
  selected: selectedFolders
};

/** TIFFs, too. */
export const VOLUMES: Kind = {
  args: argsOf('An OME-Zarr, a TIFF or a folder of slices'),
  label: 'An OME-Zarr, a TIFF, or a folder of slices:',
  isOf: path => isTiff(path) || isArchiveName(path),
  selected: selectedVolumes
};

/** The paths that a command is given. */
export function givenPaths({ path, paths }: ReadonlyPartialJSONObject): string[] {
  const given: readonly unknown[] = Array.isArray(paths) ? paths : [path];
  return given.filter(each => typeof each === 'string');
}

/** Whether a command is given what it may be about, or may ask for it. */
export const mayChoose = (
  { selected }: Kind,
  args: ReadonlyPartialJSONObject,
  browser: FileBrowser | null | undefined
): boolean => Boolean(args.isPalette) || givenPaths(args).length > 0 || selected(browser).length > 0;

/** Paths that a command is about, as the helper takes them: those given, else those selected, else those asked for. */
export async function choose(
  kind: Kind,
  args: ReadonlyPartialJSONObject,
  browser: FileBrowser | null | undefined,
  contents: Contents.IManager,
  title: string
): Promise<string[]> {
  let paths = givenPaths(args);
  if (paths.length === 0) {
    paths = kind.selected(browser);
  }
  if (paths.length === 0) {
    paths = await ask(kind, browser, title);
  }
  return paths.map(path => toHelperPath(contents, path));
}

async function ask({ label, isOf }: Kind, browser: FileBrowser | null | undefined, title: string): Promise<string[]> {
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
