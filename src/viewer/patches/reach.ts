/** Buttons of Neuroglancer's bars, and its list of layers, which are no buttons by themselves. */
const BUTTONS =
  '.neuroglancer-viewer-top-row .neuroglancer-icon:not(.neuroglancer-position-dimension *), .neuroglancer-layer-item, .neuroglancer-layer-add-button';
/** Its fields for the place in the middle and the axes, and for which of these a panel shows. */
const FIELDS =
  '.neuroglancer-position-dimension input, .neuroglancer-position-dimension-coordinate, .neuroglancer-display-dimensions-widget-name';

/**
 * Has Neuroglancer's bars and fields be reached by Tab, used by Enter and space, and named. Answers with what undoes
 * this.
 */
export function makeReachable(element: HTMLElement): () => void {
  const name = (): void => {
    for (const each of element.querySelectorAll<HTMLElement>(`:is(${BUTTONS}):not([role])`)) {
      each.setAttribute('role', 'button');
      each.tabIndex = 0;
    }
    // What a button does next changes with what it did.
    for (const each of element.querySelectorAll<HTMLElement>(`:is(${BUTTONS})[title]:not(.neuroglancer-layer-item)`))
      if (each.title !== (each.getAttribute('aria-label') ?? '')) each.setAttribute('aria-label', each.title);
    for (const each of element.querySelectorAll<HTMLElement>('.neuroglancer-layer-item')) {
      const layer = each.querySelector('.neuroglancer-layer-item-label')?.textContent ?? '';
      const label = `Layer ${layer}: show or hide it`;
      if (each.getAttribute('aria-label') !== label) each.setAttribute('aria-label', label);
      each.setAttribute('aria-pressed', String(each.dataset.visible === 'true'));
    }
    for (const each of element.querySelectorAll(`:is(${FIELDS}):not([aria-label])`)) {
      const axis = each.closest('.neuroglancer-position-dimension')?.querySelector('input')?.value;
      const isScale = each.classList.contains('neuroglancer-position-dimension-scale');
      const isName = each.classList.contains('neuroglancer-position-dimension-name');
      const along = isName
        ? 'Name of the axis'
        : isScale
          ? `Length of a voxel along ${axis}`
          : `Position along ${axis}`;
      each.setAttribute('aria-label', axis ? along : 'Axis that the panel shows');
    }
  };
  let frame = 0;
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(name);
  });
  observer.observe(element, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['data-visible', 'title']
  });
  const press = (event: KeyboardEvent): void => {
    const at = event.target as HTMLElement;
    if ((event.key !== 'Enter' && event.key !== ' ') || !at.matches(BUTTONS)) return;
    event.preventDefault();
    event.stopPropagation();
    at.click();
  };
  // Before Neuroglancer, to which the space bar is another layout.
  element.addEventListener('keydown', press, { capture: true });
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    element.removeEventListener('keydown', press, { capture: true });
  };
}
