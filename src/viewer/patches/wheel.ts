/** Milliseconds that the hint stays. */
const SEEN = 1500;

/**
 * In a page that scrolls, leaves the wheel to the page, as maps do: the viewer gets it while it has the focus, which a
 * click gives it, and with a modifier. Who turns the wheel over the picture is told.
 *
 * @returns what ends it
 */
export function shareWheel(element: HTMLElement): () => void {
  const hint = document.createElement('div');
  hint.className = 'mct-Viewer-hint';
  hint.setAttribute('aria-hidden', 'true');
  hint.textContent = 'Click the picture to go through it with the wheel, or hold Ctrl to zoom';
  element.append(hint);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hide = (): void => hint.classList.remove('mct-mod-shown');
  const onWheel = (event: WheelEvent): void => {
    const isOurs = element.contains(document.activeElement);
    const onPicture = (event.target as Element).closest('.neuroglancer-rendered-data-panel') !== null;
    if (isOurs || !onPicture || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return hide();
    // Neuroglancer does not hear of it, and so does not keep the page from scrolling.
    event.stopImmediatePropagation();
    hint.classList.add('mct-mod-shown');
    clearTimeout(timer);
    timer = setTimeout(hide, SEEN);
  };
  element.addEventListener('wheel', onWheel, { capture: true, passive: true });
  element.addEventListener('pointerdown', hide, { capture: true });
  return () => clearTimeout(timer);
}
