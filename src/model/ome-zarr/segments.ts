import { type Json, isObject } from '../json.ts';

/** Metadata of one of the segments of an image of labels. */
export interface StoredSegment {
  value: number;
  /** Null where no property is a name. */
  name: string | null;
  /** Red, green and blue in hexadecimal, in lower case; null where it has no colour. */
  color: string | null;
  /** Its properties that are numbers, and its other texts, by their keys. */
  numbers: Record<string, number>;
  texts: Record<string, string>;
}

/** Keys of properties that name a segment, the likeliest first. OME-Zarr leaves the keys to whoever writes. */
const NAMES = ['name', 'label', 'label-name', 'class', 'title', 'description'];

/** The segments that `image-label` speaks of, in its `properties` and `colors`, by their values in order. */
export function segmentsIn(ome: Json): StoredSegment[] {
  const said = isObject(ome['image-label']) ? ome['image-label'] : {};
  const found = new Map<number, StoredSegment>();
  const segmentOf = (entry: Json): StoredSegment | null => {
    const value = entry['label-value'];
    // Beyond safe integers, JSON has already made another number of it.
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return null;
    const segment = found.get(value) ?? { value, name: null, color: null, numbers: {}, texts: {} };
    found.set(value, segment);
    return segment;
  };
  for (const entry of entriesOf(said.properties)) {
    const segment = segmentOf(entry);
    if (!segment) continue;
    for (const [key, value] of Object.entries(entry)) {
      if (key === 'label-value') continue;
      if (typeof value === 'number' && Number.isFinite(value)) segment.numbers[key] = value;
      if (typeof value === 'string' && value !== '') segment.texts[key] = value;
    }
    const key = NAMES.find(each => segment.texts[each] !== undefined);
    if (key === undefined) continue;
    segment.name = segment.texts[key];
    delete segment.texts[key];
  }
  for (const entry of entriesOf(said.colors)) {
    const { rgba } = entry;
    const isColor = Array.isArray(rgba) && rgba.length >= 3 && rgba.every(part => part >= 0 && part <= 255);
    const segment = isColor && segmentOf(entry);
    if (!segment) continue;
    const hex = (part: unknown): string => Math.round(Number(part)).toString(16).padStart(2, '0');
    segment.color = rgba.slice(0, 3).map(hex).join('');
  }
  return [...found.values()].sort((a, b) => a.value - b.value);
}

const entriesOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
