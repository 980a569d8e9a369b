import { RefCounted } from 'neuroglancer/unstable/util/disposable.js';

/**
 * In place of Neuroglancer's class of this name, which takes the focus whenever nobody has it: here a click or the Tab
 * key gives it.
 */
export class AutomaticallyFocusedElement extends RefCounted {
  readonly element: HTMLElement;

  constructor(element: HTMLElement) {
    super();
    this.element = element;
    // Of the elements that Neuroglancer hears keys from only the panels, one after another, have a place of their own.
    element.tabIndex = element.classList.contains('neuroglancer-rendered-data-panel') ? 0 : -1;
    this.registerEventListener(element, 'pointerdown', (event: Event) => {
      if (event.target === element) element.focus({ preventScroll: true });
    });
  }
}
