import type { WidgetTracker } from '@jupyterlab/apputils';
import { ConflatableMessage, MessageLoop } from '@lumino/messaging';

/**
 * Has the page's layout be kept anew when a tab is known by another name: otherwise a page that is loaded anew looks
 * for the old one, and the tab is not there.
 */
export function keepNames(tracker: WidgetTracker): void {
  tracker.widgetUpdated.connect((_, { parent }) => {
    // As the area of tabs itself does where one is moved.
    if (parent) MessageLoop.postMessage(parent, new ConflatableMessage('layout-modified'));
  });
}
