import { getChunkPositionFromCombinedGlobalLocalPositions } from 'neuroglancer/unstable/render_coordinate_transform.js';
import { SliceViewPanel } from 'neuroglancer/unstable/sliceview/panel.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { boxPoints, boxVoxels } from './box.ts';
import type { MeasurementLayers } from './measuring/measurementLayers.ts';
import type { Space } from './measuring/measurements.ts';
import { placeOf, voxelAt } from './measuring/measurements.ts';
import { placeAt, showPlace } from './measuring/places.ts';
import type { Image } from './volume/image.ts';

/** A voxel of level 0, and what the layers have there. Values are numbers in decimal. */
export interface Pick {
  voxel: number[];
  layers: { name: string; isLabels: boolean; value: string; level: number }[];
}

/** Members of Neuroglancer's layers of slices that are used here, one of them private in its declarations. */
interface VolumeLayer {
  /** Levels that are drawn, the finest first. */
  visibleSourcesList?: {
    source: { getValueAt(place: Float32Array, transform: unknown): unknown };
    chunkTransform: { layerRank: number; combinedGlobalLocalToChunkTransform: Float32Array };
  }[];
  localPosition: { value: Float32Array };
  tempChunkPosition: Float32Array;
}

/** Name and id of the box that a program has drawn. */
const SELECTION = 'selection';

/**
 * Properties of a view that programs read and set: in voxels of level 0 of its first volume by index, whose whole
 * numbers are centres, along z, y and x as far as the volume has them. All are null where the volume lies askew.
 */
export class Sight {
  readonly #viewer: Viewer;
  readonly #space: Space;
  readonly #lengths: number[] | null;
  readonly #measurements: MeasurementLayers;

  constructor(viewer: Viewer, image: Image, space: Space, measurements: MeasurementLayers) {
    this.#viewer = viewer;
    this.#space = space;
    const lengths = space.axes.map(name => image.axes.find(axis => axis.name === name)!.length);
    this.#lengths = image.affine ? null : lengths;
    this.#measurements = measurements;
  }

  get position(): number[] | null {
    return this.#lengths && this.#voxelAt(this.#viewer.position.value).reverse();
  }

  set position(voxel: number[] | null) {
    const { axes } = this.#space;
    if (!this.#lengths || voxel?.length !== axes.length) return;
    showPlace(this.#viewer, axes, placeOf(voxel.toReversed(), this.#space));
  }

  /** Half-open ranges, one after the other: the box that was drawn last, or else what is in sight. */
  get selection(): number[] | null {
    if (!this.#lengths) return null;
    const box = this.#measurements.all.findLast(({ annotation }) => annotation.kind === 'box')?.annotation;
    const [low, high] = box ? box.points : this.#inSight();
    return boxVoxels(low, high, this.#lengths);
  }

  /** Draws a box in the place of the one that was set before; null: takes it away. */
  set selection(ranges: number[] | null) {
    if (!this.#lengths || (ranges && ranges.length !== 2 * this.#lengths.length)) return;
    const present = this.#measurements.all.find(({ annotation }) => annotation.id === SELECTION);
    if (ranges) {
      this.#measurements.import([{ id: SELECTION, kind: 'box', name: SELECTION, points: boxPoints(ranges) }]);
    } else if (present) {
      this.#measurements.remove(present);
    }
  }

  /** Voxel under the mouse; null where the mouse is over no picture, or outside the volume. */
  get pick(): Pick | null {
    const { mouseState, layerManager } = this.#viewer;
    if (!this.#lengths || !mouseState.active) return null;
    const voxel = this.#voxelAt(mouseState.position).map(Math.round);
    if (voxel.some((value, axis) => !(value >= 0 && value < this.#lengths![axis]))) return null;
    const layers = layerManager.managedLayers.flatMap(({ name, visible, layer }) => {
      if (!visible || (layer?.type !== 'image' && layer?.type !== 'segmentation')) return [];
      const found = (layer.renderLayers as unknown as VolumeLayer[]).map(each => this.#valueIn(each)).find(Boolean);
      return found ? [{ name, isLabels: layer.type === 'segmentation', ...found }] : [];
    });
    return { voxel: voxel.reverse(), layers };
  }

  #valueIn(layer: VolumeLayer): { value: string; level: number } | null {
    if (layer.visibleSourcesList === undefined) return null;
    for (const panel of this.#panels) {
      const drawn = panel.sliceView.visibleLayers as unknown as Map<
        VolumeLayer,
        { allSources: { source: unknown }[][] }
      >;
      const levels = drawn.get(layer)?.allSources.at(0);
      if (levels) {
        const sources = levels.map(({ source }) => source);
        return valueAt(layer as Required<VolumeLayer>, sources, this.#viewer.mouseState.position);
      }
    }
    return null;
  }

  /** Those of slices, also while the page is scrolled elsewhere. */
  get #panels(): SliceViewPanel[] {
    const panels = [...this.#viewer.display.panels];
    return panels.filter((panel): panel is SliceViewPanel => panel instanceof SliceViewPanel);
  }

  /** A place of Neuroglancer's as a voxel along x, y, z. */
  #voxelAt(place: ArrayLike<number>): number[] {
    const voxel = voxelAt(placeAt(this.#viewer, this.#space.axes, place), this.#space);
    // Neuroglancer's 32-bit numbers have tails.
    return voxel.map(value => Number(value.toPrecision(12)));
  }

  /** The corners of what the slices show together; all of the volume where there are none. */
  #inSight(): [number[], number[]] {
    const { axes } = this.#space;
    const { names } = this.#viewer.coordinateSpace.value;
    const center = this.#viewer.position.value;
    const panels = this.#panels;
    if (panels.length === 0) return [axes.map(() => 0), this.#lengths!.map(length => length - 1)];
    const reach = new Float64Array(center.length);
    for (const panel of panels) {
      const { invViewMatrix, width, height, displayDimensionRenderInfo } = panel.sliceView.projectionParameters.value;
      displayDimensionRenderInfo.displayDimensionIndices.forEach((dimension: number, n: number) => {
        if (dimension < 0) return;
        const across = Math.abs(invViewMatrix[n] * width) + Math.abs(invViewMatrix[4 + n] * height);
        reach[dimension] = Math.max(reach[dimension], across / 2);
      });
    }
    const corner = (sign: 1 | -1): number[] =>
      this.#voxelAt(center.map((value, n) => value + sign * (axes.includes(names[n]) ? reach[n] : 0)));
    return [corner(-1), corner(1)];
  }
}

/** The value that is drawn at a place, and the level that it is of; null where nothing has been read there. */
function valueAt(
  layer: Required<VolumeLayer>,
  levels: unknown[],
  place: Float32Array
): { value: string; level: number } | null {
  for (const { source, chunkTransform } of layer.visibleSourcesList) {
    const { tempChunkPosition: at, localPosition } = layer;
    const { layerRank, combinedGlobalLocalToChunkTransform: transform } = chunkTransform;
    if (!getChunkPositionFromCombinedGlobalLocalPositions(at, place, localPosition.value, layerRank, transform))
      continue;
    const value = source.getValueAt(at, chunkTransform);
    if (value === null || value === undefined) continue;
    return { value: String(Array.isArray(value) ? value[0] : value), level: levels.indexOf(source) };
  }
  return null;
}
