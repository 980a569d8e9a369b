// Neuroglancer writes coordinates without what is behind the point, as though voxels began at whole numbers. Where they
// have their centres there, as in OME-Zarr, the left half of each would be told as the voxel before it.
import type { CoordinateSpace } from 'neuroglancer/unstable/coordinate_transform.js';
import {
  TrackableDataSelectionState,
  capturePersistentViewerSelectionState
} from 'neuroglancer/unstable/layer/index.js';
import { MousePositionWidget, PositionWidget } from 'neuroglancer/unstable/widget/position_widget.js';

/** Whole number for a place along an axis. */
function told(place: number, { bounds }: CoordinateSpace, axis: number): number {
  return bounds.voxelCenterAtIntegerCoordinates[axis] ? Math.round(place) : Math.floor(place);
}

interface MouseReadout {
  element: HTMLElement;
  mouseState: { active: boolean; position: ArrayLike<number> };
  coordinateSpace: { value: CoordinateSpace | undefined };
}
interface PositionReadout {
  position: { value: ArrayLike<number> | undefined; valid: boolean };
  coordinateSpace: CoordinateSpace | undefined;
  dimensionWidgetList: { coordinate: HTMLInputElement; dimensionIndex: number }[];
}

const mouse = MousePositionWidget.prototype as unknown as { updateView(this: MouseReadout): void };
const { updateView } = mouse;
mouse.updateView = function () {
  const { element, mouseState, coordinateSpace } = this;
  const space = coordinateSpace.value;
  const position = space && Array.from(mouseState.position ?? [], (place, axis) => told(place, space, axis));
  updateView.call({ element, mouseState: { active: mouseState.active, position: position ?? [] }, coordinateSpace });
};

const middle = PositionWidget.prototype as unknown as {
  updateView(this: PositionReadout): void;
  getPositionText(this: PositionReadout): string;
};
const { updateView: updateMiddle } = middle;
middle.updateView = function () {
  updateMiddle.call(this);
  const { coordinateSpace, position } = this;
  if (!coordinateSpace || !position.value) return;
  for (const { coordinate, dimensionIndex } of this.dimensionWidgetList)
    coordinate.value = String(told(position.value[dimensionIndex], coordinateSpace, dimensionIndex));
};

middle.getPositionText = function () {
  const { coordinateSpace, position } = this;
  if (!coordinateSpace || !position.valid) return '';
  return Array.from(position.value ?? [], (place, axis) => told(place, coordinateSpace, axis)).join(', ');
};

// The selection is a voxel: its centre stands for the place of the mouse.
TrackableDataSelectionState.prototype.capture = function (canRetain = false) {
  const captured = capturePersistentViewerSelectionState(this.layerSelectedValues);
  if (canRetain && captured === undefined) return;
  const centre = (place: number, axis: number): number => told(place, captured!.coordinateSpace, axis);
  this.value = captured && { ...captured, position: captured.position?.map(centre) };
};
