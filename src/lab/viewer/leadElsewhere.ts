import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import { renamed } from '../../viewer/state/renamed.ts';
import { chooseAgain } from '../choose.ts';
import { CommandIDs } from '../ids.ts';
import { ViewerPanel } from './panel.ts';
import { baseName } from './source.ts';
import { isAsLabels } from './way.ts';

/** How the picture in a document is had. */
export interface Pictured<T> {
  /** The picture that is shown; null where something else is. */
  picture(content: T): ViewerPanel | null;
  /** Another picture is shown, or another view in it. */
  changed(content: T): ISignal<unknown, unknown>;
}

/** Whether a tab has these volumes as they are, read in the usual way, and others over them. */
const isLaidOver = ({ paths, way: { isStack, reading, asLabels } }: ViewerPanel, under: readonly string[]): boolean =>
  paths.length > under.length &&
  under.every((path, n) => path === paths[n] && !isAsLabels(asLabels, n)) &&
  !isStack &&
  Object.keys(reading ?? {}).length === 0;

/**
 * Has what is elsewhere by now, or laid over a factory's documents, shown in tabs of its own: the documents are their
 * files'.
 */
export function leadElsewhere<T extends Widget>(
  { commands, shell }: JupyterFrontEnd,
  browsers: IFileBrowserFactory | null,
  factory: ABCWidgetFactory<DocumentWidget<T>>,
  { picture, changed }: Pictured<T>
): void {
  factory.widgetCreated.connect((_, { content }) => {
    const lead = (): void => {
      const shown = picture(content);
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
    lead();
    changed(content).connect(lead);
  });
}
