import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer, IRouter } from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  InputDialog,
  MainAreaWidget,
  WidgetTracker,
  showErrorMessage
} from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import {
  adviceOnPath,
  bucketAddress,
  isAddress,
  isBucketAddress,
  isStandIn,
  mayHoldKey,
  shownAddress
} from '../../model/address.ts';
import type { LookOptions } from '../../protocol/index.ts';
import type { ViewerState } from '../../viewer/index.ts';
import { keepLastViews, takeLastViews } from '../../viewer/state/lastViews.ts';
import { OME_ZARRS, VOLUMES, choose, chooseAgain, chooseSources, givenPaths, mayChoose } from '../choose.ts';
import { IHelper } from '../helper.ts';
import { pyramidIcon, stackIcon } from '../icons.ts';
import { CommandIDs } from '../ids.ts';
import { convertibleSelection, isImage, isOmeZarr, isTiff, toHelperPath } from '../paths.ts';
import { report } from '../report.ts';
import { addViewerCommands } from './commands.ts';
import { addFacts } from './facts.tsx';
import { watchLayout } from './keptLayout.ts';
import { keepNames } from './keptNames.ts';
import { ViewerPanel } from './panel.ts';
import type { Viewers } from './viewers.ts';
import { IViewers } from './viewers.ts';
import { LINK, viewIn, withoutView } from './viewLink.ts';
import { type Way, keyOf, readAsLabels } from './way.ts';

const SOURCE = 'A TIFF or a folder of slices: relative to the server’s root, or absolute on the server';
const LOOK_ARGS = {
  path: { type: 'string', description: SOURCE },
  paths: { type: 'array', items: { type: 'string', description: SOURCE }, description: 'Several of them' },
  isStack: { type: 'boolean', description: 'Whether the paths are the slices of one volume' },
  options: { type: 'object', description: 'How they are read (channel, zAxis, ...), named as in the protocol' },
  state: { type: 'object', description: 'A state of Neuroglancer to begin with' },
  isPalette: { type: 'boolean', description: 'Ask for a file where none is selected' }
} as const;

const viewOf = ({ state, options, asLabels, isStack }: ReadonlyPartialJSONObject): [ViewerState | undefined, Way] => [
  state as ViewerState | undefined,
  { reading: options as LookOptions | undefined, asLabels: readAsLabels(asLabels), isStack: isStack === true }
];

/** As wide as an address is long. */
class AddressRenderer extends Dialog.Renderer {
  override createBody(value: Dialog.Body<string>): Widget {
    const body = super.createBody(value);
    body.addClass('mct-Address');
    return body;
  }
}

/** Asks for an address, beginning with one, again where something else is given; null: a person gives none. */
async function askForAddress(before = ''): Promise<string | null> {
  let text: string | null = before;
  do {
    const asked: Dialog.IResult<string> = await InputDialog.getText({
      title: 'Open OME-Zarr from URL',
      label: 'Address of the folder that is an OME-Zarr, or of a TIFF:',
      placeholder: 'https://HOST/FOLDER/NAME.ome.zarr or s3://BUCKET/NAME.ome.zarr',
      text,
      okLabel: 'Open',
      renderer: new AddressRenderer()
    });
    text = asked.value;
  } while (text !== null && !(await isOpenable(text)));
  return text?.trim() ?? null;
}

/** Whether what was given is an address; where it is none, that is said. */
async function isOpenable(given: string): Promise<boolean> {
  const address = given.trim();
  if (isWhole(address)) return true;
  const advice =
    adviceOnPath(address) ??
    'it begins with https://, http:// or s3://, as in https://HOST/FOLDER/NAME.ome.zarr or s3://BUCKET/NAME.ome.zarr';
  const what = `${address === '' ? 'Nothing' : `“${shownAddress(address)}”`} is no address that can be opened: ${advice}.`;
  await showErrorMessage('Cannot be opened', what);
  return false;
}

/** The paths, with what stands for addresses that may hold a key: what a tab shows is kept with the layout. */
const withoutKeys = (paths: readonly string[], helper: IHelper): Promise<string[]> =>
  Promise.all(paths.map(async path => (mayHoldKey(path) ? helper.request('standIn', { address: path }) : path)));

/** Whether what a person has given can be the address of an OME-Zarr. */
const isWhole = (address: string): boolean =>
  isBucketAddress(address) ? bucketAddress(address) !== null : isAddress(address) && URL.canParse(address);

