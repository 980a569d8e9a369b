import type { PartialJSONObject } from '@lumino/coreutils';
import { addressIn, eachLayer, volumeNotOpen, withSource } from './addresses.ts';
import type { Chosen } from './landmarks.ts';
import { chosenAfter, landmarksOf } from './landmarks.ts';
import type { ViewerState } from './viewState.ts';

/**
 * A state that was kept, where volumes have other names now: their layers and landmarks go by these. `moves`: the new
 * names by the old ones, all at once: volumes may have changed names with one another.
 */
export function renamed(state: ViewerState, moves: ReadonlyMap<string, string>): ViewerState {
  const olds = longestFirst([...moves.keys()]);
  const names = new Map<unknown, string>();
  const next = eachLayer(state, layer => {
    const { name } = layer;
    const marked = olds.find(old => name === landmarksOf(old));
    if (marked !== undefined) {
      const landmarks = landmarksOf(moves.get(marked)!);
      names.set(name, landmarks);
      return { ...layer, name: landmarks };
    }
    let own: string | undefined;
    const moved = withSource(layer, url => {
      const of = olds.find(old => url.startsWith(addressIn(old)));
      if (of === undefined) return url;
      own = of;
      return addressIn(moves.get(of)!) + url.slice(addressIn(of).length);
    });
    // States may come without sources.
    if (layer.source === undefined) own = olds.find(old => isCalledBy(String(name), old));
    if (own === undefined) return layer;
    const isOwn = isCalledBy(String(name), own);
    names.set(name, isOwn ? moves.get(own)! + String(name).slice(own.length) : String(name));
    return { ...moved, name: names.get(name)! };
  });
  const { selectedLayer, alignment } = next as { selectedLayer?: PartialJSONObject; alignment?: Chosen };
  return {
    ...next,
    ...(selectedLayer && {
      selectedLayer: { ...selectedLayer, layer: names.get(selectedLayer.layer) ?? selectedLayer.layer }
    }),
    ...(alignment && { alignment: chosenAfter(alignment, moves) })
  };
}

/** Of names that begin alike the longest is meant. */
const longestFirst = (names: readonly string[]): string[] => names.toSorted((a, b) => b.length - a.length);

/** Whether a layer is called by its volume. */
const isCalledBy = (layer: string, volume: string): boolean => layer === volume || layer.startsWith(`${volume} `);

/**
 * A state that was kept, without the layers and landmarks of volumes that are shown no more. `shown`: those that are.
 */
export function without(state: ViewerState, volumes: readonly string[], shown: readonly string[]): ViewerState {
  if (volumes.length === 0 || !Array.isArray(state.layers)) return state;
  const marks = volumes.map(landmarksOf);
  const names = longestFirst([...volumes, ...shown]);
  const layers = (state.layers as PartialJSONObject[]).filter(layer => {
    const name = String(layer.name);
    let isOf = marks.includes(name);
    // States may come without sources.
    if (layer.source === undefined) isOf ||= volumes.includes(names.find(each => isCalledBy(name, each)) ?? '');
    withSource(layer, url => {
      isOf ||= volumes.some(name => url.startsWith(addressIn(name)));
      return url;
    });
    return !isOf;
  });
  const { alignment } = state as { alignment?: Chosen };
  const isAligned = alignment && [alignment.moving, alignment.fixed].some(name => volumes.includes(name));
  const { alignment: _, ...others } = state;
  return { ...(isAligned ? others : state), layers };
}

/** A state that was kept, of volumes of which one may have been moved since: `names` are those that are open now. */
export function goingOn(state: ViewerState, names: readonly string[]): ViewerState {
  const kept = new Set<string>();
  eachLayer(state, layer =>
    withSource(layer, url => {
      const name = volumeNotOpen(url);
      if (name !== null) kept.add(name);
      return url;
    })
  );
  const lost = [...kept].filter(name => !names.includes(name));
  const others = names.filter(name => !kept.has(name));
  // Which of several is which cannot be told. An image of a collection has its own name as soon as it is chosen.
  const isOne = lost.length === 1 && others.length === 1 && !lost[0].startsWith(`${others[0]}/`);
  return isOne ? renamed(state, new Map([[lost[0], others[0]]])) : state;
}
