import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { isAbsolute } from '../../form/output.ts';
import type { ViewerState } from '../../viewer/index.ts';
import { chooseFolder } from '../choose.ts';
import { IHelper } from '../helper.ts';
import { pyramidIcon } from '../icons.ts';
import { CommandIDs } from '../ids.ts';
import { selectedFolder, toServerPath } from '../paths.ts';
import { ViewerPanel } from './panel.ts';

/** Tabs with OME-Zarrs in Neuroglancer, one a volume, which come back with the layout. */
export const viewerPlugin: JupyterFrontEndPlugin<void> = {
  id: 'microct-io-vis:viewer',
  description: 'Opens OME-Zarr folders in Neuroglancer.',
  autoStart: true,
  requires: [IHelper],
  optional: [IFileBrowserFactory, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    helper: IHelper,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, shell, serviceManager } = app;
    const { contents } = serviceManager;
    const tracker = new WidgetTracker<MainAreaWidget<ViewerPanel>>({ namespace: 'microct-io-vis-viewer' });

    const open = (path: string, state?: ViewerState): MainAreaWidget<ViewerPanel> => {
      const present = tracker.find(({ content }) => content.path === path);
      if (present) {
        shell.activateById(present.id);
        return present;
      }
      const content = new ViewerPanel(path, helper, state);
      const widget = new MainAreaWidget({ content });
      widget.title.icon = pyramidIcon;
      content.stateChanged.connect(() => void tracker.save(widget));
      shell.add(widget, 'main');
      void tracker.add(widget);
      return widget;
    };

    commands.addCommand(CommandIDs.openViewer, {
      label: 'Open in Neuroglancer',
      caption: 'Look at an OME-Zarr in a tab',
      icon: args => (args.isPalette ? undefined : pyramidIcon),
      isVisible: args =>
        Boolean(args.isPalette) ||
        typeof args.path === 'string' ||
        selectedFolder(browsers?.tracker.currentWidget) !== null,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description: 'An OME-Zarr folder: relative to the server’s root, or absolute on the server'
            },
            state: { type: 'object', description: 'A state of Neuroglancer to begin with' },
            isPalette: { type: 'boolean', description: 'Ask for a folder where none is selected' }
          }
        }
      },
      execute: async args => {
        const browser = browsers?.tracker.currentWidget;
        const given =
          typeof args.path === 'string'
            ? args.path
            : (selectedFolder(browser) ?? (await chooseFolder(browser, 'Open in Neuroglancer')));
        if (given === null) {
          return undefined;
        }
        return open(isAbsolute(given) ? given : toServerPath(contents, given), args.state as ViewerState | undefined);
      }
    });
    palette?.addItem({ command: CommandIDs.openViewer, category: 'Micro-CT', args: { isPalette: true } });

    void restorer?.restore(tracker, {
      command: CommandIDs.openViewer,
      args: ({ content }) => ({ path: content.path, ...(content.state ? { state: content.state } : {}) }),
      name: ({ content }) => content.path
    });
  }
};