/** Whether files are, all together, the slices of one volume, and no volumes. */
const isStackOf = (paths: string[]): boolean =>
  paths.length > 1 && !paths.some(path => isTiff(path)) && paths.every(path => isImage(path));

/**
 * Tabs with OME-Zarrs in Neuroglancer, one for each that is opened, or for several that are opened together. They come
 * back with the layout.
 */
export const viewerPlugin: JupyterFrontEndPlugin<void> = {
  id: 'microct-io-vis:viewer',
  description: 'Opens OME-Zarr folders in Neuroglancer.',
  autoStart: true,
  requires: [IHelper, IViewers],
  optional: [IFileBrowserFactory, ICommandPalette, ILayoutRestorer, IRouter],
  activate: (
    app: JupyterFrontEnd,
    helper: IHelper,
    viewers: Viewers,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    router: IRouter | null
  ): void => {
    const { commands, shell, serviceManager } = app;
    const { contents } = serviceManager;
    const tracker = new WidgetTracker<MainAreaWidget<ViewerPanel>>({ namespace: 'microct-io-vis-viewer' });

    watchLayout(serviceManager.workspaces, () => document.querySelector('.mct-ViewerPanel') !== null);

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

    const open = (paths: readonly string[], state?: ViewerState, way: Way = {}): MainAreaWidget<ViewerPanel> => {
      const key = keyOf(paths, way);
      const present = tracker.find(({ content }) => content.key === key);
      if (present) {
        shell.activateById(present.id);
        present.content.check();
        return present;
      }
      const content = new ViewerPanel(paths, helper, contents, last[key] ?? state, way);
      content.find = async path => {
        if (!isAddress(path)) return chooseAgain(browsers?.tracker.currentWidget, path);
        const found = await askForAddress(isStandIn(path) ? shownAddress(path) : path);
        return found === null ? null : (await withoutKeys([found], helper))[0];
      };
      const widget = new MainAreaWidget({ content });
      widget.title.icon = pyramidIcon;
      // An empty one would be a stripe above the viewer's own.
      if (paths.some(isOmeZarr)) widget.toolbar.hide();
      else addFacts(widget, helper, commands, contents);
      content.stateChanged.connect(() => void tracker.save(widget));
      content.chosen.connect((_, chosen) => {
        open(chosen, content.state, content.way);
        widget.close();
      });
      shell.add(widget, 'main');
      void tracker.add(widget);
      viewers.add(content, widget);
      return widget;
    };

    const openGiven = async (
      paths: readonly string[],
      state?: ViewerState,
      way?: Way
    ): Promise<MainAreaWidget<ViewerPanel>> => open(await withoutKeys(paths, helper), state, way);
    const openOrSay = (...given: Parameters<typeof openGiven>): Promise<MainAreaWidget<ViewerPanel> | undefined> =>
      report('Cannot be opened', () => openGiven(...given));

    commands.addCommand(CommandIDs.openViewer, {
      label: args => (args.isPalette ? 'Open OME-Zarr in Neuroglancer' : 'Open in Neuroglancer'),
      caption: 'Look at an OME-Zarr in a tab, or at several as layers of one',
      icon: args => (args.isPalette ? undefined : pyramidIcon),
      isVisible: args => mayChoose(OME_ZARRS, args, browsers?.tracker.currentWidget),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...OME_ZARRS.args,
            options: LOOK_ARGS.options,
            state: { type: 'object', description: 'A state of Neuroglancer to begin with' },
            isStack: LOOK_ARGS.isStack,
            asLabels: {
              type: ['boolean', 'array'],
              items: { type: 'boolean' },
              description: 'Whether voxels are shown as numbers of segments: of all, or of each'
            }
          }
        }
      },
      execute: async args => {
        const paths = await choose(OME_ZARRS, args, browsers?.tracker.currentWidget, contents, 'Open in Neuroglancer');
        return paths.length === 0 ? undefined : openOrSay(paths, ...viewOf(args));
      }
    });
    commands.addCommand(CommandIDs.openUrl, {
      label: 'Open OME-Zarr from URL…',
      caption: 'Look at an OME-Zarr, or a TIFF, on a server of the web or in a bucket of S3, by its address',
      describedBy: {
        args: {
          type: 'object',
          properties: {
            url: { type: 'string', description: 'Its address; asked for without it' },
            state: LOOK_ARGS.state
          }
        }
      },
      execute: async ({ url, ...others }) => {
        if (typeof url === 'string' && !(await isOpenable(url))) return undefined;
        const address = typeof url === 'string' ? url.trim() : await askForAddress();
        return address === null ? undefined : openOrSay([address], ...viewOf(others));
      }
    });
    palette?.addItem({ command: CommandIDs.openUrl, category: 'Micro-CT' });
    commands.addCommand(CommandIDs.look, {
      label: args => (args.isPalette ? 'Look at a TIFF or a Folder of Slices' : 'Look at It'),
      caption: 'Look at TIFFs, or folders of slices, in Neuroglancer as they are: nothing is written',
      icon: args => (args.isPalette ? undefined : stackIcon),
      isVisible: args =>
        Boolean(args.isPalette) ||
        givenPaths(args).length > 0 ||
        convertibleSelection(browsers?.tracker.currentWidget ?? null).length > 0,
      describedBy: { args: { type: 'object', properties: LOOK_ARGS } },
      execute: async args => {
        const browser = browsers?.tracker.currentWidget ?? null;
        let paths = givenPaths(args).map(path => toHelperPath(contents, path));
        if (paths.length === 0) paths = convertibleSelection(browser);
        if (paths.length === 0) paths = await chooseSources(browser, 'Look at It');
        const isStack = args.isStack ?? isStackOf(paths);
        return paths.length === 0 ? undefined : openOrSay(paths, ...viewOf({ ...args, isStack }));
      }
    });
    palette?.addItem({ command: CommandIDs.look, category: 'Micro-CT', args: { isPalette: true } });
    commands.addCommand(CommandIDs.openSegmentation, {
      label: 'Open as Segmentation',
      caption:
        'Look at an OME-Zarr, or a TIFF, of whole numbers as segments, also where nothing says that they are labels',
      icon: args => (args.isPalette ? undefined : pyramidIcon),
      isVisible: args => mayChoose(VOLUMES, args, browsers?.tracker.currentWidget),
      describedBy: { args: { type: 'object', properties: { ...VOLUMES.args, state: LOOK_ARGS.state } } },
      execute: async args => {
        const paths = await choose(VOLUMES, args, browsers?.tracker.currentWidget, contents, 'Open as Segmentation');
        return paths.length === 0 ? undefined : openOrSay(paths, ...viewOf({ ...args, asLabels: true }));
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
        await report('Cannot open the link', async () => {
          const view = await viewIn(String(args.search));
          if (!view) return;
          const { content } = await openGiven(view.paths, view.state, { ...view, reading: view.options });
          content.setState(view.state);
        });
      }
    });
    router?.register({ command: CommandIDs.openLink, pattern: LINK, rank: 40 });
    const addAdding = (command: string, asLabels: boolean, label: string, caption: string): void => {
      commands.addCommand(command, {
        label,
        caption,
        icon: args => (args.isPalette ? undefined : pyramidIcon),
        isVisible: args => viewers.current !== null && mayChoose(VOLUMES, args, browsers?.tracker.currentWidget),
        describedBy: { args: { type: 'object', properties: VOLUMES.args } },
        execute: async args => {
          const viewer = viewers.current;
          const paths = await choose(VOLUMES, args, browsers?.tracker.currentWidget, contents, label);
          // It may have been closed while a person chose.
          if (!viewer || viewer.isDisposed || paths.length === 0) return;
          shell.activateById(viewers.hostOf(viewer).id);
          await report('Cannot be added to the viewer', async () =>
            viewer.addVolumes(await withoutKeys(paths, helper), asLabels)
          );
        }
      });
      palette?.addItem({ command, category: 'Micro-CT', args: { isPalette: true } });
    };
    const over = 'over those of the viewer that was used last';
    addAdding(CommandIDs.addToViewer, false, 'Add to Viewer', `Show a volume ${over}, as another layer`);
    addAdding(
      CommandIDs.addSegmentation,
      true,
      'Add as Segmentation',
      `Show a volume of whole numbers ${over}, as segments`
    );
    addViewerCommands(app, viewers, palette);

    keepNames(tracker);
    void restorer?.restore(tracker, {
      command: CommandIDs.openViewer,
      args: ({ content: { paths, state, reading, way } }) => ({
        ...(way.asLabels && { asLabels: way.asLabels }),
        ...(way.isStack && { isStack: true }),
        ...(paths.length === 1 ? { path: paths[0] } : { paths: [...paths] }),
        ...(state ? { state } : {}),
        ...(reading ? { options: reading } : {})
      }),
      name: ({ content }) => content.key
    });
  }
};
