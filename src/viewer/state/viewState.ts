import type { PartialJSONObject } from '@lumino/coreutils';

/** Neuroglancer's state as JSON. */
export type ViewerState = PartialJSONObject;

/**
 * The state that `asked` means for a viewer whose state is `present`. One with layers and dimensions is whole and takes
 * the present one's place: what Neuroglancer leaves out of its states has a default value, and must not keep the
 * present one. Any other is laid over the present one.
 */
export function laidOver(present: ViewerState, asked: ViewerState): ViewerState {
  return 'layers' in asked && 'dimensions' in asked ? asked : { ...present, ...asked };
}
