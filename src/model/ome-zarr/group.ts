import { count } from '../count.ts';
import { type Json, isObject } from '../json.ts';

/** A file that says what a Zarr group is: `zarr.json` of Zarr v3, `.zattrs` of v2. */
export interface GroupDocument {
  zarrFormat: 2 | 3;
  json: Json;
}

/** The attributes of a group: all that programs have written there. */
export const attributesOf = ({ zarrFormat, json }: GroupDocument): Json =>
  zarrFormat === 2 ? json : isObject(json.attributes) ? json.attributes : {};

/** OME-Zarr's part of them. Some write the metadata of 0.4 into Zarr v3. */
export function omeOf(document: GroupDocument): Json {
  const attributes = attributesOf(document);
  return document.zarrFormat === 3 && isObject(attributes.ome) ? attributes.ome : attributes;
}

/** A group that holds images and is none itself. */
export interface Several {
  /** Null: none that is known. */
  kind: 'labels' | 'plate' | 'well' | 'collection' | null;
  /** The images, or of a plate wells, relative to the group; null of a collection whose group does not list them. */
  paths: string[] | null;
}

/** Images of a group whose own metadata describes none. */
export function severalIn(document: GroupDocument): Several {
  const ome = omeOf(document);
  const of = (kind: Several['kind'], found: unknown): Several => ({
    kind,
    paths: (Array.isArray(found) ? found : [])
      .map((one: unknown) => (isObject(one) ? one.path : one))
      .filter(path => typeof path === 'string')
  });
  if (Array.isArray(ome.labels)) return of('labels', ome.labels);
  if (isObject(ome.plate)) return of('plate', ome.plate.wells);
  if (isObject(ome.well)) return of('well', ome.well.images);
  if (Array.isArray(ome.series)) return of('collection', ome.series);
  if ('bioformats2raw.layout' in ome) return { kind: 'collection', paths: null };
  return of(null, []);
}

/** The images of a collection, as its group `OME` lists them; null where it does not. */
export function seriesIn(document: GroupDocument): string[] | null {
  const { series } = omeOf(document);
  return Array.isArray(series) ? series.filter(path => typeof path === 'string') : null;
}

/** Names of the images of labels that a `labels` group lists; null where it has no list. */
export function labelsIn(document: GroupDocument): string[] | null {
  const { labels } = omeOf(document);
  return Array.isArray(labels) ? labels.filter(path => typeof path === 'string') : null;
}

/** Whether the metadata of a group is that of an OME-Zarr: it names an image, a plate or a collection. */
export function isOmeZarrGroup(document: GroupDocument): boolean {
  const attributes = attributesOf(document);
  if (document.zarrFormat === 3)
    return document.json.node_type === 'group' && (isObject(attributes.ome) || Array.isArray(attributes.multiscales));
  return ['multiscales', 'plate', 'well', 'bioformats2raw.layout'].some(key => key in attributes);
}

/** What an array that is in no OME-Zarr, or a group of such arrays, is, and what to do: the end of a sentence. */
export const BARE_ARRAY =
  'is a Zarr array by itself, which says nothing of axes and voxels, and no OME-Zarr: write one of it in Python (microct_io_vis.write_image)';
export const BARE_GROUP =
  'is a Zarr group whose metadata names no image (multiscales), and no OME-Zarr: if arrays are in it, write one of the array that is meant in Python (microct_io_vis.write_image)';

/** Most paths that a sentence names. */
const NAMED = 5;

/** Words for such a group, and for which of its images to give or to open: the end of a sentence. */
export function severalInWords(
  { kind, paths }: Several,
  act: 'give the path of' | 'open' = 'give the path of'
): string {
  const all = paths?.length ?? 0;
  const named = (paths ?? []).slice(0, NAMED).join(', ') + (all > NAMED ? ` and ${all - NAMED} more` : '');
  switch (kind) {
    case 'labels':
      return `is a group of labels (${named || 'none'}): ${act} one of them, or ${act === 'open' ? '' : 'of '}the image above`;
    case 'plate':
      return `is a plate of ${count(all, 'well')} (${named}), not an image: ${act} an image in one of them`;
    case 'well':
      return `is a well of a plate with ${count(all, 'image')} (${named}): ${act} one of them`;
    case 'collection':
      return `is a collection of images (${named || 'none found'}), as bioformats2raw makes it: ${act} one of them`;
    case null:
      return `names no image (multiscales): ${act} an image, not ${act === 'open' ? '' : 'of '}a plate or a collection`;
  }
}
