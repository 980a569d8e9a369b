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
import type { ViewerState } from '../../viewer/index.ts';
import { keepFromSaving } from '../noContents.ts';
import { ViewerPanel } from '../viewer/panel.ts';
import { baseName } from '../viewer/source.ts';
import type { Viewers } from '../viewer/viewers.ts';
import { SourcePage } from '../info/SourcePage.tsx';

interface Services {
  helper: IHelper;
  commands: CommandRegistry;
  contents: Contents.IManager;
  viewers: Viewers;
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
      <SourcePage
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
export class TiffView extends Panel {
  constructor(context: DocumentRegistry.Context, services: Services) {
    super();
    this.addClass('mct-TiffView');
    this.#context = context;
    this.#services = services;
    this.#facts = new TiffContent(context, services);
    this.addWidget(this.#facts);
  }

  /** The picture; null while the facts are shown. */
  get picture(): ViewerPanel | null {
    return this.#picture?.isHidden === false ? this.#picture : null;
  }

  /** The output that has taken the TIFF's place in the picture; null while the TIFF is shown. */
  get output(): string | null {
    const { contents } = this.#services;
    const [shown] = this.#picture?.paths ?? [];
    return shown === undefined || shown === toServerPath(contents, this.#context.path) ? null : shown;
  }

  /** Something else is shown, or another view in the picture. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /**
   * Shows the picture, where the file is the server's own.
   *
   * @param shown - what a first picture shows: the TIFF, or the output that had taken its place
   * @param state - the view that it begins with
   */
  look(shown?: string, state?: ViewerState): void {
    const { contents, helper, viewers } = this.#services;
    const { path } = this.#context;
    if (!isLocal(contents, path)) return;
    if (!this.#picture) {
      this.#picture = new ViewerPanel([shown ?? toServerPath(contents, path)], helper, contents, state);
      this.#picture.exchanged.connect(() => this.#changed.emit());
      this.#picture.stateChanged.connect(() => this.#changed.emit());
      this.addWidget(this.#picture);
      // It is used by the tab of the document that it is in.
      viewers.add(this.#picture, this.parent!);
    }
    this.#facts.hide();
    this.#picture.show();
    viewers.notice();
    this.#changed.emit();
  }

  tell(): void {
    this.#picture?.hide();
    this.#facts.show();
    this.#services.viewers.notice();
    this.#changed.emit();
  }

  /** Shows the TIFF anew, whose place its output has taken. */
  again(): void {
    if (!this.#picture) return;
    const isLooking = this.picture !== null;
    this.#picture.dispose();
    this.#picture = null;
    if (isLooking) this.look();
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
  const isLooking = (): boolean => content.picture !== null;
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
  toolbar.addItem(
    'source',
    button(
      'Show the TIFF Again',
      () => content.again(),
      () => isLooking() && content.output !== null
    )
  );
  const convert = (): void => void commands.execute(CommandIDs.convert, { path: toServerPath(contents, context.path) });
  toolbar.addItem('convert', button('Convert…', convert, isLooking));
  // The title of a document's tab is its file's name.
  const note = (
    <UseSignal signal={content.changed}>
      {() =>
        isLooking() ? (
          <span className="mct-TiffView-note">
            {content.output === null
              ? 'not converted: coarser levels are sampled'
              : `converted: this is ${baseName(content.output)}`}
          </span>
        ) : (
          <></>
        )
      }
    </UseSignal>
  );
  toolbar.addItem('note', ReactWidget.create(note));
}

/**
 * Opens a TIFF on a double-click: its picture, made of what is in sight, and beside it its facts and the offer to
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
    // A document that comes back with the layout shows what it showed.
    if (this.#services.looksFirst() && this.#services.isRestored()) content.look();
    return widget;
  }

  readonly #services: Services;
}
