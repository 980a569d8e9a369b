import { coordinateTransformSpecificationFromJson } from 'neuroglancer/unstable/coordinate_transform.js';
import { makeLayer } from 'neuroglancer/unstable/layer/index.js';
import type { LayerDataSource } from 'neuroglancer/unstable/layer/layer_data_source.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { AnnotationUserLayer } from '../layers/annotationLayer.ts';
import { annotationLayersOf, holdStill } from '../layers/annotationLayer.ts';
import { layersThatShow } from '../layers/layerLook.ts';
import type { Chosen } from '../state/landmarks.ts';
import { landmarksOf } from '../state/landmarks.ts';
import type { Transform } from '../state/layers.ts';
import { isPlaced, transformOf } from '../state/layers.ts';
import type { Volume } from '../volume/volume.ts';
import type { Affine } from './alignment.ts';
import { chained, inverted } from './alignment.ts';
import { choiceOf } from './alignmentChoice.ts';
import type { Annotation } from './measurements.ts';
import { fromState, placeOf, toState } from './measurements.ts';
import { showPlace } from './places.ts';
import { spaceOf } from './space.ts';
import { moved } from './vectors.ts';

/** Colours of the points on the first volume, and on the others: to be told apart on grey, whoever sees them. */
const COLOURS = ['#33ddff', '#ff8c1a'];
const TOOL = 'annotatePoint';

/**
 * Points on the volumes of a viewer, each in a volume's own space, so that they go with it, and where the volumes lie.
 * Points that have the same name on two volumes are a pair.
 */
export class LandmarkLayers {
  readonly #viewer: Viewer;
  readonly #volumes: Volume[];

  constructor(viewer: Viewer, volumes: Volume[]) {
    this.#viewer = viewer;
    this.#volumes = volumes;
  }

