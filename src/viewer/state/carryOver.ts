import type { PartialJSONObject } from '@lumino/coreutils';
import type { Image } from '../volume/image.ts';
import type { Volume } from '../volume/volume.ts';
import { firstLook } from './firstLook.ts';
import type { Chosen } from './landmarks.ts';
import { chosenAfter, isLandmarks, landmarksOf } from './landmarks.ts';
import { transformOf } from './layers.ts';
import type { ViewerState } from './viewState.ts';

/** Keys of a view that depend on the space of the volume. */
const IN_SPACE = [
  'dimensions',
  'position',
  'crossSectionScale',
  'crossSectionOrientation',
  'projectionScale',
  'projectionOrientation'
];

/**
 * The view of volumes that have been written anew: as it was, but with the layers' first look. Where that is another
 * place or another scale, it is the first look altogether; contrast and colours stay where the new volume's own are
 * what the old one's were.
 *
 * @param first the first look at the new volumes
 */
export function carriedOver(view: ViewerState, before: Volume[], after: Volume[], first: ViewerState): ViewerState {
  const isSameSpace = JSON.stringify(spaceOf(before[0])) === JSON.stringify(spaceOf(after[0]));
  // Values that Neuroglancer leaves out of its states are defaults.
  const space = Object.entries(isSameSpace ? view : first).filter(([key]) => IN_SPACE.includes(key));
  const others = Object.entries(view).filter(([key]) => !IN_SPACE.includes(key));
  const looked = layersOf(firstLook(before, '', { width: 100, height: 100 }));
  const own = layersOf(first);
  const old = layersOf(view);
  // Landmarks and moves in voxels of other lengths do not hold for the new volumes.
  const unlike = before.filter(volume => !after.some(each => each.name === volume.name && isAlike(volume, each)));
  const layers = old.flatMap(layer => {
    if (unlike.some(({ name }) => layer.name === landmarksOf(name))) return [];
    const now = own.find(each => isOf(layer, each));
    const then = looked.find(each => isOf(layer, each));
    // One that a person has added stays; one that there is no more goes.
    if (!now) return then ? [] : [layer];
    const isSameLook = JSON.stringify(now.shaderControls) === JSON.stringify(then?.shaderControls);
    const isUnlike = unlike.some(({ url }) => urlOf(then?.source)?.startsWith(url));
    const source = isUnlike ? now.source : inItsPlace(layer, then, now);
    return [isSameLook && now.type === layer.type ? { ...layer, source } : { ...now, name: layer.name, source }];
  });
  const added = own.filter(each => ![...old, ...looked].some(layer => isOf(layer, each)));
  return { ...Object.fromEntries([...space, ...others]), layers: [...layers, ...added] };
}

/**
 * The view of a volume whose place another one takes that was made of it: the same voxels, as near, in the same
 * contrast and colours, where they are of the same type. It is the one of `number` in `before` and `after`; what else
 * is shown stays.
 */
export function handedOn(
  number: number,
  view: ViewerState,
  before: Volume[],
  after: Volume[],
  first: ViewerState
): ViewerState {
  const [was, is] = [before[number], after[number]];
  const own = layersOf(firstLook([is], '', { width: 100, height: 100 }));
  const old = layersOf(firstLook([was], '', { width: 100, height: 100 }));
  const others = [before, after].map(volumes => layersOf(firstLook(volumes, '', { width: 100, height: 100 })));
  const isSameSpace = JSON.stringify(transformOf(was)) === JSON.stringify(transformOf(is));
  const isSameType = was.image.dtype === is.image.dtype;
  const names = new Map<unknown, unknown>();
  const layers = layersOf(view).flatMap(layer => {
    const n = old.findIndex(each => isOf(layer, each));
    if (layer.name === landmarksOf(was.name)) return landmarksOn(layer, is);
    if (n < 0) return [onSameVoxels(inNewPlace(layer, others), view, first)];
    const now = own.at(n);
    if (!now) return [];
    const name = layer.name === old[n].name ? now.name : layer.name;
    names.set(layer.name, name);
    if (!isSameType || layer.type !== now.type) return [{ ...now, name }];
    return [{ ...layer, name, source: isSameSpace ? inItsPlace(layer, old[n], now) : now.source }];
  });
  const known = layersOf(view).map(({ name }) => name);
  // One of another volume that a person has renamed or removed does not come back.
  const added = layersOf(first).filter(
    each =>
      !layers.some(layer => isOf(layer, each)) &&
      !known.includes(each.name) &&
      !others[0].some(({ name }) => name === each.name)
  );
  const isSameRank =
    Object.keys((view.dimensions ?? {}) as object).join() === Object.keys(first.dimensions as object).join();
  const { selectedLayer, alignment } = view as { selectedLayer?: PartialJSONObject; alignment?: Chosen };
  return {
    // With other axes, the place is another one.
    ...(isSameRank
      ? view
      : { ...view, ...Object.fromEntries(Object.entries(first).filter(([key]) => IN_SPACE.includes(key))) }),
    // A voxel of other lengths is the same voxel.
    dimensions: first.dimensions,
    layers: [...layers, ...added],
    ...(selectedLayer && {
      selectedLayer: { ...selectedLayer, layer: names.get(selectedLayer.layer) ?? selectedLayer.layer }
    }),
    ...(alignment && { alignment: chosenAfter(alignment, new Map([[was.name, is.name]])) })
  } as ViewerState;
}

