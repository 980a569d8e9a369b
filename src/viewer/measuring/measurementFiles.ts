// Measurements as CSV, a row for each point, and as JSON; what is imported is checked, and wrong lines are named.
import type { Json } from '../../model/json.ts';
import { metres } from '../volume/units.ts';
import type { Annotation, Kind, Space } from './measurements.ts';
import { KINDS, atPlace, newId, recordOf } from './measurements.ts';

/** The columns of a table before and after those of the axes. */
const BEFORE = ['id', 'kind', 'name', 'point'];
const AFTER = ['unit', 'length', 'area', 'volume', 'angle_degrees'];

const quoted = (value: unknown): string => {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A table with a row for each point: its place in voxels (by index) and in micrometres, measures in the first. */
export function toCsv(annotations: Annotation[], space: Space): string {
  const { axes } = space;
  const header = [...BEFORE, ...axes.map(axis => `${axis}_voxel`), ...axes, ...AFTER];
  const rows = annotations.flatMap(annotation => {
    const { physical, unit, length, area, volume, angle } = recordOf(annotation, space);
    return annotation.points.map((point, n) => [
      ...[annotation.id, annotation.kind, annotation.name, pointName(annotation.kind, n)],
      ...point,
      ...((physical as number[][] | undefined)?.[n] ?? axes.map(() => null)),
      ...[unit, ...(n === 0 ? [length, area, volume, angle] : [null, null, null, null])]
    ]);
  });
  return [header, ...rows].map(row => row.map(quoted).join(',')).join('\r\n') + '\r\n';
}

const pointName = (kind: Kind, n: number): string => (kind === 'ellipsoid' ? ['centre', 'radii'][n] : String(n + 1));

export function toJson(annotations: Annotation[], space: Space): string {
  return JSON.stringify({ measurements: annotations.map(each => recordOf(each, space)) }, null, 2);
}

/**
 * Reads an exported file, or one in the same form, for a space: measurements on the voxels that the file says.
 *
 * @throws Error with the line or the measurement that is wrong, and what is expected there
 */
export const readMeasurements = (text: string, space: Space): Annotation[] => readPlaced(text, space).annotations;

/** Measurements that were read, each with the places that the file says, in metres; null where it says none. */
interface Placed {
  annotations: Annotation[];
  places: (number[][] | null)[];
}

function readPlaced(text: string, space: Space): Placed {
  const plain = text.replace(/^\uFEFF/, '');
  return /^\s*[{[]/.test(plain) ? fromJson(plain, space) : fromCsv(plain, space);
}

/**
 * The same, and the measurements at the places that the file says in lengths: null where it says none, or where these
 * are on the same voxels, as they are but for a file of a volume with other voxels.
 *
 * @throws Error as `readMeasurements` does
 */
export function readBoth(text: string, space: Space): { onVoxels: Annotation[]; atPlaces: Annotation[] | null } {
  const { annotations: onVoxels, places } = readPlaced(text, space);
  const moved = onVoxels.map((each, n) => (space.isPhysical && places[n] ? atPlace(each, places[n], space) : each));
  const isSame = (a: number[], b: number[]): boolean => a.every((value, n) => Math.abs(value - b[n]) < SAME);
  const areSame = moved.every((each, n) => each.points.every((point, k) => isSame(point, onVoxels[n].points[k])));
  return { onVoxels, atPlaces: areSame ? null : moved };
}

/** Voxels by which places may differ that are the same but for rounding. */
const SAME = 0.01;

function fromJson(text: string, { axes }: Space): Placed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON: ${(error as Error).message}`);
  }
  const measurements = Array.isArray(json) ? json : (json as Json).measurements;
  if (!Array.isArray(measurements)) throw new Error('The file has no list “measurements”.');
  const annotations = fromRecords(measurements, { axes });
  const places = (measurements as Json[]).map(({ physical, unit }, n) =>
    inMetres(physical, unit, annotations[n].points.length, axes)
  );
  return { annotations, places };
}

/** Places that a file says, in metres; null where it does not say all of them, or in no unit of length. */
function inMetres(places: unknown, unit: unknown, count: number, axes: string[]): number[][] | null {
  const factor = metres(String(unit));
  const isPlace = (place: unknown): place is number[] =>
    Array.isArray(place) && place.length === axes.length && place.every(value => Number.isFinite(value));
  if (factor === null || !Array.isArray(places) || places.length !== count || !places.every(isPlace)) return null;
  return places.map(place => place.map(value => value * factor));
}

/**
 * Measurements as they are exported, for a space.
 *
 * @throws Error with the one that is wrong, and what is expected there
 */
export function fromRecords(records: unknown[], { axes }: Pick<Space, 'axes'>): Annotation[] {
  return records.map((each: unknown, n) => {
    const where = `Measurement ${n + 1}`;
    const { id, kind, name, voxels, axes: named } = (each ?? {}) as Json;
    if (named !== undefined && JSON.stringify(named) !== JSON.stringify(axes)) {
      throw new Error(
        `${where}: its axes are ${JSON.stringify(named)}, and those of the volume ${JSON.stringify(axes)}.`
      );
    }
    const isPoint = (point: unknown): boolean =>
      Array.isArray(point) && point.length === axes.length && point.every(value => Number.isFinite(value));
    if (!Array.isArray(voxels) || !voxels.every(isPoint)) {
      throw new Error(`${where}: “voxels” is no list of points with ${axes.length} numbers each (${axes.join(', ')}).`);
    }
    return checked(where, {
      id: typeof id === 'string' && id !== '' ? id : newId(),
      kind: kind as Kind,
      name: typeof name === 'string' ? name : '',
      points: voxels as number[][]
    });
  });
}

function fromCsv(text: string, { axes }: Space): Placed {
  const { separator, table } = separated(text);
  const [header, ...rows] = cells(table, separator);
  const names = header?.fields.map(field => field.trim()) ?? [];
  const column = (name: string): number => names.indexOf(name);
  const wanted = ['id', 'kind', ...axes.map(axis => `${axis}_voxel`)];
  const missing = wanted.filter(name => column(name) < 0);
  if (missing.length > 0) {
    throw new Error(`Line 1: there is no column ${missing.join(', ')}; found: ${names.join(', ') || 'none'}.`);
  }
  // Where commas do not separate fields, they are those of numbers.
  const numberIn = (field = ''): number => {
    const plain = separator === ',' ? field.trim() : field.trim().replace(',', '.');
    return plain === '' ? NaN : Number(plain);
  };
  const found = new Map<string, { line: number; annotation: Annotation; places: number[][]; unit: string }>();
  for (const { line, fields } of rows) {
    if (fields.length !== names.length) {
      throw new Error(`Line ${line}: it has ${fields.length} fields, and the first line ${names.length}.`);
    }
    const id = fields[column('id')];
    if (id === '') throw new Error(`Line ${line}: “id” is empty: all points of a measurement have one.`);
    const point = axes.map(axis => {
      const name = `${axis}_voxel`;
      const field = fields[column(name)].trim();
      const value = numberIn(field);
      if (!Number.isFinite(value)) {
        throw new Error(`Line ${line}: “${name}” is “${field}”, which is no number.`);
      }
      return value;
    });
    const place = axes.map(axis => numberIn(fields[column(axis)]));
    const kind = fields[column('kind')].trim() as Kind;
    const present = found.get(id);
    if (!present) {
      const name = column('name') < 0 ? '' : fields[column('name')];
      const unit = fields[column('unit')]?.trim() ?? '';
      found.set(id, { line, annotation: { id, kind, name, points: [point] }, places: [place], unit });
    } else if (present.annotation.kind !== kind) {
      throw new Error(
        `Line ${line}: ${id} is of kind “${kind}” here, and “${present.annotation.kind}” in line ${present.line}.`
      );
    } else {
      present.annotation.points.push(point);
      present.places.push(place);
    }
  }
  const all = [...found.values()];
  return {
    annotations: all.map(({ line, annotation }) => checked(`Line ${line}`, annotation)),
    places: all.map(({ places, unit, annotation }) => inMetres(places, unit, annotation.points.length, axes))
  };
}

/** A table with what separates its fields: the commonest such character of its header, or what Excel says above it. */
function separated(text: string): { separator: string; table: string } {
  const [, said] = /^sep=(.)\r?\n/.exec(text) ?? [];
  // The line stays, as an empty one: lines are counted.
  if (said !== undefined) return { separator: said, table: text.replace(/^sep=./, '') };
  const header = /^[^\r\n]*/.exec(text.trimStart())![0];
  const counts = [',', ';', '\t'].map(separator => ({ separator, count: header.split(separator).length }));
  const [{ separator }] = counts.toSorted((a, b) => b.count - a.count);
  return { separator, table: text };
}

/** How many points a kind has. */
export const COUNTS: Record<Kind, [number, number]> = {
  point: [1, 1],
  line: [2, 2],
  box: [2, 2],
  ellipsoid: [2, 2],
  polyline: [2, Infinity]
};

function checked(where: string, annotation: Annotation): Annotation {
  const { kind, points } = annotation;
  if (!KINDS.includes(kind)) {
    throw new Error(`${where}: “kind” is “${String(kind)}”, which is none of ${KINDS.join(', ')}.`);
  }
  const [least, most] = COUNTS[kind];
  if (points.length < least || points.length > most) {
    const number = least === most ? String(least) : `${least} or more`;
    throw new Error(
      `${where}: a ${kind} has ${number} point${number === '1' ? '' : 's'}, and this one ${points.length}.`
    );
  }
  return annotation;
}

/** The rows of a table that are not empty, with the lines in which they begin (RFC 4180). */
function cells(text: string, separator: string): { line: number; fields: string[] }[] {
  const rows: { line: number; fields: string[] }[] = [];
  let [line, began, field] = [1, 1, ''];
  let fields: string[] = [];
  let isQuoted = false;
  const end = (): void => {
    fields.push(field);
    if (fields.length > 1 || field.trim() !== '') rows.push({ line: began, fields });
    [fields, field, began] = [[], '', line + 1];
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at];
      else isQuoted = false;
    } else if (character === '"' && field === '') isQuoted = true;
    else if (character === separator) [fields, field] = [[...fields, field], ''];
    else if (character === '\n') end();
    else if (character !== '\r') field += character;
    if (character === '\n') line++;
  }
  if (isQuoted) throw new Error(`Line ${began}: a quotation mark is opened, and not closed.`);
  if (field !== '' || fields.length > 0) end();
  return rows;
}
