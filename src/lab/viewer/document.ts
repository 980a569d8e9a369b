import { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { IHelper } from '../helper.ts';
import { pyramidIcon } from '../icons.ts';
import { ARCHIVE_FACTORY, OZX_TYPE } from '../ids.ts';
import { keepFromSaving } from '../noContents.ts';
import { toServerPath } from '../paths.ts';
import { ViewerPanel } from './panel.ts';
import type { Viewers } from './viewers.ts';

/** Opens an OME-Zarr in one file on a double-click: its picture. Its contents are never asked of the server. */
export class ArchiveFactory extends ABCWidgetFactory<DocumentWidget<ViewerPanel>> {
  constructor(helper: IHelper, contents: Contents.IManager, viewers: Viewers, modelName: string) {
    super({
      name: ARCHIVE_FACTORY,
      modelName,
      fileTypes: [OZX_TYPE],
      defaultFor: [OZX_TYPE],
      readOnly: true,
      preferKernel: false,
      canStartKernel: false
    });
    this.#helper = helper;
    this.#contents = contents;
    this.#viewers = viewers;
  }

  protected override createNewWidget(context: DocumentRegistry.Context): DocumentWidget<ViewerPanel> {
    keepFromSaving(context);
    const path = toServerPath(this.#contents, context.path);
    const content = new ViewerPanel([path], this.#helper, this.#contents, undefined);
    const widget = new DocumentWidget({ content, context });
    widget.title.icon = pyramidIcon;
    widget.toolbar.hide();
    this.#viewers.add(content, widget);
    return widget;
  }

  readonly #helper: IHelper;
  readonly #contents: Contents.IManager;
  readonly #viewers: Viewers;
}
