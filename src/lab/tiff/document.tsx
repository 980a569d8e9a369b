import { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import type { IHelper } from '../helper.ts';
import { stackIcon } from '../icons.ts';
import { TIFF_FACTORY, TIFF_TYPE } from '../ids.ts';
import { isLocal, toServerPath } from '../paths.ts';
import { TiffPage } from './TiffPage.tsx';

interface Services {
  helper: IHelper;
  commands: CommandRegistry;
  contents: Contents.IManager;
  /** Whether the page's layout has been restored: what is opened later is opened by a person. */
  isRestored: () => boolean;
}

class TiffContent extends ReactWidget {
  constructor(context: DocumentRegistry.Context, services: Services) {
    super();
    this.addClass('mct-Tiff');
    this.#context = context;
    this.#services = services;
    this.#asksAtOnce = services.isRestored();
    context.pathChanged.connect(() => this.update());
    context.fileChanged.connect(() => this.update());
  }

  protected override render(): React.ReactElement {
    const { contents, helper, commands } = this.#services;
    const { path, contentsModel } = this.#context;
    return (
      <TiffPage
        // A file that was written anew is read anew.
        key={`${path} ${contentsModel?.last_modified ?? ''}`}
        path={isLocal(contents, path) ? toServerPath(contents, path) : null}
        name={path}
        helper={helper}
        asksAtOnce={this.#asksAtOnce}
        commands={commands}
      />
    );
  }

  readonly #context: DocumentRegistry.Context;
  readonly #services: Services;
  readonly #asksAtOnce: boolean;
}

type TiffDocument = DocumentWidget<TiffContent>;

/**
 * What a double-click on a TIFF opens: its facts and the offer to convert it. Not a byte of its contents comes to the
 * browser.
 */
export class TiffFactory extends ABCWidgetFactory<TiffDocument> {
  constructor(services: Services, modelName: string) {
    super({
      name: TIFF_FACTORY,
      modelName,
      fileTypes: [TIFF_TYPE],
      defaultFor: [TIFF_TYPE],
      readOnly: true,
      preferKernel: false,
      canStartKernel: false
    });
    this.#services = services;
  }

  protected override createNewWidget(context: DocumentRegistry.Context): TiffDocument {
    keepFromSaving(context);
    const widget = new DocumentWidget({ content: new TiffContent(context, this.#services), context });
    widget.title.icon = stackIcon;
    widget.toolbar.hide();
    return widget;
  }

  readonly #services: Services;
}

/**
 * Makes saving do nothing, with nothing to complain of. JupyterLab makes a checkpoint after it, which would be a copy
 * of the whole file; and what would restore one would write the file.
 */
function keepFromSaving(context: DocumentRegistry.Context): void {
  context.save = () => Promise.resolve();
  context.saveAs = () => Promise.resolve(false);
  context.listCheckpoints = () => Promise.resolve([]);
  context.createCheckpoint = () => Promise.resolve({ id: '', last_modified: '' });
  context.restoreCheckpoint = () => Promise.resolve();
}
