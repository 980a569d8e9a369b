/**
 * Endings of files that are volumes or slices, without the dot, in lower case: the one list that all surfaces go by.
 */
export const ENDINGS = { TIFF: ['tif', 'tiff', 'btf', 'tf2', 'tf8'], BMP: ['bmp'], PNG: ['png'] } as const;
export type ImageKind = keyof typeof ENDINGS;

const ending = (names: readonly string[]): RegExp => new RegExp(`\\.(${names.join('|')})$`, 'i');
const ALL = Object.values(ENDINGS).flat();
const KINDS = Object.entries(ENDINGS).map(([kind, names]) => [kind as ImageKind, ending(names)] as const);
/** `.ome.tif` before `.tif`. */
const WITH_OME = new RegExp(`(\\.ome)?${ending(ALL).source}`, 'i');

/** Kind of an image file, by its name; null: no image. */
export const imageKind = (name: string): ImageKind | null => KINDS.find(([, test]) => test.test(name))?.[0] ?? null;

/** A file's name without the ending of an image: `scan` of `scan.ome.tif`. */
export const withoutEnding = (name: string): string => name.replace(WITH_OME, '');
