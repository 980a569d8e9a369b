import { isObject } from '../json.ts';

/** Where the voxels of an array lie in the space of its image: what all transformations of its metadata make. */
export interface Placement {
  /** Edge lengths of a voxel along the array's axes; null where nothing is said of them, or not in numbers. */
  scale: number[] | null;
  /** Where the centre of the first voxel is; null where nothing is said of it. */
  translation: number[] | null;
  /** Rows of the affine matrix from indices to the space, where the array's axes are not those of the space. */
  affine: number[][] | null;
  /** Transformations that could not be taken into account: how a sentence calls each. */
  unread: string[];
}

/** A matrix, a row for each axis of the space, and what is added to it. */
interface Affine {
  matrix: number[][];
  offset: number[];
}

/** Matrices that differ by no more are the same. */
const ROUNDING = 1e-9;

const axes = (rank: number): number[] => Array.from({ length: rank }, (_, n) => n);
const identity = (rank: number): Affine => ({
  matrix: axes(rank).map(row => axes(rank).map(column => Number(row === column))),
  offset: axes(rank).map(() => 0)
});

/** Two transformations as one, the first before the other. */
function then(first: Affine, { matrix, offset }: Affine): Affine {
  const along = (row: number[], of: (k: number) => number): number => row.reduce((sum, n, k) => sum + n * of(k), 0);
  return {
    matrix: matrix.map(row => row.map((_, column) => along(row, k => first.matrix[k][column]))),
    offset: matrix.map((row, n) => along(row, k => first.offset[k]) + offset[n])
  };
}

const numbers = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every(n => Number.isFinite(n));

const rows = (value: unknown, count: number, length: number): value is number[][] =>
  Array.isArray(value) && value.length === count && value.every(row => numbers(row, length));

/** Kinds of transformations that were given: no scale and no translation are another thing than 1 and 0. */
interface Said {
  scale: boolean;
  translation: boolean;
  /** That axes change places, or turn. */
  turn: boolean;
}
const nothing = (): Said => ({ scale: false, translation: false, turn: false });

/** Effect of one transformation on places along `rank` axes; its name in a sentence where that cannot be told. */
function read(step: unknown, rank: number, said: Said): Affine | string {
  const { type } = isObject(step) ? step : {};
  if (!isObject(step) || typeof type !== 'string') return 'one without a type';
  const { matrix, offset } = identity(rank);
  switch (type) {
    case 'identity':
      said.scale = true;
      return { matrix, offset };
    case 'scale':
      if (!numbers(step.scale, rank)) break;
      said.scale = true;
      return { matrix: matrix.map((row, n) => row.map(one => one * (step.scale as number[])[n])), offset };
    case 'translation':
      if (!numbers(step.translation, rank)) break;
      said.translation = true;
      return { matrix, offset: step.translation };
    case 'mapAxis':
      if (!numbers(step.mapAxis, rank) || axes(rank).some(n => !(step.mapAxis as number[]).includes(n))) break;
      said.turn = true;
      return { matrix: step.mapAxis.map(from => matrix[from]), offset };
    case 'rotation':
      if (!rows(step.rotation, rank, rank)) break;
      said.turn = true;
      return { matrix: step.rotation, offset };
    case 'affine':
      if (!rows(step.affine, rank, rank + 1)) break;
      said.scale = said.translation = said.turn = true;
      return { matrix: step.affine.map(row => row.slice(0, -1)), offset: step.affine.map(row => row[rank]) };
    case 'sequence':
      return Array.isArray(step.transformations) ? readAll(step.transformations, rank, said) : nameOf(step);
    case 'bijection':
      return read(step.forward, rank, said);
    case 'byDimension':
      return readByDimension(step.transformations, rank, said) ?? nameOf(step);
  }
  return nameOf(step);
}

function readAll(steps: unknown[], rank: number, said: Said): Affine | string {
  let whole = identity(rank);
  for (const step of steps) {
    const next = read(step, rank, said);
    if (typeof next === 'string') return next;
    whole = then(whole, next);
  }
  return whole;
}

/** Transformations of some axes each, as one of all axes; null where they leave some out. */
function readByDimension(parts: unknown, rank: number, said: Said): Affine | string | null {
  if (!Array.isArray(parts)) return null;
  const matrix: number[][] = [];
  const offset: number[] = [];
  for (const part of parts as unknown[]) {
    const { transformation, inputAxes, outputAxes } = isObject(part) ? part : {};
    const length = Array.isArray(inputAxes) ? inputAxes.length : 0;
    if (!numbers(inputAxes, length) || !numbers(outputAxes, length)) return null;
    const own = read(transformation, length, said);
    if (typeof own === 'string') return own;
    outputAxes.forEach((to, n) => {
      matrix[to] = axes(rank).map(() => 0);
      inputAxes.forEach((from, k) => (matrix[to][from] = own.matrix[n][k]));
      offset[to] = own.offset[n];
    });
  }
  return rows(matrix, rank, rank) && numbers(offset, rank) ? { matrix, offset } : null;
}

