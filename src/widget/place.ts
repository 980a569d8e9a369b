import { PageConfig, PathExt, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** A piece of one file of the volume, as Python read it. `modified` is in whole seconds since 1970. */
export interface Sample {
  key: string;
  size: number;
  modified: number;
  offset: number;
  bytes: DataView;
}

/** A volume in a state: its number among those that the state was told of, and its path or name then. */
export type Before = [number: number, name: string];

/** Where the volume is, as Python knows it, and how to tell it from others. */
export interface Place {
  /** Counts the times that the files were opened. */
  load: number;
  /** Absolute paths with `/` between segments: as given, and with links resolved. */
  paths: string[];
  home: string;
  metadata: 'zarr.json' | '.zattrs';
  /** Path relative to the folder of the notebook, null when unknown. */
  fromNotebook: string | null;
  fingerprint: Sample[];
  /** Whether its voxels are shown as numbers of segments. */
  asLabels?: boolean;
  /** Its name, where that is not the path's. */
  name?: string;
  /** How a state knows it that was told before volumes of the view were moved. */
  before?: Before;
}

/**
 * The path of the volume below the server's root, when the server serves this very one; null when that is not certain,
 * and always for OME-Zarr 0.4, whose dotfiles the server hides. The kernel may be on another machine than the server,
 * where the same path means another file: every sample must agree, by bytes, size and time.
 *
 * `notebook` is the path of the notebook relative to the server's root, null when unknown.
 */
export async function findOnServer(place: Place, notebook: string | null): Promise<string | null> {
  if (place.metadata !== 'zarr.json' || place.fingerprint.length === 0) {
    return null;
  }
  const settings = ServerConnection.makeSettings();
  for (const path of candidates(place, notebook, PageConfig.getOption('serverRoot'))) {
    const url = URLExt.join(settings.baseUrl, 'files', URLExt.encodeParts(path));
    try {
      const same = await Promise.all(place.fingerprint.map(sample => agrees(url, sample, settings)));
      if (same.every(Boolean)) {
        return path;
      }
    } catch {
      // Not reachable is not certain.
    }
  }
  return null;
}

/** Paths relative to the server's root at which the volume may be. */
export function candidates(place: Place, notebook: string | null, serverRoot: string): string[] {
  const found: string[] = [];
  if (place.fromNotebook !== null && notebook !== null) {
    const path = PathExt.join(PathExt.dirname(notebook), place.fromNotebook);
    // Neither the root itself nor what is outside of it.
    if (path !== '' && path.split('/')[0] !== '..') {
      found.push(path);
    }
  }
  const root = serverRoot.replace(/^~(?=\/|$)/, place.home).replace(/\/+$/, '');
  for (const path of serverRoot ? place.paths : []) {
    if (path.startsWith(`${root}/`)) {
      found.push(path.slice(root.length + 1));
    }
  }
  return [...new Set(found)];
}

async function agrees(url: string, sample: Sample, settings: ServerConnection.ISettings): Promise<boolean> {
  const { key, size, modified, offset, bytes } = sample;
  const range = `bytes=${offset}-${offset + bytes.byteLength - 1}`;
  const response = await ServerConnection.makeRequest(
    URLExt.join(url, URLExt.encodeParts(key)),
    { headers: { Range: range }, cache: 'no-store', redirect: 'error' },
    settings
  );
  const where = `bytes ${offset}-${offset + bytes.byteLength - 1}/${size}`;
  const isWhole = response.status === 200 && offset === 0 && bytes.byteLength === size;
  if (!isWhole && !(response.status === 206 && response.headers.get('Content-Range') === where)) {
    return false;
  }
  if (Date.parse(response.headers.get('Last-Modified') ?? '') !== modified * 1000) {
    return false;
  }
  const found = new Uint8Array(await response.arrayBuffer());
  const expected = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return found.length === expected.length && found.every((byte, index) => byte === expected[index]);
}
