import type { Image } from '../volume/image.ts';
import { metres } from '../volume/units.ts';
import { xyzOf } from '../volume/xyz.ts';
import { inverted } from './alignment.ts';
import type { Space } from './measurements.ts';

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
