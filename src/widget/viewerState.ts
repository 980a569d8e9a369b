import type { PartialJSONObject } from '@lumino/coreutils';
import type { ViewerState } from '../viewer/index.ts';

/**
 * The state as it is shared with Python and with other pages: without the addresses of the layers, which hold in one page only.
 */
export function withoutSources(state: ViewerState): ViewerState {
  return 'layers' in state ? { ...state, layers: layersOf(state).map(({ source: _, ...layer }) => layer) } : state;
}

/**
 * The state that `asked` means for a viewer whose state is `present`: one with layers is whole and takes the present one's place, one without
 * is laid over it. Both are without addresses, which the viewer finds by the layers' names.
 */
export function laidOver(present: ViewerState, asked: ViewerState): ViewerState {
  return 'layers' in asked ? asked : { ...present, ...asked };
}

function layersOf(state: ViewerState): PartialJSONObject[] {
  return Array.isArray(state.layers) ? (state.layers as PartialJSONObject[]) : [];
}
