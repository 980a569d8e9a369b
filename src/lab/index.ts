import { widgetPlugin } from '../widget/plugin.ts';
import { fileTypesPlugin, helperPlugin, mainPlugin } from './plugins.ts';
import { viewerPlugin } from './viewer/plugin.ts';

export { IHelper } from './helper.ts';

export default [helperPlugin, fileTypesPlugin, mainPlugin, viewerPlugin, widgetPlugin];
