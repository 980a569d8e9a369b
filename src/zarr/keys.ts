import type { OmeZarrVersion } from '../model/options.ts';
import { type Frames, alongAxes } from '../model/volume.ts';

/** Folders, the outer ones first, that hold a volume's chunks, relative to the image's: `0/c`, `0/c/<t>` and `0/c/<t>/<c>`; `0`, `0/<t>`, ... in 0.4. */
export function volumeFolders(version: OmeZarrVersion, level: number, frames: Frames, volume: number): string[] {
  const folders = [version === '0.5' ? `${level}/c` : `${level}`];
  for (const index of alongAxes(frames, Math.floor(volume / frames.c), volume % frames.c, []))
    folders.push(`${folders.at(-1)}/${index}`);
  return folders;
}

/** Folder of a volume's chunks with index `z`, relative to the image's: `0/c/<t>/<c>/<z>`. */
export const planeFolder = (
  version: OmeZarrVersion,
  level: number,
  frames: Frames,
  volume: number,
  z: number
): string => `${volumeFolders(version, level, frames, volume).at(-1)}/${z}`;
