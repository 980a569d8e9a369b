import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { Banner } from './elements/banner.ts';
import { Neuroglancer } from './neuroglancer.ts';
import type { ViewerState } from './state/viewState.ts';
import type { DataEvents } from './worker/dataContext.ts';

/** What is heard of the Neuroglancer that is shown: often, where the state changes. */
interface RecoveryEvents extends DataEvents {
  onState: () => void;
  /** Another viewer is there, with its state in place; null: it ends. */
  onViewer: (viewer: Viewer | null) => void;
}

/** A WebGL context that is lost sooner, in milliseconds, is not replaced unasked. */
const LOST_SOON = 5000;

/**
 * Neuroglancer in an element, recovered from a lost WebGL context: it is made anew when the browser has taken its
 * context away, and when all is to be read again. Its state is kept meanwhile.
 */
export class RecoverableNeuroglancer {
  readonly #stage: HTMLElement;
  readonly #look: () => ConstructorParameters<typeof Neuroglancer>[1];
  readonly #events: RecoveryEvents;
  readonly #banner: Banner;
  /** Null while there is no context, and before the beginning and after the end. */
  #current: Neuroglancer | null = null;
  /** The first one, made while the volumes are read: its graphics take a while, too. */
  #ahead: Neuroglancer | null = null;
  #failedAhead: string | null = null;
  /** State to show when there is a context again, and where Neuroglancer cannot take that. */
  #kept: ViewerState = {};
  #instead: ViewerState = {};
  #isVisible = true;
  #isDisposed = false;

  /** @param look of the next one; a function, since its name changes */
  constructor(
    stage: HTMLElement,
    look: () => ConstructorParameters<typeof Neuroglancer>[1],
    events: RecoveryEvents,
    banner: Banner
  ) {
    this.#stage = stage;
    this.#look = look;
    this.#events = events;
    this.#banner = banner;
  }

  get current(): Neuroglancer | null {
    return this.#current;
  }

  /** @throws Error where there is no WebGL 2 */
  makeAhead(): void {
    this.#ahead = this.#make();
  }

  forgetAhead(): void {
    this.#ahead?.dispose();
    this.#ahead = this.#failedAhead = null;
  }

  /** Makes the decoders of chunks with this compression ready. */
  prepareDecoding(compression: string[]): void {
    this.#ahead?.prepareDecoding(compression);
  }

  /**
   * Shows the first one.
   *
   * @param instead what is shown where Neuroglancer cannot take the state
   * @throws Error where there is no WebGL 2
   */
  begin(state: ViewerState, instead: ViewerState): void {
    this.#kept = state;
    this.#instead = instead;
    this.#build();
  }

  get state(): ViewerState {
    return this.#current?.getState() ?? this.#kept;
  }

  /** Answers with what was wrong with the state, which is told then; null: nothing. */
  setState(state: ViewerState): string | null {
    this.#kept = state;
    return this.#current && this.#take(this.#current, state, this.#current.getState());
  }

  /** Makes Neuroglancer anew: with it, all that it has read and all that it could not read is forgotten. */
  rebuild(state = this.state, instead = this.#instead): void {
    if (this.#isDisposed) return;
    this.#drop(state);
    this.#instead = instead;
    this.#banner.hide();
    try {
      this.#build();
    } catch (error) {
      this.#banner.show((error as Error).message);
    }
  }

  get isVisible(): boolean {
    return this.#isVisible;
  }

  /** One that is not visible fetches and draws nothing. */
  set isVisible(value: boolean) {
    this.#isVisible = value;
    this.#current?.setVisible(value);
    if (value && !this.#current && !this.#banner.isShown) this.rebuild();
  }

  dispose(): void {
    this.#isDisposed = true;
    try {
      this.#drop();
    } finally {
      // Whatever could not be told, or ended.
      this.#current?.dispose();
      this.#current = null;
    }
  }

  /** Neuroglancer without a state, which fetches and draws nothing. */
  #make(): Neuroglancer {
    const began = performance.now();
    const ifCurrent = (work: () => void): void => {
      if (this.#current === made) work();
    };
    const made: Neuroglancer = new Neuroglancer(this.#stage, this.#look(), {
      onFailure: message => {
        if (this.#ahead === made) this.#failedAhead = message;
        ifCurrent(() => this.#events.onFailure(message));
      },
      onWaiting: seconds => ifCurrent(() => this.#events.onWaiting(seconds)),
      confirm: this.#events.confirm,
      onState: () => ifCurrent(this.#events.onState),
      onContextLost: () => {
        // Not within the event, which others hear too.
        setTimeout(() => ifCurrent(() => this.#recover(performance.now() - began)));
      }
    });
    made.setVisible(false);
    return made;
  }

  #build(): void {
    if (this.#ahead?.isLost) this.forgetAhead();
    const made = this.#ahead ?? this.#make();
    this.#ahead = null;
    this.#current = made;
    this.#take(made, this.#kept, this.#instead);
    made.setVisible(this.#isVisible);
    if (this.#failedAhead !== null) this.#banner.show(this.#failedAhead);
    this.#failedAhead = null;
    this.#events.onViewer(made.viewer);
  }

  /** Shows `wanted`, or `instead` where Neuroglancer cannot take it. Answers with what was wrong, or null. */
  #take(made: Neuroglancer, wanted: ViewerState, instead: ViewerState): string | null {
    try {
      made.setState(wanted);
      return null;
    } catch (error) {
      made.setState(instead);
      const wrong = `The view that was asked for cannot be shown, and is not: ${(error as Error).message}`;
      this.#banner.tell(wrong);
      return wrong;
    }
  }

  #drop(state = this.state): void {
    this.#kept = state;
    this.#events.onViewer(null);
    this.#current?.dispose();
    this.#current = null;
  }

  /**
   * The context is gone after `lived` milliseconds. One that is not seen waits, lest viewers take contexts from each
   * other in turns.
   */
  #recover(lived: number): void {
    this.#drop();
    if (lived < LOST_SOON) {
      this.#banner.show(
        'The browser has taken the graphics of this viewer away (WebGL context lost): close other viewers, then retry.'
      );
    } else if (this.#isVisible) {
      this.rebuild();
    }
  }
}
