import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';
import type { ViewerState } from '../../viewer/index.ts';
import { keepLastViews, takeLastViews } from '../../viewer/state/lastViews.ts';
import { CommandIDs } from '../ids.ts';
import { isGone } from './gone.ts';
import { keepNames } from './keptNames.ts';
import type { Pictured } from './leadElsewhere.ts';

/** How the picture in a document is kept. */
interface Kept<T> extends Pictured<T> {
  /** A command's id, by which the layout's restorer opens a document again. */
  command: string;
  /** Shows a picture that was there before. */
  show(content: T, path: string, state: ViewerState | undefined): void;
}

/** Brings a factory's documents back with the layout of a page that is loaded anew, and the pictures in them. */
export function keepDocuments<T extends Widget>(
  { commands, restored, serviceManager: { contents } }: JupyterFrontEnd,
  restorer: ILayoutRestorer,
  factory: ABCWidgetFactory<DocumentWidget<T>>,
  { command, picture, changed, show }: Kept<T>
): void {
  const tracker = new WidgetTracker<DocumentWidget<T>>({ namespace: command.replace(':', '-') });
  const keyOf = (path: string): string => `${command} ${path}`;
  factory.widgetCreated.connect((_, widget) => {
    const save = (): void => void tracker.save(widget);
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
