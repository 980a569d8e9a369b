import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { placeAt, showPlace } from './measuring/places.ts';

/** Position and zoom of a viewer, in lengths that hold for volumes of other voxels too. */
export interface Pose {
  /** By axis: metres, or the unit that the volume has. */
  position: Record<string, number>;
  /** Metres per pixel of the slices, and metres for the height of the 3-D panel. */
  scales: [number, number];
  orientations: [number[], number[]];
}

export function poseOf(viewer: Viewer): Pose {
  const { names } = viewer.coordinateSpace.value;
  const { crossSectionScale, projectionScale, crossSectionOrientation, projectionOrientation } = viewer;
  const place = placeAt(viewer, names, viewer.position.value);
  return {
    position: Object.fromEntries(names.map((name, n) => [name, place[n]])),
    scales: [
      crossSectionScale.value * crossSectionScale.canonicalVoxelPhysicalSize,
      projectionScale.value * projectionScale.canonicalVoxelPhysicalSize
    ],
    orientations: [[...crossSectionOrientation.orientation], [...projectionOrientation.orientation]]
  };
}

/** Moves a viewer there; axes that it lacks are ignored, and those without a given place stay. */
export function lookAt(viewer: Viewer, { position, scales: [slices, volume], orientations }: Pose): void {
  const { crossSectionScale, projectionScale, crossSectionOrientation, projectionOrientation } = viewer;
  showPlace(viewer, Object.keys(position), Object.values(position));
  crossSectionScale.value = slices / crossSectionScale.canonicalVoxelPhysicalSize;
  projectionScale.value = volume / projectionScale.canonicalVoxelPhysicalSize;
  crossSectionOrientation.restoreState(orientations[0]);
  projectionOrientation.restoreState(orientations[1]);
}
