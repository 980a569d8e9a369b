import type { ViewerPanel } from './panel.ts';
import type { Viewers } from './viewers.ts';

/** Moves all viewers to where one of them is moved, while it is on. */
export class ViewerLinks {
  readonly #viewers: Viewers;
  #isOn = false;
  /** While others follow one. */
  #isFollowing = false;

  constructor(viewers: Viewers) {
    this.#viewers = viewers;
    const follow = (panel: ViewerPanel): void => void panel.moved.connect(() => this.#follow(panel));
    for (const panel of viewers) follow(panel);
    viewers.added.connect((_, panel) => follow(panel));
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set isOn(isOn: boolean) {
    this.#isOn = isOn;
    const { current } = this.#viewers;
    if (current) this.#follow(current);
  }

  #follow(moved: ViewerPanel): void {
    // One that is only made to follow, or that is opening, leads nobody.
    if (!this.#isOn || this.#isFollowing || this.#viewers.current !== moved) return;
    const pose = moved.handle?.pose;
    if (!pose) return;
    this.#isFollowing = true;
    for (const panel of this.#viewers) {
      const { handle } = panel;
      if (panel !== moved && handle && JSON.stringify(handle.pose) !== JSON.stringify(pose)) handle.pose = pose;
    }
    this.#isFollowing = false;
  }
}
