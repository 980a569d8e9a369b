const ROW = '.neuroglancer-segment-list-entry[data-id]';

/**
 * Has a click on a row of Neuroglancer's lists of segments show that segment, or hide it again: by itself only the
 * row's eye does. Answers with what undoes this.
 */
export function chooseByRow(element: HTMLElement): () => void {
  const choose = ({ target }: MouseEvent): void => {
    const at = target as Element;
    if (at.closest('.neuroglancer-icon') !== null) return;
    at.closest(ROW)?.querySelector<HTMLElement>('.neuroglancer-segment-list-entry-visible-checkbox')?.click();
  };
  element.addEventListener('click', choose);
  return () => element.removeEventListener('click', choose);
}
