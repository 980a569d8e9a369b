// Volumes of a viewer that are aligned by their landmarks, and the file of such an alignment.
import { metres } from '../volume/units.ts';
import type { Volume } from '../volume/volume.ts';
import type { Affine, AlignmentKind } from './alignment.ts';
import { align, rootMeanSquare } from './alignment.ts';
import type { LandmarkLayers } from './landmarkLayers.ts';
import { readMeasurements } from './measurementFiles.ts';
import type { Annotation, Space } from './measurements.ts';
import { placeOf, withUnit } from './measurements.ts';
import { spaceOf } from './space.ts';
import { dot, moved } from './vectors.ts';

/** Two volumes, of which one is to lie on the other. */
export interface Two {
  moving: Volume;
  fixed: Volume;
}

/** A landmark by its name on both volumes. */
interface Pair {
  name: string;
  moving: Annotation;
  fixed: Annotation;
}

/** Distances between the landmarks of two volumes as these are shown; in metres, or without unit. */
interface Fit {
  residuals: number[];
  rms: number;
}

/** An alignment to the first volume that a program has found. */
export interface GivenAlignment {
  /** From lengths in `unit` to the same; null: where the metadata has the volume. */
  matrix: Affine | null;
  unit?: string | null;
  /** The points that it was found by, in voxels of the two volumes. */
  fixed?: number[][];
  moving?: number[][];
}

/** Shows a volume where a program wants it. */
export function take(layers: LandmarkLayers, two: Two, { matrix, unit, fixed, moving }: GivenAlignment): void {
  const landmarks = (points: number[][]): Annotation[] =>
    points.map((point, n) => ({ id: `landmark-${n}`, kind: 'point', name: String(n + 1), points: [point] }));
  if (fixed && moving) {
    layers.set(two.fixed, landmarks(fixed));
    layers.set(two.moving, landmarks(moving));
  }
  const factor = (unit ? metres(unit) : null) ?? 1;
  layers.setPlace(
    two.moving,
    matrix && matrix.map(row => row.map((value, k) => (k === matrix.length ? value * factor : value)))
  );
}

export function pairsOf(layers: LandmarkLayers, { moving, fixed }: Two): Pair[] {
  const others = new Map(layers.on(fixed).map(each => [each.name, each]));
  return layers.on(moving).flatMap(each => {
    const other = others.get(each.name);
    others.delete(each.name);
    return other ? [{ name: each.name, moving: each, fixed: other }] : [];
  });
}

/** A landmark's place in lengths, in its volume's own space. */
const lengths = ({ points: [point] }: Annotation, space: Space): number[] => placeOf(point, space);

/**
 * Moves a volume so that its landmarks lie on those of the other.
 *
 * @throws Error where the landmarks do not tell how
 */
export function alignBy(layers: LandmarkLayers, two: Two, kind: AlignmentKind): void {
  const { moving, fixed } = two;
  const [space, other] = [moving, fixed].map(({ image }) => spaceOf(image));
  if (space.axes.join() !== other.axes.join()) {
    throw new Error(
      `${moving.name} has the axes ${space.axes.join(', ')}, and ${fixed.name} ${other.axes.join(', ')}: they cannot be aligned.`
    );
  }
  if (space.isPhysical !== other.isPhysical) {
    const [silent] = [moving, fixed].filter(({ image }) => !spaceOf(image).isPhysical);
    throw new Error(
      `${silent.name} says no unit of its voxels’ size, and the other does: convert it with a voxel size first.`
    );
  }
  const pairs = pairsOf(layers, two);
  const placed = targets(layers, fixed, pairs);
  const own = pairs.map(pair => lengths(pair.moving, space));
  layers.setPlace(moving, align(kind, own, placed).matrix);
}

/** Where the landmarks of the other volume are shown. */
function targets(layers: LandmarkLayers, fixed: Volume, pairs: Pair[]): number[][] {
  const place = layers.placeOf(fixed);
  const space = spaceOf(fixed.image);
  return pairs.map(pair => lengths(pair.fixed, space)).map(point => (place ? moved(place, point) : point));
}

