// Annotations as measurements: how long, large and steep they are, in physical units, and as files.
import type { Json } from '../../model/json.ts';
import { dot, moved } from './vectors.ts';

export const KINDS = ['point', 'line', 'box', 'ellipsoid', 'polyline'] as const;
export type Kind = (typeof KINDS)[number];

/** The axes of a space in the order of coordinates, and a voxel's edges along them. */
export interface Space {
  axes: string[];
  scale: number[];
  /** Index of the voxel at coordinate 0, as Neuroglancer counts. */
  first: number[];
  /** Whether all edges are in metres; otherwise lengths are in voxels. */
  isPhysical: boolean;
  /**
   * Of a volume that lies askew: affine matrices, of lengths, from the space along its own axes, in which `scale` is,
   * into the one that is shown, and back.
   */
  askew?: { into: number[][]; back: number[][] };
}

/** An annotation. `points`: in voxels by index, whose whole numbers are centres; of an ellipsoid centre and radii. */
export interface Annotation {
  id: string;
  kind: Kind;
  name: string;
  points: number[][];
}

/** Extent of an annotation, in metres or voxels and their powers; null where it has none. */
interface Measures {
  length: number | null;
  area: number | null;
  volume: number | null;
  /** In degrees. */
  angle: number | null;
}

/** Without the tails of binary fractions. */
const rounded = (value: number): number => Number(value.toPrecision(12));

/** Where a place in voxels is shown, in metres or, without units, in the numbers of the metadata. */
export function placeOf(point: number[], { scale, first, askew }: Space): number[] {
  const own = point.map((value, axis) => (value - first[axis]) * scale[axis]);
  return askew ? moved(askew.into, own) : own;
}

/** The place in voxels of what is shown somewhere. */
export function voxelAt(place: number[], { scale, first, askew }: Space): number[] {
  const own = askew ? moved(askew.back, place) : place;
  return own.map((value, axis) => value / scale[axis] + first[axis]);
}

const subtract = (a: number[], b: number[]): number[] => a.map((value, axis) => value - b[axis]);
const norm = (a: number[]): number => Math.hypot(...a);
const cross = ([a, b, c]: number[], [d, e, f]: number[]): number[] => [b * f - c * e, c * d - a * f, a * e - b * d];

/**
 * Length of lines and polylines; of a polyline of three points the angle at the second; the area that a flat polyline
 * encloses when its ends are joined; area of flat boxes and ellipses, volume of others.
 */
export function measure({ kind, points }: Annotation, space: Space): Measures {
  const { scale, isPhysical, askew } = space;
  const none: Measures = { length: null, area: null, volume: null, angle: null };
  const placed = points.map((point, n) => {
    const isRadius = kind === 'ellipsoid' && n === 1;
    if (askew && !isRadius) {
      const place = placeOf(point, space);
      return isPhysical ? place : place.map((value, axis) => value / scale[axis]);
    }
    return point.map((value, axis) => value * (isPhysical ? scale[axis] : 1));
  });
  if (kind === 'line') return { ...none, length: norm(subtract(placed[1], placed[0])) };
  if (kind === 'polyline') return { ...none, ...measurePath(placed) };
  if (kind === 'point') return none;
  const [edges, factors] =
    kind === 'box' ? [subtract(placed[1], placed[0]).map(Math.abs), [1, 1]] : [placed[1], [Math.PI, (4 / 3) * Math.PI]];
  const extents = edges.filter(edge => edge > 0);
  const product = extents.reduce((a, b) => a * b, 1);
  if (extents.length === 2) return { ...none, area: factors[0] * product };
  return extents.length === 3 ? { ...none, volume: factors[1] * product } : none;
}

