import { isAbsolute } from '../../form/output.ts';
import { addressName, isAddress, isBucketAddress, isOmeZarrAddress } from '../../model/address.ts';
import { isArchiveName } from '../../model/output-name.ts';
import { HelperError } from '../../protocol/error.ts';
import { type LookOptions, PASSING, type Source } from '../../protocol/index.ts';
import { isNumber } from '../../protocol/names.ts';
import type { ByteRangeResponse, ViewerSource, ByteRangeRequest } from '../../viewer/index.ts';
import { OtherError } from '../../viewer/transport/source.ts';
import { filesOf, isWithheld, listFolder } from '../../widget/listing.ts';
import type { IHelper, ReadResult } from '../helper.ts';
import { isImage, isOmeZarr } from '../paths.ts';

/** The helper's codes for a volume that is not, or no longer, there. */
const GONE: HelperError['code'][] = ['not-found', 'output-not-ome-zarr'];

/** Codes for failures that say nothing of a source: the helper's, and those of the way to it. */
const SAYING_NOTHING: HelperError['code'][] = [...PASSING, 'no-helper', 'lost'];

/** Name of a path: of an image in a collection, with the collection's name. */
export function baseName(path: string): string {
  if (isAddress(path)) {
    const name = addressName(path);
    return isImage(name) || isArchiveName(name) ? name : baseName(decodeURI(new URL(path).pathname));
  }
  const [name = path, parent = ''] = path.split(/[\\/]/).filter(Boolean).reverse();
  return isOmeZarr(parent) || (parent !== '' && isNumber(name)) ? `${parent}/${name}` : name;
}

/** Another source than an OME-Zarr is shown as it lies there: its coarser levels are sampled. */
export type FoundSource = ViewerSource & { sampled?: boolean };

/** A name for a volume that none of the others has. */
export const freeName = (path: string, taken: readonly string[]): string =>
  [baseName(path), path].find(name => !taken.includes(name)) ?? `${baseName(path)} (${taken.length + 1})`;

/** Names that tell volumes apart: one that is added takes no other's name away. */
export const namesOf = (paths: readonly string[]): string[] =>
  paths.reduce<string[]>((names, path) => [...names, freeName(path, names)], []);

/**
 * How the viewer gets at several volumes, with names that tell them apart. `reading`: how those are read that are no
 * OME-Zarrs.
 */
export async function findSources(
  paths: readonly string[],
  helper: IHelper,
  reading: LookOptions = {}
): Promise<FoundSource[]> {
  const names = namesOf(paths);
  return Promise.all(paths.map(async (path, n) => ({ ...(await findSource(path, helper, reading)), name: names[n] })));
}

/** A source as the OME-Zarr that it would be, of which the helper makes what is asked for. */
export const lookedAt = (source: Source, helper: IHelper, reading: LookOptions): FoundSource => ({
  name: typeof source === 'string' ? baseName(source) : `${baseName(source[0])} and ${source.length - 1} more`,
  sampled: true,
  reader: (key, wanted, signal) =>
    goneAsNull(helper.look(source, reading, key, rangeOf(wanted), signal)).catch((error: unknown) => {
      const isOther = error instanceof HelperError && !SAYING_NOTHING.includes(error.code) && key.endsWith('zarr.json');
      throw isOther ? new OtherError(error.message, { cause: error }) : error;
    })
});

const rangeOf = ({ offset, length, suffix, stat }: ByteRangeRequest): { offset?: number; length?: number } =>
  stat ? { length: 0 } : suffix === undefined ? { offset, length } : { offset: -suffix };

const found = ({ size, ...rest }: ReadResult): ByteRangeResponse | null => (size === null ? null : { size, ...rest });

/** A volume that is gone has no files. The viewer looks whether it is, before it shows anything as empty. */
async function goneAsNull(reading: Promise<ReadResult>): Promise<ByteRangeResponse | null> {
  try {
    return found(await reading);
  } catch (error) {
    if (error instanceof HelperError && GONE.includes(error.code)) return null;
    throw error;
  }
}

/** Whether a folder's names are those of slices, and of no OME-Zarr. */
const areSlices = (path: string, names: string[]): boolean => !isOmeZarr(path) && names.some(isImage);

/** Whether an address that does not say what it is of leads to something that can be looked at as it lies there. */
const isSource = (address: string, helper: IHelper): Promise<boolean> =>
  helper.request('inspect', { source: address }).then(
    ({ format }) => format !== 'ome-zarr',
    () => false
  );

/** File that no OME-Zarr has. */
const NOWHERE = 'microct-io-vis/is-not-here';

/**
 * Whether a server of the web lets this page read all that a viewer must know (CORS): parts of files, which part came,
 * which version it is of, and that a missing file is missing. Otherwise the helper reads.
 */
async function isOpenToPages(address: string): Promise<boolean> {
  const { search, hash, username } = new URL(address);
  if (search || hash || username) return false;
  const ask = (key: string): Promise<Response> =>
    fetch(`${address.replace(/\/*$/, '/')}${key}`, {
      headers: { Range: 'bytes=0-0' },
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error'
    });
  try {
    for (const mark of ['zarr.json', '.zattrs']) {
      const { status, headers } = await ask(mark);
      if (status === 404) continue;
      const tellsPart = status === 206 && headers.get('Content-Range')?.startsWith('bytes 0-0/') === true;
      return tellsPart && headers.has('ETag') && (await ask(NOWHERE)).status === 404;
    }
  } catch {
    // The browser does not say why.
  }
  return false;
}

/**
 * How the viewer gets at an OME-Zarr: as files of the server where it serves them, otherwise from the helper. The
 * server hides the dotfiles of OME-Zarr 0.4 and all that is outside its root, also where a link leads there.
 */
export async function findSource(path: string, helper: IHelper, reading: LookOptions = {}): Promise<FoundSource> {
  const name = baseName(path);
  if (isImage(name)) return lookedAt(path, helper, reading);
  if (isAddress(path)) {
    if (!isBucketAddress(path) && (await isOpenToPages(path))) return { name, url: path };
    if (!isOmeZarrAddress(path) && (await isSource(path, helper))) return lookedAt(path, helper, reading);
    // The helper knows best why there is none.
    return {
      name,
      reader: async (key, wanted, signal) => found(await helper.read(path, key, rangeOf(wanted), signal))
    };
  }
  // Only the helper looks into an archive.
  if (!isAbsolute(path) && !isArchiveName(path)) {
    const names = await listFolder(path);
    // The viewer itself says why the server refuses.
    if (names === null) return filesOf(name, path);
    const isOnServer = names !== 'none' && names.includes('zarr.json') && !(await isWithheld(`${path}/zarr.json`));
    if (isOnServer) return filesOf(name, path);
    if (names !== 'none' && areSlices(path, names)) {
      return lookedAt(path, helper, reading);
    }
  }
  return {
    name,
    reader: (key, wanted, signal) => goneAsNull(helper.read(path, key, rangeOf(wanted), signal))
  };
}
