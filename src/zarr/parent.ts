import { resolve } from 'node:path';
import { ConvertError } from '../model/errors.ts';
import { OME_ZARR_VERSIONS, type OmeZarrVersion, zarrFormatOf } from '../model/options.ts';
import { isObject } from '../model/json.ts';
import { map3 } from '../model/levels.ts';
import { isArchiveName } from '../model/output-name.ts';
import type { Parent, ParentLevel } from '../model/parent.ts';
import type { Position, Shape } from '../model/volume.ts';
import { readShape } from './array.ts';
import { readImage } from './image.ts';
import { readLabels } from './labels-group.ts';

/**
 * Reads where the voxels of an image are: OME-Zarr 0.5 (https://ngff.openmicroscopy.org/0.5) or 0.4.
 *
 * @throws ConvertError at field `parent`, where there is no image that labels can be laid over
 */
export function readParent(given: string): Parent {
  const path = resolve(given);
  try {
    return read(path);
  } catch (error) {
    throw atParent(error);
  }
}

/** An error about such an image, as one of the option that names it. */
export function atParent(error: unknown): unknown {
  if (!(error instanceof ConvertError)) return error;
  return error.with({ code: error.code === 'output-not-ome-zarr' ? 'bad-option' : error.code, field: 'parent' });
}

function read(path: string): Parent {
  const fail = (message: string) => new ConvertError('bad-option', `${path}: ${message}`);
  if (isArchiveName(path))
    throw fail(
      'is one file, to which nothing can be added: give the labels a file of their own, or convert the image to a folder (.ome.zarr)'
    );
  const { version, axes, datasets, labels, consolidated, origin } = readImage(path);
  if (labels) throw fail('is a label image itself: choose the image that the labels belong to');
  if (!OME_ZARR_VERSIONS.includes(version as OmeZarrVersion))
    throw fail(
      `is OME-Zarr ${version ?? 'of an unknown version'}, and labels are written for ${OME_ZARR_VERSIONS.join(' and ')}: convert its source anew`
    );
  const names = axes.map(({ name }) => name);
  const at = map3([0, 1, 2], axis => names.indexOf('zyx'[axis]));
  if (at.includes(-1)) throw fail(`has the axes ${names.join(', ')}: labels need z, y and x`);
  const spatial = (values: number[]) => map3(at, axis => values[axis]);
  const shapes = datasets.map(({ path: name }) => readShape(path, name, names.length));
  const levels = datasets.map(({ path: name, scale, translation }, k): ParentLevel => {
    const lengths = scale && spatial(scale);
    if (!lengths?.every(length => length > 0 && Number.isFinite(length)))
      throw fail(`level ${name} has no scale greater than 0 along z, y and x: labels cannot be laid over it`);
    const place: Shape = translation ? spatial(translation) : [0, 0, 0];
    if (!place.every(Number.isFinite)) throw fail(`level ${name} has no translation along z, y and x`);
    return { shape: spatial(shapes[k]), scale: lengths, translation: place };
  });
  const count = (axis: string) => shapes[0][names.indexOf(axis)] ?? 1;
  const units = at.map(axis => axes[axis].unit);
  // A group of labels that cannot be added to is better found before the work.
  readLabels(path, zarrFormatOf(version as OmeZarrVersion));
  return {
    path,
    version: version as OmeZarrVersion,
    outerShape: { t: count('t'), c: count('c') },
    unit: units.every(unit => unit === units[0]) ? units[0] : null,
    levels,
    position: isObject(origin?.source) ? positionIn(origin.source.position) : null,
    consolidated
  };
}

/** Where this program has noted that the image's source begins. */
function positionIn(noted: unknown): Position | null {
  if (!isObject(noted)) return null;
  const { from, place, unit } = noted as Partial<Position>;
  const isPlace = Array.isArray(place) && place.length === 3 && place.every(n => Number.isFinite(n));
  return (from === 'ome-xml' || from === 'imagej') && isPlace ? { from, place, unit: unit ?? null } : null;
}
