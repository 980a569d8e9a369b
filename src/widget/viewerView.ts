import { DOMWidgetView, JupyterLuminoWidget } from '@jupyter-widgets/base';
import { PageConfig } from '@jupyterlab/coreutils';
import { JSONExt } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Throttler } from '@lumino/polling';
import type { ViewerHandle, ViewerState } from '../viewer/index.ts';
import { laidOver } from '../viewer/viewState.ts';
import type { ViewerModel } from './viewerModel.ts';

/** Milliseconds between two states that are sent to Python. */
const STATE_INTERVAL = 200;

/** One place where a `ViewerWidget` is shown. */
export class ViewerView extends DOMWidgetView {
  override _createElement(): HTMLElement {
    this.luminoWidget = new JupyterLuminoWidget({ node: document.createElement('div'), view: this });
    return this.luminoWidget.node;
  }

  override _setElement(element: HTMLElement): void {
    this.el = element;
  }

  override render(): void {
    super.render();
    this.luminoWidget.addClass('jupyter-widgets');
    this.luminoWidget.addClass('mct-Viewer');
    this._sendState = new Throttler(() => this._share(), { limit: STATE_INTERVAL, edge: 'trailing' });
    window.addEventListener('pagehide', this._leave);
    this._seen = new IntersectionObserver(entries => {
      this._isSeen = entries[entries.length - 1].isIntersecting;
      this._handle?.setVisible(this._isSeen);
    });
    this._seen.observe(this.el);
    this._setHeight();
    this.listenTo(this.model, 'change:height', () => this._setHeight());
    this.listenTo(this.model, 'change:state', () => this._takeState());
    this.listenTo(this.model, 'change:_places', () => void this._open());
    // Neuroglancer needs an element that has a size.
    void this.displayed.then(() => this._open());
  }

  override processLuminoMessage(msg: Message): void {
    super.processLuminoMessage(msg);
    // A notebook takes cells that are far away out of the page, and puts them back.
    if (msg.type === 'before-detach') {
      this._share();
      this._handle?.setVisible(false);
    } else if (msg.type === 'after-attach') {
      this._handle?.setVisible(this._isSeen ?? true);
    }
  }

  override remove(): unknown {
    this._turn = -1;
    this._share();
    window.removeEventListener('pagehide', this._leave);
    this._seen?.disconnect();
    this._sendState?.dispose();
    this._close();
    return super.remove();
  }

  private async _open(): Promise<void> {
    const turn = (this._turn = (this._turn ?? 0) + 1);
    const model = this.model as ViewerModel;
    this._close();
    this._say('Opening the volume…');
    try {
      const [{ createViewer }, source] = await Promise.all([import('../viewer/index.ts'), model.findSources()]);
      if (turn !== this._turn) {
        return;
      }
      const handle = await createViewer(this.el, {
        source,
        place: 'notebook',
        state: this.model.get('state') as ViewerState,
        server: PageConfig.getBaseUrl(),
        onState: () => void this._sendState?.invoke()
      });
      if (turn !== this._turn) {
        handle.dispose();
        return;
      }
      this._note?.remove();
      this._handle = handle;
      handle.setVisible(this._isSeen ?? true);
    } catch (error) {
      if (turn === this._turn) {
        this._say(error instanceof Error ? error.message : String(error));
      }
    }
  }

  private _close(): void {
    this._handle?.dispose();
    this._handle = undefined;
  }

  /** Shows what Python, or another view, has set. */
  private _takeState(): void {
    const asked = this.model.get('state') as ViewerState;
    if (!this._handle || Object.keys(asked).length === 0) {
      return;
    }
    const present = this._handle.getState();
    const next = laidOver(present, asked);
    if (!JSONExt.deepEqual(next as never, present as never)) {
      this._handle.setState(next);
    }
  }

  private _share(): void {
    const state = this._handle?.getState();
    if (state && !JSONExt.deepEqual(state as never, this.model.get('state') as never)) {
      this.model.set('state', state);
      this.model.save_changes();
    }
  }

  /** The page goes away: what Python has not heard yet it hears now. */
  private get _leave(): () => void {
    return (this._leaving ??= () => this._share());
  }

  private _setHeight(): void {
    // Not the style itself: that is the `layout` trait's.
    this.el.style.setProperty('--mct-viewer-height', this.model.get('height') as string);
  }

  private _say(text: string): void {
    const note = document.createElement('div');
    note.className = 'mct-Viewer-note';
    note.setAttribute('role', 'status');
    note.textContent = text;
    this._note?.remove();
    this._note = note;
    this.el.append(note);
  }

  // Backbone's constructor calls `render`: fields with initializers would come too late.
  declare private _handle?: ViewerHandle;
  declare private _sendState?: Throttler<void>;
  declare private _seen?: IntersectionObserver;
  declare private _isSeen?: boolean;
  declare private _note?: HTMLElement;
  declare private _turn?: number;
  declare private _leaving?: () => void;
}