/** Name of a transformation in a sentence: its kind, and where its numbers are. */
export function nameOf(step: unknown): string {
  if (!isObject(step) || typeof step.type !== 'string') return 'one without a type';
  const { type, path, transformations } = step;
  const inner = Array.isArray(transformations)
    ? ` of ${transformations.map((one: unknown) => nameOf(isObject(one) && 'transformation' in one ? one.transformation : one)).join(', ')}`
    : '';
  return `${type}${typeof path === 'string' ? ` (its numbers at ${path})` : ''}${inner}`;
}

/** Whether a transformation changes no place. */
export function isIdentity(step: unknown, rank: number): boolean {
  const found = read(step, rank, nothing());
  return typeof found !== 'string' && isSame(found.matrix, identity(rank).matrix) && found.offset.every(n => n === 0);
}

const isSame = (a: number[][], b: number[][]): boolean =>
  a.every((row, n) => row.every((value, k) => Math.abs(value - b[n][k]) <= ROUNDING * Math.max(1, Math.abs(value))));

/** Placement of an array with `rank` axes by transformations, one after the other. */
export function placementOf(steps: unknown[], rank: number): Placement {
  const said = nothing();
  const unread: string[] = [];
  let whole = identity(rank);
  for (const step of steps) {
    const next = read(step, rank, said);
    if (typeof next === 'string') unread.push(next);
    else whole = then(whole, next);
  }
  const { matrix, offset } = whole;
  const lengths = axes(rank).map(column => Math.hypot(...matrix.map(row => row[column])));
  const isAlong = isSame(
    matrix,
    identity(rank).matrix.map((row, n) => row.map(one => one * matrix[n][n]))
  );
  if (isAlong && (!said.turn || matrix.every((row, n) => row[n] > 0)))
    return {
      scale: said.scale ? matrix.map((row, n) => row[n]) : null,
      translation: said.translation ? offset : null,
      affine: null,
      unread
    };
  return { scale: lengths, translation: offset, affine: matrix.map((row, n) => [...row, offset[n]]), unread };
}

/**
 * Of arrays that lie askew in their image's space: what turns the space that lies along the axes of the first into the
 * image's, as rows of an affine matrix, and where each array lies in the former. Null where the others do not lie along
 * the axes of the first.
 */
export function straightened(placements: Placement[]): { affine: number[][]; placements: Placement[] } | null {
  const wholes = placements.map(({ affine, scale, translation }): Affine => {
    const rank = affine?.length ?? scale?.length ?? 0;
    const plain = identity(rank);
    return affine
      ? { matrix: affine.map(row => row.slice(0, -1)), offset: affine.map(row => row[rank]) }
      : {
          matrix: plain.matrix.map((row, n) => row.map(one => one * (scale?.[n] ?? 1))),
          offset: translation ?? plain.offset
        };
  });
  const [{ matrix, offset }] = wholes;
  const edges = axes(matrix.length).map(column => Math.hypot(...matrix.map(row => row[column])));
  const turned = matrix.map(row => row.map((n, column) => n / edges[column]));
  const back = inverse(turned);
  if (!back) return null;
  const found = wholes.map(each =>
    then(
      { matrix: each.matrix, offset: each.offset.map((n, axis) => n - offset[axis]) },
      {
        matrix: back,
        offset: offset.map(() => 0)
      }
    )
  );
  const along = found.map(each => each.matrix.map((row, n) => row[n]));
  if (
    found.some(
      (each, k) =>
        !isSame(
          each.matrix,
          identity(edges.length).matrix.map((row, n) => row.map(one => one * along[k][n]))
        )
    )
  )
    return null;
  return {
    affine: turned.map((row, n) => [...row, offset[n]]),
    placements: found.map((each, k) => ({ scale: along[k], translation: each.offset, affine: null, unread: [] }))
  };
}

/** Inverse of a matrix, by elimination; null where it has none. */
function inverse(matrix: number[][]): number[][] | null {
  const work = matrix.map((row, n) => [...row, ...identity(matrix.length).matrix[n]]);
  for (let column = 0; column < work.length; column++) {
    const pivot = axes(work.length)
      .slice(column)
      .reduce((best, n) => (Math.abs(work[n][column]) > Math.abs(work[best][column]) ? n : best));
    if (Math.abs(work[pivot][column]) < ROUNDING) return null;
    [work[column], work[pivot]] = [work[pivot], work[column]];
    work[column] = work[column].map(n => n / work[column][column]);
    for (const n of axes(work.length).filter(each => each !== column)) {
      const factor = work[n][column];
      work[n] = work[n].map((value, k) => value - factor * work[column][k]);
    }
  }
  return work.map(row => row.slice(matrix.length));
}
