import type { PartialJSONObject } from '@lumino/coreutils';
import type { Image } from './image.ts';
import type { Volume } from './initialState.ts';
import { initialState } from './initialState.ts';
import type { ViewerState } from './viewState.ts';

/** Of a view, what lies in the space of the volume. */
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
  // What Neuroglancer leaves out of its states has a default value.
  const space = Object.entries(isSameSpace ? view : first).filter(([key]) => IN_SPACE.includes(key));
  const others = Object.entries(view).filter(([key]) => !IN_SPACE.includes(key));
  const looked = layersOf(initialState(before, '', { width: 100, height: 100 }));
  const own = layersOf(first);
  const old = layersOf(view);
  const layers = old.flatMap(layer => {
    const now = own.find(each => isOf(layer, each));
    const then = looked.find(each => isOf(layer, each));
    // One that a person has added stays; one that there is no more goes.
    if (!now) return then ? [] : [layer];
    const isSameLook = JSON.stringify(now.shaderControls) === JSON.stringify(then?.shaderControls);
    return [isSameLook && now.type === layer.type ? { ...layer, source: now.source } : { ...now, name: layer.name }];
  });
  const added = own.filter(each => ![...old, ...looked].some(layer => isOf(layer, each)));
  return { ...Object.fromEntries([...space, ...others]), layers: [...layers, ...added] };
}

/**
 * Whether a layer is one that a volume has by itself: by its name or, where a person has renamed it, by what it shows.
 */
const isOf = (layer: PartialJSONObject, { name, source, localPosition }: PartialJSONObject): boolean =>
  layer.name === name ||
  (source !== undefined &&
    JSON.stringify([layer.source, layer.localPosition]) === JSON.stringify([source, localPosition]));

/** What a place in a volume depends on. */
const spaceOf = ({ image: { axes, time } }: Volume): Pick<Image, 'axes' | 'time'> => ({ axes, time });

const layersOf = ({ layers }: ViewerState): PartialJSONObject[] =>
  Array.isArray(layers) ? (layers as PartialJSONObject[]) : [];
