import { inverted } from './alignment.ts';
import type { Axis, Image } from './image.ts';
import type { Space } from './measurements.ts';
import { metres } from './units.ts';

/** Axes of space, in the order in which Neuroglancer has them. */
export const xyzOf = (axes: readonly Axis[]): Axis[] =>
  ['x', 'y', 'z'].map(name => axes.find(axis => axis.name === name)).filter(axis => axis !== undefined);

/** The space of a volume's axes, as Neuroglancer has it. */
export function spaceOf({ axes, allAxes, affine }: Image): Space {
  const ordered = xyzOf(axes);
  const factors = ordered.map(({ unit }) => metres(unit));
  // Where one axis has no unit, lengths across it have none.
  const isPhysical = factors.every(factor => factor !== null);
  const rows = ordered.map(({ name }) => allAxes.findIndex(axis => axis.name === name));
  const into =
    affine?.length &&
    rows.map((row, n) => {
      const length = (k: number): number => (factors[n] ?? 1) / (factors[k] ?? 1);
      return [
        ...rows.map((column, k) => affine[row][column] * length(k)),
        affine[row][allAxes.length] * (factors[n] ?? 1)
      ];
    });
  return {
    axes: ordered.map(({ name }) => name),
    scale: ordered.map(({ scale }, n) => scale * (factors[n] ?? 1)),
    first: ordered.map(({ scale, translation }) => (translation === 0 ? 0 : -translation / scale)),
    isPhysical,
    ...(into && { askew: { into, back: inverted(into) } })
  };
}
