import { uniqueNames } from '../protocol/names.ts';
import type { ViewerState } from '../viewer/index.ts';
import { renamed, without } from '../viewer/state/renamed.ts';
import type { Before } from './place.ts';

/** A state that was told before its volumes were moved, or `removed`, of the volumes that are shown now. */
export function whereItIs(
  state: ViewerState,
  shown: readonly { name: string; before?: Before }[],
  removed: readonly Before[]
): ViewerState {
  const known = shown.flatMap(({ name, before }) => (before ? [{ name, before }] : []));
  // Names were told apart, and those of the same path counted, in the order that they had in the state.
  const told = [...known.map(({ before }) => before), ...removed].sort(([a], [b]) => a - b);
  const names = uniqueNames(told.map(([, name]) => name));
  const called = (before: Before): string => names[told.indexOf(before)];
  const moves = new Map(known.map(({ name, before }) => [called(before), name]));
  return renamed(without(state, removed.map(called), [...moves.keys()]), moves);
}
