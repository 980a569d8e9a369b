import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer, IRouter } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker, showErrorMessage } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ViewerState } from '../../viewer/index.ts';
import { LINK, viewIn, withoutView } from '../../viewer/link.ts';
import { keepLastViews, takeLastViews } from '../../viewer/lastViews.ts';
import { isAbsolute } from '../../form/output.ts';
import type { LookOptions } from '../../protocol/index.ts';
import { OME_ZARR_ARGS, chooseSources, givenPaths, offersOmeZarr, omeZarrsOf } from '../choose.ts';
import { IHelper } from '../helper.ts';
import { pyramidIcon, stackIcon } from '../icons.ts';
import { CommandIDs } from '../ids.ts';
import { convertibleSelection, isImage, isTiff, toServerPath } from '../paths.ts';
import { addViewerCommands } from './commands.ts';
import { ViewerPanel, keyOf } from './panel.ts';

const SOURCE = 'A TIFF or a folder of slices: relative to the server’s root, or absolute on the server';
const LOOK_ARGS = {
  path: { type: 'string', description: SOURCE },
  paths: { type: 'array', items: { type: 'string', description: SOURCE }, description: 'Several of them' },
  options: { type: 'object', description: 'How they are read (channel, zAxis, ...), named as in the protocol' },
  state: { type: 'object', description: 'A state of Neuroglancer to begin with' },
  isPalette: { type: 'boolean', description: 'Ask for a file where none is selected' }
} as const;

const viewOf = ({ state, options }: ReadonlyPartialJSONObject) =>
  [state as ViewerState | undefined, options as LookOptions | undefined] as const;

/** Of what can be converted, what is a volume by itself and no slice of one. */
const volumesIn = (paths: string[]): string[] => (paths.every(path => isTiff(path) || !isImage(path)) ? paths : []);

/**
 * Tabs with OME-Zarrs in Neuroglancer, one for each that is opened, or for several that are opened together. They come
 * back with the layout.
 */
export const viewerPlugin: JupyterFrontEndPlugin<void> = {
  id: 'microct-io-vis:viewer',
  description: 'Opens OME-Zarr folders in Neuroglancer.',
  autoStart: true,
  requires: [IHelper],
  optional: [IFileBrowserFactory, ICommandPalette, ILayoutRestorer, IRouter],
  activate: (
    app: JupyterFrontEnd,
    helper: IHelper,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    router: IRouter | null
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

    const open = (
      paths: readonly string[],
      state?: ViewerState,
      reading?: LookOptions,
      asLabels = false
    ): MainAreaWidget<ViewerPanel> => {
      const key = keyOf(paths, reading, asLabels);
      const present = tracker.find(({ content }) => content.key === key);
      if (present) {
        shell.activateById(present.id);
        present.content.check();
        return present;
      }
      const content = new ViewerPanel(paths, helper, contents, last[key] ?? state, reading, asLabels);
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
            options: LOOK_ARGS.options,
            state: { type: 'object', description: 'A state of Neuroglancer to begin with' },
            asLabels: { type: 'boolean', description: 'Whether voxels are shown as numbers of segments' }
          }
        }
      },
      execute: async args => {
        const paths = await omeZarrsOf(args, browsers?.tracker.currentWidget, contents, 'Open in Neuroglancer');
        return paths.length === 0 ? undefined : open(paths, ...viewOf(args), args.asLabels === true);
      }
    });
    commands.addCommand(CommandIDs.look, {
      label: 'Look at It',
      caption: 'Look at TIFFs, or folders of slices, in Neuroglancer as they are: nothing is written',
      icon: args => (args.isPalette ? undefined : stackIcon),
      isVisible: args =>
        Boolean(args.isPalette) ||
        givenPaths(args).length > 0 ||
        volumesIn(convertibleSelection(browsers?.tracker.currentWidget ?? null)).length > 0,
      describedBy: { args: { type: 'object', properties: LOOK_ARGS } },
      execute: async args => {
        const browser = browsers?.tracker.currentWidget ?? null;
        let paths = givenPaths(args).map(path => (isAbsolute(path) ? path : toServerPath(contents, path)));
        if (paths.length === 0) paths = volumesIn(convertibleSelection(browser));
        if (paths.length === 0) paths = await chooseSources(browser, 'Look at It');
        return paths.length === 0 ? undefined : open(paths, ...viewOf(args));
      }
    });
    palette?.addItem({ command: CommandIDs.look, category: 'Micro-CT', args: { isPalette: true } });
    commands.addCommand(CommandIDs.openSegmentation, {
      label: 'Open as Segmentation',
      caption: 'Look at an OME-Zarr of whole numbers as segments, also where it does not say that they are labels',
      icon: args => (args.isPalette ? undefined : pyramidIcon),
      isVisible: args => offersOmeZarr(args, browsers?.tracker.currentWidget),
      describedBy: { args: { type: 'object', properties: { ...OME_ZARR_ARGS, state: LOOK_ARGS.state } } },
      execute: async args => {
        const paths = await omeZarrsOf(args, browsers?.tracker.currentWidget, contents, 'Open as Segmentation');
        return paths.length === 0 ? undefined : open(paths, ...viewOf(args), true);
      }
    });
    palette?.addItem({ command: CommandIDs.openSegmentation, category: 'Micro-CT', args: { isPalette: true } });
    palette?.addItem({ command: CommandIDs.openViewer, category: 'Micro-CT', args: { isPalette: true } });

    commands.addCommand(CommandIDs.openLink, {
      label: 'Open the View of a Link',
      describedBy: {
        args: { type: 'object', properties: { search: { type: 'string', description: 'The query of an address' } } }
      },
      execute: async args => {
        const address = router?.current.request ?? '';
        // A reload shows the view as it is then.
        router?.navigate(withoutView(address), { skipRouting: true });
        await app.restored;
        try {
          const view = await viewIn(String(args.search));
          if (view) open(view.paths, view.state, view.options, view.asLabels).content.setState(view.state);
        } catch (error) {
          await showErrorMessage('Cannot open the link', error as Error);
        }
      }
    });
    router?.register({ command: CommandIDs.openLink, pattern: LINK, rank: 40 });
    commands.addCommand(CommandIDs.addToViewer, {
      label: 'Add to Viewer',
      caption: 'Show an OME-Zarr over those of the viewer that was used last, as another layer',
      icon: args => (args.isPalette ? undefined : pyramidIcon),
      isVisible: args => tracker.currentWidget !== null && offersOmeZarr(args, browsers?.tracker.currentWidget),
      describedBy: { args: { type: 'object', properties: OME_ZARR_ARGS } },
      execute: async args => {
        const viewer = tracker.currentWidget;
        const paths = await omeZarrsOf(args, browsers?.tracker.currentWidget, contents, 'Add to Viewer');
        if (!viewer || paths.length === 0) return;
        shell.activateById(viewer.id);
        await viewer.content
          .addVolumes(paths)
          .catch(error => showErrorMessage('Cannot be added to the viewer', error as Error));
      }
    });
    palette?.addItem({ command: CommandIDs.addToViewer, category: 'Micro-CT', args: { isPalette: true } });
    addViewerCommands(app, tracker, palette);

    void restorer?.restore(tracker, {
      command: CommandIDs.openViewer,
      args: ({ content: { paths, state, reading, asLabels } }) => ({
        ...(asLabels && { asLabels }),
        ...(paths.length === 1 ? { path: paths[0] } : { paths: [...paths] }),
        ...(state ? { state } : {}),
        ...(reading ? { options: reading } : {})
      }),
      name: ({ content }) => content.key
    });
  }
};
