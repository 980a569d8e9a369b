import { RefCounted } from 'neuroglancer/unstable/util/disposable.js';

/** In place of Neuroglancer's class of this name, which takes the focus whenever nobody has it: here a click gives it. */
export class AutomaticallyFocusedElement extends RefCounted {
  readonly element: HTMLElement;

  constructor(element: HTMLElement) {
    super();
    this.element = element;
    element.tabIndex = -1;
    this.registerEventListener(element, 'pointerdown', (event: Event) => {
      if (event.target === element) element.focus({ preventScroll: true });
    });
  }
}
