import { Notification } from '@jupyterlab/apputils';
import type { FileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { CommandRegistry } from '@lumino/commands';
import { CommandIDs } from './ids.ts';
import { isLocal, isOmeZarr, toServerPath } from './paths.ts';

/**
 * Says once what a right-click on an OME-Zarr has, where a person goes into its folder: a double-click always does
 * that, and what is in there leads nowhere.
 */
export function offerWhatIsEntered(commands: CommandRegistry, { tracker }: IFileBrowserFactory): void {
  let said: string | null = null;
  const follow = async (browser: FileBrowser): Promise<void> => {
    const { model } = browser;
    // It goes by itself to the folder that it was left in, or that the page's address names.
    await model.restored;
    const { contents } = model.manager.services;
    model.pathChanged.connect((_, { oldValue, newValue }) => {
      if (said !== null) return void Notification.dismiss(said);
      if (browser.hasClass('jp-mod-restoring') || !isLocal(contents, newValue)) return;
      const [from, path] = [oldValue, newValue].map(each => toServerPath(contents, each));
      const folders = path.split('/');
      const name = folders.pop() ?? '';
      if (folders.join('/') !== from || !isOmeZarr(name)) return;
      said = Notification.info(`${name} is an OME-Zarr: a right-click on it has what can be done with it.`, {
        autoClose: 12_000,
        actions: [
          {
            label: 'Open in Neuroglancer',
            displayType: 'accent',
            callback: () => void commands.execute(CommandIDs.openViewer, { path })
          },
          { label: 'OME-Zarr Info', callback: () => void commands.execute(CommandIDs.info, { path }) }
        ]
      });
    });
  };
  tracker.forEach(browser => void follow(browser));
  tracker.widgetAdded.connect((_, browser) => void follow(browser));
}
