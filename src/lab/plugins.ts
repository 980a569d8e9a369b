import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import type { IDisposable } from '@lumino/disposable';
import { addCommands } from './commands.ts';
import { JobNotifications } from './conversions/notifications.ts';
import { RunningConversions } from './conversions/running.ts';
import { offerWhatIsEntered } from './entered.ts';
import { addFileTypes } from './filetypes.ts';
import { HelperClient } from './connection/client.ts';
import { Remembered } from './connection/remembered.ts';
import { IHelper } from './helper.ts';
import { CommandIDs, PLUGIN } from './ids.ts';
import { toServerPath } from './paths.ts';
import { NoContentModelFactory } from './noContents.ts';
import type { Settings } from './settings.ts';
import { readSettings } from './settings.ts';
import type { TiffView } from './tiff/document.tsx';
import { TiffFactory } from './tiff/document.tsx';
import { ArchiveFactory } from './viewer/document.ts';
import { keepDocuments } from './viewer/keptDocuments.ts';
import { type Pictured, leadElsewhere } from './viewer/leadElsewhere.ts';
import type { ViewerPanel } from './viewer/panel.ts';
import { getReady } from './viewer/readiness.ts';
import { IViewers, Viewers } from './viewer/viewers.ts';

const CATEGORY = 'Micro-CT';

/** The helper: joined when the page finds it running, started when somebody first asks something of it. */
export const helperPlugin: JupyterFrontEndPlugin<IHelper> = {
  id: 'microct-io-vis:helper',
  description: 'Talks to the helper that plans and runs conversions.',
  autoStart: true,
  provides: IHelper,
  optional: [IStateDB],
  activate: (app: JupyterFrontEnd, state: IStateDB | null): IHelper => {
    const helper = new HelperClient(app.serviceManager, new Remembered(state));
    void helper.join().catch(error => console.warn('microct-io-vis: the running helper could not be joined', error));
    return helper;
  }
};

/** What knows all pictures, in tabs of their own and in documents. */
export const viewersPlugin: JupyterFrontEndPlugin<Viewers> = {
  id: 'microct-io-vis:viewers',
  description: 'Knows the pictures of the page, and which was used last.',
  autoStart: true,
  provides: IViewers,
  activate: () => new Viewers()
};

/** File types, and what a double-click on a TIFF opens. */
export const fileTypesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'microct-io-vis:file-types',
  description: 'Knows TIFF volumes and OME-Zarr folders, and opens a TIFF without reading its contents.',
  autoStart: true,
  requires: [IHelper, IViewers],
  optional: [ISettingRegistry, ILayoutRestorer, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    helper: IHelper,
    viewers: Viewers,
    registry: ISettingRegistry | null,
    restorer: ILayoutRestorer | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const { docRegistry, commands, serviceManager } = app;
    const models = new NoContentModelFactory();
    let isRestored = false;
    void app.restored.then(() => {
      isRestored = true;
    });
    let settings: ISettingRegistry.ISettings | null = null;
    // Without settings the usual way; why they cannot be read is said where they are needed most.
    void registry?.load(PLUGIN).then(
      loaded => (settings = loaded),
      () => undefined
    );
    const looksFirst = (): boolean => readSettings(settings).doubleClick === 'look';
    addFileTypes(docRegistry);
    getReady(helper, () => readSettings(settings).doubleClick !== 'image');
    docRegistry.addModelFactory(models);
    const archives = new ArchiveFactory(helper, serviceManager.contents, viewers, models.name);
    const tiffs = new TiffFactory(
      { helper, commands, contents: serviceManager.contents, viewers, isRestored: () => isRestored, looksFirst },
      models.name
    );
    docRegistry.addWidgetFactory(archives);
    docRegistry.addWidgetFactory(tiffs);
    const archived: Pictured<ViewerPanel> = {
      picture: content => content,
      changed: content => content.stateChanged
    };
    const looked: Pictured<TiffView> = { picture: content => content.picture, changed: content => content.changed };
    leadElsewhere(app, browsers, archives, archived);
    leadElsewhere(app, browsers, tiffs, looked);
    if (!restorer) return;
    keepDocuments(app, restorer, archives, {
      ...archived,
      command: CommandIDs.reopenArchive,
      show: (content, _, state) => state && content.setState(state)
    });
    keepDocuments(app, restorer, tiffs, {
      ...looked,
      command: CommandIDs.reopenTiff,
      show: (content, shown, state) => content.look(shown, state)
    });
  }
};

/** Commands, their settings, and the jobs that come of them. */
export const mainPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Converts TIFF volumes to OME-Zarr and follows the conversions.',
  autoStart: true,
  requires: [IHelper, IFileBrowserFactory],
  optional: [ISettingRegistry, ICommandPalette, IRunningSessionManagers],
  activate: async (
    app: JupyterFrontEnd,
    helper: IHelper,
    browsers: IFileBrowserFactory,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null,
    running: IRunningSessionManagers | null
  ): Promise<void> => {
    let settings: Settings = readSettings(null);
    for (const command of addCommands(app, helper, browsers, () => settings)) {
      palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    }
    running?.add(new RunningConversions(helper, app.commands));
    new JobNotifications(helper, app.commands, () => settings.notify);
    refreshOnOutput(helper, browsers);
    offerWhatIsEntered(app.commands, browsers);

    if (registry) {
      const apply = follow(app);
      const loaded = await registry.load(PLUGIN).catch(error => {
        console.warn(`${PLUGIN}: the settings could not be read`, error);
        return null;
      });
      const read = (): void => {
        settings = readSettings(loaded);
        apply(settings);
      };
      loaded?.changed.connect(read);
      read();
    }
  }
};

/** Applies settings outside the form. */
function follow(app: JupyterFrontEnd): (settings: Settings) => void {
  let anyFolder: IDisposable | null = null;
  let isImage = false;
  return settings => {
    if (settings.viewAnyFolder !== Boolean(anyFolder)) {
      anyFolder?.dispose();
      anyFolder = settings.viewAnyFolder
        ? app.contextMenu.addItem({
            command: CommandIDs.openViewer,
            selector: '.jp-DirListing-item[data-file-type="directory"]',
            rank: 3.1
          })
        : null;
    }
    const wantsImage = settings.doubleClick === 'image';
    if (wantsImage !== isImage) {
      isImage = wantsImage;
      if (app.docRegistry.getFileType('tiff') && app.docRegistry.getWidgetFactory('Image')) {
        app.docRegistry.setDefaultWidgetFactory('tiff', wantsImage ? 'Image' : undefined);
      }
    }
  };
}

/** Shows an output in the file browsers that look at its folder, as soon as it is there. */
function refreshOnOutput(helper: IHelper, browsers: IFileBrowserFactory): void {
  helper.jobs.changed.connect((_, { now, before }) => {
    if (!now?.output || now.state === before?.state || now.state === 'queued') {
      return;
    }
    const folder = now.output.split('/').slice(0, -1).join('/');
    browsers.tracker.forEach(browser => {
      const { contents } = browser.model.manager.services;
      if (toServerPath(contents, browser.model.path) === folder) {
        void browser.model.refresh();
      }
    });
  });
}
