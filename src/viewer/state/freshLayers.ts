import type { PartialJSONObject } from '@lumino/coreutils';
import type { Volume } from '../volume/volume.ts';
import { layersOf } from './layers.ts';
import type { ViewerState } from './viewState.ts';

/**
 * A whole state with the layers of volumes that it does not know yet, each over those that are below it in `first`, the
 * first look at all of them.
 *
 * @param fresh the volumes, with their labels
 */
export function withFresh(state: ViewerState, fresh: readonly Volume[], first: ViewerState): ViewerState {
  if (!Array.isArray(state.layers)) return state;
  const looked = first.layers as PartialJSONObject[];
  const names = fresh.flatMap(layersOf).map(({ name }) => name);
  const layers = [...(state.layers as PartialJSONObject[])];
  for (const [n, layer] of looked.entries()) {
    if (!names.includes(String(layer.name))) continue;
    const below = looked.slice(0, n).map(({ name }) => name);
    layers.splice(layers.findLastIndex(({ name }) => below.includes(name)) + 1, 0, layer);
  }
  return { ...state, layers };
}
