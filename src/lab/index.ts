import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { widgetPlugin } from '../widget/plugin.ts';
import { fileTypesPlugin, helperPlugin, mainPlugin, viewersPlugin } from './plugins.ts';
import { viewerPlugin } from './viewer/plugin.ts';

export { HelperError } from '../protocol/error.ts';
export { type HelperState, IHelper, type IJobs, type JobChange, type ReadResult } from './helper.ts';
export type * from '../protocol/index.ts';

/** The extension's plugins. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  helperPlugin,
  viewersPlugin,
  fileTypesPlugin,
  mainPlugin,
  viewerPlugin,
  widgetPlugin
];

export default plugins;
