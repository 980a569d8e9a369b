import type { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ViewerPanel } from './panel.ts';

/** Moves all viewers to where one of them is moved, while it is on. */
export class ViewerLinks {
  readonly #tracker: WidgetTracker<MainAreaWidget<ViewerPanel>>;
  #isOn = false;
  /** While others follow one. */
  #isFollowing = false;

  constructor(tracker: WidgetTracker<MainAreaWidget<ViewerPanel>>) {
    this.#tracker = tracker;
    const follow = ({ content }: MainAreaWidget<ViewerPanel>): void =>
      void content.moved.connect(() => this.#follow(content));
    tracker.forEach(follow);
    tracker.widgetAdded.connect((_, widget) => follow(widget));
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set isOn(isOn: boolean) {
    this.#isOn = isOn;
    const { currentWidget } = this.#tracker;
    if (currentWidget) this.#follow(currentWidget.content);
  }

  #follow(moved: ViewerPanel): void {
    // One that is only made to follow, or that is opening, leads nobody.
    if (!this.#isOn || this.#isFollowing || this.#tracker.currentWidget?.content !== moved) return;
    const pose = moved.handle?.pose;
    if (!pose) return;
    this.#isFollowing = true;
    this.#tracker.forEach(({ content }) => {
      const { handle } = content;
      if (content !== moved && handle && JSON.stringify(handle.pose) !== JSON.stringify(pose)) handle.pose = pose;
    });
    this.#isFollowing = false;
  }
}
