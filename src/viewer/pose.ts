import type { Viewer } from 'neuroglancer/unstable/viewer.js';

/** Position and zoom of a viewer, in lengths that hold for volumes of other voxels too. */
export interface Pose {
  /** By axis: metres, or the unit that the volume has. */
  position: Record<string, number>;
  /** Metres per pixel of the slices, and metres for the height of the 3-D panel. */
  scales: [number, number];
  orientations: [number[], number[]];
}

export function poseOf(viewer: Viewer): Pose {
  const { names, scales } = viewer.coordinateSpace.value;
  const { crossSectionScale, projectionScale, crossSectionOrientation, projectionOrientation } = viewer;
  return {
    position: Object.fromEntries(names.map((name, n) => [name, viewer.position.value[n] * scales[n]])),
    scales: [
      crossSectionScale.value * crossSectionScale.canonicalVoxelPhysicalSize,
      projectionScale.value * projectionScale.canonicalVoxelPhysicalSize
    ],
    orientations: [[...crossSectionOrientation.orientation], [...projectionOrientation.orientation]]
  };
}

/** Moves a viewer there; axes that it lacks are ignored, and those without a given place stay. */
export function lookAt(viewer: Viewer, { position, scales: [slices, volume], orientations }: Pose): void {
  const { names, scales } = viewer.coordinateSpace.value;
  const { crossSectionScale, projectionScale, crossSectionOrientation, projectionOrientation } = viewer;
  viewer.position.value = viewer.position.value.map((value, n) =>
    names[n] in position ? position[names[n]] / scales[n] : value
  );
  crossSectionScale.value = slices / crossSectionScale.canonicalVoxelPhysicalSize;
  projectionScale.value = volume / projectionScale.canonicalVoxelPhysicalSize;
  crossSectionOrientation.restoreState(orientations[0]);
  projectionOrientation.restoreState(orientations[1]);
}
