// Where one volume lies on another, by pairs of points that are the same place in both.
import { Matrix, SVD, solve } from 'ml-matrix';
import { dot, moved } from './vectors.ts';

/** Kinds of alignment: rotation and translation; with one scale, too; or with shear as well. */
export const ALIGNMENT_KINDS = { rigid: 'Rigid', similarity: 'Similarity', affine: 'Affine' } as const;
export type AlignmentKind = keyof typeof ALIGNMENT_KINDS;

/** Rows of an affine matrix: a factor for each coordinate, then the translation. */
export type Affine = number[][];

interface Alignment {
  matrix: Affine;
  /** How far each moved point is from its partner then. */
  residuals: number[];
}

/** A direction in which points spread less than this part of their widest spread does not count. */
const LEAST_SPREAD = 1e-3;

/** How points lie that spread along no direction, along one, or along two. */
const FLAT = ['in one place', 'on one line', 'in one plane'];

/**
 * Alignment of `moving` to `fixed`, point by point, in the least squares; all points in one unit of length. By
 * Umeyama's method (IEEE PAMI 13(4), 1991), which never mirrors, or for `affine` through the pseudo-inverse.
 *
 * @throws Error where the points are too few, or lie so that they do not determine it
 */
export function align(kind: AlignmentKind, moving: number[][], fixed: number[][]): Alignment {
  const rank = moving.at(0)?.length ?? 3;
  const least = kind === 'affine' ? rank + 1 : rank;
  if (moving.length < least) {
    const there = moving.length === 1 ? 'is 1' : `are ${moving.length}`;
    throw new Error(`${named(kind)} needs ${least} pairs of points or more, and there ${there}.`);
  }
  const [from, to] = [moving, fixed].map(centred);
  for (const { spread } of [from, to]) {
    const directions = spread.filter(each => each > LEAST_SPREAD * spread[0]).length;
    const needed = kind === 'affine' ? rank : rank - 1;
    if (directions < needed) {
      throw new Error(
        `The points of one of the volumes lie ${FLAT[directions]}, by which ${named(kind)} is not known: set points farther from it.`
      );
    }
  }
  const linear = kind === 'affine' ? sheared(from, to) : turned(from, to, kind === 'similarity');
  const matrix = linear.map((row, axis) => [...row, to.middle[axis] - dot(row, from.middle)]);
  const residuals = moving.map((point, n) => Math.hypot(...moved(matrix, point).map((at, k) => at - fixed[n][k])));
  return { matrix, residuals };
}

const named = (kind: AlignmentKind): string => (kind === 'affine' ? 'an affine alignment' : `a ${kind} alignment`);

/** The root of the mean of squares. */
export const rootMeanSquare = (values: number[]): number => Math.hypot(...values) / Math.sqrt(values.length);

/** Product of two: `first`, and then `second`. */
export function chained(first: Affine, second: Affine): Affine {
  return squared(second).mmul(squared(first)).to2DArray().slice(0, -1);
}

/** The inverse of a matrix. */
export const inverted = (matrix: Affine): Affine =>
  solve(squared(matrix), Matrix.eye(matrix.length + 1))
    .to2DArray()
    .slice(0, -1);

const squared = (matrix: Affine): Matrix => new Matrix([...matrix, [...matrix.map(() => 0), 1]]);

interface Centred {
  middle: number[];
  /** Points about their middle, a row each, whose coordinates have a root mean square of 1. */
  points: Matrix;
  reach: number;
  /** How far they are spread along each direction, the widest first. */
  spread: number[];
}

function centred(points: number[][]): Centred {
  const middle = points[0].map((_, axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const about = points.map(point => point.map((value, axis) => value - middle[axis]));
  const reach = rootMeanSquare(about.flat()) || 1;
  const scaled = new Matrix(about.map(point => point.map(value => value / reach)));
  const { diagonal } = new SVD(scaled, { autoTranspose: true });
  // Points all in one place have no spread.
  const spread = diagonal[0] > 0 ? diagonal : diagonal.map(() => NaN);
  return { middle, points: scaled, reach, spread };
}

function turned(from: Centred, to: Centred, isScaled: boolean): number[][] {
  const {
    leftSingularVectors: u,
    rightSingularVectors: v,
    diagonal
  } = new SVD(to.points.transpose().mmul(from.points), { autoTranspose: true });
  const rank = diagonal.length;
  const isMirrored = determinantOf(u) * determinantOf(v) < 0;
  const signs = diagonal.map((_, n) => (isMirrored && n === rank - 1 ? -1 : 1));
  const rotation = u.mmul(Matrix.diag(signs)).mmul(v.transpose());
  const squares = from.points.norm() ** 2;
  const scale = isScaled ? (dot(diagonal, signs) / squares) * (to.reach / from.reach) : 1;
  return rotation.mul(scale).to2DArray();
}

/** Determinant of an orthogonal matrix: 1, or -1 where it mirrors. */
function determinantOf(matrix: Matrix): number {
  const [a, b, c] = matrix.to2DArray();
  if (!c) return a[0] * b[1] - a[1] * b[0];
  return dot(a, [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]]);
}

function sheared(from: Centred, to: Centred): number[][] {
  // Through the singular values: as exact as the points allow.
  const linear = solve(from.points, to.points, true).transpose();
  return linear.mul(to.reach / from.reach).to2DArray();
}
