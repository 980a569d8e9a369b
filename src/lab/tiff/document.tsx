import { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { ReactWidget, ToolbarButtonComponent, UseSignal } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Panel } from '@lumino/widgets';
import * as React from 'react';
import type { IHelper } from '../helper.ts';
import { stackIcon } from '../icons.ts';
import { CommandIDs, TIFF_FACTORY, TIFF_TYPE } from '../ids.ts';
import { isLocal, toServerPath } from '../paths.ts';
import { ViewerPanel } from '../viewer/panel.ts';
import { TiffPage } from './TiffPage.tsx';

interface Services {
  helper: IHelper;
  commands: CommandRegistry;
  contents: Contents.IManager;
  /** Whether the page's layout has been restored: what is opened later is opened by a person. */
  isRestored: () => boolean;
  /** Whether the picture is shown first, and not the facts. */
  looksFirst: () => boolean;
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

/** Picture and facts of a TIFF, of which one is shown. */
class TiffView extends Panel {
  constructor(context: DocumentRegistry.Context, services: Services) {
    super();
    this.addClass('mct-TiffView');
    this.#context = context;
    this.#services = services;
    this.#facts = new TiffContent(context, services);
    this.addWidget(this.#facts);
    context.pathChanged.connect(this.#follow, this);
  }

  /** Whether the picture is shown, and not the facts. */
  get isPicture(): boolean {
    return this.#picture?.isHidden === false;
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** The picture; null where it is not the server's own file. */
  look(): void {
    const { contents, helper } = this.#services;
    const { path } = this.#context;
    if (!isLocal(contents, path)) return;
    if (!this.#picture) {
      this.#picture = new ViewerPanel([toServerPath(contents, path)], helper, contents, undefined);
      this.addWidget(this.#picture);
    }
    this.#facts.hide();
    this.#picture.show();
    this.#changed.emit();
  }

  tell(): void {
    this.#picture?.hide();
    this.#facts.show();
    this.#changed.emit();
  }

  /** A file that was renamed is looked at anew. */
  #follow(): void {
    if (!this.#picture) return;
    const { isPicture } = this;
    this.#picture.dispose();
    this.#picture = null;
    if (isPicture) this.look();
  }

  readonly #context: DocumentRegistry.Context;
  readonly #services: Services;
  readonly #facts: TiffContent;
  #picture: ViewerPanel | null = null;
  readonly #changed = new Signal<this, void>(this);
}

type TiffDocument = DocumentWidget<TiffView>;

/** The buttons above a TIFF: to its facts or its picture, and to its conversion. */
function addButtons({ toolbar, content }: TiffDocument, context: DocumentRegistry.Context, services: Services): void {
  const { commands, contents } = services;
  const button = (label: string, onClick: () => void, isOffered: () => boolean = () => true): ReactWidget =>
    ReactWidget.create(
      <UseSignal signal={content.changed}>
        {() => (isOffered() ? <ToolbarButtonComponent label={label} onClick={onClick} /> : <></>)}
      </UseSignal>
    );
  const isLooking = (): boolean => content.isPicture;
  toolbar.addItem(
    'facts',
    button('Facts', () => content.tell(), isLooking)
  );
  toolbar.addItem(
    'look',
    button(
      'Look at It',
      () => content.look(),
      () => !isLooking()
    )
  );
  const convert = (): void => void commands.execute(CommandIDs.convert, { path: toServerPath(contents, context.path) });
  toolbar.addItem('convert', button('Convert…', convert, isLooking));
  // The title of a document's tab is its file's name.
  const note = (
    <UseSignal signal={content.changed}>
      {() =>
        isLooking() ? <span className="mct-TiffView-note">not converted: coarser levels are sampled</span> : <></>
      }
    </UseSignal>
  );
  toolbar.addItem('note', ReactWidget.create(note));
}

/**
 * What a double-click on a TIFF opens: its picture, made of what is in sight, and beside it its facts and the offer to
 * convert it. Its contents are never asked of the server.
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
    const content = new TiffView(context, this.#services);
    const widget = new DocumentWidget({ content, context });
    widget.title.icon = stackIcon;
    if (!isLocal(this.#services.contents, context.path)) {
      widget.toolbar.hide();
      return widget;
    }
    addButtons(widget, context, this.#services);
    // One that came back with the layout starts no helper by itself.
    if (this.#services.looksFirst() && this.#services.isRestored()) content.look();
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
