import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ViewerState } from '../../viewer/index.ts';
import { keepLastViews, takeLastViews } from '../../viewer/lastViews.ts';
import { OME_ZARR_ARGS, offersOmeZarr, omeZarrsOf } from '../choose.ts';
import { IHelper } from '../helper.ts';
import { pyramidIcon } from '../icons.ts';
import { CommandIDs } from '../ids.ts';
import { addViewerCommands } from './commands.ts';
import { ViewerPanel, keyOf } from './panel.ts';

/**
 * Tabs with OME-Zarrs in Neuroglancer, one for each that is opened, or for several that are opened together. They come
 * back with the layout.
 */
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

    // A reloaded page opens its tabs again by the same command, with views that the server was told of a while before.
    let last = takeLastViews();
    void app.restored.then(() => (last = {}));
    keepLastViews(() => {
      const views: Record<string, ViewerState> = {};
      tracker.forEach(({ content }) => {
        if (content.state) views[content.key] = content.state;
      });
      return views;
    });

    const open = (paths: readonly string[], state?: ViewerState): MainAreaWidget<ViewerPanel> => {
      const key = keyOf(paths);
      const present = tracker.find(({ content }) => content.key === key);
      if (present) {
        shell.activateById(present.id);
        present.content.check();
        return present;
      }
      const content = new ViewerPanel(paths, helper, last[key] ?? state);
      const widget = new MainAreaWidget({ content });
      widget.title.icon = pyramidIcon;
      content.stateChanged.connect(() => void tracker.save(widget));
      shell.add(widget, 'main');
      void tracker.add(widget);
      return widget;
    };

    commands.addCommand(CommandIDs.openViewer, {
      label: 'Open in Neuroglancer',
      caption: 'Look at an OME-Zarr in a tab, or at several as layers of one',
      icon: args => (args.isPalette ? undefined : pyramidIcon),
      isVisible: args => offersOmeZarr(args, browsers?.tracker.currentWidget),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...OME_ZARR_ARGS,
            state: { type: 'object', description: 'A state of Neuroglancer to begin with' }
          }
        }
      },
      execute: async args => {
        const paths = await omeZarrsOf(args, browsers?.tracker.currentWidget, contents, 'Open in Neuroglancer');
        return paths.length === 0 ? undefined : open(paths, args.state as ViewerState | undefined);
      }
    });
    palette?.addItem({ command: CommandIDs.openViewer, category: 'Micro-CT', args: { isPalette: true } });

    addViewerCommands(app, tracker, palette);

    void restorer?.restore(tracker, {
      command: CommandIDs.openViewer,
      args: ({ content: { paths, state } }) => ({
        ...(paths.length === 1 ? { path: paths[0] } : { paths: [...paths] }),
        ...(state ? { state } : {})
      }),
      name: ({ content }) => content.key
    });
  }
};
