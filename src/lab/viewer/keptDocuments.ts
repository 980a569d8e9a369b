import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { ViewerState } from '../../viewer/index.ts';
import { keepLastViews, takeLastViews } from '../../viewer/state/lastViews.ts';
import { isAsLabels } from './way.ts';
import { renamed } from '../../viewer/state/renamed.ts';
import { chooseAgain } from '../choose.ts';
import { CommandIDs } from '../ids.ts';
import { isGone } from './gone.ts';
import { keepNames } from './keptNames.ts';
import { ViewerPanel } from './panel.ts';
import { baseName } from './source.ts';

/** How the picture in a document is had. */
interface Pictured<T> {
  /** A command's id, by which the layout's restorer opens a document again. */
  command: string;
  /** The picture that is shown; null where something else is. */
  picture(content: T): ViewerPanel | null;
  /** Another picture is shown, or another view in it. */
  changed(content: T): ISignal<unknown, unknown>;
  /** Shows a picture that was there before. */
  show(content: T, path: string, state: ViewerState | undefined): void;
}

/** Whether a tab has these volumes as they are, read in the usual way, and others over them. */
const isLaidOver = ({ paths, way: { isStack, reading, asLabels } }: ViewerPanel, under: readonly string[]): boolean =>
  paths.length > under.length &&
  under.every((path, n) => path === paths[n] && !isAsLabels(asLabels, n)) &&
  !isStack &&
  Object.keys(reading ?? {}).length === 0;

/** Brings a factory's documents back with the layout of a page that is loaded anew, and the pictures in them. */
export function keepDocuments<T extends Widget>(
  { commands, restored, serviceManager: { contents }, shell }: JupyterFrontEnd,
  restorer: ILayoutRestorer,
  browsers: IFileBrowserFactory | null,
  factory: ABCWidgetFactory<DocumentWidget<T>>,
  { command, picture, changed, show }: Pictured<T>
): void {
  const tracker = new WidgetTracker<DocumentWidget<T>>({ namespace: command.replace(':', '-') });
  const keyOf = (path: string): string => `${command} ${path}`;
  factory.widgetCreated.connect((_, widget) => {
    const save = (): void => void tracker.save(widget);
    // The document is the file’s: what is elsewhere now, or laid over it, is shown in a tab of its own.
    const leadElsewhere = (): void => {
      const shown = picture(widget.content);
      if (!shown) return;
      // In which volumes have been laid over this one before.
      const isOver = (tab: Widget): boolean =>
        tab instanceof MainAreaWidget && tab.content instanceof ViewerPanel && isLaidOver(tab.content, shown.paths);
      shown.addElsewhere = async (paths, asLabels) => {
        const { state } = shown;
        const args = { paths: [...shown.paths], ...(state && { state }) };
        const tabs = [...shell.widgets('main')];
        const opened: unknown = tabs.find(isOver) ?? (await commands.execute(CommandIDs.openViewer, args));
        if (!(opened instanceof MainAreaWidget)) return;
        const tab = opened as MainAreaWidget<ViewerPanel>;
        shell.activateById(tab.id);
        const { length } = tab.content.paths;
        try {
          await tab.content.addVolumes(paths, asLabels);
        } catch (error) {
          // A tab of the document’s volume alone is of no use.
          if (!tabs.includes(tab) && tab.content.paths.length === length) tab.close();
          throw error;
        }
      };
      shown.find = async path => {
        const found = await chooseAgain(browsers?.tracker.currentWidget, path);
        if (found === null) return null;
        const state = shown.state && renamed(shown.state, new Map([[baseName(path), baseName(found)]]));
        await commands.execute(CommandIDs.openViewer, { path: found, ...(state && { state }) });
        return null;
      };
    };
    leadElsewhere();
    changed(widget.content).connect(leadElsewhere);
    widget.context.pathChanged.connect(save);
    changed(widget.content).connect(save);
    void tracker.add(widget);
  });
  // Views that the server was told of are a while old.
  keepLastViews(() => {
    const views: Record<string, ViewerState> = {};
    tracker.forEach(({ content, context }) => {
      const state = picture(content)?.state;
      if (state) views[keyOf(context.path)] = state;
    });
    return views;
  });
  commands.addCommand(command, {
    label: `Open as ${factory.name} Again`,
    isVisible: () => false,
    describedBy: {
      args: {
        type: 'object',
        required: ['path'],
        properties: {
          path: { type: 'string', description: 'The document, as the file browser names it' },
          picture: { type: 'string', description: 'What its picture shows; without it none is shown' },
          state: { type: 'object', description: 'The state of Neuroglancer in it' }
        }
      }
    },
    execute: async args => {
      const { path, state, picture: shown } = args as { path: string; state?: ViewerState; picture?: string };
      const last = takeLastViews()[keyOf(path)] ?? state;
      // JupyterLab opens no document whose file is gone, and says nothing: the view would be lost with it.
      if (shown !== undefined && (await isGone(contents, path))) {
        // What is not in the layout has a place when that is there.
        void restored.then(() =>
          commands.execute(CommandIDs.openViewer, { path: shown, ...(last && { state: last }) })
        );
        return undefined;
      }
      const opened: unknown = await commands.execute('docmanager:open', { path, factory: factory.name });
      const { content } = opened as DocumentWidget<T>;
      if (shown !== undefined) show(content, shown, last);
      return opened;
    }
  });
  keepNames(tracker);
  void restorer.restore(tracker, {
    command,
    args: ({ content, context: { path } }) => {
      const shown = picture(content);
      return { path, ...(shown && { picture: shown.paths[0], ...(shown.state && { state: shown.state }) }) };
    },
    name: ({ context }) => context.path
  });
}
