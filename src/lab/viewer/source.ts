import { isAbsolute } from '../../form/output.ts';
import type { LookOptions } from '../../protocol/index.ts';
import type { Found, ViewerSource, Wanted } from '../../viewer/index.ts';
import { filesOf, listFolder } from '../../widget/listing.ts';
import type { IHelper, ReadResult } from '../helper.ts';
import { HelperError } from '../helper.ts';
import { isImage, isOmeZarr } from '../paths.ts';

/** What the helper says of a volume that is not, or no longer, there. */
const GONE: HelperError['code'][] = ['not-found', 'output-not-ome-zarr'];

export const baseName = (path: string): string => path.split(/[\\/]/).filter(Boolean).pop() ?? path;

/** Another source than an OME-Zarr is shown as it lies there: its coarser levels are sampled. */
export type FoundSource = ViewerSource & { sampled?: boolean };

/**
 * How the viewer gets at several, with names that tell them apart. `reading`: how those are read that are no OME-Zarrs.
 */
export async function findSources(
  paths: readonly string[],
  helper: IHelper,
  reading: LookOptions = {}
): Promise<FoundSource[]> {
  const sources = await Promise.all(paths.map(path => findSource(path, helper, reading)));
  // One that is added takes no other's name away.
  return sources.map((source, index) =>
    sources.slice(0, index).some(({ name }) => name === source.name) ? { ...source, name: paths[index] } : source
  );
}

/** A source as the OME-Zarr that it would be, of which the helper makes what is asked for. */
export const lookedAt = (path: string, helper: IHelper, reading: LookOptions): FoundSource => ({
  name: baseName(path),
  sampled: true,
  reader: (key, wanted, signal) => goneAsNull(helper.look(path, reading, key, rangeOf(wanted), signal))
});

const rangeOf = ({ offset, length, suffix, stat }: Wanted): { offset?: number; length?: number } =>
  stat ? { length: 0 } : suffix === undefined ? { offset, length } : { offset: -suffix };

/** A volume that is gone has no files. The viewer looks whether it is, before it shows anything as empty. */
async function goneAsNull(reading: Promise<ReadResult>): Promise<Found | null> {
  try {
    const { size, ...found } = await reading;
    return size === null ? null : { size, ...found };
  } catch (error) {
    if (error instanceof HelperError && GONE.includes(error.code)) return null;
    throw error;
  }
}

/** Whether a folder's names are those of slices, and of no OME-Zarr. */
const areSlices = (path: string, names: string[]): boolean => !isOmeZarr(path) && names.some(isImage);

/**
 * How the viewer gets at an OME-Zarr: as files of the server where it serves them, otherwise from the helper. The
 * server hides the dotfiles of OME-Zarr 0.4 and all that is outside its root.
 */
export async function findSource(path: string, helper: IHelper, reading: LookOptions = {}): Promise<FoundSource> {
  const name = baseName(path);
  if (isImage(path)) {
    return lookedAt(path, helper, reading);
  }
  if (!isAbsolute(path)) {
    const names = await listFolder(path);
    // Only what is not there is asked of the helper: the viewer itself says why the server refuses.
    if (names === null || (names !== 'none' && names.includes('zarr.json'))) {
      return filesOf(name, path);
    }
    if (names !== 'none' && areSlices(path, names)) {
      return lookedAt(path, helper, reading);
    }
  }
  return {
    name,
    reader: (key, wanted) => goneAsNull(helper.read(path, key, rangeOf(wanted)))
  };
}
