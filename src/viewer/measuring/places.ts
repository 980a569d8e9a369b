// Places along axes of Neuroglancer's space, in metres or, without units, in the numbers of the metadata.
import type { Viewer } from 'neuroglancer/unstable/viewer.js';

/** Where a position of Neuroglancer's is. */
export function placeAt({ coordinateSpace }: Viewer, axes: readonly string[], position: ArrayLike<number>): number[] {
  const { names, scales } = coordinateSpace.value;
  return axes.map(axis => {
    const n = names.indexOf(axis);
    return position[n] * scales[n];
  });
}

/** Brings a place into the middle of the view, which stays where it is along other axes. */
export function showPlace({ position, coordinateSpace }: Viewer, axes: readonly string[], place: number[]): void {
  const { names, scales } = coordinateSpace.value;
  position.value = position.value.map((value, n) => {
    const axis = axes.indexOf(names[n]);
    return axis < 0 ? value : place[axis] / scales[n];
  });
}
