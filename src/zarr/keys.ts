import { type OmeZarrVersion, zarrFormatOf } from '../model/options.ts';
import { type OuterShape, alongAxes } from '../model/volume.ts';

/**
 * Folders, the outer ones first, that hold a volume's chunks, relative to the image's: `0/c`, `0/c/<t>` and
 * `0/c/<t>/<c>`; `0`, `0/<t>`, ... in 0.4.
 */
export function volumeFolders(
  version: OmeZarrVersion,
  level: number,
  outerShape: OuterShape,
  volume: number
): string[] {
  const folders = [zarrFormatOf(version) === 3 ? `${level}/c` : `${level}`];
  for (const index of alongAxes(outerShape, Math.floor(volume / outerShape.c), volume % outerShape.c, []))
    folders.push(`${folders.at(-1)}/${index}`);
  return folders;
}

/** Folder of a volume's chunks with index `z`, relative to the image's: `0/c/<t>/<c>/<z>`. */
export const planeFolder = (
  version: OmeZarrVersion,
  level: number,
  outerShape: OuterShape,
  volume: number,
  z: number
): string => `${volumeFolders(version, level, outerShape, volume).at(-1)}/${z}`;
