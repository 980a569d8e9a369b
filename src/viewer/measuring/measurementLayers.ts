import type { ManagedUserLayer } from 'neuroglancer/unstable/layer/index.js';
import { makeLayer } from 'neuroglancer/unstable/layer/index.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { Json } from '../../model/json.ts';
import type { AnnotationUserLayer } from '../layers/annotationLayer.ts';
import { annotationLayersOf, holdStill } from '../layers/annotationLayer.ts';
import { isLandmarks } from '../state/landmarks.ts';
import type { Annotation, Kind, Space } from './measurements.ts';
import { fromState, placeOf, toState, voxelAt } from './measurements.ts';
import { placeAt, showPlace } from './places.ts';

/** Neuroglancer's tool for each kind. */
const TOOLS: Record<Kind, string> = {
  point: 'annotatePoint',
  line: 'annotateLine',
  box: 'annotateBoundingBox',
  ellipsoid: 'annotateSphere',
  polyline: 'annotatePolyline'
};

/** Name of the layer that is made where there is none. */
const NAME = 'measurements';

/** An annotation with the layer that it is in. */
export interface Placed {
  layer: string;
  annotation: Annotation;
  space: Space;
}

/**
 * The annotations of a viewer that are its own, without landmarks. Their space is that of the first volume, given by
 * `space`.
 */
export class MeasurementLayers {
  readonly #viewer: Viewer;
  readonly #space: Space;

  constructor(viewer: Viewer, space: Space) {
    this.#viewer = viewer;
    this.#space = space;
  }

  get #layers(): AnnotationUserLayer[] {
    return annotationLayersOf(this.#viewer).filter(({ managedLayer }) => !isLandmarks(managedLayer.name));
  }

  /** All of them, in the space of the volume; a layer of other axes is left out. */
  get all(): Placed[] {
    return this.#layers.flatMap(layer => {
      const space = this.#spaceOf(layer);
      return (space && layer.localAnnotations?.toJSON()?.flatMap(json => this.#placed(layer, json, space))) ?? [];
    });
  }

  #placed(layer: AnnotationUserLayer, json: Json, space: Space): Placed[] {
    const annotation = fromState(json, space);
    return annotation ? [{ layer: layer.managedLayer.name, annotation, space }] : [];
  }

  /** A person's own layer may have voxels of other lengths than the volume. */
  #spaceOf(layer: AnnotationUserLayer): Space | null {
    const [source] = [(layer.toJSON() as Json).source].flat() as (Json | undefined)[];
    const transform = source?.transform as Json | undefined;
    const dimensions = transform?.outputDimensions as Record<string, [number, string]> | undefined;
    if (!dimensions) return this.#space;
    const { axes, scale, first } = this.#space;
    if (Object.keys(dimensions).join() !== axes.join()) return null;
    const own = axes.map(axis => dimensions[axis][0]);
    // The first voxel's place in metres is the same.
    return { ...this.#space, scale: own, first: first.map((at, n) => (at * scale[n]) / own[n]) };
  }

  /** The kind that is being drawn; null where none is. */
  get tool(): Kind | null {
    const layer = this.#layers.find(({ managedLayer }) => managedLayer === this.#viewer.selectedLayer.layer);
    const tool = layer?.tool.value?.toJSON();
    return (Object.keys(TOOLS) as Kind[]).find(kind => TOOLS[kind] === tool) ?? null;
  }

  /** Starts drawing a kind by clicks, or ends it. */
  draw(kind: Kind | null): void {
    for (const layer of this.#layers) layer.tool.restoreState(undefined);
    if (kind === null) return;
    const { selectedLayer } = this.#viewer;
    const selected = selectedLayer.layer?.layer;
    const present = this.#layers.find(layer => layer === selected) ?? this.#layers.at(0);
    const managed = present?.managedLayer ?? this.#add([]);
    selectedLayer.layer = managed;
    managed.layer?.tool.restoreState(TOOLS[kind]);
    holdStill(this.#viewer);
  }

  /** The place in the middle of the view, in voxels. */
  get middle(): number[] {
    const place = placeAt(this.#viewer, this.#space.axes, this.#viewer.position.value);
    return voxelAt(place, this.#space);
  }

  /** Replaces all annotations by these; those that are the same already stay untouched. */
  replace(annotations: Annotation[]): void {
    const wanted = new Map(annotations.map(each => [each.id, JSON.stringify(each)]));
    const isWanted = ({ annotation }: Placed): boolean => wanted.get(annotation.id) === JSON.stringify(annotation);
    const present = this.all;
    for (const each of present) if (!isWanted(each)) this.remove(each);
    const same = new Set(present.filter(isWanted).map(({ annotation }) => annotation.id));
    this.import(annotations.filter(({ id }) => !same.has(id)));
  }

  /** Adds annotations to those that are there; one replaces another of the same id. */
  import(annotations: Annotation[]): void {
    if (annotations.length === 0) return;
    const ids = new Set(annotations.map(({ id }) => id));
    for (const { layer, annotation } of this.all)
      if (ids.has(annotation.id)) this.#edit(layer, annotation.id, () => []);
    const [layer] = this.#layers.filter(each => this.#spaceOf(each) !== null);
    const json = annotations.map(each => toState(each, (layer && this.#spaceOf(layer)) ?? this.#space));
    if (layer?.localAnnotations) {
      layer.localAnnotations.restoreState([...(layer.localAnnotations.toJSON() ?? []), ...json]);
    } else {
      this.#add(json);
    }
  }

  rename({ layer, annotation }: Placed, name: string): void {
    this.#edit(layer, annotation.id, json => [{ ...json, description: name === '' ? undefined : name }]);
  }

  remove({ layer, annotation }: Placed): void {
    this.#edit(layer, annotation.id, () => []);
  }

  /** Brings an annotation's first point, or an ellipsoid's centre, into the middle of the view. */
  show({ annotation: { kind, points }, space }: Placed): void {
    const [first, second] = points;
    const middle = kind === 'line' || kind === 'box' ? first.map((value, n) => (value + second[n]) / 2) : first;
    showPlace(this.#viewer, space.axes, placeOf(middle, space));
  }

  #edit(name: string, id: string, edit: (json: Json) => Json[]): void {
    const source = this.#layers.find(({ managedLayer }) => managedLayer.name === name)?.localAnnotations;
    source?.restoreState((source.toJSON() ?? []).flatMap(json => (json.id === id ? edit(json) : [json])));
  }

  #add(annotations: Json[]): ManagedUserLayer {
    const { layerSpecification, layerManager, coordinateSpace } = this.#viewer;
    const { names, scales, units } = coordinateSpace.value;
    const outputDimensions = Object.fromEntries(
      this.#space.axes.map(axis => [axis, [scales[names.indexOf(axis)], units[names.indexOf(axis)]]])
    );
    const managed = makeLayer(layerSpecification, layerManager.getUniqueLayerName(NAME), {
      type: 'annotation',
      source: { url: 'local://annotations', transform: { outputDimensions } },
      tab: 'annotations',
      annotationColor: '#ffcc33',
      annotations
    });
    layerSpecification.add(managed);
    return managed;
  }
}