/** How well a volume lies on the other; null where it is not aligned, or there are no pairs. */
export function fitOf(layers: LandmarkLayers, two: Two): Fit | null {
  const place = layers.placeOf(two.moving);
  const pairs = pairsOf(layers, two);
  if (!place || pairs.length === 0) return null;
  const space = spaceOf(two.moving.image);
  const aims = targets(layers, two.fixed, pairs);
  const residuals = pairs.map(({ moving }, n) =>
    Math.hypot(...moved(place, lengths(moving, space)).map((value, axis) => value - aims[n][axis]))
  );
  return { residuals, rms: rootMeanSquare(residuals) };
}

/** A length between two landmarks, for people to read. */
export function inWords(length: number, { isPhysical, scale }: Space): string {
  if (isPhysical) return withUnit(length < 1e-15 ? 0 : length, 1, true);
  const text = String(Number(length.toPrecision(4)));
  return scale.every(step => step === 1) ? `${text} voxels` : `${text} (no unit)`;
}

/** Kind of alignment that a matrix makes. */
export function kindOf(matrix: Affine): AlignmentKind {
  const columns = matrix.map((_, k) => matrix.map(row => row[k]));
  const square = dot(columns[0], columns[0]);
  const isStraight = columns.every((a, n) =>
    columns.every((b, k) => Math.abs(dot(a, b) - (n === k ? square : 0)) < 1e-9 * square)
  );
  return !isStraight ? 'affine' : Math.abs(square - 1) < 1e-9 ? 'rigid' : 'similarity';
}

/** An alignment as JSON: landmarks in voxels, and the matrix from the one volume to the other in micrometres. */
export function alignmentJson(layers: LandmarkLayers, two: Two): string {
  const { axes, isPhysical } = spaceOf(two.moving.image);
  const place = layers.placeOf(two.moving);
  const fit = fitOf(layers, two);
  const inUnit = (value: number): number => (isPhysical ? Number((value * 1e6).toPrecision(12)) : value);
  const json = {
    moving: two.moving.name,
    fixed: two.fixed.name,
    axes,
    unit: isPhysical ? 'micrometer' : '',
    kind: place && kindOf(place),
    matrix: place?.map(row => row.map((value, k) => (k === axes.length ? inUnit(value) : value))) ?? null,
    rms: fit && inUnit(fit.rms),
    pairs: pairsOf(layers, two).map(({ name, moving, fixed }, n) => ({
      name,
      moving: moving.points[0],
      fixed: fixed.points[0],
      residual: fit && inUnit(fit.residuals[n])
    }))
  };
  return JSON.stringify(json, null, 2);
}

/**
 * Takes landmarks from a file in the place of those that are there: the pairs of an alignment that was exported, or for
 * one volume the points that were measured in another viewer.
 *
 * @throws Error with what is wrong with the file
 */
export function importLandmarks(layers: LandmarkLayers, two: Two, volume: Volume, text: string): void {
  const space = spaceOf(volume.image);
  const pairs = pairsIn(text, space.axes);
  if (pairs) {
    for (const side of ['moving', 'fixed'] as const) {
      layers.set(
        two[side],
        pairs.map((pair, n) => ({ id: `landmark-${n}`, kind: 'point', name: pair.name, points: [pair[side]] }))
      );
    }
    return;
  }
  const points = readMeasurements(text, space).filter(({ kind }) => kind === 'point');
  if (points.length === 0) throw new Error('There are no points in it.');
  layers.set(volume, points);
  layers.number();
}

function pairsIn(text: string, axes: string[]): { name: string; moving: number[]; fixed: number[] }[] | null {
  if (!text.trimStart().startsWith('{')) return null;
  const json = JSON.parse(text) as { axes?: unknown; pairs?: unknown };
  if (!Array.isArray(json.pairs)) return null;
  if (JSON.stringify(json.axes) !== JSON.stringify(axes)) {
    throw new Error(`Its axes are ${JSON.stringify(json.axes)}, and those of the volumes ${JSON.stringify(axes)}.`);
  }
  const isPoint = (point: unknown): point is number[] =>
    Array.isArray(point) && point.length === axes.length && point.every(value => Number.isFinite(value));
  return json.pairs.map((pair: unknown, n) => {
    const { name, moving, fixed } = (pair ?? {}) as Record<string, unknown>;
    if (!isPoint(moving) || !isPoint(fixed)) {
      throw new Error(
        `Pair ${n + 1}: “moving” and “fixed” are no points with ${axes.length} numbers each (${axes.join(', ')}).`
      );
    }
    return { name: typeof name === 'string' && name !== '' ? name : String(n + 1), moving, fixed };
  });
}
