import type { Axis } from './image.ts';

/** Axes of space, in the order in which Neuroglancer has them. */
export const xyzOf = (axes: readonly Axis[]): Axis[] =>
  ['x', 'y', 'z'].map(name => axes.find(axis => axis.name === name)).filter(axis => axis !== undefined);
