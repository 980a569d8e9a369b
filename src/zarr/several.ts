import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, readJson } from './json.ts';

/** A group that holds images and is none itself. */
export interface Several {
  /** Null: none that is known. */
  kind: 'labels' | 'plate' | 'well' | 'collection' | null;
  /** The first images, or of a plate wells, relative to the group. */
  paths: string[];
  /** How many there are. */
  all: number;
}

/** Paths that a sentence names. */
const NAMED = 5;

/** What a group is whose metadata, OME-Zarr's part of it, names no image. */
export function severalIn(folder: string, ome: Record<string, unknown>): Several {
  const of = (kind: Several['kind'], found: unknown): Several => {
    const all = (Array.isArray(found) ? found : [])
      .map((one: unknown) => (isObject(one) ? one.path : one))
      .filter(path => typeof path === 'string');
    return { kind, paths: all.slice(0, NAMED), all: all.length };
  };
  if (Array.isArray(ome.labels)) return of('labels', ome.labels);
  if (isObject(ome.plate)) return of('plate', ome.plate.wells);
  if (isObject(ome.well)) return of('well', ome.well.images);
  if ('bioformats2raw.layout' in ome || 'series' in ome) return of('collection', ome.series ?? seriesIn(folder));
  return of(null, []);
}

/** The images of a collection: as its group OME lists them, or by their numbers. */
function seriesIn(folder: string): unknown {
  for (const name of ['zarr.json', '.zattrs']) {
    const path = join(folder, 'OME', name);
    if (!existsSync(path)) continue;
    try {
      const { attributes, ...v2 } = readJson(path);
      const ome = isObject(attributes) && isObject(attributes.ome) ? attributes.ome : v2;
      if (Array.isArray(ome.series)) return ome.series;
    } catch {
      // The numbers tell as much.
    }
  }
  return readdirSync(folder)
    .filter(name => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b));
}
