import { isAbsolute } from '../../form/output.ts';
import type { ViewerSource } from '../../viewer/index.ts';
import { filesOf, listFolder } from '../../widget/listing.ts';
import type { IHelper } from '../helper.ts';
import { HelperError } from '../helper.ts';

/** What the helper says of a volume that is not, or no longer, there. */
const GONE: HelperError['code'][] = ['not-found', 'output-not-ome-zarr'];

export const baseName = (path: string): string => path.split(/[\\/]/).filter(Boolean).pop() ?? path;

/** How the viewer gets at several, with names that tell them apart. */
export async function findSources(paths: readonly string[], helper: IHelper): Promise<ViewerSource[]> {
  const sources = await Promise.all(paths.map(path => findSource(path, helper)));
  const isShared = (name: string): boolean => sources.filter(other => other.name === name).length > 1;
  return sources.map((source, index) => (isShared(source.name) ? { ...source, name: paths[index] } : source));
}

/**
 * How the viewer gets at an OME-Zarr: as files of the server where it serves them, otherwise from the helper. The
 * server hides the dotfiles of OME-Zarr 0.4 and all that is outside its root.
 */
export async function findSource(path: string, helper: IHelper): Promise<ViewerSource> {
  const name = baseName(path);
  if (!isAbsolute(path)) {
    const names = await listFolder(path);
    // Only what is not there is asked of the helper: the viewer itself says why the server refuses.
    if (names === null || (names !== 'none' && names.includes('zarr.json'))) {
      return filesOf(name, path);
    }
  }
  return {
    name,
    reader: async (key, { offset, length, suffix, stat }) => {
      const range = stat ? { length: 0 } : suffix === undefined ? { offset, length } : { offset: -suffix };
      try {
        const { size, ...found } = await helper.read(path, key, range);
        return size === null ? null : { size, ...found };
      } catch (error) {
        // A volume that is gone has no files. The viewer looks whether it is, before it shows anything as empty.
        if (error instanceof HelperError && GONE.includes(error.code)) return null;
        throw error;
      }
    }
  };
}
