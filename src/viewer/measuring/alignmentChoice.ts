import { TrackableValue } from 'neuroglancer/unstable/trackable_value.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { Chosen } from '../state/landmarks.ts';

const KEY = 'alignment';

function checked(json: unknown): Chosen | null {
  const { moving, fixed } = (json ?? {}) as Partial<Chosen>;
  return typeof moving === 'string' && typeof fixed === 'string' ? { moving, fixed } : null;
}

/** Has the viewer's state keep which volume is aligned to which. */
export const keepChoice = ({ state }: Viewer): unknown =>
  state.add(KEY, new TrackableValue<Chosen | null>(null, checked));

/** The chosen volumes; null: none yet. */
export const choiceOf = ({ state }: Viewer): TrackableValue<Chosen | null> =>
  state.children.get(KEY) as TrackableValue<Chosen | null>;
