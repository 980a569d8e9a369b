import type { Axis, Image } from './image.ts';
import { metres } from './units.ts';
import type { Volume } from './volume.ts';

/** Whether all axes of space have a length, none has one, or some. */
function lengthsOf({ axes }: Image): 'all' | 'none' | 'some' {
  const known = axes.filter(({ unit }) => metres(unit) !== null).length;
  return known === 0 ? 'none' : known === axes.length ? 'all' : 'some';
}

/**
 * An image as it is laid over the first one of a viewer. Where only one of them says how long voxels are, they have no
 * space in common: it takes the first one's voxels, and where it has as many, from the same corner on; otherwise from
 * where the space begins, as the whole of what the first may be a region of. Null where it stays as it is.
 *
 * @param own the image that a label lies on, with which it stays, also where its voxels are longer
 */
export function inVoxelsOf(first: Image, image: Image, own = image): Image | null {
  const [one, other] = [lengthsOf(first), lengthsOf(image)];
  if (image.affine || first.affine || one === other || one === 'some' || other === 'some') return null;
  const lengthOf = ({ axes }: Image, name: string): number => axes.find(axis => axis.name === name)?.length ?? 1;
  const isSameShape = ['z', 'y', 'x'].every(name => lengthOf(first, name) === lengthOf(own, name));
  const [shortest] = first.axes.toSorted((a, b) => a.scale - b.scale);
  const [{ scale: edges }] = image.levels;
  const lent = image.allAxes.map(({ name, kind, unit }, n) => {
    const {
      scale,
      unit: taken,
      translation
    } = first.axes.find(axis => axis.name === name) ?? {
      ...shortest,
      translation: 0
    };
    if (kind !== 'space') return { factor: 1, unit, offset: 0, scale: edges[n] };
    const base = own.axes.find(axis => axis.name === name) ?? { scale: edges[n], translation: 0, unit };
    const each = scale / base.scale;
    const factor = each * ((metres(unit) ?? 1) / (metres(base.unit) ?? 1));
    const offset = isSameShape ? translation - base.translation * each : 0;
    return { factor, unit: taken, offset, scale: own === image ? scale : edges[n] * factor };
  });
  const place = (at: number, n: number): number => at * lent[n].factor + lent[n].offset;
  const axisOf = (axis: Axis): Axis => {
    const n = image.allAxes.findIndex(({ name }) => name === axis.name);
    return { ...axis, unit: lent[n].unit, scale: lent[n].scale, translation: place(axis.translation, n) };
  };
  return {
    ...image,
    allAxes: image.allAxes.map((axis, n) => ({ ...axis, unit: lent[n].unit })),
    axes: image.axes.map(axisOf),
    levels: image.levels.map(level => ({
      ...level,
      scale: level.scale.map((edge, n) => edge * lent[n].factor),
      translation: level.translation.map(place)
    })),
    lent: lent.map(({ factor, offset, unit }, row) => {
      // Neuroglancer reckons in metres, and in the numbers themselves where there is no unit.
      const [from, to] = [image.allAxes[row].unit, unit].map(each => metres(each) ?? 1);
      return [...lent.map((_, k) => (k === row ? (factor * to) / from : 0)), offset];
    })
  };
}

/** Note for the person about two such images. */
export function laidInWords(moved: Volume, first: Volume): string {
  const [known, silent] = lengthsOf(first.image) === 'all' ? [first, moved] : [moved, first];
  return `${silent.name} does not say how long its voxels are, and ${known.name} does: ${moved.name} is laid over ${first.name} voxel on voxel.`;
}