  /** Which volume is aligned to which, as the view keeps it; null: nothing is chosen. */
  get chosen(): Chosen | null {
    return choiceOf(this.#viewer).value;
  }

  set chosen(chosen: Chosen) {
    choiceOf(this.#viewer).value = chosen;
  }

  #layer({ name }: Volume): AnnotationUserLayer | undefined {
    return annotationLayersOf(this.#viewer).find(({ managedLayer }) => managedLayer.name === landmarksOf(name));
  }

  /** The landmarks of a volume, in its voxels. */
  on(volume: Volume): Annotation[] {
    const space = spaceOf(volume.image);
    const stored = this.#layer(volume)?.localAnnotations?.toJSON() ?? [];
    return stored.flatMap(json => fromState(json, space) ?? []).filter(({ kind }) => kind === 'point');
  }

  /** Sets the landmarks of a volume. */
  set(volume: Volume, landmarks: Annotation[]): void {
    const space = spaceOf(volume.image);
    const json = landmarks.map(each => toState(each, space));
    const layer = this.#layer(volume);
    if (layer) layer.localAnnotations?.restoreState(json);
    else if (json.length > 0) this.#add(volume, json);
  }

  /** Gives landmarks that have just been set the lowest numbers that are free as names. */
  number(): void {
    for (const volume of this.#volumes) {
      const landmarks = this.on(volume);
      if (landmarks.every(({ name }) => name !== '')) continue;
      const taken = new Set(landmarks.map(({ name }) => name));
      const free = (): string => {
        let n = 1;
        while (taken.has(String(n))) n++;
        taken.add(String(n));
        return String(n);
      };
      this.set(
        volume,
        landmarks.map(each => (each.name === '' ? { ...each, name: free() } : each))
      );
    }
  }

  /** The volume whose landmarks are set by clicks; null where none are. */
  get placing(): Volume | null {
    const { selectedLayer } = this.#viewer;
    const isPlacing = (volume: Volume): boolean => {
      const layer = this.#layer(volume);
      return layer !== undefined && layer.managedLayer === selectedLayer.layer && layer.tool.value?.toJSON() === TOOL;
    };
    return this.#volumes.find(isPlacing) ?? null;
  }

  set placing(volume: Volume | null) {
    for (const layer of annotationLayersOf(this.#viewer)) layer.tool.restoreState(undefined);
    if (!volume) return;
    const layer = this.#layer(volume) ?? this.#add(volume, []);
    this.#viewer.selectedLayer.layer = layer.managedLayer;
    layer.tool.restoreState(TOOL);
    holdStill(this.#viewer);
  }

  /** Colour of the points on a volume. */
  colourOf(volume: Volume): string {
    return COLOURS[volume === this.#volumes[0] ? 0 : 1];
  }

  #add(volume: Volume, annotations: Record<string, unknown>[]): AnnotationUserLayer {
    const { layerSpecification } = this.#viewer;
    const managed = makeLayer(layerSpecification, landmarksOf(volume.name), {
      type: 'annotation',
      source: { url: 'local://annotations', transform: landmarkTransform(volume, this.placeOf(volume)) },
      tab: 'annotations',
      annotationColor: this.colourOf(volume),
      annotations
    });
    layerSpecification.add(managed);
    return managed.layer as AnnotationUserLayer;
  }

  /** Affine from where the metadata places a volume to where it is shown, in metres; null where both are the same. */
  placeOf(volume: Volume): Affine | null {
    const source = sourcesOf(this.#viewer, volume).at(0);
    const shown = source?.spec.transform;
    if (!shown?.transform) return null;
    const { rank, scales } = shown.outputSpace;
    const own = transformOf(volume);
    const names = Object.keys(own.outputDimensions);
    if (rank !== names.length) return null;
    const matrix = Array.from({ length: rank }, (_, row) =>
      Array.from({ length: rank + 1 }, (_, k) => shown.transform![k * (rank + 1) + row])
    );
    const place = chained(inverted(inLengths(own.matrix, stepsOf(own))), inLengths(matrix, [...scales]));
    const axes = spaceOf(volume.image).axes.map(axis => names.indexOf(axis));
    const found = axes.map(n => [...axes.map(k => place[n][k]), place[n][rank]]);
    return isNone(found, stepsOf(own)[axes[0]]) ? null : found;
  }

  /** Shows a volume, its labels and its landmarks elsewhere; null: where the metadata has them. */
  setPlace(volume: Volume, place: Affine | null): void {
    for (const each of this.#volumes.filter(({ url }) => url.startsWith(volume.url))) {
      for (const source of sourcesOf(this.#viewer, each)) setTransform(source, volumeTransform(each, place));
      const own = this.#layer(each)?.dataSources.at(0);
      if (own) setTransform(own, landmarkTransform(each, place));
    }
  }

  /** Shows a place of a volume in the middle. */
  show(volume: Volume, voxel: number[]): void {
    const space = spaceOf(volume.image);
    const own = placeOf(voxel, space);
    const place = this.placeOf(volume);
    showPlace(this.#viewer, space.axes, place ? moved(place, own) : own);
  }
}

/** Neuroglancer's sources of a volume: one for each of its layers. */
const sourcesOf = (viewer: Viewer, volume: Volume): LayerDataSource[] =>
  layersThatShow(viewer, volume).flatMap(({ layer }) => layer?.dataSources.slice(0, 1) ?? []);

function setTransform(source: LayerDataSource, json: Transform | undefined): void {
  const transform = coordinateTransformSpecificationFromJson(json);
  const { loadState } = source;
  if (loadState !== undefined && loadState.error === undefined) loadState.transform.spec = transform;
  else source.spec = { ...source.spec, transform };
}

const stepsOf = ({ outputDimensions }: Transform): number[] => Object.values(outputDimensions).map(([step]) => step);

/** Matrices with the translation in lengths in place of voxels of `steps`, and the other way round. */
const inLengths = (matrix: Affine, steps: number[]): Affine =>
  matrix.map((row, n) => row.map((value, k) => (k < matrix.length ? value : value * steps[n])));
const inVoxels = (matrix: Affine, steps: number[]): Affine =>
  inLengths(
    matrix,
    steps.map(step => 1 / step)
  );

/** Transform of a volume to where it is shown; undefined where Neuroglancer needs none. */
function volumeTransform(volume: Volume, place: Affine | null): Transform | undefined {
  const own = transformOf(volume);
  if (!place) return isPlaced(volume) ? own : undefined;
  const names = Object.keys(own.outputDimensions);
  const { axes } = spaceOf(volume.image);
  // Time and channels stay.
  const whole = names.map((name, n) => {
    const row = axes.indexOf(name);
    const factors = names.map((other, k) => (row < 0 ? Number(n === k) : (place[row][axes.indexOf(other)] ?? 0)));
    return [...factors, row < 0 ? 0 : place[row][axes.length]];
  });
  const matrix = inVoxels(chained(inLengths(own.matrix, stepsOf(own)), whole), stepsOf(own));
  return { ...own, matrix };
}

function landmarkTransform(volume: Volume, place: Affine | null): Transform {
  const { axes, scale } = spaceOf(volume.image);
  const own = transformOf(volume).outputDimensions;
  const identity = axes.map((_, n) => [...axes.map((_, k) => Number(k === n)), 0]);
  const outputDimensions = Object.fromEntries(axes.map(axis => [axis, own[axis]]));
  return { matrix: inVoxels(place ?? identity, scale), outputDimensions };
}

/** Whether a place is the metadata's own, up to rounding. `step`: a voxel. */
const isNone = (place: Affine, step: number): boolean =>
  place.every((row, n) =>
    row.every((value, k) =>
      k < place.length ? Math.abs(value - Number(k === n)) < 1e-9 : Math.abs(value) < 1e-6 * step
    )
  );
