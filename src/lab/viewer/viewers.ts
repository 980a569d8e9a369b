import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { FocusTracker } from '@lumino/widgets';
import type { Widget } from '@lumino/widgets';
import type { ViewerPanel } from './panel.ts';

/** All pictures of the page, in tabs of their own and in documents, and which of them was used last. */
export class Viewers {
  readonly #focus = new FocusTracker<Widget>();
  readonly #hosts = new Map<ViewerPanel, Widget>();
  readonly #added = new Signal<this, ViewerPanel>(this);
  readonly #currentChanged = new Signal<this, void>(this);

  constructor() {
    this.#focus.currentChanged.connect(() => this.#currentChanged.emit());
  }

  /** Knows a picture until it is gone. `host`: the tab that it is in, by which it is used. */
  add(panel: ViewerPanel, host: Widget): void {
    this.#hosts.set(panel, host);
    this.#focus.add(host);
    panel.disposed.connect(() => {
      this.#hosts.delete(panel);
      this.#currentChanged.emit();
    });
    this.#added.emit(panel);
    this.#currentChanged.emit();
  }

  /** Is to be told where a picture was hidden in its tab, or shown again. */
  notice(): void {
    this.#currentChanged.emit();
  }

  /** Pictures that no tab shows something else in place of. */
  get #shown(): ViewerPanel[] {
    return [...this].filter(panel => !panel.isHidden);
  }

  /** The picture that was used last; null where there is none. */
  get current(): ViewerPanel | null {
    const used = (panel: ViewerPanel): number => this.#focus.focusNumber(this.hostOf(panel));
    // Tabs that have come with the layout have not been used yet: the last one of them.
    return this.#shown.toSorted((a, b) => used(a) - used(b)).at(-1) ?? null;
  }

  /** The tab that a picture is in. */
  hostOf(panel: ViewerPanel): Widget {
    return this.#hosts.get(panel)!;
  }

  get size(): number {
    return this.#shown.length;
  }

  [Symbol.iterator](): Iterator<ViewerPanel> {
    return this.#hosts.keys();
  }

  get added(): ISignal<this, ViewerPanel> {
    return this.#added;
  }

  /** Another one may have been used last. */
  get currentChanged(): ISignal<this, void> {
    return this.#currentChanged;
  }
}

export const IViewers = new Token<Viewers>('microct-io-vis:IViewers', 'The pictures of the page.');
