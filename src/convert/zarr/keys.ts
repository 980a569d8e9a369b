import type { OmeZarrVersion } from '../options.ts';

/** Folder of the chunks with index `z`, relative to the image's: `0/c/5` in 0.5, `0/5` in 0.4. */
export const planeFolder = (version: OmeZarrVersion, level: number, z: number): string =>
  version === '0.5' ? `${level}/c/${z}` : `${level}/${z}`;