function measurePath(points: number[][]): Partial<Measures> {
  // A double click adds its point twice.
  const path = points.filter((point, n) => n === 0 || norm(subtract(point, points[n - 1])) > 0);
  const sides = path.slice(1).map((point, n) => subtract(point, path[n]));
  const length = sides.reduce((sum, side) => sum + norm(side), 0);
  if (path.length < 3) return { length };
  const [first, second] = sides;
  const cosine = -dot(first, second) / (norm(first) * norm(second));
  const angle = path.length === 3 ? (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI : null;
  return { length, angle, area: areaOf(path, length) };
}

/** The area inside a path whose ends are joined; null where it is not flat, or crosses itself. */
function areaOf(path: number[][], length: number): number | null {
  if (path[0].length !== 3) return null;
  const corners = path.map(point => subtract(point, path[0]));
  const sum = corners
    .map((corner, n) => cross(corner, corners[(n + 1) % corners.length]))
    .reduce((a, b) => a.map((value, axis) => value + b[axis]));
  const twice = norm(sum);
  if (twice === 0) return null;
  const normal = sum.map(value => value / twice);
  if (corners.some(corner => Math.abs(dot(corner, normal)) > 1e-3 * length)) return null;
  // Seen along the axis that its normal is nearest to.
  const axis = normal.map(Math.abs).indexOf(Math.max(...normal.map(Math.abs)));
  const flat = corners.map(corner => corner.filter((_, n) => n !== axis));
  return crossesItself(flat) ? null : twice / 2;
}

function crossesItself(corners: number[][]): boolean {
  const side = ([ax, ay]: number[], [bx, by]: number[], [cx, cy]: number[]): number =>
    Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  const count = corners.length;
  const end = (n: number): number[] => corners[(n + 1) % count];
  return corners.some((a, n) =>
    corners.some(
      (c, m) =>
        m > n + 1 &&
        (m + 1) % count !== n &&
        side(a, end(n), c) * side(a, end(n), end(m)) < 0 &&
        side(c, end(m), a) * side(c, end(m), end(n)) < 0
    )
  );
}

/** Prefixed metres, the largest first. */
const PREFIXED: [string, number][] = [
  ['m', 1],
  ['mm', 1e-3],
  ['µm', 1e-6],
  ['nm', 1e-9]
];
const POWERS = ['', '', '²', '³'];

/** A length, area or volume for people to read, to four digits. */
export function withUnit(value: number, power: 1 | 2 | 3, isPhysical: boolean): string {
  const digits = (number: number): string => String(Number(number.toPrecision(4)));
  if (!isPhysical) return `${digits(value)} voxels${POWERS[power]}`;
  const [unit, size] = PREFIXED.find(([, metres]) => value >= metres ** power) ?? PREFIXED[PREFIXED.length - 1];
  return `${digits(value / size ** power)} ${unit}${POWERS[power]}`;
}

/** Extent of an annotation, for people to read. */
export function describe(annotation: Annotation, space: Space): string {
  const { length, area, volume, angle } = measure(annotation, space);
  const parts = [
    length !== null && withUnit(length, 1, space.isPhysical),
    angle !== null && `${Number(angle.toFixed(2))}°`,
    area !== null && withUnit(area, 2, space.isPhysical),
    volume !== null && withUnit(volume, 3, space.isPhysical)
  ];
  return parts.filter(part => part !== false).join(', ');
}

/** Names of kinds in Neuroglancer's states. */
const NAMES: Record<string, Kind> = {
  point: 'point',
  line: 'line',
  axis_aligned_bounding_box: 'box',
  ellipsoid: 'ellipsoid',
  polyline: 'polyline'
};
const NAME_OF = Object.fromEntries(Object.entries(NAMES).map(([name, kind]) => [kind, name]));

/** An annotation of a state; null for what is none. */
export function fromState(json: Json, space: Space): Annotation | null {
  const kind = NAMES[String(json.type)];
  if (kind === undefined) return null;
  const points = {
    point: [json.point],
    line: [json.pointA, json.pointB],
    box: [json.pointA, json.pointB],
    ellipsoid: [json.center, json.radii],
    polyline: json.points
  }[kind] as number[][];
  const name = typeof json.description === 'string' ? json.description : '';
  return { id: String(json.id), kind, name, points: unlessRadii(kind, points, at => fromShown(at, space)) };
}

/** An annotation as a state has it. */
export function toState({ id, kind, name, points }: Annotation, space: Space): Json {
  const placed = unlessRadii(kind, points, voxel => toShown(voxel, space));
  const [a, b] = placed;
  const places = {
    point: { point: a },
    line: { pointA: a, pointB: b },
    box: { pointA: a, pointB: b },
    ellipsoid: { center: a, radii: b },
    polyline: { points: placed }
  }[kind];
  return { type: NAME_OF[kind], id, ...(name !== '' && { description: name }), ...places };
}

/** Radii are not moved. */
const unlessRadii = (kind: Kind, points: number[][], change: (point: number[]) => number[]): number[][] =>
  points.map((point, n) => (kind === 'ellipsoid' && n === 1 ? point : change(point)));

/** Coordinates of Neuroglancer's, in voxels from the origin, and voxels by index. */
const fromShown = (at: number[], space: Space): number[] =>
  space.askew
    ? // Neuroglancer's are 32-bit numbers, whose tails a turn makes seen.
      voxelAt(
        at.map((value, axis) => value * space.scale[axis]),
        space
      ).map(value => Number(value.toFixed(5)))
    : at.map((value, axis) => value + space.first[axis]);
const toShown = (voxel: number[], space: Space): number[] =>
  space.askew
    ? placeOf(voxel, space).map((value, axis) => value / space.scale[axis])
    : voxel.map((value, axis) => value - space.first[axis]);

const inVoxels = (value: number): number => Number(value.toFixed(9));

/** An id that no other annotation has. */
export const newId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');

/** An annotation whose points were set one by one: an ellipsoid's by its centre and a point of its rim, as a ball. */
export function fromPoints(kind: Kind, points: number[][], space: Space): Annotation {
  const id = newId();
  const set = points.map(point => point.map(inVoxels));
  if (kind !== 'ellipsoid') return { id, kind, name: '', points: set };
  const [centre, rim] = points.map(point => placeOf(point, space));
  const radius = norm(subtract(rim, centre));
  return { id, kind, name: '', points: [set[0], space.scale.map(edge => inVoxels(radius / edge))] };
}

/** An annotation at places in metres: on the voxels that are shown there. */
export const atPlace = (annotation: Annotation, places: number[][], space: Space): Annotation => ({
  ...annotation,
  points: places.map((place, n) =>
    annotation.kind === 'ellipsoid' && n === 1
      ? place.map((value, axis) => inVoxels(value / space.scale[axis]))
      : voxelAt(place, space).map(inVoxels)
  )
});

/** A point's physical place in micrometres. */
const micrometres = (value: number): number => rounded(value * 1e6);

/** Record of an annotation for export: lengths in micrometres or voxels, and their powers. */
export function recordOf(annotation: Annotation, space: Space): Json {
  const { isPhysical, scale } = space;
  const in_ = (value: number | null, power: number): number | null =>
    value === null || !isPhysical ? value : rounded(value * 1e6 ** power);
  const { length, area, volume, angle } = measure(annotation, space);
  const physical = annotation.points.map((point, n) => {
    const isRadius = annotation.kind === 'ellipsoid' && n === 1;
    return (isRadius ? point.map((value, axis) => value * scale[axis]) : placeOf(point, space)).map(micrometres);
  });
  return {
    id: annotation.id,
    kind: annotation.kind,
    name: annotation.name,
    axes: space.axes,
    voxels: annotation.points,
    ...(isPhysical && { physical }),
    unit: isPhysical ? 'micrometer' : 'voxel',
    length: in_(length, 1),
    area: in_(area, 2),
    volume: in_(volume, 3),
    angle
  };
}
