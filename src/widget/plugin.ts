import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { explainSavedOutputs } from './savedOutputs.ts';
import { MODULE_NAME, MODULE_VERSION } from './version.ts';

/**
 * Tells notebooks where the models and views of our widgets are. Without ipywidgets' own extension there is nobody to
 * tell.
 */
export const widgetPlugin: JupyterFrontEndPlugin<void> = {
  id: 'microct-io-vis:widget',
  description: 'ConverterWidget and view() in notebooks.',
  autoStart: true,
  optional: [IJupyterWidgetRegistry],
  activate: (app: JupyterFrontEnd, registry: IJupyterWidgetRegistry | null) => {
    if (!registry) return;
    registry.registerWidget({
      name: MODULE_NAME,
      version: MODULE_VERSION,
      exports: async () => import('./index.ts')
    });
    explainSavedOutputs(app);
  }
};