/** A layer of another volume, which may have taken its voxels' lengths from the first one. */
function inNewPlace(layer: PartialJSONObject, [before, after]: PartialJSONObject[][]): PartialJSONObject {
  const then = before.find(each => isOf(layer, each));
  const now = then && after.find(each => each.name === then.name);
  return now ? { ...layer, source: inItsPlace(layer, then, now) } : layer;
}

/** What a person has drawn, on the same voxels where these have other lengths now. */
function onSameVoxels(layer: PartialJSONObject, before: ViewerState, after: ViewerState): PartialJSONObject {
  const source = layer.source as { transform?: { outputDimensions?: Dimensions } } | undefined;
  const drawn = source?.transform?.outputDimensions;
  if (layer.type !== 'annotation' || !drawn || isLandmarks(String(layer.name))) return layer;
  const [were, are] = [before, after].map(({ dimensions }) => (dimensions ?? {}) as Dimensions);
  const outputDimensions = Object.fromEntries(
    Object.entries(drawn).map(([axis, [edge, unit]]): [string, [number, string]] =>
      axis in were && axis in are ? [axis, [(edge / were[axis][0]) * are[axis][0], are[axis][1]]] : [axis, [edge, unit]]
    )
  );
  return { ...layer, source: { ...source, transform: { ...source.transform, outputDimensions } } };
}

/** Axes of a space, with a voxel's edge along each and its unit. */
type Dimensions = Record<string, [number, string]>;

/** Landmarks on the same voxels of the volume that took their volume's place. */
function landmarksOn(layer: PartialJSONObject, volume: Volume): PartialJSONObject[] {
  const source = layer.source as { transform?: { outputDimensions?: object } } | undefined;
  const axes = Object.keys(source?.transform?.outputDimensions ?? {});
  const own = transformOf(volume).outputDimensions;
  if (!axes.every(axis => axis in own)) return [];
  const outputDimensions = Object.fromEntries(axes.map(axis => [axis, own[axis]]));
  const transform = { ...source?.transform, outputDimensions };
  return [{ ...layer, name: landmarksOf(volume.name), source: { ...source, transform } }];
}

/**
 * Whether a layer is one that a volume has by itself: by its name or, where a person has renamed it, by what it shows.
 */
const isOf = (layer: PartialJSONObject, { name, source, localPosition }: PartialJSONObject): boolean =>
  layer.name === name ||
  (source !== undefined &&
    JSON.stringify([layer.source, layer.localPosition]) === JSON.stringify([source, localPosition]));

/** The source of a volume that has been written anew, at the place to which a person has moved the volume. */
function inItsPlace(
  { source }: PartialJSONObject,
  then: PartialJSONObject | undefined,
  now: PartialJSONObject
): PartialJSONObject['source'] {
  const transformIn = (of: unknown): PartialJSONObject | undefined =>
    (of as { transform?: PartialJSONObject } | undefined)?.transform;
  const transform = transformIn(source);
  const isMoved = transform && JSON.stringify(transform) !== JSON.stringify(transformIn(then?.source));
  return isMoved ? { url: urlOf(now.source), transform } : now.source;
}

const urlOf = (source: unknown): string | undefined =>
  typeof source === 'string' ? source : (source as { url?: string } | undefined)?.url;

const isAlike = (one: Volume, other: Volume): boolean =>
  JSON.stringify([transformOf(one), one.image.levels[0].translation]) ===
  JSON.stringify([transformOf(other), other.image.levels[0].translation]);

/** Axes and time, on which a place in a volume depends. */
const spaceOf = ({ image: { axes, time } }: Volume): Pick<Image, 'axes' | 'time'> => ({ axes, time });

const layersOf = ({ layers }: ViewerState): PartialJSONObject[] =>
  Array.isArray(layers) ? (layers as PartialJSONObject[]) : [];
