import type { Mirror } from '../../zarr/bucket/mirror.ts';
import type { Findings } from './findings.ts';
import type { Run } from './metadata.ts';
import { type Limits, Pass, type Recipe, type Share } from './pass.ts';

/** One of several processes that share a verification. */
export interface Piece {
  /** From 1: its share of the blocks. 0: what is in no share, the metadata and the coarse levels. */
  number: number;
  /** How many shares there are. */
  of: number;
}

/**
 * The passes of one piece over levels that belong together: blocks of a level with so many that each piece has some,
 * and all finer ones under them; or the levels from there on. All pieces must be given the same limits.
 */
export function piecePasses(
  folder: string,
  run: Run,
  recipe: Recipe,
  limits: Limits,
  findings: Findings,
  { number, of }: Piece,
  mirror: Mirror | null
): Pass[] {
  const share: Share = { roots: null, isFirstOfOthers: false, processors: limits.jobs };
  const cut = (from: number, to: number): Run => ({
    first: run.first + from,
    levels: run.levels.slice(from, to),
    arrays: run.arrays.slice(from, to)
  });
  const pass = (upTo: number, roots: Share['roots']) =>
    new Pass(folder, cut(0, upTo + 1), recipe, limits, findings, mirror, { ...share, roots });
  let shared = run.levels.length - 1;
  while (shared > 0 && pass(shared, null).rootCount < of) shared--;
  if (number > 0) {
    const count = pass(shared, null).rootCount;
    const end = (n: number) => Math.floor((n * count) / of);
    const roots = [end(number - 1), end(number)] as const;
    return roots[0] < roots[1] ? [pass(shared, roots)] : [];
  }
  if (shared === run.levels.length - 1) return [];
  const rest = cut(shared, run.levels.length);
  return [
    new Pass(folder, rest, { ...recipe, source: null }, limits, findings, mirror, { ...share, isFirstOfOthers: true })
  ];
}
