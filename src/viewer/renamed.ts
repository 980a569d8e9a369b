import type { PartialJSONObject } from '@lumino/coreutils';
import { addressIn, eachLayer, volumeNotOpen, withSource } from './addresses.ts';
import type { Chosen } from './landmarks.ts';
import { chosenAfter, landmarksOf } from './landmarks.ts';
import type { ViewerState } from './viewState.ts';

/** A state that was kept, where a volume has another name now: its layers and landmarks go by that. */
export function renamed(state: ViewerState, before: string, after: string): ViewerState {
  const [from, to] = [before, after].map(addressIn);
  const called = (name: string): string => {
    if (name === landmarksOf(before)) return landmarksOf(after);
    return name === before || name.startsWith(`${before} `) ? after + name.slice(before.length) : name;
  };
  const names = new Map<unknown, string>();
  const next = eachLayer(state, layer => {
    let isOwn = layer.name === landmarksOf(before);
    const moved = withSource(layer, url => {
      if (!url.startsWith(from)) return url;
      isOwn = true;
      return to + url.slice(from.length);
    });
    // States may come without sources.
    if (!isOwn && layer.source !== undefined) return layer;
    const name = called(String(layer.name));
    names.set(layer.name, name);
    return { ...moved, name };
  });
  const { selectedLayer, alignment } = next as { selectedLayer?: PartialJSONObject; alignment?: Chosen };
  return {
    ...next,
    ...(selectedLayer && {
      selectedLayer: { ...selectedLayer, layer: names.get(selectedLayer.layer) ?? selectedLayer.layer }
    }),
    ...(alignment && { alignment: chosenAfter(alignment, before, after) })
  };
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
  return isOne ? renamed(state, lost[0], others[0]) : state;
}
