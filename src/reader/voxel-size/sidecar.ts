import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nameOf, onDisk } from '../common/file-name.ts';
import type { Shape } from '../../model/volume.ts';
import { decodeText, parseIni } from './ini.ts';
import { KINDS, type Kind, type Said, type Unusable } from './kinds.ts';
import { relation, tidyStem, volumeStems } from './stem.ts';

/** Sidecars are some kilobytes long. */
const MAX_BYTES = 1 << 20;
/** Sidecars of one folder that are looked into. */
const MAX_FILES = 200;

/** A sidecar that says how large the voxels are. */
export interface Sidecar extends Said {
  path: string;
  from: string;
}

interface Candidate extends Sidecar {
  rank: number;
  relation: 0 | 1 | 2;
}

/** Files that say something of sizes: what can be used, and why others cannot. */
interface Candidates {
  found: Candidate[];
  unusable: string[];
}

/** Files that are named in a note. */
const MOST_NAMED = 3;

/**
 * Looks for a text file of the scanner's software that tells the voxel size of a volume: in the folder of a single file
 * under its name, or in the folder of its slices or beside it. It must be about this volume: of the same name, or the
 * only one of its kind among the slices; and where it gives the volume's lengths, they must be these. Where two could
 * be meant and tell different sizes, none is taken.
 *
 * @param paths absolute paths of the volume's only file, or of its slices
 * @param folder whether the slices are a folder's
 * @returns what was found, and in words what was found and not taken
 */
export function findSidecar(
  paths: readonly string[],
  shape: Shape,
  folder: boolean
): { sidecar: Sidecar | null; notes: string[] } {
  const inside = dirname(paths[0]);
  const notes: string[] = [];
  const { found, unusable } = candidates(inside, volumeStems(paths, folder), folder);
  if (folder) {
    // A lone sidecar among the slices is about them, whatever its name.
    for (const { from } of KINDS) lone(found.filter(candidate => candidate.from === from));
    const beside = candidates(dirname(inside), [tidyStem(basename(inside))], false);
    found.push(...beside.found.filter(c => c.relation === 2));
    unusable.push(...beside.unusable);
  }
  const strangers: string[] = [];
  const fitting = found.filter(candidate => {
    const { relation: related, path, voxelSize, unit } = candidate;
    const size = voxelSize.map(length => Number(length.toPrecision(6))).join(' × ');
    const note = (reason: string) => `${basename(path)} was not used: ${reason} (it says ${size} ${unit}).`;
    if (related === 0) {
      strangers.push(note('its name does not say that it is about this volume'));
      return false;
    }
    const problem = mismatch(candidate, shape);
    if (problem && related === 2) notes.push(note(problem));
    // A name that only begins alike is not enough by itself: a cut-out or a resized copy is called so too.
    if (related === 2 || saysShape(candidate, shape)) return !problem;
    strangers.push(note(problem ?? 'its name only begins as that of the volume, whose lengths it does not tell'));
    return false;
  });
  fitting.sort((a, b) => b.relation - a.relation || a.rank - b.rank);
  const [first] = fitting;
  if (!first) return { sidecar: null, notes: [...notes, ...[...strangers, ...unusable].slice(0, MOST_NAMED)] };
  const rivals = fitting.filter(other => other.relation === first.relation && other.rank === first.rank);
  const other = rivals.find(rival => !alike(rival, first));
  if (other) {
    notes.push(
      `${basename(first.path)} and ${basename(other.path)} tell different voxel sizes, and neither was used: take the wrong one away, or give the voxel size.`
    );
    return { sidecar: null, notes };
  }
  if (first.caution) notes.push(`The voxel size is from ${basename(first.path)}: ${first.caution}.`);
  return { sidecar: first, notes };
}

function lone(same: Candidate[]): void {
  if (same.length === 1) same[0].relation = 2;
}

/** The sidecars of a folder that say something; `all` of them, or those whose names are related to a volume's. */
function candidates(folder: string, stems: string[], all: boolean): Candidates {
  const [found, unusable]: [Candidate[], string[]] = [[], []];
  let names: string[];
  try {
    names = readdirSync(onDisk(folder), { encoding: 'buffer' }).map(nameOf);
  } catch {
    return { found, unusable };
  }
  let looked = 0;
  for (const name of names.sort())
    for (const [rank, kind] of KINDS.entries()) {
      if (!kind.name.test(name)) continue;
      const related = kind.fixedName ? 0 : relation(name, stems);
      if ((!all && related === 0) || looked++ >= MAX_FILES) continue;
      const path = join(folder, name);
      const said = read(path, kind);
      if (!said) continue;
      if ('unusable' in said) unusable.push(`${name} was not used: ${said.unusable}.`);
      else found.push({ ...said, path, from: kind.from, rank, relation: related });
    }
  return { found, unusable };
}

/** A sidecar's content; null where it cannot be read or is none: the lack of a sidecar is no failure. */
function read(path: string, kind: Kind): Said | Unusable | null {
  try {
    const status = statSync(onDisk(path));
    if (!status.isFile()) return null;
    if (status.size > MAX_BYTES)
      return { unusable: `it has ${status.size} bytes, where at most ${MAX_BYTES} were expected` };
    return kind.read(parseIni(decodeText(readFileSync(onDisk(path)))));
  } catch {
    return null;
  }
}

const saysShape = ({ shape }: Said, [z, y, x]: Shape): boolean => shape[0] === z && shape[1] === y && shape[2] === x;

/** Why a sidecar is not about a volume, in words; null when it may be. A part of the slices is still its volume. */
function mismatch({ shape: said, most }: Said, [z, y, x]: Shape): string | null {
  const limit = most ?? [said[0] ?? Infinity, Infinity, Infinity];
  if (
    (said[1] !== null && said[1] !== y) ||
    (said[2] !== null && said[2] !== x) ||
    z > limit[0] ||
    y > limit[1] ||
    x > limit[2]
  ) {
    const lengths = (most ?? said).map(n => n ?? '?').join(' × ');
    return `it is about a volume of ${most ? 'at most ' : ''}${lengths} voxels, and this one has ${z} × ${y} × ${x}`;
  }
  return null;
}

const alike = (a: Said, b: Said): boolean =>
  a.unit === b.unit && a.voxelSize.every((n, axis) => Math.abs(n / b.voxelSize[axis] - 1) < 0.001);
