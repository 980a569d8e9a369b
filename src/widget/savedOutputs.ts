import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';
import { WIDGET_VIEW, pictureOf } from './keptPictures.ts';

/** Rank of ipywidgets' renderer. */
const RANK = -10;
/** Our widgets as Python writes them, alone or in a box. */
const OURS = /\b(Viewer|Converter)Widget\(/;
/** Class of ipywidgets' renderer when there will be no widget. */
const FAILED = 'jupyter-widgets';

const NOT_TRUSTED =
  'This is what was saved: JupyterLab shows no widgets of a notebook that it does not trust. To have the live one here, run this cell, and those before it that it needs; or trust the notebook (Trust Notebook in the command palette) where its kernel still has it.';

/** As much of a notebook's panel as is used here. */
interface Panel {
  content?: { rendermime?: Renderers };
}

interface Renderers {
  getFactory(mimeType: string): RendererFactory | undefined;
  preferredMimeType(data: object, safe: 'ensure' | 'any'): string | undefined;
  createRenderer(mimeType: string): Renderer;
  addFactory(factory: RendererFactory, rank?: number): void;
}

interface RendererFactory {
  readonly safe: boolean;
  readonly mimeTypes: readonly string[];
  createRenderer(options: never): Renderer;
}

interface Renderer extends Widget {
  readonly widgets?: readonly Widget[];
  renderModel(output: Output): Promise<void>;
  addWidget(widget: Widget): void;
}

interface Output {
  readonly data: Record<string, unknown>;
  readonly metadata: object;
  readonly trusted: boolean;
}

/**
 * Has cells of notebooks show, where no kernel has the widget that they showed, the picture that was saved of it, and
 * say why and what to do. Widgets of others are left as they are.
 */
export function explainSavedOutputs(app: JupyterFrontEnd): void {
  app.docRegistry.addWidgetExtension('Notebook', {
    createNew: (panel: object, { sessionContext }: DocumentRegistry.Context) => {
      const renderers = (panel as Panel).content?.rendermime;
      const factory = renderers?.getFactory(WIDGET_VIEW);
      if (!renderers || !factory) return;
      const { mimeTypes } = factory;
      const createRenderer: RendererFactory['createRenderer'] = options =>
        explained(factory.createRenderer(options), sessionContext, renderers);
      // It shows no widget of what is not trusted.
      renderers.addFactory({ safe: true, mimeTypes, createRenderer }, RANK);
    }
  });
}

/** The same renderer: others know it by its class. */
function explained(
  renderer: Renderer,
  session: DocumentRegistry.Context['sessionContext'],
  renderers: Renderers
): Renderer {
  /** Renderer of an output's other data than the widget, safe where it is not trusted. */
  const rest = async ({ data, metadata, trusted }: Output, wanted?: string): Promise<Renderer | null> => {
    const others = Object.fromEntries(Object.entries(data).filter(([type]) => type !== WIDGET_VIEW));
    const type = wanted ?? renderers.preferredMimeType(others, trusted ? 'any' : 'ensure');
    if (type === undefined || !(type in others)) return null;
    const made = renderers.createRenderer(type);
    await made.renderModel({ data: others, metadata, trusted });
    return made;
  };
  const renderModel = renderer.renderModel.bind(renderer);
  const note = document.createElement('div');
  note.className = 'mct-Viewer-note';
  note.setAttribute('role', 'status');
  let saved: HTMLElement[] | null = null;
  let instead: Renderer | null = null;
  const explain = (): void => {
    if (!saved || renderer.isDisposed || renderer.widgets?.length) return;
    const hasKernel = Boolean(session.session?.kernel);
    if (hasKernel ? !renderer.hasClass(FAILED) : !session.isReady) {
      // Until there is a widget: the renderer takes all away before it puts one in.
      note.remove();
      renderer.node.append(...saved);
      return;
    }
    const reason = hasKernel
      ? 'The kernel that showed this is no longer there.'
      : 'There is no kernel that could show this: choose one (Kernel → Change Kernel…).';
    note.textContent = `${reason} Run this cell, and those before it that it needs, to have it here again.`;
    renderer.node.replaceChildren(...saved, note);
  };
  session.kernelChanged.connect(explain);
  renderer.disposed.connect(() => session.kernelChanged.disconnect(explain));
  void session.ready.then(explain);
  renderer.renderModel = async output => {
    const isOurs = OURS.test(String(output.data['text/plain'] ?? ''));
    // It may be trusted now.
    instead?.dispose();
    instead = null;
    note.remove();
    if (!output.trusted) {
      instead = await rest(output);
      if (instead) renderer.addWidget(instead);
      note.textContent = NOT_TRUSTED;
      if (isOurs) renderer.node.append(note);
      return;
    }
    // Without a kernel it does not end.
    const rendering = renderModel(output);
    if (isOurs) {
      const png = output.data['image/png'];
      // What an output has are getters of its class, which a spread would leave out.
      const { data, metadata } = output;
      const words = typeof png === 'string' ? null : await rest({ data, metadata, trusted: false }, 'text/html');
      saved = typeof png === 'string' ? [pictureOf(png)] : words ? [words.node] : [];
      explain();
    }
    await rendering;
    explain();
  };
  return renderer;
}
